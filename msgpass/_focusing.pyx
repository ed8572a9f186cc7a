"""Fields of units with patterns of +-1, for counting errors along the way."""

from libc.math cimport sqrt

from msgpass._rows cimport row_dot


def unit_fields(
    const signed char[:, ::1] X, bint tree, const double[:, ::1] W,
    double[:, ::1] fields,
):
    """Fill fields (M, K) = n^(-1/2) sum_i W x from the weights W (K, n)."""
    cdef Py_ssize_t mu, l, K = W.shape[0], n = W.shape[1], step = n if tree else 0
    cdef double scale = 1 / sqrt(<double>n)
    with nogil:
        for mu in range(X.shape[0]):
            for l in range(K):
                fields[mu, l] = row_dot(&X[mu, l * step], &W[l, 0], n) * scale
