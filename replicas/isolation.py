"""Distance to the nearest other solutions: where the Franz-Parisi entropy vanishes."""

import math

import numpy as np
from scipy.optimize import brentq

from replicas import check
from replicas.franz_parisi import supported
from replicas.franz_parisi_ansatz import Problem
from replicas.franz_parisi_reference import references, require_reference
from replicas.franz_parisi_saddle import point
from replicas.model import refuse_symmetric, require_constraint
from replicas.priors import Binary
from replicas.results import Estimate

__all__ = ["isolation_distance"]

WALK = 0.6  # ratio of successive distances on the way inwards
CLOSEST, FARTHEST = 1e-9, 0.49
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
    there is no typical reference, where its own entropy is not positive, or where the
    entropy is lost on the way to small distances while it is positive.

    Source: docs/franz_parisi.md (F27).
    """
    require_constraint("isolation_distance", model)
    refuse_symmetric("isolation_distance", model)
    if not isinstance(model.prior, Binary):
        raise ValueError(
            "isolation_distance: the prior must be Binary (the volume of spherical "
            f"weights has no zero), given {model.prior!r}"
        )
    alpha = check.positive_number("isolation_distance", "alpha", alpha)
    reference = require_reference("isolation_distance", model, reference)
    channel = supported("isolation_distance", model)
    measure = references(reference, [alpha])[alpha]
    problem = Problem(model.prior, channel, alpha, measure)
    last = None

    def at(distance):
        nonlocal last
        found, near = point(problem, distance, last)
        last = near or last
        return found

    bracket, message = _bracket(at, min(0.5 * measure.eps, FARTHEST))
    if message or bracket is None:
        value = math.nan if message else 0.0
        return _estimate(value, value, value, message=message)
    root = brentq(lambda x: at(math.exp(x))["entropy"], *np.log(bracket), xtol=1e-14)
    d = math.exp(root)
    here, low, high = (at(d * (1 + shift)) for shift in (0, -SLOPE, SLOPE))
    slope = (high["entropy"] - low["entropy"]) / (2 * SLOPE * d)
    error = (here["error"] + abs(here["entropy"])) / slope + 4e-14 * d
    return _estimate(d, error, here["residual"], here["order"])


def _bracket(at, d):
    """Distances around the innermost zero below d, None without any; why it failed."""
    bracket, last = None, at(d)
    if not last["entropy"] > 0:
        reason = last["message"] or "the entropy at the typical distance is negative"
        return None, reason
    while d * WALK > CLOSEST:
        d *= WALK
        here = at(d)
        if not here["success"]:
            if last["entropy"] > 0:
                return None, f"at distance {d:.2g}: {here['message']}"
            break
        free = here["entropy"] - here["normalised"]
        if -here["normalised"] < EMPTY * free:
            return None, ""
        if here["entropy"] < 0 <= last["entropy"]:
            bracket = d, d / WALK
        elif last["entropy"] < 0 <= here["entropy"]:
            bracket = None
        last = here
    return bracket, ""


def _estimate(value, error, residual, order=None, message=""):
    keys = ("q1", "t")
    order = {k: float(order[k]) if order else np.nan for k in keys}
    return Estimate(value, float(error), float(residual), not message, message, order)
