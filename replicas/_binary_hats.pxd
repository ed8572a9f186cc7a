"""Hats of binary replicas that meet a distance: docs/binary_local_entropy.md."""

from libc.math cimport fabs, fmax, log

from replicas._saddle cimport find_root

ctypedef struct Hats

ctypedef struct Hats:
    double dq_hat
    double p_hat
    # 1 - p or 1 - q1, to be met; 0: nothing is
    double target
    # the averages at these hats: 1 - p, 1 - q1, derivatives of the mean of m in p_hat,
    # of m^2 in dq_hat
    double gap
    double gap2
    double m_slope
    double m2_slope
    # fills these; a kernel's Context begins with its Hats
    void (*average)(Hats* hats) noexcept nogil


cdef inline double overlap_gap(
    double p_hat, void* context, double* slope
) noexcept nogil:
    # the mean of m rises with p_hat: (BL4)
    cdef Hats* h = <Hats*>context
    h.p_hat = p_hat
    h.average(h)
    slope[0] = h.m_slope / h.gap
    return log(h.target / h.gap)


cdef inline double square_gap(
    double dq_hat, void* context, double* slope
) noexcept nogil:
    # the mean of m^2 rises with dq_hat: (BL5)
    cdef Hats* h = <Hats*>context
    h.dq_hat = dq_hat
    h.average(h)
    slope[0] = h.m2_slope / h.gap2
    return log(h.target / h.gap2)


cdef inline bint meet(
    Hats* h, bint centre, double root_q_hat, double lowest
) noexcept nogil:
    """Find p_hat (centre) or dq_hat > lowest from where it is; whether it was found.

    root_q_hat : spread of the centre's field.
    """
    cdef double low = -fmax(h.dq_hat, 0) - 10 * root_q_hat - 1
    if h.target > 0 and centre:
        h.p_hat = find_root(
            overlap_gap, h, h.p_hat, low, 0.5 * log(2 / h.target) + 2, 1e-8
        ).x
    elif h.target > 0:
        h.dq_hat = find_root(
            square_gap, h, h.dq_hat, lowest, log(4 / h.target) + 5, 1e-8
        ).x
    h.average(h)
    if not h.target > 0:
        return True
    return fabs((h.gap if centre else h.gap2) - h.target) <= 1e-6 * h.target
