"""One Newton step towards the inner maximum."""

from replicas._channels cimport Tree

ctypedef struct Problem:
    Tree tree
    double c

cdef bint newton_step(
    Problem problem, const double* a, const double* b, const double* e,
    double* value, double* gain, double* step, double* db,
) noexcept nogil
