"""Fields of the Franz-Parisi ansatz: docs/franz_parisi.md (F8)."""

from replicas._channels cimport Overlap, Scalar

ctypedef struct Fields:
    # h = root_q z0 of the references, omega = slope z0 + root_V y
    Overlap q
    Overlap t
    Overlap q1
    double root_q
    double slope
    double root_V
    double rho
    double rest  # 1 - rho^2


cdef Fields correlate(
    Scalar channel, double q, double eps, double eps_p, double eps_t, double eps1
) noexcept nogil
