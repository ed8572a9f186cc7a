"""y -> infinity local entropy of binary trees around free references.

docs/binary_local_entropy.md (BL46)-(BL48).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import root

from replicas.binary_large_y import PLATEAU, WALK, all_solutions, typical_distance
from replicas.binary_large_y_state import LADDER, ORDER, Weights
from replicas.binary_tree_large_y import Replicas, rough
from replicas.model import Model
from replicas.priors import Binary, binary_entropy
from replicas.results import failed_point
from replicas.rs import rs
from replicas.tree_average import plane_average
from replicas.tree_large_y import COARSE_POINTS, POINTS, REPLICATES, RULES
from replicas.tree_sample import sampled_average

__all__ = ["around_centre"]

EPS = 2.0**-52
FLOOR = 1e-13  # absolute error that is small enough
LOST = "the saddle was not found"


@dataclass(frozen=True)
class State:
    """Both averages at (eps, delta), and the hats and p_hat that they imply."""

    alpha: float
    gap: float
    eps: float
    delta: float
    M: float
    hats: tuple
    weights: Weights

    @staticmethod
    def at(alpha, gap, v, hat, M, D, pull, sums):
        """v = (log eps, log delta); hat, the start of p_hat."""
        eps, delta = math.exp(v[0]), math.exp(v[1])
        c = delta / eps
        # (BL46)
        q_hat = alpha * D / (c * c * eps)
        dq_hat = q_hat * (1 + c) + alpha * pull / (delta * (1 - eps))
        weights = sums.weights(q_hat, dq_hat, hat, gap, gap, True)
        return State(alpha, gap, eps, delta, M, (q_hat, dq_hat), weights)

    @property
    def p_hat(self):
        return self.weights.p_hat

    @property
    def residuals(self):
        """Logarithms of the two sides of (BL5), (BL6)."""
        w = self.weights
        if not (w.gap2 > 0 and w.um > 0):
            return np.full(2, math.nan)
        total = math.sqrt(self.hats[0]) * (self.eps + self.delta)
        return np.log([w.gap2 / self.eps, w.um / total])

    @property
    def normalised(self):
        """(BL48), stationary in everything."""
        (q_hat, dq_hat), w = self.hats, self.weights
        value = math.sqrt(q_hat) * w.um - 0.5 * q_hat * (self.eps + self.delta)
        value += 0.5 * dq_hat * (self.eps - w.gap2)
        return value - w.divergence + self.alpha * self.M

    @property
    def scale(self):
        """Of what the residuals, squared, change in the entropy."""
        q_hat, dq_hat = self.hats
        return q_hat * (self.eps + self.delta) + self.eps * (dq_hat + abs(self.p_hat))


def around_centre(channel, alpha, distance, *, tol=1e-8, start=None):
    """Point at distance d = (1 - p)/2 from a free binary reference: (BL46)-(BL48).

    start : a neighbouring point; it saves time and does not change the result. Beyond
    the typical distance (BL12) the entropy is that of all solutions.
    """
    kind = _Saddle if channel.K <= 3 else _SampledSaddle
    at = kind(channel, alpha, 2 * distance, tol).solve
    if start and start["success"] and start["order"]["delta"] > 0:
        point = at(start["order"])
        if point["success"]:
            return point
    point = at(rough(channel, alpha, distance))
    if point["success"] or point["message"] == PLATEAU:
        return point
    typical = rs(Model(Binary(), channel), alpha)
    if not typical.success:
        return _failed(typical.message)
    if distance >= typical_distance(typical):
        return all_solutions(typical, distance)
    for first in WALK:
        walk = kind(channel, alpha, 2 * first * distance, 1e-3).solve(
            rough(channel, alpha, first * distance)
        )
        if walk["success"]:
            break
    for fraction in np.linspace(first, 1, 6)[1:].tolist():
        if walk["success"]:
            width = tol if fraction == 1 else 1e-3
            near = kind(channel, alpha, 2 * fraction * distance, width)
            walk = near.solve(walk["order"])
    return walk


def _failed(message):
    return failed_point(message, ORDER)


class _Saddle:
    """The saddle at one distance."""

    def __init__(self, channel, alpha, gap, tol):
        self.channel, self.alpha, self.gap, self.tol = channel, alpha, gap, tol

    def state(self, v, averages, sums=LADDER[1]):
        return State.at(self.alpha, self.gap, v, self.hat, *averages, sums)

    def place(self, v):
        """c and gamma."""
        return math.exp(v[1] - v[0]), math.expm1(-v[0])

    def average(self, v, tol, **rule):
        """M, D, pull and the error of M."""
        return plane_average(self.channel, *self.place(v), tol, **rule)

    def coarse(self, v):
        v = np.minimum(v, [-1e-9, 300])
        return self.state(v, self.average(v, 1e-5, nodes=7)[:3])

    def solve(self, order):
        """The point, from order parameters near it."""
        if isinstance(order, str):
            return _failed(order)
        self.hat = order["p_hat"]
        v = np.log([order["eps"], order["delta"]])
        # steps of 1e-3 |v|, which the adaptive sums resolve
        found = root(lambda v: self.coarse(v).residuals, v, options={"eps": 1e-6})
        state = self.coarse(found.x)
        if not np.abs(state.residuals).max() < 1e-3:
            return _failed(LOST)
        self.hat = state.p_hat
        v = found.x
        moved = [
            (self.coarse(v + step).residuals - self.coarse(v - step).residuals) / 4e-3
            for step in 2e-3 * np.eye(2)
        ]
        return self.evaluate(v, np.linalg.inv(np.transpose(moved)))

    def evaluate(self, v, inverse):
        """The point next to v by rules ever finer: (LT16)."""
        size = abs(self.coarse(v).normalised)
        stop, last = 8 * max(self.tol * size, FLOOR) / self.alpha, math.nan
        for n in range(Replicas.refinements):
            *averages, spread = self.average(v, stop, **RULES[n % 2])
            s = self.state(v, averages)
            residual = np.abs(s.residuals).max()
            error = abs(s.normalised - last) + 0.15 * self.alpha * spread
            error += 4 * s.scale * residual**2
            goal, value = self.tol, abs(s.normalised)
            if n == Replicas.refinements - 1:
                goal = max(goal, Replicas.accepted)
            if error <= max(goal * value, FLOOR):
                return self.point(s, self.state(v, averages, LADDER[2]), error)
            v = v - inverse @ s.residuals
            stop, last = stop / 5, s.normalised
        return _failed(f"error {error:.1e} stays above {self.tol:g} of {last:.3e}")

    def point(self, s, other, error):
        """The point at s; other : the same by a finer rule for the weights."""
        if s.p_hat < 0:
            return _failed(PLATEAU)
        error += abs(other.normalised - s.normalised) + 8 * EPS
        order = 1 - s.eps, s.eps, s.delta, *s.hats, s.p_hat
        return {
            "entropy": s.normalised + binary_entropy(self.gap / 2),
            "normalised": s.normalised,
            "order": dict(zip(ORDER, order, strict=True)),
            "stability": math.inf,
            "error": float(error),
            "residual": float(np.abs(s.residuals).max()),
            "success": True,
            "message": "",
        }


class _SampledSaddle(_Saddle):
    """The same by sampling: a fixed number of points, whatever the tolerance."""

    def sample(self, v, points, replicates):
        return sampled_average(
            self.channel, *self.place(v), points=points, replicates=replicates
        )

    def coarse(self, v):
        v = np.minimum(v, [-1e-9, 300])
        return self.state(v, [x[0] for x in self.sample(v, COARSE_POINTS, 1)])

    def evaluate(self, v, inverse):
        """A step with all points; the error from the scatter of the replicates."""
        for _ in range(2):
            here, averages = v, np.array(self.sample(v, POINTS, REPLICATES))
            s = self.state(here, averages.mean(axis=1))
            v = here - inverse @ s.residuals
        each = [self.state(here, x) for x in averages.T]
        factor = 4 / math.sqrt(REPLICATES)
        error = factor * np.std([x.normalised for x in each], ddof=1)
        off = np.abs(s.residuals) + factor * np.std(
            [x.residuals for x in each], axis=0, ddof=1
        )
        error += 4 * s.scale * off.max() ** 2
        return self.point(s, self.state(here, averages.mean(axis=1), LADDER[2]), error)
