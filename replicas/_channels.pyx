"""log Z(omega, V) of the channels; equations (C1)-(C9) of docs/channels.md."""

from libc.math cimport INFINITY, M_PI, M_SQRT1_2, asin, exp, fabs, log, log1p, sqrt
from scipy.special.cython_special cimport erf, erfcx

from replicas._gauss cimport (
    GH, GH_excess, dGH, log_sum_exp, long_log_H,
)


# scalar channels

cdef Field step_log_z(double omega, double V, const Scalar* c) noexcept nogil:
    # (C2): the field exceeds the margin
    cdef double scale = 1 / sqrt(V), x = (c.kappa - omega) * scale
    cdef double bell, ratio
    cdef Field f
    # one exp and one erfcx serve log H and G/H on either side
    if x < 0:
        bell = exp(-0.5 * x * x)
        ratio = 0.5 * bell * erfcx(-x * M_SQRT1_2)
        f.log_z = log1p(-ratio)
        ratio = bell / (sqrt(2 * M_PI) * (1 - ratio))
    else:
        ratio = GH(x)
        f.log_z = -0.5 * x * x - log(ratio * sqrt(2 * M_PI))
    f.d = ratio * scale
    f.d2 = -ratio * (ratio - x if x < 10 else GH_excess(x)) * scale * scale
    return f


cdef Overlap identity_overlap(double q, double eps, const Scalar* c) noexcept nogil:
    cdef Overlap o
    o.q, o.eps, o.d, o.d2 = q, eps, 1, 0
    return o


cdef Overlap sign_overlap(double q, double eps, const Scalar* c) noexcept nogil:
    # (C4): overlap of the signs of two Gaussian fields of overlap q
    cdef Overlap o
    o.q = 2 / M_PI * asin(q)
    o.eps = 4 / M_PI * asin(sqrt(eps / 2))
    o.d = 2 / (M_PI * sqrt(eps * (1 + q)))
    o.d2 = o.d * q / (eps * (1 + q))
    return o


cdef Front step_front(double V, const Scalar* c) noexcept nogil:
    cdef Front front
    front.centre, front.width = c.kappa, 4 * sqrt(V)
    return front


cdef class ScalarChannel:
    """One Gaussian field that must exceed kappa; `wide` selects the overlap (C4)."""

    def __cinit__(self, double kappa, bint wide):
        self.c.log_z = step_log_z
        self.c.overlap = sign_overlap if wide else identity_overlap
        self.c.front = step_front
        self.c.kappa = kappa
        self.c.kernel = NULL

    def log_z(
        self, const double[::1] omega, const double[::1] V,
        double[::1] value, double[::1] d, double[::1] d2,
    ):
        """Fill log Z and its derivatives in omega; all arrays of one length."""
        cdef Py_ssize_t i
        cdef Field f
        with nogil:
            for i in range(omega.shape[0]):
                f = self.c.log_z(omega[i], V[i], &self.c)
                value[i], d[i], d2[i] = f.log_z, f.d, f.d2

    def overlap(self, double q, double eps):
        """Overlap of the fields: (q, 1 - q, dq, d2q) as functions of the weights'."""
        cdef Overlap o = self.c.overlap(q, eps, &self.c)
        return o.q, o.eps, o.d, o.d2


# tree channels

cdef void log_counts(
    int K, const long double* log_plus, const long double* log_minus,
    int skip1, int skip2, bint parity, long double* counts,
) noexcept nogil:
    # (C6): log-probability that n of the units (skip1, skip2 left out) are positive;
    # for parity counts[0], counts[1]: an even, an odd number of them is negative
    cdef int l, n, top = 0
    cdef long double even
    for n in range(K + 2):
        counts[n] = -INFINITY
    counts[0] = 0
    for l in range(K):
        if l == skip1 or l == skip2:
            continue
        if parity:
            even = counts[0]
            counts[0] = log_sum_exp(even + log_plus[l], counts[1] + log_minus[l])
            counts[1] = log_sum_exp(even + log_minus[l], counts[1] + log_plus[l])
            continue
        top += 1
        for n in range(top, 0, -1):
            counts[n] = log_sum_exp(
                counts[n] + log_minus[l], counts[n - 1] + log_plus[l]
            )
        counts[0] += log_minus[l]


cdef long double log_at_least(
    const long double* counts, int least, int most
) noexcept nogil:
    cdef long double total = -INFINITY
    cdef int n
    for n in range(least, most + 1):
        total = log_sum_exp(total, counts[n])
    return total


cdef double erf_product(int K, const double* b, int skip1, int skip2) noexcept nogil:
    # mean of the product of the signs, two units left out
    cdef double product = 1
    cdef int l
    for l in range(K):
        if l != skip1 and l != skip2:
            product *= erf(b[l] * M_SQRT1_2)
    return product


cdef double tree_log_p(
    Tree tree, const double* b, double* gradient, double* hessian
) noexcept nogil:
    """log P(b) of (C5); gradient (K) and hessian (K x K) unless NULL: (C7)-(C9)."""
    cdef int K = tree.K, k = (K + 1) // 2, l, m
    cdef long double[MAX_K] log_plus
    cdef long double[MAX_K] log_minus
    cdef long double[MAX_K] log_G
    cdef long double[MAX_K + 2] counts
    cdef long double log_p, refused, plus, minus, tie, near
    cdef double cov
    for l in range(K):
        log_plus[l] = long_log_H(-b[l])
        log_minus[l] = long_log_H(b[l])
        log_G[l] = <long double>-0.5 * b[l] * b[l] - 0.5 * log(2 * M_PI)
    log_counts(K, log_plus, log_minus, -1, -1, tree.parity, counts)
    log_p = counts[0] if tree.parity else log_at_least(counts, k, K)
    if log_p > -0.1:
        # P near 1: from the complement
        refused = counts[1] if tree.parity else log_at_least(counts, 0, k - 1)
        log_p = log1p(-exp(refused))
    if gradient == NULL:
        return log_p

    for l in range(K):
        log_counts(K, log_plus, log_minus, l, -1, tree.parity, counts)
        # plus, minus: the others accept when this unit is positive, negative
        if tree.parity:
            plus, minus = counts[0], counts[1]
            gradient[l] = exp(log_G[l] - log_p) * erf_product(K, b, l, -1)
        else:
            plus = log_at_least(counts, k - 1, K - 1)
            minus = log_at_least(counts, k, K - 1)
            gradient[l] = exp(log_G[l] + counts[k - 1] - log_p)
        if hessian != NULL:
            # two forms of (C8): the first cancels in the tail, the second near P = 1/2
            if fabs(gradient[l]) < 1:
                hessian[l * K + l] = -gradient[l] * (b[l] + gradient[l])
                continue
            hessian[l * K + l] = (
                exp(2 * (log_G[l] - log_p) + plus + minus - log_plus[l] - log_minus[l])
                - exp(log_plus[l] + plus - log_p) * dGH(-b[l])
                - exp(log_minus[l] + minus - log_p) * dGH(b[l])
            )
    if hessian == NULL:
        return log_p

    for l in range(K):
        for m in range(l):
            plus = log_G[l] + log_G[m] - 2 * log_p
            if tree.parity:
                cov = exp(plus) * erf_product(K, b, l, m)
            else:
                log_counts(K, log_plus, log_minus, l, m, False, counts)
                tie = counts[k - 1] + log_at_least(counts, k - 1, K - 2)
                near = counts[k - 2] + log_at_least(counts, k, K - 2)
                cov = exp(near + plus) - exp(tie + plus)
            hessian[l * K + m] = cov
            hessian[m * K + l] = cov
    return log_p


cdef class TreeChannel:
    """Tree of K sign units whose majority, or product, must be +1."""

    def __cinit__(self, int K, bint parity):
        self.c.K = K
        self.c.parity = parity

    def log_p(
        self, const double[:, ::1] b, double[::1] value,
        double[:, ::1] gradient, double[:, :, ::1] hessian,
    ):
        """Fill log P(b), its gradient (n, K) and Hessian (n, K, K)."""
        cdef Py_ssize_t i
        with nogil:
            for i in range(b.shape[0]):
                value[i] = tree_log_p(
                    self.c, &b[i, 0], &gradient[i, 0], &hessian[i, 0, 0]
                )
