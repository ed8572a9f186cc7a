"""Probabilities that two to four Gaussians lie within kappa: docs/symmetric.md."""

from libc.math cimport M_PI, exp, fmax, sqrt
from scipy.special.cython_special cimport ndtr, owens_t

from replicas._gauss cimport G

cdef double TINY = 1e-300


cdef double below(double h, double k, double r, double s) noexcept nogil:
    # (SY12): P(x < h, y < k) at correlation r, s = sqrt(1 - r^2), by Owen's T
    cdef double half
    h = h if h != 0 else TINY
    k = k if k != 0 else TINY
    half = 0 if h * k > 0 else 0.5
    return (
        0.5 * (ndtr(h) + ndtr(k)) - half
        - owens_t(h, (k - r * h) / (h * s)) - owens_t(k, (h - r * k) / (k * s))
    )


cdef double box(
    double left, double right, double low, double high, double r, double s
) noexcept nogil:
    return (
        below(right, high, r, s) - below(left, high, r, s)
        - below(right, low, r, s) + below(left, low, r, s)
    )


cdef double slope(
    double kappa, double r, double ik, double jk, double il, double jl, double kl
) noexcept nogil:
    """dP/dr, r the correlation of i and j, (SY14): their density at the corners of the
    box, times the probability that k and l are inside it."""
    cdef double det = 1 - r * r
    cdef double k_i = (ik - r * jk) / det, k_j = (jk - r * ik) / det
    cdef double l_i = (il - r * jl) / det, l_j = (jl - r * il) / det
    cdef double sd_k = sqrt(fmax(1 - k_i * ik - k_j * jk, TINY))
    cdef double sd_l = sqrt(fmax(1 - l_i * il - l_j * jl, TINY))
    cdef double rho = (kl - k_i * il - k_j * jl) / (sd_k * sd_l)
    cdef double s = sqrt(fmax(1 - rho * rho, TINY)), total = 0, at_k, at_l, inside
    cdef int sign
    for sign in range(-1, 2, 2):
        at_k, at_l = kappa * (k_i + sign * k_j), kappa * (l_i + sign * l_j)
        inside = box(
            -(kappa + at_k) / sd_k, (kappa - at_k) / sd_k,
            -(kappa + at_l) / sd_l, (kappa - at_l) / sd_l, rho, s,
        )
        total += sign * inside * exp(-kappa * kappa / (1 + sign * r))
    return total / (M_PI * sqrt(det))


cdef void gradient(
    double kappa, double p, const double* c, double t, double* out
) noexcept nogil:
    # cross correlations t c of (A, B) with (C, D): AC, AD, BC, BD
    cdef double ac = t * c[0], ad = t * c[1], bc = t * c[2], bd = t * c[3]
    out[0] = slope(kappa, ac, p, bc, ad, p, bd)
    out[1] = slope(kappa, ad, p, bd, ac, p, bc)
    out[2] = slope(kappa, bc, p, ac, bd, p, ad)
    out[3] = slope(kappa, bd, p, ad, bc, p, ac)


def excess(
    double kappa, double p, const double[::1] c,
    const double[::1] t, const double[::1] w, double[::1] slopes,
):
    """P4 - P2^2 as the integral of its derivative along t c (SY13), t in (0, 1), by
    weights w; fills the slopes of P4 at c."""
    cdef Py_ssize_t i, j
    cdef double[4] along
    cdef double total = 0
    with nogil:
        for i in range(t.shape[0]):
            gradient(kappa, p, &c[0], t[i], along)
            for j in range(4):
                total += w[i] * c[j] * along[j]
        gradient(kappa, p, &c[0], 1, &slopes[0])
    return total


def shared(
    double kappa, double p, double s, double rho, double rest,
    const double[::1] a, const double[::1] w,
):
    """P3 of two pairs that share a member (SY15): sum over its field a with weights w.

    s = sqrt(1 - p^2); rho: correlation of the others given a; rest = sqrt(1 - rho^2).
    """
    cdef Py_ssize_t i
    cdef double low, high, total = 0
    with nogil:
        for i in range(a.shape[0]):
            low, high = -(kappa + p * a[i]) / s, (kappa - p * a[i]) / s
            total += w[i] * G(a[i]) * box(low, high, low, high, rho, rest)
    return total
