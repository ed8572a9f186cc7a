"""Entropic term at y -> infinity, binary weights: docs/binary_local_entropy.md.

The field u > 0 of the centre and the total field X = sqrt(q_hat) u + dq_hat m + p_hat,
m = tanh X, are tied; averages over u are taken over X, which needs no inner solution
and stays analytic where m jumps at u = 0.
"""

from libc.math cimport NAN, cosh, exp, fabs, fmax, log, log1p, sqrt, tanh

from replicas._binary_field cimport field, largest_root, reach
from replicas._gauss cimport G
from replicas._saddle cimport find_root

ctypedef struct Moments:
    # over u > 0, twice: 1 - m, 1 - m^2, u m, and what (BL11), (BL13) need
    double norm
    double gap
    double gap2
    double um
    double divergence
    double spread
    double curvature_squared
    # derivatives of the mean of m in p_hat, of m^2 in dq_hat
    double m_slope
    double m2_slope

ctypedef struct Context:
    const double* t
    const double* w
    Py_ssize_t n
    double window
    double q_hat
    double dq_hat
    double p_hat
    # 1 - r, the reference value of m in (BL11)
    double gap
    # 1 - p or 1 - q1, to be met
    double target
    Moments a


cdef void average(Context* c) noexcept nogil:
    cdef double X0 = largest_root(c.dq_hat, c.p_hat), m0 = tanh(X0)
    cdef double slope = 1 / (cosh(X0) * cosh(X0)), root = sqrt(c.q_hat)
    cdef double length = reach(c.window * root, slope, m0, c.dq_hat)
    cdef double x, u, w, gap, gap2, m, shift, difference
    cdef Moments a
    cdef Py_ssize_t i
    a.norm = a.gap = a.gap2 = a.um = a.divergence = a.spread = 0
    a.curvature_squared = a.m_slope = a.m2_slope = 0
    for i in range(c.n):
        x = length * c.t[i]
        u = field(x, slope, m0, c.dq_hat) / root
        # 1 - m and 1 - m^2 keep their digits as m -> 1
        gap = 2 / (1 + exp(2 * (X0 + x)))
        m, gap2 = 1 - gap, gap * (2 - gap)
        shift = 1 - c.dq_hat * gap2
        w = 2 * length * c.w[i] * G(u) / root
        a.m_slope += w * gap2
        a.m2_slope += 2 * w * m * m * gap2
        a.curvature_squared += w * gap2 * gap2 / shift
        w *= shift
        a.norm += w
        a.gap += w * gap
        a.gap2 += w * gap2
        a.um += w * u * m
        difference = c.gap - gap
        a.spread += w * difference * difference
        if gap > 0:
            a.divergence += 0.5 * w * (
                (2 - gap) * log1p(difference / (2 - c.gap)) + gap * log(gap / c.gap)
            )
        else:
            a.divergence += w * log1p(difference / (2 - c.gap))
    c.a = a


cdef double overlap_gap(double p_hat, void* context, double* slope) noexcept nogil:
    # the mean of m rises with p_hat: (BL4)
    cdef Context* c = <Context*>context
    c.p_hat = p_hat
    average(c)
    slope[0] = c.a.m_slope / c.a.gap
    return log(c.target / c.a.gap)


cdef double square_gap(double dq_hat, void* context, double* slope) noexcept nogil:
    # the mean of m^2 rises with dq_hat: (BL5)
    cdef Context* c = <Context*>context
    c.dq_hat = dq_hat
    average(c)
    slope[0] = c.a.m2_slope / c.a.gap2
    return log(c.target / c.a.gap2)


def solve(
    double q_hat, double dq_hat, double p_hat, double gap, double target, bint centre,
    const double[::1] t, const double[::1] w, double window,
):
    """Find p_hat (centre) or dq_hat such that 1 - p or 1 - q1 is `target`.

    t, w : Legendre nodes and weights on [0, 1]; the unknown starts from its argument;
    target = 0 keeps it. Returns (dq_hat, p_hat, norm, 1 - p, 1 - q1, E u m, divergence,
    spread, E Psi''^2); nan where there is no solution.
    """
    cdef Context c
    cdef double met = target
    c.t, c.w, c.n, c.window = &t[0], &w[0], t.shape[0], window
    c.q_hat, c.dq_hat, c.p_hat, c.gap, c.target = q_hat, dq_hat, p_hat, gap, target
    with nogil:
        if target > 0 and centre:
            c.p_hat = find_root(
                overlap_gap, &c, p_hat, -fmax(dq_hat, 0) - 10 * sqrt(q_hat) - 1,
                0.5 * log(2 / target) + 2, 1e-8,
            ).x
        elif target > 0:
            c.dq_hat = find_root(
                square_gap, &c, dq_hat, -1e3, log(4 / target) + 5, 1e-8
            ).x
        average(&c)
    if target > 0:
        met = c.a.gap if centre else c.a.gap2
    if not fabs(met - target) <= 1e-6 * target:
        return (NAN,) * 9
    return (
        c.dq_hat, c.p_hat, c.a.norm, c.a.gap, c.a.gap2, c.a.um, c.a.divergence,
        c.a.spread, c.a.curvature_squared,
    )
