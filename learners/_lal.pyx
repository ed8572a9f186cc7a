"""Least-action learning: one unit moves for each wrong pattern; docs/learners.md."""

from libc.math cimport INFINITY, fabs

from learners._dot cimport add, dot


cdef bint present(
    double* w, const signed char* xi, int K, Py_ssize_t n, bint tree, double eta
) noexcept nogil:
    """Show one pattern, its label absorbed; True if it was wrong.

    (LN1): of the units that vote against the label, the one of least field learns.
    """
    cdef int l, votes = 0, least = 0
    cdef double field, smallest = INFINITY
    cdef const signed char* seen = xi
    for l in range(K):
        if tree:
            seen = xi + l * n
        field = dot(w + l * n, seen, n)
        if field > 0:
            votes += 1
        else:
            votes -= 1
            if fabs(field) < smallest:
                smallest, least = fabs(field), l
    if votes > 0:
        return False
    seen = xi + least * n if tree else xi
    add(w + least * n, eta, seen, n)
    return True


def epoch(
    double[:, ::1] weights, const signed char[:, ::1] patterns,
    const Py_ssize_t[::1] order, bint tree, double eta,
):
    """Present the patterns in the order given; the number that was wrong."""
    cdef int K = <int>weights.shape[0]
    cdef Py_ssize_t n = weights.shape[1], mu, wrong = 0
    with nogil:
        for mu in range(order.shape[0]):
            wrong += present(
                &weights[0, 0], &patterns[order[mu], 0], K, n, tree, eta
            )
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
    double eta, double lam, Py_ssize_t every, Py_ssize_t[::1] wrong,
):
    """An epoch of y replicas, one order each, attracted every so many patterns.

    Fills `wrong`, the number of wrong patterns of each replica, and `centre`.
    """
    cdef int K = <int>weights.shape[1]
    cdef Py_ssize_t y = weights.shape[0], n = weights.shape[2], a, mu
    with nogil:
        for a in range(y):
            wrong[a] = 0
        for mu in range(order.shape[1]):
            for a in range(y):
                wrong[a] += present(
                    &weights[a, 0, 0], &patterns[order[a, mu], 0], K, n, tree, eta
                )
            if (mu + 1) % every == 0:
                attract(weights, centre, lam)
        attract(weights, centre, 0)
