r"""Stationary points of the k-RSB centre: docs/rsb_centre.md, Numerics."""

import math

import numpy as np

from replicas import krsb
from replicas.rsb_unknowns import COARSE, HIGH, Equilibrium, Problem, Solution

__all__ = ["lowest", "solve", "solve_equilibrium"]

ROUGH, SAME = 1e-4, 0.1  # a gain left, and the distance it may leave
MAX_NODES = 30_000  # of the grid of fields: a second a sum


def lowest(channel, alpha, starts, *, kind=Problem):
    """The lowest of the 1-RSB solutions found from `starts`, or a failure.

    kind : `Equilibrium` for the Gardner volume.
    """
    found, roots = [], []
    for start in starts:
        if message := _out_of_reach(channel, start):
            found.append(_failed(start, message))
            continue
        problem = kind(channel, alpha, start)
        x, _, hessian = problem.descend(problem.x0, close=ROUGH)
        # most starts lead to one minimum
        if all(np.abs(x - root).max() > SAME for root in roots):
            found.append(_minimum(problem, x, hessian))
            if found[-1].success:
                roots.append(problem.all_unknowns(found[-1].levels))
    good = [s for s in found if s.success]
    return min(good, key=lambda s: s.value) if good else found[-1]


def solve_equilibrium(channel, alpha, start):
    """`solve` for the Gardner volume: delta = 0, mu < 1, and q1 = q_EA unknown.

    The value is the entropy; the terms hold it without log(1 - q_EA)/2: (RC15).
    """
    problem = Equilibrium(channel, alpha, start)
    return _minimum(problem, problem.x0)


def solve(channel, alpha, start, *, fixed_mu=False):
    """Minimum of the free entropy near the `Levels` start: a `Solution`.

    Levels that merge are a failure, as is delta -> 0. fixed_mu keeps mu where it is
    (complexity of the centres).
    """
    if message := _out_of_reach(channel, start):
        return _failed(start, message)
    problem = Problem(channel, alpha, start, fixed_mu)
    return _minimum(problem, problem.x0)


def _failed(levels, message):
    return Solution(levels, None, *(math.nan,) * 3, False, message)


def _out_of_reach(channel, levels):
    """Why no search can start there, or an empty message."""
    if not max(levels.delta, *levels.mu) < math.exp(HIGH):
        return "the entropy is too small: mu or delta leave double range"
    if krsb.grid_for(channel, levels).n > MAX_NODES:
        return "levels merge or q1 reaches 1: the sums over fields cannot tell"
    return ""


def _minimum(coarse, x, hessian=None):
    """The `Solution` near x: a coarse grid leads there, a fine one ends the search.

    Both follow the narrowest gap of levels, so the search is repeated when the levels
    close up.
    """
    for _ in range(3):
        x, gain, _ = coarse.descend(x, hessian)
        levels = coarse.levels(x)
        message = coarse.refuse(levels) or _out_of_reach(coarse.channel, levels)
        if message:
            return _failed(levels, message)
        before = coarse.grid.step
        coarse, hessian = coarse.regridded(levels, COARSE), None
        if coarse.grid.step > 0.8 * before:
            break
    fine = coarse.regridded(levels)
    solution = fine.polish(x, gain, coarse)
    if not solution.success:
        # deep in the tails the coarse sums have another minimum
        x, gain, _ = fine.descend(x)
        solution = fine.polish(x, gain, fine)
    return solution
