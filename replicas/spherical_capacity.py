"""RS capacity of spherical weights, where q -> 1: docs/capacity.md (K1)-(K4)."""

import math

import numpy as np
from scipy.special import bdtr, gammaln, ndtr

from replicas import _capacity
from replicas.channels import Tree
from replicas.quadrature import gaussian_average
from replicas.results import Estimate, failed_estimate

__all__ = ["MAX_UNITS", "rs_capacity"]

MAX_UNITS = 9  # of a tree whose sums run over a grid of fields


def rs_capacity(channel):
    """1/E d^2 with d the distance of Gaussian fields to the accepted region (K1);
    times the slope of the kernel at q = 1 (K10).
    """
    if math.isinf(channel.slope):
        return Estimate(np.inf, 0.0, 0.0, True, "", {})
    if isinstance(channel, Tree):
        square = _tree_distance(channel)
    else:
        value = _capacity.perceptron_distance(channel.kappa)
        # (K2) cancels kappa^2 digits, kappa^4 where g + kappa is a difference
        loss = channel.kappa**2 if channel.kappa < -10 else min(channel.kappa, 0) ** 4
        error = value * np.finfo(float).eps * (4 + loss)
        square = Estimate(value, error, 0.0, True, "", {})
    if square.value < np.finfo(float).tiny:
        return failed_estimate("the capacity exceeds the range of a double")
    value = float(channel.slope / square.value)
    error = float(value * (square.error / square.value + channel.slope_error))
    return Estimate(value, error, 0.0, True, "", {})


def _tree_distance(channel):
    """E d^2 of a tree: (K3) for the majority, (K4) for the parity."""
    K = channel.K
    if channel.rule == "parity":
        return gaussian_average(
            lambda z: 0.5 * K * z * z * (2 * ndtr(-abs(z))) ** (K - 1),
            width=1 / K,
            tol=1e-15,
        )
    n = np.arange((K + 1) // 2, K + 1)
    share = np.exp(gammaln(K + 1) - gammaln(n + 1) - gammaln(K - n + 1))
    share *= n * 0.5**K

    def square(z):
        below = 1 - 2 * ndtr(-abs(z))
        return z * z * (share * bdtr(n - (K + 1) // 2, n - 1, below[:, None])).sum(1)

    return gaussian_average(square, tol=1e-15)
