"""Replica symmetric saddle of a scalar channel, spherical weights: docs/rs.md."""

from libc.float cimport DBL_EPSILON
from libc.math cimport NAN, exp, fabs, log, sqrt

from replicas._channels cimport Field, Overlap, Scalar, ScalarChannel
from replicas._quadrature cimport Grid, Rule, front_grid, gauss_node
from replicas._saddle cimport Root, find_root
from replicas._spherical cimport entropic_rs, log_q_hat_rs

ctypedef struct Averages:
    # over the field h = sqrt(tq) z, with f = log Z(h, 1 - tq)
    double f
    double f1_squared
    double f2_squared
    double f1_squared_f2
    double norm

ctypedef struct Context:
    Scalar channel
    Rule rule
    double log_alpha
    # where the equation was last evaluated
    double q
    double eps
    Averages a

ctypedef struct Branch:
    # a point x = logit q of the branch and dx/dlog alpha there
    double log_alpha
    double x
    double dx


cdef Averages averages(Scalar channel, Overlap o, Rule rule) noexcept nogil:
    # the front h = kappa has width sqrt(1 - tq)
    cdef double root_q = sqrt(o.q), w = 0, z
    cdef Grid grid = front_grid(
        channel.kappa / root_q, 4 * sqrt(o.eps) / root_q, rule
    )
    cdef Field f
    cdef Averages a
    cdef int i
    a.f = a.f1_squared = a.f2_squared = a.f1_squared_f2 = a.norm = 0
    for i in range(grid.n):
        z = gauss_node(grid, i, &w)
        f = channel.log_z(root_q * z, o.eps, &channel)
        a.f += w * f.log_z
        a.f1_squared += w * f.d * f.d
        a.f2_squared += w * f.d2 * f.d2
        a.f1_squared_f2 += w * f.d * f.d * f.d2
        a.norm += w
    return a


cdef double stationarity(double x, void* context, double* slope) noexcept nogil:
    # (R4): log of the two sides of the saddle equation, q = 1/(1 + exp(-x))
    cdef Context* c = <Context*>context
    cdef Overlap o
    cdef double growth
    c.q, c.eps = 1 / (1 + exp(-x)), 1 / (1 + exp(x))
    o = c.channel.overlap(c.q, c.eps, &c.channel)
    c.a = averages(c.channel, o, c.rule)
    # (R5): derivative of E f'^2 in tq
    growth = c.a.f2_squared - 2 * c.a.f1_squared_f2
    slope[0] = c.q * c.eps * (
        1 / c.q + 2 / c.eps - o.d2 / o.d - o.d * growth / c.a.f1_squared
    )
    return log_q_hat_rs(c.q, c.eps) - log(o.d * c.a.f1_squared) - c.log_alpha


cdef double extrapolate(Branch old, Branch last, double log_alpha) noexcept nogil:
    # cubic Hermite continuation of x(log alpha) beyond its last two points
    cdef double h = last.log_alpha - old.log_alpha
    cdef double s = (log_alpha - last.log_alpha) / h
    cdef double chord = (last.x - old.x) / h
    cdef double bend = last.dx + old.dx - 2 * chord
    return last.x + s * h * (
        last.dx + s * (2 * last.dx + old.dx - 3 * chord + bend * s)
    )


def load_and_stability(ScalarChannel channel, double x, double step, double window):
    """log alpha of the saddle at q = 1/(1 + exp(-x)) (R3), and its stability (R6)."""
    cdef double q = 1 / (1 + exp(-x)), eps = 1 / (1 + exp(x))
    cdef Overlap o = channel.c.overlap(q, eps, &channel.c)
    cdef Rule rule
    cdef Averages a
    rule.step, rule.window = step, window
    a = averages(channel.c, o, rule)
    return (
        log(q) - 2 * log(eps) - log(o.d * a.f1_squared),
        q / (o.d * a.f1_squared) * (
            o.d * o.d * a.f2_squared + o.d2 * a.f1_squared
        ),
    )


def solve(
    ScalarChannel channel, const double[::1] alpha, double step, double window,
    double fine_step, double fine_window, double[:, ::1] out,
):
    """Saddles along alpha, each started from the last: rows of `out` hold
    q, 1 - q, entropy, stability, error, residual; nan where there is none.
    """
    cdef Py_ssize_t i
    cdef int known = 0
    cdef double x, q, eps, value, residual
    cdef Context c
    cdef Root root
    cdef Overlap o
    cdef Averages fine
    cdef Rule fine_rule
    cdef Branch old, last
    c.channel = channel.c
    c.rule.step, c.rule.window = step, window
    fine_rule.step, fine_rule.window = fine_step, fine_window
    with nogil:
        for i in range(alpha.shape[0]):
            c.log_alpha = log(alpha[i])
            if known == 0:
                x = c.log_alpha - 0.7
            elif known == 1 or last.log_alpha - old.log_alpha < 1e-3:
                x = last.x + (c.log_alpha - last.log_alpha) * last.dx
            else:
                x = extrapolate(old, last, c.log_alpha)
            if known == 0:
                # a coarse rule brings Newton close
                c.rule.step = 2 * step
                x = find_root(stationarity, &c, x, -80, 30, 0.02).x
                c.rule.step = step
            root = find_root(stationarity, &c, x, -80, 30, 3e-7)
            if not root.success:
                out[i, :] = NAN
                known = 0
                continue
            if known:
                old = last
            last.log_alpha, last.x, last.dx = c.log_alpha, root.x, 1 / root.slope
            known += 1
            q, eps = 1 / (1 + exp(-root.x)), 1 / (1 + exp(root.x))
            o = c.channel.overlap(q, eps, &c.channel)
            fine = averages(c.channel, o, fine_rule)
            value = entropic_rs(q, eps) + alpha[i] * fine.f  # (R1)
            out[i, 2] = value
            # (R6)
            out[i, 3] = alpha[i] * eps * eps * (
                o.d * o.d * fine.f2_squared + o.d2 * fine.f1_squared
            )
            # against the coarse rule, at the last Newton point: S is stationary
            out[i, 4] = (
                fabs(value - entropic_rs(c.q, c.eps) - alpha[i] * c.a.f)
                + alpha[i] * fabs(fine.f) * fabs(fine.norm - 1)
                # rounding; the two terms of (R1) cancel as q -> 1
                + DBL_EPSILON * (8 * fabs(value) + 2 * q / eps)
            )
            residual = log_q_hat_rs(q, eps) - log(o.d * fine.f1_squared) - c.log_alpha
            out[i, 5] = fabs(residual)
            # one more Newton step, by the fine rule; S does not feel it
            x = root.x - residual / root.slope
            out[i, 0], out[i, 1] = 1 / (1 + exp(-x)), 1 / (1 + exp(x))
