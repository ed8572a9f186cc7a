"""Local entropy of y replicas, scalar channels, spherical weights: docs/finite_y.md."""

from libc.math cimport NAN, exp, fabs, log

from replicas._channels cimport Overlap, Scalar, ScalarChannel
from replicas._one_rsb cimport Averages, averages, gap
from replicas._quadrature cimport Rule
from replicas._saddle cimport Root, find_root

ctypedef struct Context:
    Scalar channel
    Rule rule
    double alpha
    double q1
    double eps
    double y
    # where x = log q0/(q1 - q0): q0, q1 - q0 and (B2)'s lam
    double q0
    double dq
    double lam
    Overlap outer
    Averages a


cdef void update(Context* c, double x) noexcept nogil:
    cdef Overlap inner = c.channel.overlap(c.q1, c.eps, &c.channel)
    c.q0, c.dq = c.q1 / (1 + exp(-x)), c.q1 / (1 + exp(x))
    c.lam = c.eps + c.y * c.dq
    c.outer = c.channel.overlap(c.q0, c.eps + c.dq, &c.channel)
    c.a = averages(
        c.channel, c.outer, inner, gap(c.outer, inner), c.y, c.rule
    )


cdef double stationarity(double x, void* context, double* slope) noexcept nogil:
    # (FY4): log of the two sides of the saddle equation
    cdef Context* c = <Context*>context
    cdef double growth
    update(c, x)
    # (B5): derivative of E f'^2 in tq0
    growth = c.a.f2_squared - 2 * c.y * c.a.f1_squared_f2
    slope[0] = c.q0 * c.dq / c.q1 * (
        1 / c.q0 + 2 * c.y / c.lam - c.outer.d2 / c.outer.d
        - c.outer.d * growth / c.a.f1_squared
    )
    return log(c.q0 / (c.lam * c.lam * c.alpha * c.outer.d * c.a.f1_squared))


def solve(
    ScalarChannel channel, double alpha, double eps, double y, double start,
    double step, double window, double fine_step, double fine_window,
):
    """(q0, q1 - q0, G_E, stability, error, residual); nan without a saddle."""
    cdef Context c
    cdef Root root
    cdef double high, coarse, stability, residual, error
    cdef bint at_zero = False
    with nogil:
        c.channel, c.alpha, c.y = channel.c, alpha, y
        c.q1, c.eps = 1 - eps, eps
        c.rule.step, c.rule.window = step, window
        # q0 -> q1: replicas that do not feel each other
        high = log(y / eps) + 16
        root.success = stationarity(high, &c, &root.slope) > 0
        if root.success:
            root = find_root(stationarity, &c, start, -80, high, 1e-7)
            # even activations are stationary at q0 = 0, here q0 = exp(-80) q1
            at_zero = root.x < -70 and c.channel.overlap(0, 1, &c.channel).d == 0
            if at_zero:
                root.x, root.success = -80, True
        update(&c, root.x)
        coarse = c.a.f
        c.rule.step, c.rule.window = fine_step, fine_window
        residual = stationarity(root.x, &c, &root.slope)
        residual = 0 if at_zero else fabs(residual)
        # quadrature, and (FY5) for the residual
        error = alpha * (fabs(c.a.f - coarse) + fabs(c.a.f) * fabs(c.a.norm - 1))
        error += (
            0.25 * y * c.dq / c.q1 * (c.q0 / c.lam * residual) ** 2 / root.slope
        )
        # (FY6)
        stability = c.lam * c.lam * alpha * (
            c.outer.d * c.outer.d * c.a.f2_squared + c.outer.d2 * c.a.f1_squared
        )
    if not root.success:
        return (NAN,) * 6
    return 0.0 if at_zero else c.q0, c.dq, c.a.f, stability, error, residual
