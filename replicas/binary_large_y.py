"""y -> infinity local entropy of binary weights: docs/binary_local_entropy.md."""

import math
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq, root
from scipy.special import expit, roots_legendre

from replicas.binary_large_y_state import COARSE, LADDER, ORDER, State
from replicas.model import Model
from replicas.priors import Binary, binary_entropy, mean_gap
from replicas.results import failed_point
from replicas.rs import rs

__all__ = [
    "PLATEAU",
    "WALK",
    "all_solutions",
    "around_centre",
    "between_replicas",
    "rough",
    "typical_distance",
]

EPS = 2.0**-52
TOLERANCE = 1e-13  # absolute, of the entropy
RESIDUAL = 1e-6
NEAREST, FARTHEST = -28.0, 690.0  # log delta
WALK = (0.95, 0.9, 0.8, 0.65, 0.5, 0.3, 0.1)  # fractions of a distance to start from
TYPICAL = "no saddle with delta > 0: the distance exceeds that of typical solutions"
UNSOLVED = "no saddle with delta > 0: the weights have none at small delta"
UNRESOLVED = "the normalised entropy is too small for the sums over patterns"
VANISHING = "the normalised entropy is above -1e-290: delta leaves double range"
PLATEAU = (
    "p_hat < 0: the curve would fall with distance; the maximum over the reference "
    "stays at the value of a smaller distance"
)


def between_replicas(channel, alpha, distance, *, start=None):
    """Point at mutual distance d = (1 - q1)/2: (BL8), p_hat = 0.

    start : a neighbouring point; it saves time and does not change the result.
    """
    first = start["order"] if start and start["success"] else {}
    first = first.get("delta", 3.0), first.get("dq_hat", 1.0)
    return _refined(
        lambda sums: _between_replicas(sums, channel, alpha, distance, first, 1e-13)
    )


def _between_replicas(sums, channel, alpha, distance, first, tol):
    eps = 2 * distance
    gap = mean_gap(eps)
    x0, hat = math.log(first[0]), first[1]

    def state(x):
        return State.at(sums, channel, alpha, gap, False, eps, math.exp(x), hat)

    def spread(x):
        return state(x).residuals[1]

    low = high = x0
    step = 1.0
    while high < FARTHEST and spread(high) > 0:
        low, high, step = high, high + step, min(2 * step, 30.0)
    if math.isnan(spread(high)) or high >= FARTHEST:
        return VANISHING
    while (least := spread(low)) < 0:
        if low < NEAREST or not state(low).hat > 0:
            return TYPICAL
        low, high = low - 1, low
    if math.isnan(least):
        return UNSOLVED
    return state(brentq(spread, low, high, xtol=tol, rtol=1e-14))


def around_centre(channel, alpha, distance, *, start=None):
    """Point at distance d = (1 - p)/2 from a free binary reference: (BL8).

    Beyond the typical distance (BL12) the entropy is that of all solutions.
    """
    if start and start["success"] and start["order"]["delta"] > 0:
        point = _around_centre(channel, alpha, distance, start["order"])
        if point["success"]:
            return point
    point = _from_replicas(channel, alpha, distance)
    if point["success"]:
        return point
    typical = rs(Model(Binary(), channel), alpha)
    if not typical.success:
        return failed_point(typical.message, ORDER)
    if distance >= typical_distance(typical):
        return all_solutions(typical, distance)
    for first in WALK:
        walk = _from_replicas(channel, alpha, first * distance)
        if walk["success"]:
            break
    for fraction in np.linspace(first, 1, 6)[1:].tolist():
        if walk["success"]:
            walk = _around_centre(channel, alpha, fraction * distance, walk["order"])
    return walk


def rough(channel, alpha, distance, between):
    """Order parameters near the saddle, by a coarse rule; a message without one."""
    centre = between == "centre"
    mutual = 2 * distance * (1 - distance) if centre else distance
    state = _between_replicas(COARSE, channel, alpha, mutual, (3.0, 1.0), 0.01)
    if isinstance(state, str):
        return state
    order = {"eps": state.eps, "delta": state.delta, "dq_hat": state.hat, "p_hat": 0.0}
    if centre:
        # q1 - p^2 is about the variance of m
        gap = state.weights.gap
        order["eps"] -= max(0.0, gap * (2 - gap) - state.eps)
    return order


def _from_replicas(channel, alpha, distance):
    """Started from replicas at about the mutual distance that the centre implies."""
    order = rough(channel, alpha, distance, "centre")
    if isinstance(order, str):
        return failed_point(order, ORDER)
    return _around_centre(channel, alpha, distance, order)


def _around_centre(channel, alpha, distance, first):
    gap, hat = 2 * distance, first["p_hat"]
    x0 = np.log([first["eps"], first["delta"]])

    def solve(sums):
        def state(x):
            eps, delta = np.exp(np.minimum(x, [-1e-12, 600])).tolist()
            return State.at(sums, channel, alpha, gap, True, eps, delta, hat)

        found = root(lambda x: state(x).residuals[:2], x0, tol=1e-13)
        found = state(found.x)
        if not max(map(abs, found.residuals)) < 1e-9:
            return "the saddle was not found"
        return PLATEAU if found.hat < 0 else found

    return _refined(solve)


def typical_distance(typical):
    """(BL12): distance of typical solutions from the signs of their mean."""
    x, w = roots_legendre(200)
    u, w = 9 * (1 + x) / 2, 9 * w / np.sqrt(2 * np.pi)
    field = np.sqrt(typical.order["q_hat"]) * u
    # 1 - tanh
    return float(0.5 * np.sum(w * np.exp(-0.5 * u * u) * 2 * expit(-2 * field)))


def all_solutions(typical, distance):
    """Point beyond the typical distance."""
    q, q_hat = typical.order["q"], typical.order["q_hat"]
    order = (q, 1 - q, 0.0, q_hat, 0.0, 0.0)
    return {
        "entropy": typical.entropy,
        "normalised": typical.entropy - binary_entropy(distance),
        "order": dict(zip(ORDER, order, strict=True)),
        "stability": typical.stability,
        "error": typical.error,
        "residual": typical.residual,
        "success": True,
        "message": "",
    }


def _refined(solve):
    """The point, by finer sums while its error exceeds the tolerance and falls."""
    best = None
    for sums, finer in pairwise(LADDER):
        state = solve(sums)
        if isinstance(state, str):
            return failed_point(state, ORDER)
        point = _point(state, finer)
        if best is not None and point["error"] > 0.3 * best["error"]:
            break
        best = point
        if best["error"] < TOLERANCE:
            break
    if best["residual"] > RESIDUAL:
        return failed_point(UNRESOLVED, ORDER)
    return best


def _point(state, finer):
    s = state
    fine = State.at(
        finer, s.channel, s.alpha, s.gap, s.centre, s.eps, s.delta, s.hat, False
    )
    value, norm = fine.normalised, abs(fine.weights.norm - 1)
    dq_hat, p_hat = fine.weights.dq_hat, fine.weights.p_hat
    residual = max(map(abs, fine.residuals))
    scale = s.q_hat * (s.eps + s.delta) + s.eps * (abs(dq_hat) + abs(p_hat))
    norm *= abs(value)
    norm += s.alpha * abs(fine.patterns.f * (fine.patterns.norm - 1))
    order = (1 - s.eps, s.eps, s.delta, fine.q_hat, dq_hat, p_hat)
    return {
        "entropy": value + binary_entropy(s.gap / 2),
        "normalised": value,
        "order": dict(zip(ORDER, order, strict=True)),
        "stability": fine.stability,
        "error": abs(value - s.normalised) + residual * scale + norm + 8 * EPS,
        "residual": residual,
        "success": True,
        "message": "",
    }
