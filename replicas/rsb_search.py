"""Where the search for a broken centre starts: docs/rsb_centre.md, Numerics."""

import math

import numpy as np

from replicas import large_y
from replicas.krsb import Levels
from replicas.krsb_saddle import lowest, solve
from replicas.rsb_unknowns import VANISHING, Solution

__all__ = ["from_neighbour", "from_symmetric"]


def from_neighbour(channel, alpha, eps, start):
    """1-RSB solution next to a point of the curve; None if there is none."""
    if start is None or not start["success"] or start["order"]["k"] == 0:
        return None
    order = start["order"]
    widths = np.diff(order["levels_q"], append=order["q1"])
    near = Levels(
        1 - order["q1"],
        order["levels_q"][:1],
        np.array([np.average(order["levels_mu"], weights=widths)]),
        order["delta"],
    )
    solution = solve(channel, alpha, _moved(near, eps))
    return solution if solution.success else None


def from_symmetric(channel, alpha, eps, symmetric):
    """1-RSB solution of lowest entropy, from several starts or a walk in eps."""
    path = [(eps, symmetric)]
    while _is_far(path[-1][1]) and path[-1][0] < 0.5:
        wider = 1.3 * path[-1][0]
        path.append((wider, large_y.point(channel, alpha, wider)))
    if len(path) > 1 and not path[-1][1]["stability"] > 1:
        path.pop()
    if not path[-1][1]["success"]:
        return Solution(
            None, None, math.nan, math.nan, math.nan, False, path[-1][1]["message"]
        )
    solution = _directly(channel, alpha, *path.pop())
    last = None
    while path and solution.success:
        moved = _moved(solution.levels, path[-1][0], last)
        last = solution.levels
        solution = solve(channel, alpha, moved)
        path.pop()
    return solution


def _is_far(symmetric):
    """Whether the symmetric centre is of no use as a start: its entropy vanishes."""
    if symmetric["success"]:
        return abs(symmetric["normalised"]) < 1e-4 and symmetric["stability"] > 1.3
    return "typical" not in symmetric["message"]


def _directly(channel, alpha, eps, symmetric):
    solution = _lowest(channel, alpha, eps, symmetric)
    if solution.success:
        return solution
    return _from_smaller(channel, alpha, eps)


def _lowest(channel, alpha, eps, symmetric):
    """The lowest of the solutions found from the symmetric centre."""
    phi, delta = abs(symmetric["normalised"]), symmetric["order"]["delta"]
    # near the instability of the symmetric centre q0 is close to q1
    gap = min(0.3, max(0.4 * (symmetric["stability"] - 1), 1e-4))
    starts = [
        Levels(eps, np.array([q * (1 - eps)]), np.array([mu]), d)
        for q, mu, d in [
            (1 - gap, 0.3 / phi, 0.95 * delta),
            (0.8, 0.3 / phi, 0.5 * delta),
        ]
    ]
    return lowest(channel, alpha, starts)


def _from_smaller(channel, alpha, eps):
    """Near the end of the curve delta falls to 0: follow it there, linear in eps."""
    last, before, at = None, None, 0.8 * eps
    for _ in range(16):
        if last is None:
            solution = _lowest(channel, alpha, at, large_y.point(channel, alpha, at))
        elif before is None:
            solution = solve(channel, alpha, _moved(last.levels, at))
        else:
            near, far = last.levels, before.levels
            ratio = (at - near.eps) / (near.eps - far.eps)
            delta = near.delta + ratio * (near.delta - far.delta)
            if not delta > 1e-7 * eps:
                break
            start = Levels(at, near.q, near.mu, delta)
            solution = solve(channel, alpha, start)
        if not solution.success:
            if last is None:
                return solution
            at = 0.5 * (at + last.levels.eps)
            continue
        if at == eps:
            return solution
        last, before = solution, last
        at = eps if before is not None else 0.5 * (at + eps)
    return Solution(None, None, math.nan, math.nan, math.nan, False, VANISHING)


def _moved(levels, eps, before=None):
    """Levels of another 1 - q1, extrapolated in log eps from one or two solutions."""
    ratio, scale = 1.0, (1 - eps) / (1 - levels.eps)
    if before is None:
        return Levels(eps, levels.q * scale, levels.mu, levels.delta)
    ratio = math.log(eps / levels.eps) / math.log(levels.eps / before.eps)
    mu = levels.mu * (levels.mu / before.mu) ** ratio
    delta = levels.delta * (levels.delta / before.delta) ** ratio
    return Levels(eps, levels.q * scale, mu, delta)
