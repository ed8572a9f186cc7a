"""Largest margin at which binary weights have solutions: docs/binary.md."""

import math
from dataclasses import replace

import numpy as np

from replicas import check
from replicas.binary_capacity import zero_entropy
from replicas.channels import Perceptron, Wide
from replicas.model import require_binary, require_channel
from replicas.results import Estimate, failed_estimate

__all__ = ["largest_margin"]

LOW, HIGH = -6.0, 1000.0


def largest_margin(model, alpha):
    """Margin kappa_max(alpha) at which the load alpha is the capacity.

    Parameters
    ----------
    model : Model of Binary weights and a Perceptron or Wide channel, whose own margin
        is ignored.
    alpha : float, patterns per weight, > 0; the margin is sought in (-6, 1000).

    Returns
    -------
    Estimate with order "q", "eps", "q_hat" of the typical solutions of that margin.

    Source: docs/binary.md (BN9).
    """
    require_binary("largest_margin", model)
    channel = require_channel("largest_margin", model, Perceptron, Wide)
    alpha = check.positive_number("largest_margin", "alpha", alpha)
    return _root(channel, math.log(alpha))


def _root(channel, log_alpha):
    """Newton steps in kappa for log alpha_c(kappa) = log alpha, within a bracket."""
    low, high, kappa = LOW, HIGH, _guess(log_alpha)
    for _ in range(60):
        capacity, slope = zero_entropy(replace(channel, kappa=kappa))
        excess = math.log(capacity.value) - log_alpha
        low, high = (kappa, high) if excess > 0 else (low, kappa)
        step = -excess / slope
        if abs(step) < 1e-9 * (1 + abs(kappa)):
            error = abs(capacity.error / (capacity.value * slope))
            rounding = np.finfo(float).eps * (4 * abs(kappa) + abs(1 / slope))
            order, residual = capacity.order, capacity.residual
            return Estimate(
                kappa + step, float(error + rounding), residual, True, "", order
            )
        kappa = kappa + step if low < kappa + step < high else 0.5 * (low + high)
        if not LOW + 1e-6 < kappa < HIGH - 1e-6:
            break
    message = f"no margin between {LOW:g} and {HIGH:g} has this capacity"
    return failed_estimate(message, ("q", "eps", "q_hat"))


def _guess(log_alpha):
    """kappa of the spherical weights of that capacity for small loads, 1/sqrt(alpha)
    with the 2/pi of clipped weights; 0 near the capacity 0.83."""
    return math.sqrt(2 / math.pi) * (math.exp(-0.5 * log_alpha) - 1.1)
