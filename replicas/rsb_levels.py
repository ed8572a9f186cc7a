"""From one level to many, and to full replica symmetry breaking."""

import numpy as np

from replicas import krsb
from replicas.krsb import Levels

__all__ = ["climb", "full"]

FULL = (4, 6, 8)  # numbers of levels that are extrapolated to full RSB
NEGLIGIBLE = 1e-10  # relative gain of more levels that ends the splitting
TOLERATED = 1e-7  # the same where more levels were tried and merge


def climb(channel, alpha, solution, level, solve):
    """`solution` refined to `level` levels where the certificate asks for them.

    solve : of `krsb_saddle`. Returns the Solution, the depth of its certificate, a
    bound on what further levels would gain if it stops before `level`, and why it
    failed to go on.
    """
    while True:
        depth, _ = krsb.certificate(channel, alpha, solution.levels)
        k, value = len(solution.levels.mu), abs(solution.value)
        gain = max(0.0, -0.3 * depth.min() * solution.levels.mu[-1])
        if k >= level:
            return solution, depth.min(), 0.0, ""
        if gain < NEGLIGIBLE * value:
            return solution, depth.min(), gain, ""
        for more in sorted({min(level, 2 * k), k + 1}, reverse=True):
            trial = solve(channel, alpha, _refined(solution.levels, depth, more))
            if trial.success and trial.value < solution.value:
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
    mu = np.exp(_line(centre, middle, np.log(mu)))
    return Levels(levels.eps, ends, mu, levels.delta)


def _line(x, nodes, values):
    """Linear interpolation, continued by the end slopes."""
    slope = np.diff(values) / np.diff(nodes)
    i = np.clip(np.searchsorted(nodes, x) - 1, 0, len(slope) - 1)
    return values[i] + slope[i] * (x - nodes[i])


def full(channel, alpha, solution, solve):
    """Full RSB by the values of a few numbers of levels: docs/rsb_centre.md (RC14).

    Returns the last Solution, the depth of its certificate, the value, what the
    extrapolation and levels that merge add to its error, and why it failed, if it did.
    """
    ladder = []
    for k in FULL:
        solution, depth, gain, short = climb(channel, alpha, solution, k, solve)
        ladder.append(solution.value)
        if len(solution.levels.mu) < k:
            if gain > 10 * TOLERATED * abs(solution.value):
                return solution, depth, np.nan, np.nan, short or "levels merge"
            return solution, depth, solution.value, gain, ""
    before, value = (
        _extrapolated(FULL[i], ladder[i], FULL[i + 1], ladder[i + 1]) for i in (0, 1)
    )
    return solution, depth, value, abs(value - before), ""


def _extrapolated(k, value, more, lower):
    return lower - (value - lower) / ((more / k) ** 4 - 1)
