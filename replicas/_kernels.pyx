"""Overlap of the fields of wide committees with any activation: docs/channels.md.

Normalised, tq = Delta(q)/Delta(1), for overlaps q in [0, 1] and eps = 1 - q.
"""

from libc.math cimport M_PI, asin, cos, pow, sqrt

from replicas._channels cimport Overlap, Scalar, ScalarChannel

ctypedef struct Table:
    # tq = sum_n series[n - 1] q^n below `join`, with the sums tail[k] over n > k;
    # above, 1 - tq = W^power times a Chebyshev series in theta up to `last`
    int order
    double join
    const double* series
    const double* tail
    int power
    double last
    int degree
    const double* E
    const double* dE
    const double* d2E


cdef Overlap relu_overlap(double q, double eps, const Scalar* c) noexcept nogil:
    # (C11); theta = acos q, and sin theta - theta cos theta from its series near 0
    cdef double theta = 2 * asin(sqrt(eps / 2)), root = sqrt(eps * (1 + q)), x, term
    cdef double flat = 0
    cdef int n
    cdef Overlap o
    if theta < 1:
        x, term = theta * theta, theta / 3
        for n in range(1, 12):
            term *= x if n == 1 else -x * n / ((n - 1) * (2 * n) * (2 * n + 1.0))
            flat += term
    else:
        flat = root - theta * q
    o.eps = (M_PI * eps - flat) / (M_PI - 1)
    o.q = (q * (M_PI / 2 + asin(q)) - q * q / (1 + root)) / (M_PI - 1)
    if q > 0.5:
        o.q = 1 - o.eps
    o.d = (M_PI - theta) / (M_PI - 1)
    o.d2 = 1 / ((M_PI - 1) * root)
    return o


cdef Overlap erf_overlap(double q, double eps, const Scalar* c) noexcept nogil:
    # (C12); the difference of two asin as one
    cdef double a = 2. / 3, norm = 1 / asin(a), root = sqrt(1 - a * a * q * q)
    cdef Overlap o
    o.q = norm * asin(a * q)
    o.eps = norm * asin(a * eps * (1 + q) / (root + q * sqrt(1 - a * a)))
    o.d = norm * a / root
    o.d2 = o.d * a * a * q / (root * root)
    return o


cdef Overlap square_overlap(double q, double eps, const Scalar* c) noexcept nogil:
    cdef Overlap o
    o.q, o.eps, o.d, o.d2 = q * q, eps * (1 + q), 2 * q, 2
    return o


cdef Overlap series_overlap(double q, double eps, const Table* t) noexcept nogil:
    # (C13): all terms are positive
    cdef double value = 0, rest = 0, d = 0, d2 = 0
    cdef int n
    cdef Overlap o
    for n in range(t.order, 0, -1):
        value = value * q + t.series[n - 1]
        rest = rest * q + t.tail[n - 1]
        d = d * q + n * t.series[n - 1]
        if n > 1:
            d2 = d2 * q + n * (n - 1.0) * t.series[n - 1]
    o.q, o.eps, o.d, o.d2 = value * q, rest * eps, d, d2
    return o


cdef double chebyshev(int degree, const double* c, double x) noexcept nogil:
    # Clenshaw's sum of c_n T_n(x)
    cdef double b1 = 0, b2 = 0, b
    cdef int n
    for n in range(degree, 0, -1):
        b = 2 * x * b1 - b2 + c[n]
        b2, b1 = b1, b
    return x * b1 - b2 + c[0]


cdef Overlap table_overlap(double q, double eps, const Scalar* c) noexcept nogil:
    cdef const Table* t = <const Table*>c.kernel
    cdef double W, theta, x, E, dE, d2E, half, p
    cdef Overlap o
    if q < t.join:
        return series_overlap(q, eps, t)
    # (C15), (C16)
    W, p = sqrt(2 * eps), t.power
    theta = 2 * asin(W / 2)
    half = cos(theta / 2)
    x = 2 * theta / t.last - 1
    E = chebyshev(t.degree, t.E, x)
    dE = chebyshev(t.degree, t.dE, x)
    d2E = chebyshev(t.degree, t.d2E, x)
    o.eps = pow(W, p) * E
    o.q = 1 - o.eps
    o.d = p * pow(W, p - 2) * E + pow(W, p - 1) * dE / half
    o.d2 = (2 * p - 1) * pow(W, p - 2) * dE + pow(W, p - 1) * d2E / half
    o.d2 += pow(W, p) * dE / (4 * half * half)
    o.d2 += p * (p - 2) * pow(W, p - 3) * half * E
    o.d2 /= -W * half
    return o


cdef class KernelChannel(ScalarChannel):
    """One Gaussian field that must exceed kappa; `closed` and `tabulated` make it."""

    cdef Table table
    cdef const double[:, ::1] series, E


def closed(str name, double kappa):
    """The channel of an activation whose overlap has a closed form."""
    cdef KernelChannel channel = KernelChannel(kappa, name == "sign")
    if name == "relu":
        channel.c.overlap = relu_overlap
    elif name == "erf":
        channel.c.overlap = erf_overlap
    elif name == "quadratic":
        channel.c.overlap = square_overlap
    return channel


def tabulated(
    double kappa, const double[:, ::1] series, double join, int power, double last,
    const double[:, ::1] E,
):
    """The channel of an overlap given by tables.

    series : rows `series` and `tail` of `Table`; E : rows with the coefficients of the
    function of theta and of its first two derivatives.
    """
    cdef KernelChannel channel = KernelChannel(kappa, True)
    cdef Table* t = &channel.table
    channel.series, channel.E = series, E
    t.order, t.join, t.power, t.last = series.shape[1], join, power, last
    t.series, t.tail = &channel.series[0, 0], &channel.series[1, 0]
    t.degree = E.shape[1] - 1
    t.E, t.dE, t.d2E = &channel.E[0, 0], &channel.E[1, 0], &channel.E[2, 0]
    channel.c.overlap, channel.c.kernel = table_overlap, t
    return channel
