"""Replica symmetric saddle of a tree of K sign units: docs/rs.md (R7)-(R12).

The load alpha(q) is explicit. A coarse scan over q brackets every q at which it
crosses the load upwards, where S(q) has a minimum; the answer depends on no start.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from replicas import _tree_rs
from replicas.capacity import MAX_UNITS, rs_capacity

__all__ = [
    "MAX_NODES",
    "averages",
    "corrected_root",
    "require_units",
    "scan",
    "solve",
    "stability",
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
SCANNED = np.linspace(-5.0, 4.6, 17)  # logit q; the last is q = 0.99


def require_units(function, channel):
    """Refuse trees with more units than the sums can take."""
    if channel.K > MAX_UNITS:
        raise ValueError(
            f"{function}: K must be at most {MAX_UNITS} for a tree, given {channel.K}"
        )


def averages(
    channel, gamma, *, coarser=1.0, most=1000, window=WINDOW, f=False, pairs=False
):
    """E of log P, of squared derivatives (one unit: first, second; two units), of 1.

    b = sqrt(gamma) z. The spacing of the nodes is that of (R11) times `coarser`, with
    at most `most` nodes a unit.
    """
    majority = channel.rule == "majority"
    width = 4.0 if majority else 6.0
    centre = -2.5 if majority else 0.0
    span = np.arcsinh((window - centre) / width) + np.arcsinh((window + centre) / width)
    spacing = min(0.35, (0.2 if majority else 0.12) / gamma) if gamma > 0 else 0.35
    nodes = min(most, MAX_NODES[channel.rule][channel.K] / coarser)
    step = max(coarser * spacing / width, span / (nodes - 2))
    return _tree_rs.averages(
        channel.kernel, gamma, width, centre, step, window, f, pairs
    )


def log_load(channel, x, **rule):
    """log alpha of the saddle at q = 1/(1 + exp(-x)): gamma / E|grad log P|^2 (R9)."""
    return x - np.log(channel.K * averages(channel, np.exp(x), **rule)[1])


def stability(channel, alpha, own, mixed):
    """Replicon index (R10) from E f11^2 and E f12^2."""
    K = channel.K
    return alpha * K * (own + (K - 1) * mixed)


def scan(function):
    """Intervals of logit q in which the array `function` of SCANNED turns positive."""
    turns = np.flatnonzero((function[:-1] < 0) & (function[1:] >= 0))
    return [(SCANNED[i], SCANNED[i + 1]) for i in turns]


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


def solve(channel, alphas):
    """Saddle of least entropy at each load, as dicts of floats (R9)-(R12)."""
    limit = rs_capacity(channel).value
    loads = np.array([log_load(channel, x, **SCAN) for x in SCANNED])
    return [_least(channel, float(alpha), limit, loads) for alpha in alphas]


def _least(channel, alpha, limit, loads):
    """Least entropy among q = 0 (parity) and the roots where S(q) has a minimum."""
    if alpha >= limit:
        return _failure("no saddle: alpha is above the RS capacity")
    log_alpha = np.log(alpha)

    def excess(x, **rule):
        return log_load(channel, x, **rule) - log_alpha

    brackets = scan(loads - log_alpha)
    lowest = min(-30.0, log_alpha - 5)
    if loads[0] >= log_alpha and excess(lowest, **SCAN) < 0:
        brackets.insert(0, (lowest, SCANNED[0]))
    found = [_uncorrelated(channel, alpha)] if channel.rule == "parity" else []
    for low, high in brackets:
        x, slope = corrected_root(excess, low, high)
        if x <= SCANNED[-1]:
            found.append(_point(channel, alpha, x, slope))
    if not found:
        return _failure("the overlap exceeds 0.99, which the sums do not resolve")
    return min(found, key=lambda point: point["entropy"])


def _point(channel, alpha, x, slope):
    gamma, K = np.exp(x), channel.K
    f, own1, own2, mixed, norm = averages(channel, gamma, f=True, pairs=True)
    check = averages(channel, gamma, coarser=1.3, window=WINDOW + 0.5, f=True)
    q, eps = float(expit(x)), float(expit(-x))
    entropy = 0.5 * (gamma - np.log1p(gamma)) + alpha * f
    residual = abs(np.log(alpha * K * own1 / gamma))
    # what the two sums disagree on bounds the distance to the root
    off = residual + abs(np.log(check[1] / own1))
    error = (
        alpha * abs(f - check[0])
        + abs(alpha * f) * abs(norm - 1)
        + 0.5 * q * gamma * off * min(1.0, off / slope)
        + ROUNDING * (gamma + abs(entropy))
    )
    return {
        "q": q,
        "eps": eps,
        "entropy": float(entropy),
        "stability": float(stability(channel, alpha, own2, mixed)),
        "error": float(error),
        "residual": float(residual),
        "success": True,
        "message": "",
    }


def _uncorrelated(channel, alpha):
    """q = 0: every weight vector is as good as any other, S = -alpha log 2 (R12)."""
    entropy = -alpha * np.log(2)
    return {
        "q": 0.0,
        "eps": 1.0,
        "entropy": entropy,
        "stability": 8 * alpha / np.pi**2 if channel.K == 2 else 0.0,
        "error": 2 * EPS * abs(entropy),
        "residual": 0.0,
        "success": True,
        "message": "",
    }


def _failure(message):
    point = dict.fromkeys(
        ("q", "eps", "entropy", "stability", "error", "residual"), np.nan
    )
    return point | {"success": False, "message": message}
