"""Nodes of the tilted weight of the cross-entropy: docs/channels.md (C24), (C25)."""

from replicas._channels cimport Scalar
from replicas._quadrature cimport Grid

ctypedef struct Peak:
    # where exp(-eta^2/2 - beta f(omega + sqrt(V) eta)) is largest: eta, minus its
    # logarithm, minus its second logarithmic derivative, beta f
    double eta
    double cost
    double curvature
    double loss

cdef double softplus(double y) noexcept nogil
cdef Peak proximal(double omega, double V, const Scalar* c) noexcept nogil
cdef Grid inner_grid(Peak p, double omega, double V, const Scalar* c) noexcept nogil
