"""Averages of y replicas around binary solutions: docs/binary_local_entropy.md."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from replicas import _binary_solution_patterns, _binary_solution_weights

__all__ = ["State"]


class Patterns(NamedTuple):
    """Averages over the fields of the patterns: `_binary_solution_patterns.averages`.

    Tilted means < > of A = (log f~)' of the reference and g = (log Z)' of the replicas:
    <A>^2, <A><g>, <g>^2, <g^2>, <A g>, each times tq' of the overlap that it is
    conjugate to, and <log Z>; value : log of the inner integral.
    """

    norm: float
    value: float
    log_z: float
    aa: float
    ag: float
    gg: float
    g_squared: float
    a_g: float


class Weights(NamedTuple):
    """Averages over the fields of the weights: `_binary_solution_weights.averages`.

    Tilted means < > of the reference w and T = tanh X: <w>^2, <w><T>, gap = 1 - <w T>,
    <T>^2, gap2 = 1 - <T^2>, covariance of w and T, variance of T, <log 2cosh X>.
    """

    norm: float
    value: float
    ww: float
    wt: float
    gap: float
    tt: float
    gap2: float
    covariance: float
    variance: float
    log_2cosh: float


@dataclass(frozen=True)
class State:
    """Both averages at the unknowns v = (log eps_ref, logit of the correlation of the
    inner fields, log dq, log w0, log c), the last one absent at y = 1, where c = 0.

    c^2 = q0 - t^2/q_ref. Both averages are None where the overlaps are not admissible.
    """

    alpha: float
    y: float
    distance: float
    overlaps: tuple
    w0: float
    hats: tuple
    patterns: Patterns | None
    weights: Weights | None

    @staticmethod
    def at(rule, channel, alpha, distance, y, v):
        p = 1 - 2 * distance
        v = np.clip(v, -60, 30)
        eps_ref = min(math.exp(v[0]), 1 - 1e-9)
        r, dq, w0 = 1 / (1 + math.exp(-v[1])), math.exp(v[2]), math.exp(v[3])
        c = math.exp(v[4]) if len(v) > 4 else 0.0
        t = p - r * math.sqrt(eps_ref * dq)
        q0 = t * t / (1 - eps_ref) + c * c
        eps = 1 - q0 - dq
        overlaps = (eps_ref, t, c, dq, eps)
        if not (0 < eps < 1 and 0 < t < p):
            return State(alpha, y, distance, overlaps, w0, (), None, None)
        rules = rule.step, rule.window
        a = Patterns(
            *_binary_solution_patterns.averages(
                channel.kernel, eps_ref, t, eps + dq, eps, p, y, *rules
            )
        )
        q_ref_hat, t_hat, q0_hat = alpha * a.aa, alpha * a.ag, alpha * a.gg
        dq_hat = y * alpha * (a.g_squared - a.gg)
        # kept from underflow where the constraint does not bind
        root_ref = math.sqrt(max(q_ref_hat, 1e-200))
        own = math.sqrt(max(q0_hat - (t_hat / root_ref) ** 2, 0.0))
        fields = root_ref, t_hat / root_ref, own if c else 0.0
        weights = Weights(
            *_binary_solution_weights.averages(*fields, dq_hat, w0, y, *rules)
        )
        hats = (q_ref_hat, t_hat, q0_hat, dq_hat)
        return State(alpha, y, distance, overlaps, w0, hats, a, weights)

    @property
    def residuals(self):
        """Logarithms of the two sides of (BL39)."""
        (eps_ref, t, c, dq, _), p = self.overlaps, 1 - 2 * self.distance
        unknowns = 5 if c else 4
        w = self.weights
        if w is None:
            return (math.nan,) * unknowns
        sides = [1 - w.ww, w.covariance, w.variance, w.gap, w.tt - w.wt * w.wt / w.ww]
        sides = sides[:unknowns]
        if not all(x > 0 for x in sides):
            return (math.nan,) * unknowns
        targets = (eps_ref, p - t, dq, 2 * self.distance, c * c)
        return tuple(math.log(x / z) for x, z in zip(sides, targets, strict=False))

    @property
    def phi(self):
        """Phi and S_loc = dPhi/dy: (BL36), (BL40)."""
        (eps_ref, t, _, dq, eps), y = self.overlaps, self.y
        q_ref_hat, t_hat, q0_hat, dq_hat = self.hats
        q1 = 1 - eps
        # p_hat p - t_hat t with p_hat = w0 + t_hat
        p = 1 - 2 * self.distance
        linear = self.w0 * p + t_hat * (p - t)
        phi = -0.5 * q_ref_hat * eps_ref - y * linear
        phi -= 0.5 * y * (q0_hat * (eps + y * dq) + dq_hat * (q1 + eps / y))
        phi += self.weights.value + self.alpha * self.patterns.value
        local = -linear - 0.5 * q0_hat * (eps + 2 * y * dq)
        local -= 0.5 * dq_hat * (2 * q1 + eps / y)
        local += self.weights.log_2cosh + self.alpha * self.patterns.log_z
        return phi, local
