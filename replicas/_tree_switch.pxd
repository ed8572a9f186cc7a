"""Lines through the sorted sector, and where the inner maximum changes branch."""

from libc.math cimport exp

from replicas._inner_max cimport Branch
from replicas._newton_step cimport Problem
from replicas._small_tree cimport MAX_UNITS

ctypedef struct Line:
    # the fields a(x) = a0 + x e, of weight scale exp(-rate x^2)
    Problem problem
    double[MAX_UNITS] a0
    double[MAX_UNITS] e
    double rate
    double scale


cdef inline double place(const Line* line, double x, double* a) noexcept nogil:
    # a(x), and its weight
    cdef int l
    for l in range(line.problem.tree.K):
        a[l] = line.a0[l] + x * line.e[l]
    return line.scale * exp(-line.rate * x * x)


cdef bint find_switch(
    const Line* line, double x0, double x1, Branch* left, Branch* right, double* x
) noexcept nogil
