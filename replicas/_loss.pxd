"""Gibbs weight exp(-beta loss) of one pattern: docs/channels.md (C20)-(C27)."""

from replicas._channels cimport Scalar
from replicas._quadrature cimport Grid

ctypedef struct Peak:
    # where exp(-eta^2/2 - beta f(omega + sqrt(V) eta)) is largest: eta, minus its
    # logarithm, minus its second logarithmic derivative, beta f
    double eta
    double cost
    double curvature
    double loss

ctypedef struct Tilted:
    # log of the sum, and averages under the tilted weight: beta f, sigma = -f',
    # its variance, f'', mean and variance of eta
    double log_z
    double loss
    double slope
    double slope_variance
    double bend
    double mean
    double variance

cdef double log_wrong(double u, double beta, double* log_p) noexcept nogil
cdef double softplus(double y) noexcept nogil
cdef Peak proximal(double omega, double V, const Scalar* c) noexcept nogil
cdef Grid inner_grid(Peak p, double omega, double V, const Scalar* c) noexcept nogil
cdef Tilted tilted(double omega, double V, const Scalar* c) noexcept nogil
