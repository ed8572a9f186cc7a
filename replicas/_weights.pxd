"""What a prior contributes to the replica symmetric saddle, for the C solvers.

A prior maps a coordinate x of its branch of saddles, increasing from q = 0 to q = 1,
to the overlap and to the terms of the entropy that do not see the patterns.
"""

from replicas._quadrature cimport Rule

ctypedef struct Weights:
    # overlap of two solutions, 1 minus it, and its derivative in x
    double q
    double eps
    double dq
    # conjugate overlap and the derivative of its logarithm in x
    double q_hat
    double log_q_hat
    double dlog_q_hat
    # E (dm/dh)^2, how a weight of mean m follows its field: for the replicon index
    double response
    # entropic term, nats per weight, and the size of what cancels in it
    double entropic
    double cancels

ctypedef Weights (*WeightsAt)(double x, Rule rule) noexcept nogil


cdef class PriorKernel:
    cdef WeightsAt at
    # the patterns are labelled by a teacher drawn from the prior
    cdef bint teacher
    # x of the largest overlap that the solvers resolve
    cdef double high
