"""log P of a tree with few units, fast."""

from replicas._channels cimport Tree

cdef enum:
    MAX_UNITS = 9

cdef double log_p(
    Tree tree, const double* b, double* gradient, double* hessian
) noexcept nogil
