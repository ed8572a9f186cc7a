"""Distance to the nearest other solutions: where the Franz-Parisi entropy vanishes."""

import math

import numpy as np
from scipy.optimize import brentq

from replicas import check
from replicas.franz_parisi import franz_parisi
from replicas.model import require_model
from replicas.priors import Binary
from replicas.results import Estimate

__all__ = ["isolation_distance"]

WALK = 0.6  # ratio of successive distances on the way inwards
CLOSEST = 1e-9
SLOPE = 1e-3
EMPTY = 1e-6  # share of the nearby weights that are no solutions, to be none at all


def isolation_distance(model, alpha, reference=None):
    """Distance below which there are no solutions around a reference.

    d_min > 0 with phi(d) < 0 for 0 < d < d_min and phi(d_min) = 0, phi the
    Franz-Parisi entropy.

    Parameters
    ----------
    model : Model of binary weights.
    alpha : float, patterns per weight, > 0.
    reference : as in `franz_parisi`.

    Returns
    -------
    Estimate of d_min; order has "q1" and "t" there. 0, exactly, where solutions are
    found at the smallest distances (references with a margin). success is False where
    there is no typical reference, or where its own entropy is not positive.

    Source: docs/franz_parisi.md (F27).
    """
    require_model("isolation_distance", model)
    if not isinstance(model.prior, Binary):
        raise ValueError(
            "isolation_distance: the prior must be Binary (the volume of spherical "
            f"weights has no zero), given {model.prior!r}"
        )
    alpha = check.finite("isolation_distance", "alpha", alpha)
    alpha = float(check.positive("isolation_distance", "alpha", alpha))

    def at(distance):
        return franz_parisi(model, alpha, distance, reference)

    outer, inner, message = _bracket(at)
    if message:
        return _estimate(math.nan, math.nan, math.nan, message=message)
    if inner is None:
        return _estimate(0.0, 0.0, 0.0)
    ends = math.log(inner), math.log(outer)
    root = brentq(lambda x: at(math.exp(x)).entropy, *ends, xtol=1e-14, rtol=1e-14)
    point = at(math.exp(root))
    near = point.distance * (1 + SLOPE * np.array([-1, 1]))
    slope = np.diff(at(near).entropy)[0] / np.diff(near)[0]
    error = (point.error + abs(point.entropy)) / slope + 4e-14 * point.distance
    return _estimate(point.distance, error, point.residual, point.order)


def _bracket(at):
    """Distances around the innermost zero, None without any, and why it failed."""
    first = at(0.3)
    if not first.success:
        return None, None, first.message
    d = 0.5 * (1 - first.order["q"])
    outer = inner = None
    last = None
    while d > CLOSEST:
        point = at(d)
        if last is None and not point.entropy > 0:
            reason = point.message or "the entropy at the typical distance is negative"
            return None, None, reason
        if not point.success:
            break
        free = point.entropy - point.normalised
        if -point.normalised < EMPTY * free:
            return d, None, ""
        if point.entropy < 0 <= last:
            outer, inner = d / WALK, d
        if last is not None and last < 0 <= point.entropy:
            outer = inner = None
        last = point.entropy
        d *= WALK
    return outer, inner, ""


def _estimate(value, error, residual, order=None, message=""):
    keys = ("q1", "t")
    order = {k: float(order[k]) if order else np.nan for k in keys}
    return Estimate(value, float(error), float(residual), not message, message, order)
