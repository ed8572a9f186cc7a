"""From one level to many, and to full replica symmetry breaking."""

import numpy as np
from scipy.interpolate import make_interp_spline

from replicas import krsb
from replicas.krsb import Levels

__all__ = ["climb", "divided", "full", "refined"]

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
        depth, where = krsb.certificate(channel, alpha, solution.levels)
        k, value = len(solution.levels.mu), abs(solution.value)
        gain = max(0.0, -0.3 * depth.min() * solution.levels.mu[-1])
        if k >= level:
            return solution, depth.min(), 0.0, ""
        if gain < NEGLIGIBLE * value:
            return solution, depth.min(), gain, ""
        message = "more levels do not lower the entropy"
        for start in _starts(solution.levels, level, where[depth.argmin()]):
            trial = solve(channel, alpha, start)
            if trial.success and trial.value < solution.value:
                break
            message = trial.message or message
        else:
            if gain < TOLERATED * value:
                return solution, depth.min(), gain, ""
            return solution, depth.min(), gain, message
        solution = trial


def _starts(levels, level, lowest):
    """More levels, at most `level`, to search from; lowest: where Gamma(s) is least."""
    k = len(levels.mu)
    for more in sorted({min(level, 2 * k), k + 1}, reverse=True):
        start = refined(levels, more)
        if np.all(np.diff(start.q, append=1 - levels.eps) > 0):
            yield start
    # next to a gap in the profile, where curves through it overshoot
    if lowest not in levels.q:
        yield divided(levels, lowest)


def refined(levels, k):
    """k levels with the profiles of fewer: log(1 - q) and log mu against i/k.

    The best steps for a smooth mu(q) follow the same density for every k.
    """
    n, q = len(levels.mu), levels.q
    if n == 1:
        # the first splitting: the outer level opens, mu rises by a third
        gap = 1 - levels.eps - q[0]
        n, q = 2, np.array([q[0] - 0.03 * gap, q[0] + 0.5 * gap])
        levels = Levels(levels.eps, q, levels.mu * np.array([0.85, 1.15]), levels.delta)
    v = np.append(1 - q, levels.eps)
    log_v = _curve(np.arange(k) / k, np.arange(n + 1) / n, np.log(v))
    middle, old = (np.arange(k) + 0.5) / k, (np.arange(n) + 0.5) / n
    mu = np.exp(_curve(middle, old, np.log(levels.mu)))
    return Levels(levels.eps, 1 - np.exp(log_v), mu, levels.delta)


def divided(levels, s):
    """One more level, at the overlap s."""
    i, mu = int(np.searchsorted(levels.q, s)), np.log(levels.mu)
    if i == 0:
        mu = np.insert(mu, 0, mu[0] - 1)
    else:
        room = np.diff(mu, prepend=mu[0] - 0.5, append=mu[-1] + 0.5)[i - 1 : i + 1]
        mu = np.insert(mu, i, mu[i - 1] + 0.3 * room[1])
        mu[i - 1] -= 0.3 * room[0]
    return Levels(levels.eps, np.insert(levels.q, i, s), np.exp(mu), levels.delta)


def _curve(x, nodes, values):
    """Cubic spline, of lower degree through few nodes."""
    return make_interp_spline(nodes, values, k=min(3, len(nodes) - 1))(x)


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
