"""Averages at vanishing volume, q1 -> 1: docs/capacity.md."""

from replicas._gauss cimport GH_excess, H


def perceptron_distance(double kappa):
    """E max(kappa + z, 0)^2 = H(-kappa) [1 + kappa (g + kappa)]: (K2)."""
    return H(-kappa) * (1 + kappa * GH_excess(-kappa))
