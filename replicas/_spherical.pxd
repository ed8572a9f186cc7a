"""Entropic terms of spherical weights, nats per weight, for the C solvers."""

from libc.math cimport log


cdef inline double entropic_rs(double q, double eps) noexcept nogil:
    # (R1) without patterns, eps = 1 - q
    return 0.5 * (log(eps) + q / eps)


cdef inline double log_q_hat_rs(double q, double eps) noexcept nogil:
    # log of the conjugate overlap, q_hat = q/(1 - q)^2: left side of (R4)
    return log(q) - 2 * log(eps)
