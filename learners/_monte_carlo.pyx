"""Metropolis moves of one configuration of weights; docs/learners.md."""

from libc.math cimport cos, fabs, isinf, sin


cdef bint fits(
    const double* h, int K, int label, int rule, double kappa
) noexcept nogil:
    # h, kappa: in units of 1/sqrt(n); rule 0: majority, 1: parity, 2: symmetric
    cdef int l, positive = 0
    if rule == 2:
        return fabs(h[0]) < kappa
    if rule == 1:
        for l in range(K):
            positive += h[l] < 0
            if h[l] == 0:
                return False
        return (1 if positive % 2 == 0 else -1) == label
    for l in range(K):
        positive += label * h[l] > kappa
    return 2 * positive > K


def fitted(
    const double[:, ::1] h, const signed char[::1] labels, int rule, double kappa,
    signed char[::1] fit,
):
    """Mark in `fit` the patterns that their sums h satisfy; the number of others."""
    cdef Py_ssize_t mu, errors = 0
    for mu in range(h.shape[0]):
        fit[mu] = fits(&h[mu, 0], <int>h.shape[1], labels[mu], rule, kappa)
        errors += 1 - fit[mu]
    return errors


cdef long change(
    double[:, ::1] h, double[:, ::1] moved, const signed char* first, double add1,
    int l1, const signed char* second, double add2, int l2,
    const signed char[::1] labels, signed char[::1] fit, signed char[::1] new_fit,
    int rule, double kappa, long wrong, double worst,
) noexcept nogil:
    """Errors gained by adding to units l1 and l2 multiples of two input columns.

    `moved` and `new_fit` take the new fields. Stops beyond `worst` errors gained,
    which would be refused in any case, once the later ones of the `wrong` patterns
    cannot win them back.
    """
    cdef Py_ssize_t M = h.shape[0], mu
    cdef int K = <int>h.shape[1], l
    cdef long gained = 0
    for mu in range(M):
        for l in range(K):
            moved[mu, l] = h[mu, l]
        moved[mu, l1] += add1 * first[mu]
        if second != NULL:
            moved[mu, l2] += add2 * second[mu]
        new_fit[mu] = fits(&moved[mu, 0], K, labels[mu], rule, kappa)
        gained += fit[mu] - new_fit[mu]
        wrong -= 1 - fit[mu]
        if gained - wrong > worst:
            break
    return gained


def sweep(
    double[:, ::1] weights, double[:, ::1] h, double[:, ::1] moved,
    const signed char[:, ::1] columns, const signed char[::1] labels,
    signed char[::1] fit, signed char[::1] new_fit, bint tree, int rule, double kappa,
    double beta, long errors, const double[:, ::1] pull, const Py_ssize_t[::1] first,
    const Py_ssize_t[::1] second, const double[::1] angle, const double[::1] log_u,
):
    """Moves of weights `first`: flips, or, for angles not 0, rotations with `second`.

    Weight = exp(-beta errors + sum pull W), beta > 0, infinity allowed. Returns the
    number of accepted moves and of errors.
    """
    cdef Py_ssize_t n = weights.shape[1], M = h.shape[0], mu, k
    cdef double w1, w2, new1, new2 = 0, gain, worst
    cdef const signed char* column1
    cdef const signed char* column2
    cdef int l1, l2
    cdef Py_ssize_t i1, i2
    cdef long gained
    cdef Py_ssize_t accepted = 0
    with nogil:
        for k in range(first.shape[0]):
            l1, i1 = <int>(first[k] // n), first[k] % n
            l2, i2 = <int>(second[k] // n), second[k] % n
            w1, w2 = weights[l1, i1], weights[l2, i2]
            column1 = &columns[l1 * n + i1 if tree else i1, 0]
            column2 = NULL
            if angle[k] == 0:
                new1 = -w1
            else:
                if first[k] == second[k]:
                    continue
                column2 = &columns[l2 * n + i2 if tree else i2, 0]
                new1 = cos(angle[k]) * w1 - sin(angle[k]) * w2
                new2 = sin(angle[k]) * w1 + cos(angle[k]) * w2
            gain = pull[l1, i1] * (new1 - w1)
            if column2 != NULL:
                gain += pull[l2, i2] * (new2 - w2)
            # accepted where gain - beta gained >= log u
            worst = (gain - log_u[k]) / beta
            if isinf(beta):
                worst = 0 if gain >= log_u[k] else -1
            gained = change(
                h, moved, column1, new1 - w1, l1, column2, new2 - w2, l2, labels, fit,
                new_fit, rule, kappa, errors, worst,
            )
            if gained > worst:
                continue
            accepted += 1
            errors += gained
            weights[l1, i1] = new1
            if column2 != NULL:
                weights[l2, i2] = new2
            for mu in range(M):
                h[mu, l1], h[mu, l2] = moved[mu, l1], moved[mu, l2]
                fit[mu] = new_fit[mu]
    return accepted, errors
