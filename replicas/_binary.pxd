"""Terms of binary weights at the replica symmetric saddle: docs/binary.md."""

from libc.math cimport exp, expm1, log1p, sqrt

from replicas._quadrature cimport Grid, Rule, half_grid, half_node
from replicas._weights cimport Weights


cdef inline Grid tanh_grid(double q_hat, Rule rule) noexcept nogil:
    # (BN7): the poles of tanh(sqrt(q_hat) z) lie at a distance pi/(2 sqrt(q_hat)) of
    # the origin
    return half_grid(2 / sqrt(q_hat), rule)


cdef inline Weights binary_weights(double x, Rule rule) noexcept nogil:
    # (BN1)-(BN3), x = log q_hat
    cdef Weights w
    cdef double root = exp(0.5 * x), z, u, h, t2, s2, log_2cosh = 0
    cdef Grid grid
    cdef int i
    w.q_hat, w.log_q_hat, w.dlog_q_hat = root * root, x, 1
    w.q = w.eps = w.dq = w.response = 0
    grid = tanh_grid(w.q_hat, rule)
    for i in range(grid.n):
        z = half_node(grid, i, &u)
        h = root * z
        z = exp(-2 * h)
        s2 = 4 * z / ((1 + z) * (1 + z))
        # 1 - z where it does not cancel
        t2 = (1 - z if z < 0.5 else -expm1(-2 * h)) / (1 + z)
        t2 *= t2
        log_2cosh += u * (h + log1p(z))
        w.q += u * t2
        w.eps += u * s2
        w.dq += u * s2 * (1 - 3 * t2)
        w.response += u * s2 * s2
    w.dq *= w.q_hat
    w.cancels = w.q_hat * w.eps
    w.entropic = log_2cosh - 0.5 * w.cancels
    return w


cdef inline Weights teacher_weights(double x, Rule rule) noexcept nogil:
    # (BN17): Bayes-optimal, field u = q_hat + sqrt(q_hat) z. With v = sqrt(q_hat) z,
    # E f(u) = exp(-q_hat/2) E exp(v) f(v), here folded onto v > 0
    cdef Weights w
    cdef double root = exp(0.5 * x), z, u, v, e, sech, free = 0, below = 0
    cdef Grid grid
    cdef int i
    w.q_hat, w.log_q_hat, w.dlog_q_hat = root * root, x, 1
    w.eps = w.response = 0
    grid = tanh_grid(w.q_hat, rule)
    for i in range(grid.n):
        z = half_node(grid, i, &u)
        v = root * z
        e = exp(-v)
        sech = 2 * e / (1 + e * e)
        z = log1p(e * e)
        free += 0.5 * u * (z / e + e * (z + 2 * v))
        w.eps += u * sech
        w.response += u * sech * sech * sech
        if x < 0:
            below += u * 0.5 * (1 - e * e) * (1 - e * e) / (e * (1 + e * e))
    u = exp(-0.5 * w.q_hat)
    w.eps *= u
    w.response *= u
    w.q = u * below if x < 0 else 1 - w.eps
    w.dq = w.q_hat * w.response
    w.cancels = w.q_hat * w.eps
    w.entropic = u * free + 0.5 * w.cancels
    return w
