"""Averages of binary replicas at y -> infinity: docs/binary_local_entropy.md."""

import math
from typing import Any, NamedTuple

from scipy.special import roots_legendre

from replicas import _binary_large_y, _large_y
from replicas.quadrature import Rule

__all__ = ["COARSE", "LADDER", "ORDER", "State", "Weights"]

ORDER = ("q1", "eps", "delta", "q_hat", "dq_hat", "p_hat")


class Patterns(NamedTuple):
    """Averages over the centre's field, of one pattern: `_large_y.energetic`.

    q_hat, dq_hat : the hats (BL2), (BL3) at load 1; curvature_squared : of (BL13).
    """

    norm: float
    f: float
    q_hat: float
    dq_hat: float
    curvature_squared: float


class Weights(NamedTuple):
    """Averages over the weights' fields, and their hats: `_binary_large_y.solve`.

    gap : 1 - p; gap2 : 1 - q1; um : E u m; divergence, spread : of (BL11);
    curvature_squared : of (BL13).
    """

    dq_hat: float
    p_hat: float
    norm: float
    gap: float
    gap2: float
    um: float
    divergence: float
    spread: float
    curvature_squared: float


class Sums:
    """Rules of the averages over the channel's field and over the weights'."""

    def __init__(self, step, window, nodes):
        self.rule = Rule(step, window)
        x, w = roots_legendre(nodes)
        self.legendre = 0.5 + 0.5 * x, 0.5 * w

    def patterns(self, channel, eps, delta):
        rule = self.rule
        return Patterns(
            *_large_y.energetic(channel.kernel, eps, delta, rule.step, rule.window)
        )

    def weights(self, q_hat, dq_hat, p_hat, gap, target, centre):
        """`Weights`; a `target` > 0 is met by p_hat (centre) or dq_hat, else both
        stay.
        """
        hats = q_hat, dq_hat, p_hat
        return Weights(
            *_binary_large_y.solve(
                *hats, gap, target, centre, *self.legendre, self.rule.window
            )
        )


COARSE = Sums(0.12, 7.0, 24)
# each is checked by the next: smaller steps, wider windows
LADDER = tuple(
    Sums(0.05 / 1.3**k, 8.5 + 0.4 * k, math.ceil(48 * 1.3**k)) for k in range(5)
)


class State(NamedTuple):
    """Both averages at overlaps (eps = 1 - q1, delta), with the hats they imply.

    gap = 1 - r, r the mean of m without patterns; centre: the distance is that to the
    centre, dq_hat follows from the patterns and p_hat is free; else p_hat = 0 and
    dq_hat is free. The free one is `hat`, or solves for the distance from there.
    """

    channel: Any
    alpha: float
    gap: float
    centre: bool
    eps: float
    delta: float
    patterns: Patterns
    weights: Weights

    @staticmethod
    def at(sums, channel, alpha, gap, centre, eps, delta, hat, solve=True):
        patterns = sums.patterns(channel, eps, delta)
        q_hat, dq_hat = alpha * patterns.q_hat, alpha * patterns.dq_hat
        hats = (q_hat, dq_hat, hat) if centre else (q_hat, hat, 0.0)
        target = (gap if centre else eps) if solve else 0.0
        weights = sums.weights(*hats, gap, target, centre)
        return State(channel, alpha, gap, centre, eps, delta, patterns, weights)

    @property
    def q_hat(self):
        return self.alpha * self.patterns.q_hat

    @property
    def hat(self):
        return self.weights.p_hat if self.centre else self.weights.dq_hat

    @property
    def residuals(self):
        """Logarithms of the two sides of (BL5), (BL6) and (BL4), which hats solve."""
        w = self.weights
        if not (self.q_hat > 0 and w.um > 0 and min(w.gap, w.gap2) > 0):
            return (math.nan,) * 3
        spread = w.um / math.sqrt(self.q_hat) / (self.eps + self.delta)
        target = math.log(w.gap / self.gap) if self.centre else 0.0
        return math.log(w.gap2 / self.eps), math.log(spread), target

    @property
    def normalised(self):
        """(BL10), (BL11)."""
        r, w = 1 - self.gap, self.weights
        value = 0.5 * self.q_hat * self.eps + self.alpha * self.patterns.f
        if not self.centre:
            value += math.atanh(r) * w.spread / (2 * r)
        return value - w.divergence

    @property
    def stability(self):
        """(BL13): infinite where m jumps at u = 0."""
        w = self.weights
        if w.dq_hat >= 1 or w.p_hat > 0:
            return math.inf
        return self.alpha * self.patterns.curvature_squared * w.curvature_squared
