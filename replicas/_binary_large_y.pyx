"""Entropic term at y -> infinity, binary weights: docs/binary_local_entropy.md.

The field u > 0 of the centre and the total field X = sqrt(q_hat) u + dq_hat m + p_hat,
m = tanh X, are tied; averages over u are taken over X, which needs no inner solution
and stays analytic where m jumps at u = 0.
"""

from libc.math cimport NAN, cosh, exp, log, log1p, sqrt, tanh

from replicas._binary_field cimport field, largest_root, reach
from replicas._binary_hats cimport Hats, meet
from replicas._gauss cimport G

ctypedef struct Moments:
    # over u > 0, twice: 1, u m, and what (BL11), (BL13) need
    double norm
    double um
    double divergence
    double spread
    double curvature_squared

ctypedef struct Context:
    Hats hats
    const double* t
    const double* w
    Py_ssize_t n
    double window
    double q_hat
    # 1 - r, the reference value of m in (BL11)
    double gap
    Moments a


cdef void average(Hats* hats) noexcept nogil:
    cdef Context* c = <Context*>hats
    cdef Hats h = hats[0]
    cdef double X0 = largest_root(h.dq_hat, h.p_hat), m0 = tanh(X0)
    cdef double slope = 1 / (cosh(X0) * cosh(X0)), root = sqrt(c.q_hat)
    cdef double length = reach(c.window * root, slope, m0, h.dq_hat)
    cdef double x, u, w, gap, gap2, m, shift, difference
    cdef Moments a
    cdef Py_ssize_t i
    a.norm = a.um = a.divergence = a.spread = a.curvature_squared = 0
    h.gap = h.gap2 = h.m_slope = h.m2_slope = 0
    for i in range(c.n):
        x = length * c.t[i]
        u = field(x, slope, m0, h.dq_hat) / root
        # 1 - m and 1 - m^2 keep their digits as m -> 1
        gap = 2 / (1 + exp(2 * (X0 + x)))
        m, gap2 = 1 - gap, gap * (2 - gap)
        shift = 1 - h.dq_hat * gap2
        w = 2 * length * c.w[i] * G(u) / root
        h.m_slope += w * gap2
        h.m2_slope += 2 * w * m * m * gap2
        a.curvature_squared += w * gap2 * gap2 / shift
        w *= shift
        a.norm += w
        h.gap += w * gap
        h.gap2 += w * gap2
        a.um += w * u * m
        difference = c.gap - gap
        a.spread += w * difference * difference
        if gap > 0:
            a.divergence += 0.5 * w * (
                (2 - gap) * log1p(difference / (2 - c.gap)) + gap * log(gap / c.gap)
            )
        else:
            a.divergence += w * log1p(difference / (2 - c.gap))
    hats[0], c.a = h, a


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
    cdef bint met
    c.t, c.w, c.n, c.window = &t[0], &w[0], t.shape[0], window
    c.hats.dq_hat, c.hats.p_hat, c.hats.target = dq_hat, p_hat, target
    c.q_hat, c.gap, c.hats.average = q_hat, gap, average
    with nogil:
        met = meet(&c.hats, centre, sqrt(q_hat), -1e3)
    if not met:
        return (NAN,) * 9
    return (
        c.hats.dq_hat, c.hats.p_hat, c.a.norm, c.hats.gap, c.hats.gap2, c.a.um,
        c.a.divergence, c.a.spread, c.a.curvature_squared,
    )
