"""Where the inner maximum changes branch; (LT8) of docs/large_y_trees.md."""

from libc.math cimport fabs

from replicas._inner_max cimport follow


cdef double tangents_cross(
    const Line* line, double x0, const Branch* left, double x1, const Branch* right
) noexcept nogil:
    # where the tangents of the convex function M + |a|^2/(2c) cross
    cdef double M0 = left.M, M1 = right.M, m0 = 0, m1 = 0, c = line.problem.c, x
    cdef int l
    for l in range(line.problem.tree.K):
        x = line.a0[l] + x0 * line.e[l]
        M0 += 0.5 * x * x / c
        m0 += left.b[l] * line.e[l] / c
        x = line.a0[l] + x1 * line.e[l]
        M1 += 0.5 * x * x / c
        m1 += right.b[l] * line.e[l] / c
    if not fabs(m1 - m0) > 0:
        return 0.5 * (x0 + x1)
    return (M0 - m0 * x0 - M1 + m1 * x1) / (m1 - m0)


cdef bint move(const Line* line, double x0, double x, Branch* branch) noexcept nogil:
    # follow a branch from x0 to x
    cdef double[MAX_UNITS] a
    cdef double first
    cdef int l
    place(line, x, a)
    for l in range(line.problem.tree.K):
        branch.b[l] += (x - x0) * branch.db[l]
    return follow(line.problem, a, line.e, branch, &first)


cdef bint same(int K, const Branch* one, const Branch* other) noexcept nogil:
    cdef int l
    for l in range(K):
        if fabs(one.b[l] - other.b[l]) > 1e-4:
            return False
    return True


cdef bint find_switch(
    const Line* line, double x0, double x1, Branch* left, Branch* right, double* x
) noexcept nogil:
    """Where the branches of the two ends have equal value, and both of them there.

    False if there is no such point: the branches join or end before it.
    """
    cdef double xl = x0, xr = x1, new
    cdef int n
    for n in range(30):
        new = tangents_cross(line, xl, left, xr, right)
        if not x0 < new < x1:
            return False
        if n > 0 and fabs(new - x[0]) < 1e-13 * (1 + fabs(new)):
            return True
        x[0] = new
        if not (move(line, xl, new, left) and move(line, xr, new, right)):
            return False
        if same(line.problem.tree.K, left, right):
            return False
        xl = xr = new
    return False
