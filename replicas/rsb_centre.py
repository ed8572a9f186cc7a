r"""The centre beyond replica symmetry, y -> infinity, one point: docs/rsb_centre.md."""

import math

import numpy as np

from replicas import krsb, large_y
from replicas.krsb import Levels
from replicas.krsb_saddle import solve
from replicas.results import failed_point
from replicas.rsb_levels import climb, full
from replicas.rsb_search import from_neighbour, from_symmetric

__all__ = ["MAX_LEVELS", "complexity", "point"]

MAX_LEVELS = 16


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
    best, depth, gain, short = climb(channel, alpha, first, level, solve)
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


def _full(channel, alpha, first):
    """Full RSB: phi_k extrapolated with k^-4, (RC14)."""
    solution, depth, value, error, message = full(channel, alpha, first, solve)
    if message:
        return failed_point(f"full RSB: {message}", q1=1 - first.levels.eps)
    point = _describe(channel, alpha, solution, depth)
    shift = value - solution.value
    point["normalised"] += shift
    point["entropy"] += shift
    point["error"] += error
    return point


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
