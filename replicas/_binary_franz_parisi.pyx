"""Entropic averages of Franz-Parisi, binary weights: docs/franz_parisi.md.

x is the field common to the references, tilted by the tagged one (its sign is the
gauge), y the field of the constrained weights; their magnetisation is tanh(h).
"""

from libc.math cimport exp, fabs, fmax, fmin, hypot, isfinite, log, log1p, sqrt

from replicas._quadrature cimport Grid, Rule, front_grid, gauss_node, sinh_grid

cdef enum:
    SIZE = 10

ctypedef struct Local:
    # (F22): h = spread y + slope x + p_hat - t_hat
    double s
    double spread
    double slope
    double t_hat
    double p_hat


cdef Grid outer_grid(Local o, Rule rule) noexcept nogil:
    # nodes crowd where the references decide, at x = 0, and must resolve h = 0
    cdef double width = fmin(2 / o.s, 5.6), low = -fmin(rule.window, 20 / o.s)
    cdef double tiny = 1e-30, scale = 2 * hypot(1, o.spread) / (o.slope + tiny)
    cdef double front = fabs(o.p_hat - o.t_hat) / (o.slope + tiny)
    cdef double step = rule.step
    front = fmin(front, rule.window)
    step *= fmin(1, fmin(5.6, scale) / hypot(width, front))
    return sinh_grid(0, width, low, rule.window, step)


cdef void averages(Local o, Rule rule, double* total) noexcept nogil:
    # (F23)-(F26): L, 1 - T, tau (1 - T), S, T S, tau S, tau T S, S^2, tau^2 S, 1
    cdef Grid inner, outer = outer_grid(o, rule)
    cdef double x, y, h, e, w0 = 0, w = 0, tau, less, mean, T, S
    cdef double L, D, S1, TS, SC, one
    cdef int i, j
    for i in range(SIZE):
        total[i] = 0
    for i in range(outer.n):
        x = gauss_node(outer, i, &w0)
        e = exp(-2 * fabs(o.s * x))
        less = (2 if x < 0 else 2 * e) / (1 + e)  # 1 - tau
        tau = 1 - less
        w0 *= (2 * e if x < 0 else 2) / (1 + e)  # 1 + tau
        mean = o.slope * x + o.p_hat - o.t_hat
        inner = front_grid(
            -mean / (o.spread + 1e-30), 2 / (o.spread + 1e-30), rule
        )
        L = D = S1 = TS = SC = one = 0
        for j in range(inner.n):
            y = gauss_node(inner, j, &w)
            h = mean + o.spread * y
            e = exp(-2 * fabs(h))
            L += w * (log1p(e) - fmin(2 * h, 0))
            T = 1 - (2 * e if h > 0 else 2) / (1 + e)
            D += w * (2 * e if h > 0 else 2) / (1 + e)
            S = 4 * e / ((1 + e) * (1 + e))
            S1 += w * S
            TS += w * T * S
            SC += w * S * S
            one += w
        total[0] += w0 * L
        total[1] += w0 * D
        total[2] += w0 * tau * D
        total[3] += w0 * S1
        total[4] += w0 * TS
        total[5] += w0 * tau * S1
        total[6] += w0 * tau * TS
        total[7] += w0 * SC
        total[8] += w0 * tau * tau * S1
        total[9] += w0 * one


def entropic(
    double q_hat, double q1_hat, double t_hat, double eps_p, double p_hat,
    double step, double window, double[::1] out,
):
    """Fill `out` with the averages of (F25), (F26) at the conjugate p_hat of 1 - eps_p.

    Newton's method from the given p_hat; returns it, nan if there is none.
    """
    cdef Rule rule
    cdef Local o
    cdef double change = 0
    rule.step, rule.window = step, window
    o.s = sqrt(q_hat)
    o.spread = sqrt(fmax(q1_hat - t_hat * t_hat / q_hat, 0))
    o.slope = t_hat / o.s
    o.t_hat = t_hat
    o.p_hat = p_hat
    with nogil:
        for _ in range(60):
            averages(o, rule, &out[0])
            # in log(1 - p), which falls with p_hat at most with slope 2
            change = log(out[1] / eps_p) * out[1] / out[3]
            if not isfinite(change) or fabs(change) < 1e-14 * (1 + fabs(o.p_hat)):
                break
            o.p_hat += fmax(-2, fmin(2 + 0.5 * fabs(o.p_hat), change))
            if fabs(change) < 1e-7:
                averages(o, rule, &out[0])
                break
    return o.p_hat
