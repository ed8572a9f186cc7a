"""Entropic term of y binary replicas: docs/binary_local_entropy.md (BL15)-(BL19).

Given the centre's field sqrt(q0_hat) u, the total field X of a weight is Gaussian with
variance b^2 = dq_hat/y about sqrt(q0_hat) u + p_hat w, w = +-1, tilted by (2cosh X)^y.
The nodes in X are the same for every u.
"""

from libc.math cimport (
    INFINITY, M_PI, NAN, cosh, exp, fabs, fmax, log, log1p, sqrt, tanh,
)
from libc.stdlib cimport free

from replicas._binary_table cimport Table, tabulate
from replicas._quadrature cimport Grid, Rule, half_grid, half_node
from replicas._saddle cimport find_root

cdef enum:
    MAX_NODES = 200000

ctypedef struct Moments:
    # over u, < > tilted over X and w: 1, log of the tilted integral over y
    double norm
    double value
    # <T>^2, 1 - <T^2>, <T^2> - <T>^2, 1 - <w T>, log 2cosh X with T = tanh X
    double q0
    double gap2
    double variance
    double gap
    double log_2cosh
    # derivative of <w T> in p_hat, square of that of <T> in the centre's field
    double slope
    double response_squared

ctypedef struct Context:
    Rule rule
    double q0_hat
    double dq_hat
    double p_hat
    double y
    # 1 - p, to be met
    double target
    Moments a


cdef double largest_field(double dq_hat, double h) noexcept nogil:
    # X = h + dq_hat tanh X, h >= 0: the highest maximum at large y
    cdef double X = h + dq_hat, slope, step
    for _ in range(100):
        slope = 1 - dq_hat / (cosh(X) * cosh(X))
        if slope < 1e-3:
            break
        step = (X - h - dq_hat * tanh(X)) / slope
        X -= step
        if fabs(step) < 1e-3 * X:
            break
    return X


cdef void add(
    Context* c, Table table, double b, double u, double weight
) noexcept nogil:
    # one value of u: sums over X = j h, relative to the highest maximum
    cdef double h = sqrt(c.q0_hat) * u, ratio = c.p_hat / (b * b)
    cdef double top = largest_field(c.dq_hat, h + c.p_hat), m = tanh(top)
    cdef double reference = (
        c.y * (top + log1p(exp(-2 * top))) - 0.5 * ((top - h - c.p_hat) / b) ** 2
    )
    cdef double floor = -0.5 * c.rule.window * c.rule.window - 5, X, z, s, e, w, T
    cdef double norm = 0, d1 = 0, d2 = 0, gap2 = 0, gap = 0, lc = 0, exponent, g
    cdef double reach = fabs(c.p_hat) + c.dq_hat + c.rule.window * b
    cdef int low = max(<int>((h - reach) / table.h) - 1, -table.n)
    cdef int high = min(<int>((h + reach) / table.h) + 1, table.n), j, k
    for j in range(low, high + 1):
        X, k = j * table.h, j if j >= 0 else -j
        z, s = (X - h) / b, ratio * (X - h)
        exponent = table.exponent[k] - 0.5 * (
            z * z + c.p_hat * ratio
        ) + fabs(s) - reference
        if exponent < floor:
            continue
        e = exp(-2 * fabs(s))
        w = exp(exponent) * (1 + e)
        g = table.gap[k]
        T = 1 - g if j >= 0 else g - 1
        gap2 += w * g * (2 - g)
        # 1 - |w T| from the two gaps, w = tanh s on average
        e = 2 * e / (1 + e)
        g = e + g - e * g
        gap += w * (g if (s > 0) == (j > 0) else 2 - g)
        norm += w
        d1 += w * (T - m)
        d2 += w * (T - m) * (T - m)
        lc += w * table.exponent[k]
    d1, d2, gap2, gap, lc = d1 / norm, d2 / norm, gap2 / norm, gap / norm, lc / norm
    T = m + d1
    c.a.norm += weight
    c.a.value += weight * (reference + log(norm * table.h / (b * sqrt(2 * M_PI)))) / c.y
    c.a.q0 += weight * T * T
    c.a.gap2 += weight * gap2
    c.a.variance += weight * (d2 - d1 * d1)
    c.a.gap += weight * gap
    c.a.log_2cosh += weight * lc / c.y
    c.a.slope += weight * (gap2 + c.y * (gap * (2 - gap) - gap2))
    s = gap2 + c.y * (d2 - d1 * d1)
    c.a.response_squared += weight * s * s


cdef bint average(Context* c) noexcept nogil:
    # (BL18): the centre's field crowds where w~ switches, |u| ~ 1/(y sqrt(q0_hat))
    cdef double b = sqrt(c.dq_hat / c.y), root = sqrt(c.q0_hat), u, weight = 0
    cdef Grid grid = half_grid(2 / (c.y * root), c.rule)
    cdef Table t
    cdef int i
    c.a.norm = c.a.value = c.a.q0 = c.a.gap2 = c.a.variance = c.a.gap = 0
    c.a.log_2cosh = c.a.slope = c.a.response_squared = 0
    if not (0 < c.dq_hat < 60 and 0 <= c.q0_hat < 1e4 and fabs(c.p_hat) < 60):
        # iterates far off the saddle
        c.a.norm = c.a.gap = c.a.gap2 = c.a.variance = NAN
        return False
    u = half_node(grid, grid.n - 1, &weight)
    u = root * u + fabs(c.p_hat) + c.dq_hat + (c.rule.window + 2) * b
    if not tabulate(&t, c.y, b, u, c.rule, MAX_NODES):
        c.a.norm = c.a.gap = c.a.gap2 = c.a.variance = NAN
        return False
    for i in range(grid.n):
        u = half_node(grid, i, &weight)
        add(c, t, b, u, weight)
    free(t.exponent)
    return True


cdef double overlap_gap(double p_hat, void* context, double* slope) noexcept nogil:
    # the mean of w T rises with p_hat
    cdef Context* c = <Context*>context
    c.p_hat = p_hat
    if not average(c):
        return INFINITY
    slope[0] = c.a.slope / c.a.gap
    return log(c.target / c.a.gap)


def solve(
    double q0_hat, double dq_hat, double p_hat, double y, double target,
    double step, double window,
):
    """Averages; with a target > 0, at the p_hat that makes 1 - <w T> equal to it.

    Returns (p_hat, norm, value, q0, 1 - q1, q1 - q0, 1 - p, log 2cosh, response^2); nan
    where there is no solution or the nodes in X are too many. value includes the sum
    over w, log(2)/y.
    """
    cdef Context c
    c.q0_hat, c.dq_hat, c.p_hat, c.y = q0_hat, dq_hat, p_hat, y
    c.rule.step, c.rule.window, c.target = step, window, target
    with nogil:
        if target > 0:
            c.p_hat = find_root(
                overlap_gap, &c, p_hat, -1e-9 - 0.1 * sqrt(dq_hat),
                fmax(0.5 * log(2 / target) + 2, p_hat + 1), 1e-8,
            ).x
        average(&c)
    if target > 0 and not fabs(c.a.gap - target) <= 1e-6 * target:
        return (NAN,) * 9
    return (
        c.p_hat, c.a.norm, c.a.value, c.a.q0, c.a.gap2, c.a.variance, c.a.gap,
        c.a.log_2cosh, c.a.response_squared,
    )
