"""C side of the inner maximum M_c(a) = max_b [log P(b) - |b - a|^2/(2c)]."""

from replicas._newton_step cimport Problem
from replicas._small_tree cimport MAX_UNITS

ctypedef struct Branch:
    # a local maximum: its value, its place, and db along the line it is followed on
    double M
    double[MAX_UNITS] b
    double[MAX_UNITS] db

cdef bint follow(
    Problem problem, const double* a, const double* e, Branch* branch, double* first
) noexcept nogil

cdef void highest(
    Problem problem, const double* a, const double* e, Branch* best
) noexcept nogil
