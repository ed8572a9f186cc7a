"""C side of the channels: log Z(omega, V) of one pattern and its derivatives.

A scalar channel sees one Gaussian field; `overlap` maps an overlap of the weights
to the overlap of that field. A tree channel sees K fields, here in units of
their standard deviation: b = omega / sqrt(V).
"""

cdef enum:
    MAX_K = 63

ctypedef struct Field:
    # log Z and its first two derivatives in omega
    double log_z
    double d
    double d2

ctypedef struct Overlap:
    # overlap of the fields, 1 minus it, and its first two derivatives
    double q
    double eps
    double d
    double d2

ctypedef struct Front:
    # field at which log Z changes fast, and over which width
    double centre
    double width

ctypedef struct Scalar

ctypedef struct Scalar:
    # the functions read the parameters that they need from the channel itself
    Field (*log_z)(double omega, double V, const Scalar* channel) noexcept nogil
    Overlap (*overlap)(double q, double eps, const Scalar* channel) noexcept nogil
    Front (*front)(double V, const Scalar* channel) noexcept nogil
    double kappa
    # what else the overlap needs, owned by the ScalarChannel
    const void* kernel
    # of a loss: inverse temperature, slope, step of its inner sums
    double beta
    double gamma
    double step

ctypedef struct Tree:
    int K
    bint parity

cdef double tree_log_p(
    Tree tree, const double* b, double* gradient, double* hessian
) noexcept nogil


cdef class ScalarChannel:
    cdef Scalar c


cdef class TreeChannel:
    cdef Tree c
