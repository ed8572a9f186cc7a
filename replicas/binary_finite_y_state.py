"""Averages of y binary replicas at given overlaps: docs/binary_local_entropy.md."""

import math
from dataclasses import dataclass

from replicas import _binary_finite_y, _one_rsb, tree_one_rsb
from replicas.channels import Tree
from replicas.quadrature import Rule

__all__ = ["State"]

SMALLEST = 1e-6  # 1 - q1 of trees


@dataclass(frozen=True)
class State:
    """Both averages at overlaps (eps = 1 - q1, dq = q1 - q0), with the hats they imply.

    gap = 1 - p, None between replicas. entropic: (p_hat, norm, value, q0, 1 - q1,
    q1 - q0, 1 - p, log 2cosh, response^2).
    """

    alpha: float
    y: float
    gap: float | None
    eps: float
    dq: float
    dq_hat: float
    energetic: dict
    outer: dict
    entropic: tuple

    @staticmethod
    def at(rule, channel, alpha, y, gap, eps, x, hat, solve=True):
        """x = log q0/dq; hat is the start of p_hat, or dq_hat between replicas.

        Raises TooFine for a tree where the sums need too many nodes.
        """
        q1, q0, dq = 1 - eps, 0.0, 1 - eps
        if x > -math.inf:
            # where the sums over patterns are made for
            x = max(-80.0, min(x, math.log(y / eps) + 16))
            q0, dq = q1 / (1 + math.exp(-x)), q1 / (1 + math.exp(x))
        if isinstance(channel, Tree):
            if eps < SMALLEST:
                raise tree_one_rsb.TooFine(f"1 - q1 = {eps:.1e} needs too fine a grid")
            a, outer, inner = tree_one_rsb.averages(channel, q0, dq, eps, y, rule)
            # the weights can afford what the patterns cannot
            rule = Rule(0.5 * rule.step, rule.window + 1.5)
        else:
            a, outer, inner = _one_rsb.energetic(
                channel.kernel, q0, eps + dq, q1, eps, y, rule.step, rule.window
            )
        q0_hat, p_hat, dq_hat = alpha * outer["d"] * a["f1_squared"], 0.0, hat
        if gap is not None:
            # (BL16)
            spread = inner["d"] * a["d_variance"]
            spread += (inner["d"] - outer["d"]) * a["f1_squared"]
            p_hat, dq_hat = hat, y * alpha * spread
        target = 0.0 if gap is None or not solve else gap
        entropic = _binary_finite_y.solve(
            q0_hat, dq_hat, p_hat, y, target, rule.step, rule.window
        )
        return State(alpha, y, gap, eps, dq, dq_hat, a, outer, entropic)

    @property
    def q0_hat(self):
        return self.alpha * self.outer["d"] * self.energetic["f1_squared"]

    @property
    def residuals(self):
        """Logarithms of the two sides of (BL17)."""
        _, _, _, _, gap2, variance, gap, *_ = self.entropic
        if not (gap2 > 0 and variance > 0):
            return (math.nan,) * 3
        met = 0.0 if self.gap is None else math.log(gap / self.gap)
        return math.log(gap2 / self.eps), math.log(variance / self.dq), met

    @property
    def entropy(self):
        """(BL15)."""
        p_hat, _, value, *_ = self.entropic
        q1, spread = 1 - self.eps, self.eps + self.y * self.dq
        value -= 0.5 * self.q0_hat * spread
        value -= 0.5 * self.dq_hat * (q1 + self.eps / self.y)
        if self.gap is None:
            value -= math.log(2) / self.y  # no sum over w
        else:
            value -= p_hat * (1 - self.gap)
        return value + self.alpha * self.energetic["f"]

    @property
    def external_entropy(self):
        """(BL21)."""
        value, log_2cosh, y = self.entropic[2], self.entropic[7], self.y
        if self.gap is None:
            value -= math.log(2) / y
        total = 0.5 * (y * self.q0_hat * self.dq + self.dq_hat * (1 - self.eps))
        total += value - log_2cosh
        total += self.alpha * (self.energetic["f"] - self.energetic["log_z"])
        return y * total

    @property
    def stability(self):
        """(BL22)."""
        o, a = self.outer, self.energetic
        channel = o["d"] ** 2 * a["f2_squared"] + o["d2"] * a["f1_squared"]
        return self.alpha * channel * self.entropic[8]
