"""Functions of the total field X of y binary replicas: docs/binary_local_entropy.md."""

from libc.math cimport exp, fmin, log1p
from libc.stdlib cimport malloc

from replicas._quadrature cimport Rule

ctypedef struct Table:
    # at X = j h, j = 0 ... n: y log 2cosh X and 1 - tanh X
    double* exponent
    double* gap
    int n
    double h


cdef inline bint tabulate(
    Table* t, double y, double b, double reach, Rule rule, int most
) noexcept nogil:
    # (BL19): b, the Gaussian's width, and the zeros of cosh at i pi/2; False where that
    # takes more than `most` nodes. exponent is to be freed
    cdef double X
    cdef int j
    t.h = rule.step * 6 * fmin(b, b * b / (0.17 + 4.9 * b * b) if b > 0.2 else b)
    t.n = <int>fmin(reach / t.h, most) + 2
    t.exponent = NULL
    if t.n > most:
        return False
    t.exponent = <double*>malloc(2 * (t.n + 1) * sizeof(double))
    if t.exponent == NULL:
        return False
    t.gap = t.exponent + t.n + 1
    for j in range(t.n + 1):
        X = j * t.h
        t.exponent[j] = y * (X + log1p(exp(-2 * X)))
        t.gap[j] = 2 / (1 + exp(2 * X))
    return True
