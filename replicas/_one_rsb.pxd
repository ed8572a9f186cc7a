"""Averages of the 1-RSB ansatz for a scalar channel: docs/one_rsb.md."""

from replicas._channels cimport Overlap, Scalar
from replicas._quadrature cimport Rule

ctypedef struct Averages:
    # E over the outer field of f, f'^2, f''^2, f'^2 f''; < > is the mean tilted by Z^m
    double f
    double f1_squared
    double f2_squared
    double f1_squared_f2
    # E <log Z>, E Var (log Z)', E <(log Z)''^2>
    double log_z
    double d_variance
    double d2_squared
    double norm

cdef Averages averages(
    Scalar channel, Overlap outer, Overlap inner, double D, double m, Rule rule
) noexcept nogil

cdef double gap(Overlap outer, Overlap inner) noexcept nogil
