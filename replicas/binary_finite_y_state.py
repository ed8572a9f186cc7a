"""Averages of y binary replicas at given overlaps: docs/binary_local_entropy.md."""

import math
from typing import NamedTuple

from scipy.optimize import brentq

from replicas import _binary_finite_y, _one_rsb, tree_one_rsb
from replicas.channels import Tree
from replicas.quadrature import Rule

__all__ = ["State", "Weights", "without_patterns"]

SMALLEST = 1e-6  # 1 - q1 of trees
FREE = Rule(0.08, 9.0)  # of the averages without patterns


class Weights(NamedTuple):
    """Averages over the weights' fields, and p_hat: `_binary_finite_y.solve`.

    gap2 : 1 - q1; variance : q1 - q0; gap : 1 - p; value : (BL18); log_2cosh : of
    (BL21); response_squared : of (BL22).
    """

    p_hat: float
    norm: float
    value: float
    q0: float
    gap2: float
    variance: float
    gap: float
    log_2cosh: float
    response_squared: float

    @staticmethod
    def at(q0_hat, dq_hat, p_hat, y, target, rule):
        """At these hats; where target > 0 at the p_hat that makes 1 - p equal to it."""
        rules = rule.step, rule.window
        return Weights(
            *_binary_finite_y.solve(q0_hat, dq_hat, p_hat, y, target, *rules)
        )


class State(NamedTuple):
    """Both averages at overlaps (eps = 1 - q1, dq = q1 - q0), with the hats they imply.

    gap = 1 - p, None between replicas; patterns, outer : averages over the fields of
    the patterns, and the overlap of the outer ones.
    """

    alpha: float
    y: float
    gap: float | None
    eps: float
    dq: float
    dq_hat: float
    patterns: dict
    outer: dict
    weights: Weights

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
        weights = Weights.at(q0_hat, dq_hat, p_hat, y, target, rule)
        return State(alpha, y, gap, eps, dq, dq_hat, a, outer, weights)

    @property
    def q0_hat(self):
        return self.alpha * self.outer["d"] * self.patterns["f1_squared"]

    @property
    def residuals(self):
        """Logarithms of the two sides of (BL17)."""
        w = self.weights
        if not (w.gap2 > 0 and w.variance > 0):
            return (math.nan,) * 3
        met = 0.0 if self.gap is None else math.log(w.gap / self.gap)
        return math.log(w.gap2 / self.eps), math.log(w.variance / self.dq), met

    @property
    def entropy(self):
        """(BL15)."""
        value = self.weights.value
        q1, spread = 1 - self.eps, self.eps + self.y * self.dq
        value -= 0.5 * self.q0_hat * spread
        value -= 0.5 * self.dq_hat * (q1 + self.eps / self.y)
        if self.gap is None:
            value -= math.log(2) / self.y  # no sum over w
        else:
            value -= self.weights.p_hat * (1 - self.gap)
        return value + self.alpha * self.patterns["f"]

    @property
    def external_entropy(self):
        """(BL21)."""
        value, y = self.weights.value, self.y
        if self.gap is None:
            value -= math.log(2) / y
        total = 0.5 * (y * self.q0_hat * self.dq + self.dq_hat * (1 - self.eps))
        total += value - self.weights.log_2cosh
        total += self.alpha * (self.patterns["f"] - self.patterns["log_z"])
        return y * total

    @property
    def stability(self):
        """(BL22)."""
        o, a = self.outer, self.patterns
        channel = o["d"] ** 2 * a["f2_squared"] + o["d2"] * a["f1_squared"]
        return self.alpha * channel * self.weights.response_squared


def without_patterns(eps, y):
    """Entropy at alpha = 0 of replicas at mutual overlap 1 - eps: (BL23); dq_hat."""

    def averages(x):
        return Weights.at(0.0, math.exp(x), 0.0, y, 0.0, FREE)

    low, high = -30.0, math.log(2 * math.log(4 / eps) + 3)
    x = brentq(lambda x: math.log(averages(x).gap2 / eps), low, high, xtol=1e-14)
    value = averages(x).value - math.log(2) / y
    return value - 0.5 * math.exp(x) * (1 - eps + eps / y), math.exp(x)
