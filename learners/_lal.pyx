"""Least-action learning: one unit moves for each wrong pattern; docs/learners.md."""

from libc.math cimport INFINITY, fabs
from libc.stdlib cimport free, malloc

cdef extern from "_units.h":
    void unit_fields(
        const double* w, const signed char* x, Py_ssize_t block, int K, Py_ssize_t n,
        double* out,
    ) noexcept nogil
    void unit_add(
        double* w, double eta, const signed char* x, Py_ssize_t n
    ) noexcept nogil


cdef bint present(
    double* w, const signed char* xi, int K, Py_ssize_t n, bint tree, double eta,
    double* field,
) noexcept nogil:
    """Show one pattern, its label absorbed; True if it was wrong.

    (LN1): of the units that vote against the label, the one of least field learns.
    `field` is scratch, K long.
    """
    cdef Py_ssize_t block = n if tree else 0
    cdef int l, votes = 0, least = 0
    cdef double smallest = INFINITY
    unit_fields(w, xi, block, K, n, field)
    for l in range(K):
        if field[l] > 0:
            votes += 1
        else:
            votes -= 1
            if fabs(field[l]) < smallest:
                smallest, least = fabs(field[l]), l
    if votes > 0:
        return False
    unit_add(w + least * n, eta, xi + least * block, n)
    return True


def epoch(
    double[:, ::1] weights, const signed char[:, ::1] patterns,
    const Py_ssize_t[::1] order, bint tree, double eta,
):
    """Present the patterns in the order given; the number that was wrong."""
    cdef int K = <int>weights.shape[0]
    cdef Py_ssize_t n = weights.shape[1], mu, wrong = 0
    cdef double* field = <double*>malloc(K * sizeof(double))
    if field == NULL:
        raise MemoryError
    with nogil:
        for mu in range(order.shape[0]):
            wrong += present(
                &weights[0, 0], &patterns[order[mu], 0], K, n, tree, eta, field
            )
    free(field)
    return wrong


cdef void attract(
    double[:, :, ::1] weights, double[:, ::1] centre, double lam
) noexcept nogil:
    # (LN2): every replica moves towards the centre, which stays where it is
    cdef Py_ssize_t y = weights.shape[0], a, l, i
    for l in range(centre.shape[0]):
        for i in range(centre.shape[1]):
            centre[l, i] = 0
        for a in range(y):
            for i in range(centre.shape[1]):
                centre[l, i] += weights[a, l, i]
        for i in range(centre.shape[1]):
            centre[l, i] /= y
        for a in range(y):
            for i in range(centre.shape[1]):
                weights[a, l, i] += lam * (centre[l, i] - weights[a, l, i])


def replicated_epoch(
    double[:, :, ::1] weights, double[:, ::1] centre,
    const signed char[:, ::1] patterns, const Py_ssize_t[:, ::1] order, bint tree,
    double eta, double lam, Py_ssize_t every, Py_ssize_t shown,
    Py_ssize_t[::1] wrong,
):
    """An epoch of y replicas, one order each, attracted every so many patterns.

    shown : patterns since the last attraction, of which the new number is returned.
    Fills `wrong`, the number of wrong patterns of each replica, and `centre`.
    """
    cdef int K = <int>weights.shape[1]
    cdef Py_ssize_t y = weights.shape[0], n = weights.shape[2], a, mu
    cdef double* field = <double*>malloc(K * sizeof(double))
    if field == NULL:
        raise MemoryError
    with nogil:
        for a in range(y):
            wrong[a] = 0
        for mu in range(order.shape[1]):
            for a in range(y):
                wrong[a] += present(
                    &weights[a, 0, 0], &patterns[order[a, mu], 0], K, n, tree, eta,
                    field,
                )
            shown += 1
            if shown == every:
                attract(weights, centre, lam)
                shown = 0
        attract(weights, centre, 0)
    free(field)
    return shown
