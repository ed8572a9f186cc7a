"""Output node of one pattern: log Z(omega, V) and its derivatives in each field."""

from replicas._channels cimport Scalar
from replicas._channels cimport Tree as TreeRule

cdef extern from *:
    """
    /* plain sums hold down to here: products of two of their terms are normal */
    #define NODE_SMALL 1e-150
    """
    const double SMALL "NODE_SMALL"

ctypedef struct Node:
    int K
    # votes that a majority needs
    int least
    bint parity
    # K = 1
    Scalar scalar
    # K > 1, in the log domain; an even K has one more unit there, always negative
    TreeRule tree

cdef double node(
    const Node* c, double label, const double* omega, const double* V,
    double* g, double* Gam,
) noexcept nogil

cdef double majority(
    int K, int least, const double* p, const double* q, double* piv, double* base
) noexcept nogil

cdef double parity(
    int K, double label, const double* p, const double* q, double* piv
) noexcept nogil


cdef class OutputNode:
    cdef Node c
