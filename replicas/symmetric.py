"""The symmetric perceptron, whose typical solutions are uncorrelated (SY5)-(SY7)."""

import math

import numpy as np

from replicas.priors import Binary
from replicas.results import Estimate, Saddle, failed_estimate
from replicas.warnings import warnings

__all__ = ["at_line", "capacity", "rs"]

ROUNDING = 2.0**-50  # relative; the tail H(kappa) has kappa^2 of them


def rs(model, alpha):
    """Saddle q = 0 at the loads `alpha`, an array: (SY5), (SY6)."""
    log_p, curvature = _one_weight(model.channel)
    binary = isinstance(model.prior, Binary)
    start = math.log(2) if binary else 0.0
    entropy = start + alpha * log_p
    stability = alpha * curvature**2
    flat = np.zeros_like(alpha)[()]
    order = {"q": flat, "eps": flat + 1}
    if binary:
        order["q_hat"] = flat
    return Saddle(
        model=model,
        ansatz="rs",
        alpha=alpha[()],
        order=order,
        entropy=entropy[()],
        complexity=None,
        stability=stability[()],
        error=(_rounding(model.channel) * (start - alpha * log_p))[()],
        residual=flat,
        success=(alpha > 0)[()],
        message=warnings("", entropy if binary else math.inf, stability),
    )


def capacity(model):
    """Load at which the entropy of binary weights vanishes, -log 2/log P1 (SY7)."""
    if not isinstance(model.prior, Binary):
        raise ValueError(
            "capacity: the prior must be Binary for the Symmetric channel: the state "
            f"q = 0 of spherical weights exists at every load, given {model.prior!r}"
        )
    log_p = _one_weight(model.channel)[0]
    if log_p > -1e-300:
        return failed_estimate("the capacity exceeds the range of a double")
    value = -math.log(2) / log_p
    order = {"q": 0.0, "eps": 1.0, "q_hat": 0.0}
    return Estimate(value, _rounding(model.channel) * value, 0.0, True, "", order)


def at_line(model):
    """Load at which the replicon index of q = 0 is 1, for both priors (SY6)."""
    curvature = _one_weight(model.channel)[1]
    if curvature > -1e-150:
        return failed_estimate("the load exceeds the range of a double", ("q",))
    value = curvature**-2
    error = 2 * _rounding(model.channel) * value
    return Estimate(value, error, 0.0, True, "", {"q": 0.0})


def _rounding(channel):
    return ROUNDING * (1 + channel.kappa**2)


def _one_weight(channel):
    """log P1 of a typical field, and its second derivative in the mean."""
    log_p, _, curvature = channel.log_z(0.0, 1.0)
    return float(np.squeeze(log_p)), float(np.squeeze(curvature))
