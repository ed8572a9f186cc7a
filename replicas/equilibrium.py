r"""Equilibrium beyond replica symmetry: the Gardner volume and its clusters."""

import numpy as np
from scipy.optimize import minimize_scalar

from replicas import check, krsb
from replicas.channels import Perceptron, Wide
from replicas.krsb import Levels
from replicas.krsb_saddle import lowest, solve_equilibrium
from replicas.model import require_channel, require_spherical
from replicas.one_rsb import one_rsb
from replicas.results import Saddle, failed_saddle, stack
from replicas.rs import rs
from replicas.rsb_capacity import is_convex
from replicas.rsb_centre import MAX_LEVELS
from replicas.rsb_levels import climb, full
from replicas.rsb_unknowns import Equilibrium

__all__ = ["equilibrium"]

STARTS = ((0.8, 0.5, 0.5), (0.7, 0.9, 0.3), (0.95, 0.9, 0.7))  # q0/q1, eps/eps_RS, mu
SCAN = -np.geomspace(0.02, 7.0, 20)  # log (1 - q1)/(1 - q) of clusters
ORTHOGONAL = "clusters of overlap 0 dominate: they are those of one_rsb"
NEGLIGIBLE = 1e-8  # of minus their complexity: what they lower is its square


def equilibrium(model, alpha, ansatz="frsb", *, levels=2):
    """Entropy of the solutions with the Parisi parameters at their minimum.

    Parameters
    ----------
    model : Model of a channel with one field.
    alpha : float or array, patterns per weight, > 0.
    ansatz : "1rsb"; "krsb", with `levels` levels (1 to 16); "frsb", extrapolated in the
        number of levels.

    Returns
    -------
    Saddle; entropy in nats per weight. order: "k" levels in use, 0 where replica
    symmetry holds; "q_ea", the largest overlap, where the y = infinity curve of the
    local entropy with the same ansatz ends, and "eps" = 1 - q_ea; "q0", "mu", the first
    overlap and the last Parisi parameter; "levels_q", "levels_mu" (k,), "kkt" and the
    replicons as in `local_entropy`. Above the capacity of the ansatz success is False,
    as it is where clusters of overlap 0 dominate (even activations of margin < 0).
    An array of alpha gives arrays; "levels_q" and "levels_mu" have one more axis, nan
    beyond k.

    Source: docs/rsb_centre.md (RC14)-(RC17).
    """
    require_spherical("equilibrium", model)
    channel = require_channel("equilibrium", model, Perceptron, Wide)
    alpha = check.positive("equilibrium", "alpha", alpha)
    check.choice("equilibrium", "ansatz", ansatz, ("1rsb", "krsb", "frsb"))
    check.integer("equilibrium", "levels", levels, 1, MAX_LEVELS)
    points = [_point(model, channel, float(a), ansatz, levels) for a in alpha.flat]
    columns = stack(points, alpha.shape)
    return Saddle(model, ansatz, alpha[()], complexity=None, **columns)


def _point(model, channel, alpha, ansatz, levels):
    symmetric = rs(model, alpha)
    if not symmetric.success:
        return failed_saddle(symmetric.message)
    if symmetric.order["q"] == 0 and symmetric.stability < 1:
        clusters = one_rsb(model, alpha)
        if clusters.success and clusters.entropy < symmetric.entropy:
            return failed_saddle(ORTHOGONAL)
        return _symmetric(symmetric)
    if symmetric.stability >= 1:
        first = _first(channel, alpha, symmetric)
    elif is_convex(channel) or (eps := _condensed(channel, alpha, symmetric)) is None:
        return _symmetric(symmetric)
    else:
        first = _clusters(model, channel, alpha, symmetric, eps)
    if not first.success:
        return failed_saddle(first.message)
    if ansatz == "frsb":
        solution, depth, value, error, message = full(
            channel, alpha, first, solve_equilibrium
        )
    else:
        k = 1 if ansatz == "1rsb" else levels
        solution, depth, error, message = climb(
            channel, alpha, first, k, solve_equilibrium
        )
        value = solution.value
    if message:
        return failed_saddle(message)
    return _describe(channel, alpha, solution, depth, value, error)


def _first(channel, alpha, symmetric):
    """The lowest of the 1-RSB solutions found."""
    # near the instability of replica symmetry q0 is close to q1
    gap = min(0.3, max(0.4 * (symmetric.stability - 1), 1e-4))
    starts = []
    for share, part, mu in (*STARTS, (1 - gap, 1 - gap, 0.4)):
        eps = part * symmetric.order["eps"]
        start = Levels(eps, np.array([share * (1 - eps)]), np.array([mu]), 0.0)
        starts.append(start)
    return lowest(channel, alpha, starts, kind=Equilibrium)


def _condensed(channel, alpha, symmetric):
    """1 - q1 of the clusters that dominate where replica symmetry is stable: (RC17).

    None where they do not.
    """
    q, eps = symmetric.order["q"], symmetric.order["eps"]

    def complexity(x):
        levels = Levels(eps * float(np.exp(x)), np.array([q]), np.ones(1), 0.0)
        grid = krsb.grid_for(channel, levels, 3.0)
        return -krsb.free_entropy(channel, alpha, levels, grid).gradient(levels)[1][0]

    values = np.array([complexity(x) for x in SCAN])
    best = SCAN[values.argmin()], values.min()
    for i in 1 + np.flatnonzero(np.diff(np.sign(np.diff(values))) > 0):
        found = minimize_scalar(
            complexity, bounds=(SCAN[i + 1], SCAN[i - 1]), method="bounded"
        )
        best = min(best, (found.x, found.fun), key=lambda point: point[1])
    return eps * float(np.exp(best[0])) if best[1] < -NEGLIGIBLE else None


def _clusters(model, channel, alpha, symmetric, eps):
    """The 1-RSB solution that `_condensed` announces."""
    q = np.array([symmetric.order["q"]])
    starts = [Levels(eps, q, np.array([mu]), 0.0) for mu in (0.998, 0.95, 0.6)]
    first = lowest(channel, alpha, starts, kind=Equilibrium)
    if first.success:
        return first
    # far above the transition the overlaps are other ones
    found = one_rsb(model, alpha)
    if not found.success:
        return first
    q0, eps, mu = (found.order[name] for name in ("q0", "eps1", "m"))
    start = Levels(eps, np.array([q0]), np.array([mu]), 0.0)
    return lowest(channel, alpha, [start], kind=Equilibrium)


def _describe(channel, alpha, solution, depth, value, error):
    levels, terms = solution.levels, solution.terms
    finer = krsb.grid_for(channel, levels).finer()
    again = krsb.free_entropy(channel, alpha, levels, finer)
    error += abs(again.value - terms.value) + solution.decrement
    error += abs(again.norm - 1) * abs(value) + 2.0**-48 * (1 + abs(value))
    order = {
        "k": len(levels.mu),
        "q_ea": 1 - levels.eps,
        "eps": levels.eps,
        "q0": levels.q[0],
        "mu": levels.mu[-1],
        "levels_q": levels.q,
        "levels_mu": levels.mu,
        "replicon_inner": terms.curvature[-1],
        "replicon_outer": terms.curvature[0],
        "kkt": min(depth, 0.0),
    }
    stability = max(terms.curvature[0], terms.curvature[-1])
    return _good(value, order, stability, error, solution.residual)


def _symmetric(symmetric):
    q, r = symmetric.order["q"], symmetric.stability
    order = {"k": 0, "q_ea": q, "eps": symmetric.order["eps"], "q0": q, "mu": 0.0}
    order |= {"levels_q": np.empty(0), "levels_mu": np.empty(0), "kkt": 0.0}
    order |= {"replicon_inner": r, "replicon_outer": r}
    return _good(symmetric.entropy, order, r, symmetric.error, symmetric.residual)


def _good(entropy, order, stability, error, residual):
    return {
        "entropy": entropy,
        "order": order,
        "stability": stability,
        "error": error,
        "residual": residual,
        "success": True,
        "message": "",
    }
