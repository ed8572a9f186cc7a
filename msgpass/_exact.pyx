"""Messages of one unit by convolution over its inputs: docs/focusing.md (FB9).

up[i], down[i]: probabilities that weight times pattern is +1, -1. Only sums of positive
terms occur.
"""

from libc.math cimport log


cdef void update_counts(
    const double* up, const double* down, Py_ssize_t n, double* counts
) noexcept nogil:
    # counts[i, c]: probability that c of the inputs before i are +1; (n + 1, n + 1)
    cdef Py_ssize_t i, c
    cdef const double* row = counts
    cdef double* new
    counts[0] = 1
    for i in range(n):
        row = &counts[i * (n + 1)]
        new = &counts[(i + 1) * (n + 1)]
        new[0] = row[0] * down[i]
        for c in range(1, i + 1):
            new[c] = row[c] * down[i] + row[c - 1] * up[i]
        new[i + 1] = row[i] * up[i]


cdef void exact_messages(
    const double* up, const double* down, const double* counts, double* weight,
    Py_ssize_t n, double* u,
) noexcept nogil:
    # weight[c]: of a unit with c positive inputs, overwritten (n + 1); u[i]: half the
    # logarithm of the mean weight with input i at +1 over that with it at -1; may be up
    cdef Py_ssize_t i, c
    cdef const double* row
    cdef double plus, minus, p
    for i in range(n - 1, -1, -1):
        # weight[c]: mean over the inputs after i, given c positive ones up to i
        row = &counts[i * (n + 1)]
        plus = 0
        minus = 0
        for c in range(i + 1):
            plus += row[c] * weight[c + 1]
            minus += row[c] * weight[c]
        p = up[i]
        u[i] = 0.5 * log(plus / minus)
        for c in range(i + 1):
            weight[c] = weight[c] * down[i] + weight[c + 1] * p
