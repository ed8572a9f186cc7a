r"""The centre beyond replica symmetry, y -> infinity, one point: docs/rsb_centre.md."""

import math

import numpy as np

from replicas import krsb, large_y
from replicas.krsb import Levels
from replicas.krsb_saddle import solve
from replicas.results import failed_point
from replicas.rsb_search import from_neighbour, from_symmetric

__all__ = ["MAX_LEVELS", "complexity", "point"]

MAX_LEVELS = 16
FULL = (4, 6, 8)  # numbers of levels that are extrapolated to full RSB
NEGLIGIBLE = 1e-10  # relative gain of more levels that ends the splitting
TOLERATED = 1e-7  # the same where more levels were tried and merge


def point(channel, alpha, eps, level, *, start=None):
    """Point at 1 - q1 = eps with `level` levels (1, 2, ... or infinity: full RSB).

    start : a neighbouring point; without it the search starts from the symmetric
    centre. Fewer levels are used where more would merge: where the certificate is met
    (order["kkt"] = 0 within the error), they describe the same point.
    """
    if not 0 < eps < 1:
        raise ValueError(f"point: eps must be in (0, 1), given {eps}")
    symmetric = large_y.point(channel, alpha, eps)
    if _is_stable(channel, alpha, eps, symmetric):
        return _symmetric_point(eps, symmetric)
    first = from_neighbour(channel, alpha, eps, start)
    if first is None:
        first = from_symmetric(channel, alpha, eps, symmetric)
    if not first.success:
        return failed_point(first.message, q1=1 - eps)
    if level == math.inf:
        return _full(channel, alpha, first)
    best, depth, gain, short = _climb(channel, alpha, first, level)
    if short:
        return failed_point(f"{level} levels: {short}", q1=1 - eps)
    result = _describe(channel, alpha, best, depth)
    result["error"] += gain
    return result


def complexity(channel, alpha, eps, mu, *, start=None):
    """Centres of 1-RSB at imposed mu: (RC12).

    Returns a dict: complexity Sigma = -mu^2 dphi/dmu; entropy s = d(mu phi)/dmu of
    the typical cluster of centres (normalised); q0; delta; replicon_inner, above 1
    where the numbers have no meaning; success and message.
    """
    if start is None:
        symmetric = large_y.point(channel, alpha, eps)
        first = from_symmetric(channel, alpha, eps, symmetric)
        if not first.success:
            return {"success": False, "message": first.message}
        start = first.levels
    levels = start
    # walk in log mu: the centres follow continuously
    span = math.log(mu / levels.mu[0])
    for target in np.linspace(0, span, 2 + int(abs(span) / 0.7))[1:] + math.log(
        levels.mu[0]
    ):
        at = Levels(eps, levels.q, np.array([math.exp(target)]), levels.delta)
        solution = solve(channel, alpha, at, fixed_mu=True)
        if not solution.success:
            return {"success": False, "message": solution.message}
        levels = solution.levels
    slope = solution.terms.gradient(levels)[1][0]
    return {
        "complexity": -(mu**2) * slope,
        "entropy": solution.terms.value + mu * slope,
        "q0": levels.q[0],
        "delta": levels.delta,
        "replicon_inner": solution.terms.curvature[-1],
        "success": True,
        "message": "",
    }


def _is_stable(channel, alpha, eps, symmetric):
    if not (symmetric["success"] and symmetric["stability"] < 1):
        return False
    levels = Levels(eps, np.empty(0), np.empty(0), symmetric["order"]["delta"])
    depth, _ = krsb.certificate(channel, alpha, levels)
    return bool(depth[0] > -1e-9)


def _symmetric_point(eps, symmetric):
    order = symmetric["order"]
    order |= {"q0": 1 - eps, "mu": 0.0, "k": 0, "kkt": 0.0}
    order |= dict.fromkeys(("replicon_inner", "replicon_outer"), symmetric["stability"])
    order |= {"levels_q": np.empty(0), "levels_mu": np.empty(0)}
    return symmetric


def _climb(channel, alpha, solution, level):
    """`solution` refined to `level` levels where the certificate asks for them.

    Returns the Solution, the depth of its certificate, a bound on what further levels
    would gain if it stops before `level`, and why it failed to go on.
    """
    while True:
        depth, _ = krsb.certificate(channel, alpha, solution.levels)
        k, value = len(solution.levels.mu), abs(solution.terms.value)
        gain = max(0.0, -0.3 * depth.min() * solution.levels.mu[-1])
        if k >= level:
            return solution, depth.min(), 0.0, ""
        if gain < NEGLIGIBLE * value:
            return solution, depth.min(), gain, ""
        for more in sorted({min(level, 2 * k), k + 1}, reverse=True):
            trial = solve(channel, alpha, _refined(solution.levels, depth, more))
            if trial.success and trial.terms.value < solution.terms.value:
                break
        else:
            if gain < TOLERATED * value:
                return solution, depth.min(), gain, ""
            message = trial.message or "more levels do not lower the entropy"
            return solution, depth.min(), gain, message
        solution = trial


def _refined(levels, depth, k):
    """k levels: intervals split where the certificate is deepest, mu interpolated."""
    q = np.append(levels.q, 1 - levels.eps)
    need, parts = np.maximum(-depth[1:], 1e-300), np.ones(len(levels.mu), dtype=int)
    for _ in range(k - len(levels.mu)):
        parts[np.argmax(need / parts**4.0)] += 1
    middle = 0.5 * (q[1:] + q[:-1])
    if len(middle) == 1:
        # the first splitting: the outer level opens, mu rises by a third
        gap = q[1] - q[0]
        q = np.array([q[0] - 0.03 * gap, q[1]])
        middle = np.array([q[0], q[1]])
        mu = levels.mu[0] * np.array([0.85, 1.15])
    else:
        mu = levels.mu
    ends = np.concatenate(
        [np.linspace(q[i], q[i + 1], n + 1)[:-1] for i, n in enumerate(parts)]
    )
    centre = 0.5 * (ends + np.append(ends[1:], q[-1]))
    return Levels(levels.eps, ends, _line(centre, middle, mu), levels.delta)


def _line(x, nodes, values):
    """Linear interpolation, continued by the end slopes."""
    slope = np.diff(values) / np.diff(nodes)
    i = np.clip(np.searchsorted(nodes, x) - 1, 0, len(slope) - 1)
    return values[i] + slope[i] * (x - nodes[i])


def _full(channel, alpha, first):
    """Full RSB: phi_k extrapolated with k^-4, (RC14)."""
    ladder, solution = [], first
    for k in FULL:
        solution, depth, gain, short = _climb(channel, alpha, solution, k)
        ladder.append((len(solution.levels.mu), solution.terms.value))
        if len(solution.levels.mu) < k:
            break
    point = _describe(channel, alpha, solution, depth)
    # a certificate that is nearly met bounds what is left
    point["error"] += gain
    if short and gain > TOLERATED * abs(point["normalised"]) * 10:
        return failed_point(f"full RSB: {short}", q1=1 - first.levels.eps)
    if len(ladder) == len(FULL) and ladder[-1][0] == FULL[-1]:
        value, before = _extrapolated(*ladder[-2:]), _extrapolated(*ladder[-3:-1])
        shift = value - point["normalised"]
        point["normalised"] += shift
        point["entropy"] += shift
        point["error"] += abs(value - before)
    return point


def _extrapolated(coarse, fine):
    (k, a), (m, b) = coarse, fine
    return b - (a - b) / ((m / k) ** 4 - 1)


def _describe(channel, alpha, solution, depth):
    """The point dict of a Solution, with its error from a finer grid."""
    levels, terms = solution.levels, solution.terms
    finer = krsb.grid_for(channel, levels).finer()
    again = krsb.free_entropy(channel, alpha, levels, finer)
    phi, eps = again.value, levels.eps
    error = abs(phi - terms.value) + solution.decrement + abs(again.norm - 1) * abs(phi)
    return {
        "entropy": phi + 0.5 * math.log(eps),
        "normalised": phi,
        "order": {
            "q1": 1 - eps,
            "c": levels.delta / eps,
            "delta": levels.delta,
            "q0": levels.q[0],
            "mu": levels.mu[-1],
            "k": len(levels.mu),
            "levels_q": levels.q,
            "levels_mu": levels.mu,
            "replicon_inner": terms.curvature[-1],
            "replicon_outer": terms.curvature[0],
            "kkt": min(depth, 0.0),
        },
        "stability": max(terms.curvature[0], terms.curvature[-1]),
        # rounding: the entropic and the energetic part cancel
        "error": error + 2.0**-50 * (abs(phi) + np.sum(terms.cost * levels.mu)),
        "residual": solution.residual,
        "success": True,
        "message": "",
    }
