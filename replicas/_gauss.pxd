"""Gaussian special functions of the theory, as inline scalars.

G(x) = exp(-x^2/2)/sqrt(2 pi),  H(x) = int_x^oo G,  GH = G/H = -(log H)'.
"""

from libc.math cimport INFINITY, M_PI, M_SQRT1_2, exp, log, log1p, sqrt
from scipy.special.cython_special cimport erfc, erfcx


cdef inline double G(double x) noexcept nogil:
    return exp(-0.5 * x * x) / sqrt(2 * M_PI)


cdef inline double H(double x) noexcept nogil:
    return 0.5 * erfc(x * M_SQRT1_2)


cdef inline double log_H(double x) noexcept nogil:
    # log1p where H is near 1, erfcx where H underflows: full relative accuracy
    if x < 0:
        return log1p(-0.5 * erfc(-x * M_SQRT1_2))
    return log(0.5 * erfcx(x * M_SQRT1_2)) - 0.5 * x * x


cdef inline double GH(double x) noexcept nogil:
    return sqrt(2 / M_PI) / erfcx(x * M_SQRT1_2)


cdef inline double GH_excess(double x) noexcept nogil:
    # GH(x) - x = 1/(x + 2/(x + 3/(x + ...))); the fraction where GH ~ x cancels
    cdef double tail
    cdef int n
    if x < 10:
        return GH(x) - x
    tail = x
    for n in range(24, 1, -1):
        tail = x + n / tail
    return 1 / tail


cdef inline double dGH(double x) noexcept nogil:
    # GH'(x) = GH (GH - x), in (0, 1)
    return GH(x) * GH_excess(x)


cdef inline long double long_log_H(double x) noexcept nogil:
    # log H with the rounding of x^2/2 below that of a double: differences of
    # log-probabilities near -1e4 then keep 13 digits
    if x < 0:
        return log1p(-0.5 * erfc(-x * M_SQRT1_2))
    return log(0.5 * erfcx(x * M_SQRT1_2)) - <long double>0.5 * x * x


cdef inline long double log_sum_exp(long double a, long double b) noexcept nogil:
    # log(exp(a) + exp(b))
    if a < b:
        a, b = b, a
    if b == -INFINITY:
        return a
    return a + log1p(exp(<double>(b - a)))
