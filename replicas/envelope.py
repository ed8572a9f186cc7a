"""Envelope of the local entropy of binary weights over the number of replicas."""

import math

from scipy.optimize import brentq

from replicas import binary_finite_y, binary_finite_y_search, binary_large_y, check
from replicas.channels import Perceptron, Wide
from replicas.model import require_binary, require_channel
from replicas.priors import binary_entropy, mean_gap
from replicas.results import Curve, failed_point, stack

__all__ = ["envelope"]

FIRST, LARGEST = 40.0, 1e5  # numbers of replicas
ORDER = (*binary_finite_y_search.ORDER, "y_star")
MANY = "the external entropy is positive up to where y is too large to resolve"
NO_BRANCH = "no saddle with external entropy 0 and q1 < 1"


def envelope(model, alpha, distance, between="centre"):
    r"""Largest local entropy of references that exist: V*(d) = min_y Phi(y)/y.

    It is attained at y*, where the external entropy (log-number of references, nats
    per weight) vanishes; no reference has a larger local entropy than V*.

    Parameters
    ----------
    model : Model of binary weights, channel with one field.
    alpha : float or array, patterns per weight, > 0.
    distance : float or array in (0, 1/2), broadcast against alpha.
    between : "centre", distance to a free binary reference, or "replicas", mutual.

    Returns
    -------
    Curve with y = y*, also in order["y_star"], and otherwise the fields of
    `local_entropy` at y*; normalised is less the log-number of weights at the distance,
    the value without patterns. Where the external entropy is positive for
    every y, y* is infinite and the point is that of y = infinity. Where it is negative
    for every y at which there is a saddle, success is False.

    Source: docs/binary_local_entropy.md (BL24).
    """
    require_binary("envelope", model)
    channel = require_channel("envelope", model, Perceptron, Wide)
    check.choice("envelope", "between", between, ("replicas", "centre"))
    alpha = check.positive("envelope", "alpha", alpha)
    distance = check.distance("envelope", distance)
    alpha, distance = check.broadcast("envelope", alpha=alpha, distance=distance)
    points = [
        _point(channel, float(a), float(d), between)
        for a, d in zip(alpha.flat, distance.flat, strict=True)
    ]
    columns = stack(points, alpha.shape)
    return Curve(
        model=model,
        ansatz="envelope",
        between=between,
        alpha=alpha[()],
        distance=distance[()],
        y=columns["order"]["y_star"],
        **columns,
    )


def _point(channel, alpha, distance, between):
    at = {"centre": binary_finite_y.dense, "replicas": binary_finite_y.between_replicas}
    large = {
        "centre": binary_large_y.around_centre,
        "replicas": binary_large_y.between_replicas,
    }
    infinite = large[between](channel, alpha, distance)
    if infinite["success"] and infinite["order"]["delta"] == 0:
        return _with_star(infinite, math.inf)
    seen = {}

    def external(log_y):
        if log_y not in seen:
            near = min(seen, key=lambda x: abs(x - log_y), default=None)
            start = seen.get(near)
            y = math.exp(log_y)
            seen[log_y] = at[between](channel, alpha, distance, y, start=start)
        return seen[log_y]["order"]["external_entropy"]

    bracket = _bracket(external)
    if bracket == MANY:
        if infinite["success"]:
            return _bounded(infinite, seen)
        bracket += f"; at y = infinity {infinite['message']}"
    if isinstance(bracket, str):
        return failed_point(bracket, ORDER)
    if bracket[1] == math.inf:
        return _with_star(infinite, math.inf)
    x = brentq(external, *bracket, xtol=1e-10, rtol=1e-13)
    residual = abs(external(x)) * math.exp(-x)
    point = dict(seen[x])
    point["normalised"] = point["entropy"] - _free(distance, between)
    # Phi/y is stationary in log y, with a second derivative of the order of itself
    point["error"] += residual**2 / abs(point["entropy"])
    return _with_star(point, math.exp(x))


def _bounded(infinite, seen):
    """The point between the bounds (BL24'), y* beyond the largest y with a saddle."""
    log_y = max(x for x, point in seen.items() if point["success"])
    least = seen[log_y]["order"]["local_entropy"]
    error = infinite["error"] + abs(infinite["entropy"] - least)
    message = f"y* is above {math.exp(log_y):.3g}: the value is an upper bound"
    return _with_star(infinite | {"error": error, "message": message}, math.nan)


def _with_star(point, y):
    return point | {"order": point["order"] | {"y_star": y}}


def _free(distance, between):
    """Entropy without patterns at y = infinity."""
    if between == "replicas":
        distance = 0.5 * mean_gap(2 * distance)
    return binary_entropy(distance)


def _bracket(external):
    """log y on both sides of y*, where the external entropy is positive and negative.

    The upper one is infinite if y* is. A message where there is none.
    """
    x = math.log(FIRST)
    while external(x) > 0:
        if x > math.log(LARGEST):
            return x, math.inf
        below, x = x, x + 0.7
        if external(x) < 0:
            return below, x
        if math.isnan(external(x)):
            return MANY
    # towards fewer replicas; two dense branches may leave a gap between them
    lowest = None
    while x > 0:
        above, x = x, max(0.0, x - 0.35)
        if external(x) < 0:
            lowest = x
        elif external(x) > 0:
            return (x, above) if external(above) < 0 else _climb(external, x)
    return NO_BRANCH if lowest is None else _approach(external, lowest)


def _climb(external, x):
    """From a positive external entropy at x to a negative one."""
    while external(x) > 0:
        below, x = x, x + 0.05
    return (below, x) if external(x) < 0 else NO_BRANCH


def _approach(external, x):
    """From a negative external entropy at x to where the branch ends."""
    step = 0.2
    while step > 0.01 and x > step:
        if external(x - step) > 0:
            return x - step, x
        if math.isnan(external(x - step)):
            step /= 2
        else:
            x -= step
    return NO_BRANCH
