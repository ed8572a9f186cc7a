"""y -> infinity local entropy of binary trees: docs/binary_local_entropy.md (BL42)."""

import math

from scipy.optimize import brentq

from replicas.binary_large_y_state import LADDER, ORDER
from replicas.priors import binary_entropy, mean_gap
from replicas.tree_large_y import located, saddle_point

__all__ = ["Replicas", "between_replicas", "rough"]

EPS = 2.0**-52


def between_replicas(channel, alpha, distance, *, tol=1e-8, start=None):
    """Point at mutual distance d = (1 - q1)/2: (BL42).

    start : a neighbouring point; it saves time and does not change the result.
    """
    known = start["order"] if start and start["success"] else {}
    ln_c = None
    if known.get("delta", 0) > 0:
        ln_c = math.log(known["delta"] / known["eps"])
    return saddle_point(Replicas(2 * distance), channel, alpha, tol, ln_c)


def rough(channel, alpha, distance):
    """Order parameters near the saddle around a free reference, or a message."""
    prior = Replicas(4 * distance * (1 - distance))
    ln_c, message = located(prior, channel, alpha)
    if message:
        return message
    order = prior.order_at(ln_c)
    # q1 - p^2 is about the variance of m
    gap = prior.mean_gap(ln_c)
    order["eps"] -= max(0.0, gap * (2 - gap) - order["eps"])
    return order


class Replicas:
    """Entropic term at mutual overlap q1 as a function of ln c, c = delta/eps."""

    largest = 300.0  # ln c: q_hat ~ 1/c^2
    floor = 1e-14
    refinements, accepted = 3, 1e-5
    order = ORDER

    def __init__(self, eps):
        self.eps, self.gamma = eps, (1 - eps) / eps
        self.gap = mean_gap(eps)
        self.free = binary_entropy(self.gap / 2)
        self.seen = {}
        # dq_hat of fields that vanish
        self.frozen = math.atanh(math.sqrt(1 - eps)) / math.sqrt(1 - eps)

    def at(self, ln_c):
        """(BL42) and minus its slope, (BL43)."""
        if ln_c not in self.seen:
            self.seen[ln_c] = self._hats(ln_c)
        q_hat, dq_hat = self.seen[ln_c]
        value = self._value(ln_c, q_hat, dq_hat, LADDER[1])
        return value, 0.5 * q_hat * self.eps * math.exp(ln_c)

    def error(self, ln_c):
        value, _ = self.at(ln_c)
        return abs(self._value(ln_c, *self.seen[ln_c], LADDER[2]) - value) + 8 * EPS

    def order_at(self, ln_c):
        self.at(ln_c)
        delta = self.eps * math.exp(ln_c)
        order = 1 - self.eps, self.eps, delta, *self.seen[ln_c], 0.0
        return dict(zip(ORDER, order, strict=True))

    def mean_gap(self, ln_c):
        """1 - E m."""
        self.at(ln_c)
        return self._averages(LADDER[1], *self.seen[ln_c], 0.0).gap

    def _averages(self, sums, q_hat, dq_hat, target):
        return sums.weights(q_hat, dq_hat, 0.0, self.gap, target, False)

    def _value(self, ln_c, q_hat, dq_hat, sums):
        w = self._averages(sums, q_hat, dq_hat, 0.0)
        eps, r = self.eps, 1 - self.gap
        # stationary in both hats
        value = math.sqrt(q_hat) * w.um - 0.5 * q_hat * eps * (1 + math.exp(ln_c))
        value += 0.5 * dq_hat * (eps - w.gap2) - w.divergence
        return value + math.atanh(r) * (w.spread + w.gap2 - eps) / (2 * r)

    def _hats(self, ln_c):
        """q_hat and dq_hat by (BL5), (BL6)."""
        q1, total = 1 - self.eps, self.eps * (1 + math.exp(ln_c))

        def averages(x):
            return self._averages(LADDER[1], math.exp(x), first, self.eps)

        def excess(x):
            return math.log(averages(x).um / total) - 0.5 * x

        # about those of c = 0 and of large c
        symmetric, dense = math.log(q1) - 2 * math.log(self.eps), 2 * math.log(total)
        high, step = min(symmetric, math.log(2 * q1 / math.pi) - dense), 0.1
        first = 0.0 if high == symmetric else self.frozen
        while excess(high) > 0:
            high, step = high + step, 2 * step
        low = high
        while excess(low) < 0:
            low, high, step = low - step, low, 2 * step
        if not excess(low) >= 0 >= excess(high):
            return math.nan, math.nan
        x = brentq(excess, low, high, xtol=1e-14, rtol=1e-15)
        return math.exp(x), averages(x).dq_hat
