"""The inner maximum M_c(a); equations (LT2)-(LT6) of docs/large_y_trees.md.

Fields come sorted: a_1 >= ... >= a_K, and for parity a_1 >= ... >= |a_K|.
"""

from libc.math cimport INFINITY, fabs, log1p, sqrt

from replicas._channels cimport TreeChannel
from replicas._newton_step cimport newton_step

cdef double largest(int K, const double* step) noexcept nogil:
    cdef double size = 0
    cdef int i
    for i in range(K):
        size = max(size, fabs(step[i]))
    return size


cdef bint follow(
    Problem problem, const double* a, const double* e, Branch* branch, double* first
) noexcept nogil:
    """Newton from branch.b to the local maximum next to it; False if it has none.

    first: size of the first step, the error of the prediction.
    """
    cdef int K = problem.tree.K, n, i
    cdef double value, gain, size, last = INFINITY
    cdef double[MAX_UNITS] step
    for n in range(10):
        if not newton_step(
            problem, a, branch.b, e, &value, &gain, step, branch.db
        ):
            if n == 0:
                first[0] = INFINITY
            return False
        size = largest(K, step)
        if n == 0:
            first[0] = size
        for i in range(K):
            branch.b[i] += step[i]
        if size < 1e-5:
            branch.M = value + gain
            return True
        if size > 2 * last:
            return False
        last = size
    return False


cdef bint near(int K, const double* b, const Branch* best) noexcept nogil:
    cdef int i
    if best.M == -INFINITY:
        return False
    for i in range(K):
        if fabs(b[i] - best.b[i]) > 0.02:
            return False
    return True


cdef void climb(
    Problem problem, const double* a, const double* e, const Branch* best,
    Branch* branch,
) noexcept nogil:
    """Ascent from branch.b to a local maximum.

    M = -inf if none is reached, or if it is the one already known as best.
    """
    cdef int K = problem.tree.K, i
    cdef double value, gain, size, scale = 1, old = -INFINITY
    cdef double[MAX_UNITS] step
    cdef double[MAX_UNITS] base
    cdef double[MAX_UNITS] base_step
    cdef bint maximum
    branch.M = -INFINITY
    for _ in range(200):
        maximum = newton_step(
            problem, a, branch.b, e, &value, &gain, step, branch.db
        )
        size = largest(K, step)
        if maximum and size < 0.02 and near(K, branch.b, best):
            return
        if maximum and size < 1e-5:
            for i in range(K):
                branch.b[i] += step[i]
            branch.M = value + gain
            return
        if value < old:
            scale *= 0.3
        else:
            old = value
            scale = min(1.0, 2 / size)
            for i in range(K):
                base[i] = branch.b[i]
                base_step[i] = step[i]
        for i in range(K):
            branch.b[i] = base[i] + scale * base_step[i]


cdef void set_start(Problem problem, const double* a, int n, double* b) noexcept nogil:
    # (LT6): the n-th start; k units must be positive
    cdef int K = problem.tree.K, k = (K + 1) // 2, l
    cdef double L = sqrt(2 * log1p(problem.c)) + 0.3, low = 0.3, m
    if problem.c > 1e3:
        # log P is flat far below L, and ascents from there take long
        low = 0.6 * L
    for l in range(K):
        b[l] = a[l]
    if problem.tree.parity:
        if n == 1:
            b[K - 1] = max(a[K - 1], L)
        elif n == 2:
            b[K - 1] = max(a[K - 1], low)
        elif n == 3:
            b[K - 1] = -0.05
            b[K - 2] = 0.05
        elif n == 4:
            b[K - 1] = max(a[K - 1], low)
            for l in range(K - 1):
                b[l] = max(a[l], low + 0.4)
        elif n == 5:
            for l in range(K):
                b[l] = max(a[l], L)
        return
    if n == 1:
        for l in range(k):
            b[l] = max(a[l], L)
    elif n == 2:
        for l in range(K):
            b[l] = max(a[l], L)
    elif n == 3:
        m = max(0.5 * (a[k - 1] + a[min(k, K - 1)]), low)
        for l in range(k - 1):
            b[l] = max(a[l], L)
        for l in range(k - 1, K):
            b[l] = m
    elif n == 4:
        for l in range(K):
            b[l] = max(a[l], low)
    elif n == 5:
        for l in range(k):
            b[l] = max(a[l], low + 0.4)
    else:
        # k + 1, ..., K units, each the less the more there are
        k += n - 5
        m = sqrt(2 * log1p(problem.c) / (n - 4)) + 0.3
        for l in range(k):
            b[l] = max(a[l], m)


cdef bint sort(int K, double* b) noexcept nogil:
    # descending; True if it was not
    cdef bint moved = False
    cdef int i, j
    for i in range(1, K):
        for j in range(i, 0, -1):
            if b[j - 1] >= b[j]:
                break
            b[j - 1], b[j] = b[j], b[j - 1]
            moved = True
    return moved


cdef void highest(
    Problem problem, const double* a, const double* e, Branch* best
) noexcept nogil:
    """The global maximum: the best of the ascents from the starts (LT6)."""
    cdef Branch trial
    cdef int K = problem.tree.K, n, starts = 6
    if K > 3 and not problem.tree.parity:
        starts += K // 2
    best.M = -INFINITY
    for n in range(starts):
        set_start(problem, a, n, trial.b)
        climb(problem, a, e, best, &trial)
        if trial.M > best.M:
            best[0] = trial
    # b* is ordered as a is: exchanging two units that are not only gains
    trial = best[0]
    if not problem.tree.parity and sort(K, trial.b):
        climb(problem, a, e, best, &trial)
        if trial.M > best.M:
            best[0] = trial


def inner_maximum(
    TreeChannel channel, double c, const double[:, ::1] a,
    double[::1] M, double[:, ::1] b,
):
    """Fill M_c(a) and b*(a) for sorted fields a (n, K)."""
    cdef Problem problem
    cdef Branch best
    cdef double[MAX_UNITS] e
    cdef Py_ssize_t i
    cdef int l
    problem.tree = channel.c
    problem.c = c
    for l in range(MAX_UNITS):
        e[l] = 0
    with nogil:
        for i in range(a.shape[0]):
            highest(problem, &a[i, 0], e, &best)
            M[i] = best.M
            for l in range(problem.tree.K):
                b[i, l] = best.b[l]
