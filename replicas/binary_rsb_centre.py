r"""The 1-RSB centre of binary weights, one point: docs/binary_rsb_centre.md."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.special import roots_legendre

from replicas import _binary_one_rsb, krsb
from replicas.krsb import Levels
from replicas.priors import binary_entropy
from replicas.results import failed_point

__all__ = ["COARSE", "SUMS", "State", "describe", "failure", "symmetric_point"]

EPS = 2.0**-52
ORDER = (
    "q1",
    "eps",
    "p",
    "q0",
    "mu",
    "delta",
    "q_hat",
    "q0_hat",
    "dq_hat",
    "p_hat",
    "replicon_inner",
    "replicon_outer",
    "k",
)


class Sums:
    """Rules of the average over the weights' fields, and of the patterns' grid."""

    def __init__(self, nodes, panel, step, window, most, finer=False):
        x, w = roots_legendre(nodes)
        self.arguments = 0.5 + 0.5 * x, 0.5 * w, panel, step, window
        self.most, self.finer = most, finer

    def grid(self, channel, levels):
        """Grid of the patterns' field: exp(mu M) narrows the front as mu grows."""
        more = max(1.0, levels.mu[0] / 30) ** (1 / 6)
        grid = krsb.grid_for(channel, levels, 5 * min(more, self.most))
        return grid.finer() if self.finer else grid


COARSE = Sums(14, 3.0, 0.11, 8.5, most=2.0)
SUMS = Sums(14, 3.0, 0.11, 8.5, most=5.0)
FINER = Sums(18, 2.6, 0.085, 9.0, most=5.0, finer=True)


class Weights(NamedTuple):
    """Averages over the weights' fields, and their hats: `_binary_one_rsb.solve`.

    value, gain : log <exp mu Psi>/mu, and <Psi> less that, both less Psi(0+); gap :
    1 - p; gap2 : 1 - q1; variance : q1 - q0; curvature : <Psi''>; divergence, spread :
    of (BL11); curvature_squared, response_squared : of (BR11), (BR12).
    """

    dq_hat: float
    p_hat: float
    norm: float
    value: float
    gain: float
    gap: float
    gap2: float
    variance: float
    curvature: float
    divergence: float
    spread: float
    curvature_squared: float
    response_squared: float


@dataclass(frozen=True)
class State:
    """Both averages at `Levels` (q0, mu, delta) of 1 - q1 = eps, with their hats.

    gap = 1 - r, r the mean of |m| without patterns; centre: the distance is that to the
    centre, dq_hat is explicit and p_hat free; else p_hat = 0 and dq_hat is free. The
    free one is `hat`, or solves for the distance (1 - p or 1 - q1) from there.

    slopes : tq', tq'' at q0 and q1; patterns : `krsb.Density`.
    """

    alpha: float
    gap: float
    centre: bool
    levels: Levels
    slopes: tuple
    patterns: Any
    weights: Weights

    @staticmethod
    def at(sums, channel, alpha, gap, centre, levels, hat, solve=True):
        mu = levels.mu[0]
        d, d2, patterns = krsb.averages(channel, levels, sums.grid(channel, levels))
        q0_hat, q_hat = (alpha * d * patterns.d).tolist()  # (BR3)
        hats = hat, 0.0
        if centre:
            lift = d[1] ** 2 * patterns.lift + d2[1] * patterns.d[1]
            hats = float(alpha * levels.delta * lift), hat
        target = (gap if centre else levels.eps) if solve else 0.0
        weights = _binary_one_rsb.solve(
            q0_hat, q_hat - q0_hat, *hats, mu, gap, target, centre, *sums.arguments
        )
        weights = Weights(*weights)
        return State(alpha, gap, centre, levels, (d, d2), patterns, weights)

    @property
    def hat(self):
        return self.weights.p_hat if self.centre else self.weights.dq_hat

    @property
    def hats(self):
        """q0_hat, q_hat, dq_hat."""
        outer, inner = (self.alpha * self.slopes[0] * self.patterns.d).tolist()
        return outer, inner, self.weights.dq_hat

    @property
    def dq(self):
        return 1 - self.levels.eps - self.levels.q[0]

    @property
    def gain(self):
        """The two sides of (BR7), times mu."""
        q0_hat, q_hat, _ = self.hats
        f, mu = self.patterns.f, self.levels.mu[0]
        cost = (1 - self.levels.eps) * (q_hat - q0_hat) + self.dq * q0_hat
        return self.weights.gain + self.alpha * (f[1] - f[0]), 0.5 * mu * cost

    @property
    def residuals(self):
        """Logarithms of the two sides of (BR5), (BR7), (BR6), (BR4) and (BL4): `hat`
        solves one of the last two."""
        w, (gain, cost) = self.weights, self.gain
        sides = (
            w.variance / self.dq,
            gain / cost,
            w.curvature / (self.levels.eps + self.levels.delta),
            w.gap2 / self.levels.eps,
            w.gap / self.gap if self.centre else 1.0,
        )
        return np.log(sides)

    @property
    def normalised(self):
        """(BR9): the value, and how far the equations are from vanishing in it."""
        levels, a = self.levels, self.patterns
        eps, mu, delta = levels.eps, levels.mu[0], levels.delta
        q0_hat, q_hat, dq_hat = self.hats
        w, r = self.weights, 1 - self.gap
        tilt = 0.0 if self.centre else math.atanh(r) / (2 * r)
        f = a.f[1] + 0.5 * delta * self.slopes[0][1] * a.d[1]
        value = 0.5 * q_hat * eps + self.alpha * f - w.divergence + tilt * w.spread
        gain, cost = self.gain
        excess = eps - w.gap2
        shift = excess * (0.5 * dq_hat + mu * (q_hat - q0_hat) - tilt)
        shift += q_hat * (w.curvature - eps - delta)
        shift += mu * q0_hat * (w.variance - self.dq)
        shift -= gain - cost
        if self.centre:
            shift += (self.gap - w.gap) * (w.p_hat - math.atanh(r))
        return value + shift, shift

    @property
    def replicons(self):
        """Inner and outer: (BR11), (BR12); infinite where m jumps."""
        (d0, d), (d20, d2) = self.slopes
        a, w = self.patterns, self.weights
        inner = self.alpha * (d**2 * a.d2[1] + d2 * a.d[1]) * w.curvature_squared
        outer = self.alpha * (d0**2 * a.d2[0] + d20 * a.d[0]) * w.response_squared
        jumps = w.dq_hat >= 1 or w.p_hat > 0
        return math.inf if jumps else float(inner), float(outer)


def failure(message):
    return failed_point(message, ORDER)


def symmetric_point(point):
    """The point of a stable symmetric centre, as one of k = 0 levels."""
    order, r = point["order"], point["stability"]
    order |= {"q0": order["q1"], "mu": 0.0, "q0_hat": order["q_hat"], "k": 0}
    order |= {"replicon_inner": r, "replicon_outer": r}
    return point


def describe(channel, state):
    """The point dict of a State at the saddle, with its error from finer sums."""
    levels, eps = state.levels, state.levels.eps
    s = state
    fine = State.at(FINER, channel, s.alpha, s.gap, s.centre, levels, s.hat, False)
    value, shift = fine.normalised
    error = abs(value - state.normalised[0]) + abs(shift)
    error += abs(value) * (abs(fine.weights.norm - 1) + abs(fine.patterns.norm - 1))
    q0_hat, q_hat, dq_hat = fine.hats
    inner, outer = fine.replicons
    order = (
        1 - eps,
        eps,
        1 - fine.weights.gap,
        float(levels.q[0]),
        float(levels.mu[0]),
        levels.delta,
    )
    order += (q_hat, q0_hat, dq_hat, s.hat if s.centre else 0.0, inner, outer, 1)
    return {
        "entropy": value + binary_entropy(s.gap / 2),
        "normalised": value,
        "order": dict(zip(ORDER, order, strict=True)),
        "stability": max(inner, outer),
        "error": error + 8 * EPS * (1 + fine.gain[1]),
        "residual": float(np.abs(fine.residuals).max()),
        "success": True,
        "message": "",
    }
