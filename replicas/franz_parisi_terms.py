"""Overlaps and averages of the Franz-Parisi ansatz: docs/franz_parisi.md (F3)-(F10).

The overlaps are handled as c and delta in (0, 1), which keep every iterate admissible,
and 1 - p = 2 d is exact.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from replicas import _franz_parisi, _loss_franz_parisi
from replicas.channels import Loss

__all__ = ["Energetic", "Overlaps", "scalar_averages"]

LONGEST = 0.15  # Newton step in c and delta
SMALLEST = 1e-27  # c and delta beyond notice
WEAKEST = 1e-40  # forces beyond notice
TABLE = 8192


@dataclass(frozen=True)
class Overlaps:
    """(F3): the admissible overlaps at 1 - p = eps_p, by two numbers in (0, 1).

    c : partial correlation with another reference; delta : share of the variance
    that the references leave to the solutions which is common to them.
    """

    q: float
    eps: float
    eps_p: float
    c: float
    delta: float

    @property
    def span(self):
        """1 - p^2."""
        return self.eps_p * (2 - self.eps_p)

    @property
    def t(self):
        return self.q * (1 - self.eps_p) + self._dt * self.c

    @property
    def eps_t(self):
        return self.eps + self.q * self.eps_p - self._dt * self.c

    @property
    def eps1(self):
        """1 - q1."""
        return self.span * (1 - self.c**2) * (1 - self.delta)

    @property
    def _dt(self):
        return math.sqrt(self.q * self.eps * self.span)

    def gradients(self):
        """d q1 and d t in (c, delta)."""
        c, delta = self.c, self.delta
        dq1 = self.span * np.array([2 * c * (1 - delta), 1 - c * c])
        return dq1, np.array([self._dt, 0.0])

    def at(self, eps_p):
        """Start at another distance: for p > q, c scales with sqrt(1 - p^2)."""
        near, last = (
            math.sqrt(x * (2 - x)) for x in np.minimum([eps_p, self.eps_p], self.eps)
        )
        c = min(self.c * near / last, 0.9)
        return replace(self, eps_p=eps_p, c=c, delta=min(self.delta, 0.9))

    def moved(self, step):
        """The point a step (dc, ddelta) away, shortened to stay inside (0, 1)."""
        dc, ddelta = step * min(1.0, LONGEST / np.abs(step).max())
        return replace(
            self,
            c=_inside(self.c, dc, 0.1 if self.c > 1e-6 else 1e-6),
            delta=_inside(self.delta, ddelta, 0.01),
        )


def _inside(x, step, shrink):
    if x == 0:
        return 0.0
    # a step to below 0 is one in log x, as far as 8
    low = x * min(shrink, math.exp(min(max(step / x, -8.0), 0.0)))
    high = 1 - 0.1 * (1 - x)
    return float(min(max(x + step, low, SMALLEST), high))


@dataclass(frozen=True)
class Energetic:
    """(F9): averages over the fields of f = log Z of the solutions, g of a reference.

    f1g = f' g', f1_squared_f2 = f'^2 f'', f1_f2_g = f' f'' g', f2_g = f'' (g'' - g'^2);
    the rest are derivatives of the field overlaps in q1 and t.
    """

    f: float
    f1_squared: float
    f1g: float
    f2_squared: float
    f1_squared_f2: float
    f1_f2_g: float
    f2_g: float
    norm: float
    dq1: float
    d2q1: float
    dt: float
    d2t: float


def scalar_averages(reference, channel, o, rule):
    """`Energetic` of channels with one field."""
    out = np.empty(12)
    kernels = reference.kernel, channel.kernel
    overlaps = o.q, o.eps, o.eps_p, o.eps_t, o.eps1
    if isinstance(reference, Loss) and reference.kind == "cross-entropy":
        scratch = np.zeros((TABLE, 3)), np.empty((TABLE, 2))
        _loss_franz_parisi.energetic(
            *kernels, *overlaps, rule.step, rule.window, *scratch, out
        )
    else:
        _franz_parisi.energetic(*kernels, *overlaps, rule.step, rule.window, out)
    # underflow: solutions close to all references, whose number does not feel it
    out[1:3] = np.maximum(out[1:3], WEAKEST)
    return Energetic(*out.tolist())
