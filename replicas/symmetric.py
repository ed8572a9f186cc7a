"""The symmetric perceptron, whose typical solutions are uncorrelated (SY5)-(SY7)."""

import math

import numpy as np

from replicas.priors import Binary
from replicas.results import Estimate, Saddle

__all__ = ["at_line", "capacity", "rs"]

ROUNDING = 2.0**-50  # relative; the tail H(kappa) has kappa^2 of them
ABOVE = "the RS entropy is negative: above the capacity"
UNSTABLE = "replica symmetry is unstable"


def rs(model, alpha):
    """Saddle q = 0 at the loads `alpha`, an array: (SY5), (SY6)."""
    log_p, curvature = _one_weight(model.channel)
    start = math.log(2) if isinstance(model.prior, Binary) else 0.0
    entropy = start + alpha * log_p
    stability = alpha * curvature**2
    negative = (entropy < 0) & isinstance(model.prior, Binary)
    said = np.where(negative, ABOVE, "").astype(object)
    both = np.where(negative & (stability > 1), "; ", "")
    said = said + both + np.where(stability > 1, UNSTABLE, "")
    flat = np.zeros_like(alpha)[()]
    order = {"q": flat, "eps": flat + 1}
    if isinstance(model.prior, Binary):
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
        message=said[()] if alpha.ndim else str(said),
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
        message = "the capacity exceeds the range of a double"
        return Estimate(np.nan, np.nan, np.nan, False, message, {})
    value = -math.log(2) / log_p
    order = {"q": 0.0, "eps": 1.0, "q_hat": 0.0}
    return Estimate(value, _rounding(model.channel) * value, 0.0, True, "", order)


def at_line(channel):
    """Load at which the replicon index of q = 0 is 1, for both priors (SY6)."""
    curvature = _one_weight(channel)[1]
    if curvature > -1e-150:
        message = "the load exceeds the range of a double"
        return Estimate(np.nan, np.nan, np.nan, False, message, {"q": np.nan})
    value = curvature**-2
    error = 2 * _rounding(channel) * value
    return Estimate(value, error, 0.0, True, "", {"q": 0.0})


def _rounding(channel):
    return ROUNDING * (1 + channel.kappa**2)


def _one_weight(channel):
    """log P1 of a typical field, and its second derivative in the mean."""
    log_p, _, curvature = channel.log_z(0.0, 1.0)
    return float(np.squeeze(log_p)), float(np.squeeze(curvature))
