"""Terms of spherical weights at the replica symmetric saddle: docs/rs.md."""

from libc.math cimport exp, log

from replicas._quadrature cimport Rule
from replicas._weights cimport Weights


cdef inline Weights spherical_weights(double x, Rule rule) noexcept nogil:
    # in closed form: q = 1/(1 + exp(-x)), q_hat = q/(1 - q)^2
    cdef Weights w
    w.q, w.eps = 1 / (1 + exp(-x)), 1 / (1 + exp(x))
    w.dq = w.q * w.eps
    w.log_q_hat = log(w.q) - 2 * log(w.eps)  # left side of (R4)
    w.q_hat = w.q / (w.eps * w.eps)
    w.dlog_q_hat = 1 + w.q
    w.response = w.eps * w.eps
    w.cancels = w.q / w.eps
    w.entropic = 0.5 * (log(w.eps) + w.cancels)  # (R1) without patterns
    return w
