"""Replica symmetric saddle of a tree of K sign units: docs/rs.md (R7)-(R12).

The load alpha(x) is explicit in the coordinate x of the prior (_weights.pxd). A coarse
scan brackets every x at which it crosses the load upwards, where S(q) has a minimum;
the answer depends on no start.
"""

import numpy as np
from scipy.optimize import brentq

from replicas import _tree_rs
from replicas.priors import Binary
from replicas.quadrature import Rule
from replicas.results import Estimate, failed_saddle
from replicas.spherical_capacity import MAX_UNITS, rs_capacity
from replicas.warnings import warnings

__all__ = [
    "MAX_NODES",
    "averages",
    "corrected_root",
    "load",
    "require_units",
    "scan",
    "solve",
    "stability",
    "terms",
    "zero_entropy",
]

EPS = np.finfo(float).eps
ROUNDING = 64 * EPS  # of sums of up to 1e7 terms
WINDOW = 8.5
# most nodes of a unit for a sum over K units, so that one sum takes below 0.2 s
MAX_NODES = {
    "majority": {3: 216, 5: 60, 7: 34, 9: 26},
    "parity": {2: 900, 3: 260, 4: 120, 5: 80, 6: 60, 7: 48, 8: 40, 9: 36},
}
SCAN = {"coarser": 1.7, "most": 48}
NEAR_CAPACITY = -1.5, 1.5  # log q_hat around that of 3 to 9 binary units
RULE = Rule(0.1, 9.0)  # of the terms of binary weights
REFUSAL = "no saddle: alpha is above the RS capacity"
UNRESOLVED = "the overlap exceeds 0.99, which the sums do not resolve"


def require_units(function, channel):
    """Refuse trees with more units than the sums can take."""
    if channel.K > MAX_UNITS:
        raise ValueError(
            f"{function}: K must be at most {MAX_UNITS} for a tree, given {channel.K}"
        )


def averages(
    channel,
    gamma,
    *,
    coarser=1.0,
    most=1000,
    window=WINDOW,
    f=False,
    pairs=False,
    teacher=False,
):
    """E of log P, of squared derivatives (one unit: first, second; two units), of 1.

    b = sqrt(gamma) z. The spacing of the nodes is that of (R11) times `coarser`, with
    at most `most` nodes a unit. teacher : patterns have the density 2 P (BN21).
    """
    majority = channel.rule == "majority"
    width = 4.0 if majority else 6.0
    centre = -2.5 if majority else 0.0
    span = np.arcsinh((window - centre) / width) + np.arcsinh((window + centre) / width)
    spacing = min(0.35, (0.2 if majority else 0.12) / gamma) if gamma > 0 else 0.35
    nodes = min(most, MAX_NODES[channel.rule][channel.K] / coarser)
    step = max(coarser * spacing / width, span / (nodes - 2))
    return _tree_rs.averages(
        channel.kernel, gamma, width, centre, step, window, f, pairs, teacher
    )


def scanned(prior):
    """Coordinates x of the scan: logit q or log q_hat; the last is near q = 0.99."""
    return np.linspace(-5.0, 8.8 if isinstance(prior, Binary) else 4.6, 17)


def terms(prior, x):
    """Terms of the prior at x, as a dict named as in _weights.pxd."""
    return prior.kernel.terms(x, RULE.step, RULE.window)


def log_load(prior, channel, x, **rule):
    """log alpha of the saddle at x: (1 - q) q_hat / E|grad log P|^2 (R9), (BN4)."""
    w = terms(prior, x)
    return np.log(load(w, channel, averages(channel, w["q"] / w["eps"], **rule)[1]))


def load(w, channel, first):
    """alpha of the saddle with these terms of the prior and E f1^2: (R9), (BN4)."""
    return w["q_hat"] * w["eps"] / (channel.K * first)


def stability(channel, alpha, own, mixed, response=1.0):
    """Replicon index (R10) from E f11^2 and E f12^2; response as in (BN6)/(1 - q)^2."""
    K = channel.K
    return alpha * response * K * (own + (K - 1) * mixed)


def scan(points, function):
    """Intervals of `points` in which the array `function` of them turns positive."""
    turns = np.flatnonzero((function[:-1] < 0) & (function[1:] >= 0))
    return [(points[i], points[i + 1]) for i in turns]


def corrected_root(function, low, high):
    """Root of function(x, **rule) and the slope there; nan without convergence.

    The root of the coarse sums, corrected by secant steps with the fine ones.
    """
    x = brentq(lambda x: function(x, **SCAN), low, high, xtol=1e-7, rtol=1e-14)
    slope = (function(x + 1e-3, **SCAN) - function(x - 1e-3, **SCAN)) / 2e-3
    value = function(x)
    for _ in range(8):
        if not abs(value) >= 1e-13 or slope <= 0:
            break
        step = -value / slope
        x += step
        old, value = value, function(x)
        if abs(value) < 1e-12 or abs(step) < 1e-11:
            break
        slope = (value - old) / step
    if slope > 0 and abs(value) < 1e-6:
        return x, slope
    return np.nan, np.nan


def solve(model, channel, alphas):
    """Saddle of least entropy at each load, as dicts (R9)-(R12), (BN4)."""
    prior = model.prior
    limit = np.inf if isinstance(prior, Binary) else rs_capacity(channel).value
    loads = np.array([log_load(prior, channel, x, **SCAN) for x in scanned(prior)])
    return [_least(prior, channel, float(alpha), limit, loads) for alpha in alphas]


def _least(prior, channel, alpha, limit, loads):
    """Least entropy among q = 0 (parity) and the roots where S(q) has a minimum."""
    if alpha >= limit:
        return _failure(prior, REFUSAL)
    log_alpha, points = np.log(alpha), scanned(prior)

    def excess(x, **rule):
        return log_load(prior, channel, x, **rule) - log_alpha

    brackets = scan(points, loads - log_alpha)
    lowest = min(-30.0, log_alpha - 5)
    if loads[0] >= log_alpha and excess(lowest, **SCAN) < 0:
        brackets.insert(0, (lowest, points[0]))
    found = []
    if channel.rule == "parity":
        found.append(_uncorrelated(prior, channel, alpha))
    for low, high in brackets:
        x, slope = corrected_root(excess, low, high)
        if x <= points[-1]:
            found.append(_point(prior, channel, alpha, x, slope))
    if not found:
        return _failure(prior, UNRESOLVED)
    return min(found, key=lambda point: point["entropy"])


def _point(prior, channel, alpha, x, slope):
    w, K = terms(prior, x), channel.K
    gamma = w["q"] / w["eps"]
    f, own1, own2, mixed, norm = averages(channel, gamma, f=True, pairs=True)
    check = averages(channel, gamma, coarser=1.3, window=WINDOW + 0.5, f=True)
    entropy = w["entropic"] + alpha * f
    residual = abs(np.log(alpha * K * own1 / (w["q_hat"] * w["eps"])))
    # what the two sums disagree on bounds the distance to the root
    off = residual + abs(np.log(check[1] / own1))
    error = (
        alpha * abs(f - check[0])
        + abs(alpha * f) * abs(norm - 1)
        + 0.5 * w["q_hat"] * w["dq"] * off * min(1.0, off / slope)
        + ROUNDING * (w["cancels"] + abs(entropy))
    )
    response = w["response"] / w["eps"] ** 2
    index = float(stability(channel, alpha, own2, mixed, response))
    point = {"order": {"q": w["q"], "eps": w["eps"]}, "message": ""}
    if isinstance(prior, Binary):
        point["order"]["q_hat"] = w["q_hat"]
        point["message"] = warnings("", entropy, index)
    return point | {
        "entropy": float(entropy),
        "stability": index,
        "error": float(error),
        "residual": float(residual),
        "success": True,
    }


def _uncorrelated(prior, channel, alpha):
    """q = 0: every weight vector is as good as any other, S = -alpha log 2 (R12)."""
    order, total = {"q": 0.0, "eps": 1.0}, 0.0
    if isinstance(prior, Binary):
        order["q_hat"], total = 0.0, np.log(2)
    entropy = total - alpha * np.log(2)
    index = 8 * alpha / np.pi**2 if channel.K == 2 else 0.0
    return {
        "order": order,
        "entropy": entropy,
        "stability": index,
        "error": 2 * EPS * alpha,
        "residual": 0.0,
        "success": True,
        "message": warnings("", entropy, index) if total else "",
    }


def _failure(prior, message):
    names = ("q", "eps", "q_hat") if isinstance(prior, Binary) else ("q", "eps")
    return failed_saddle(message, names)


def zero_entropy(channel):
    """Load at which the entropy of binary weights vanishes (BN8)."""
    require_units("capacity", channel)
    prior = Binary()
    if channel.rule == "parity":
        # q = 0 at every load below 1, S = (1 - alpha) log 2
        return Estimate(1.0, EPS, 0.0, True, "", {"q": 0.0, "eps": 1.0, "q_hat": 0.0})

    def at(x, **rule):
        w = terms(prior, x)
        f, first, *_ = averages(channel, w["q"] / w["eps"], f=True, **rule)
        return w, f, load(w, channel, first)

    def entropy(x, **rule):
        w, f, alpha = at(x, **rule)
        return w["entropic"] + alpha * f

    x = brentq(lambda x: entropy(x, **SCAN), *NEAR_CAPACITY, xtol=1e-5)
    slope = (entropy(x + 1e-3, **SCAN) - entropy(x - 1e-3, **SCAN)) / 2e-3
    w, f, alpha = at(x - entropy(x) / slope)
    check = averages(
        channel, w["q"] / w["eps"], coarser=1.2, window=WINDOW + 0.5, f=True
    )[0]
    # stationary in x, as the entropy is
    value = -w["entropic"] / f
    residual = abs(np.log(value / alpha))
    error = value * (abs(check / f - 1) + residual**2 + ROUNDING)
    order = {name: w[name] for name in ("q", "eps", "q_hat")}
    return Estimate(float(value), float(error), float(residual), True, "", order)
