"""Priors on the weights: the entropic term of each ansatz, with its gradient.

docs/one_rsb.md and docs/franz_parisi.md derive the formulas; the terms of the RS ansatz
are in _spherical.pxd and _binary.pxd, for its C solver. Overlaps near 1 are given by
eps = 1 - q.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from replicas._weights import PriorKernel

__all__ = ["Binary", "Spherical", "binary_entropy", "mean_gap"]


@dataclass(frozen=True)
class Binary:
    """Weights +-1; entropies count solutions, so that log 2 is their value without
    patterns."""

    kernel: ClassVar[PriorKernel] = PriorKernel(binary=True)


@dataclass(frozen=True)
class Spherical:
    """Weights on the sphere |W|^2 = N; the unit of volume is the whole sphere."""

    kernel: ClassVar[PriorKernel] = PriorKernel(binary=False)

    def one_rsb(self, q0, dq, eps, m):
        """1-RSB entropic term G_S, with dq = q1 - q0 >= 0 and eps = 1 - q1.

        Returns G_S and its derivatives in q0, q1 and m; docs/one_rsb.md (B2), (B3).
        """
        lam = eps + m * dq
        log_ratio = np.log1p(m * dq / eps)
        value = 0.5 * (np.log(eps) + log_ratio / m + q0 / lam)
        d_q0 = 0.5 * m * q0 / lam**2
        d_q1 = 0.5 * (1 - m) * (dq / (eps * lam) + q0 / lam**2)
        d_m = 0.5 * (dq / (m * lam) - log_ratio / m**2 - q0 * dq / lam**2)
        return value, d_q0, d_q1, d_m

    def franz_parisi(self, q, eps, eps_p, c, delta):
        """Entropic term around one of the references, and its gradient.

        q : overlap of the references, eps = 1 - q; eps_p = 1 - p, distance to the
        tagged one. c and delta, in (0, 1), fix q1 and t: docs/franz_parisi.md (F3).
        Returns the term less its value at alpha = 0, log(1 - p^2)/2, and its
        derivatives in q1 and t.

        Source: docs/franz_parisi.md (F4), (F5).
        """
        span = eps_p * (2 - eps_p)
        eps1 = span * (1 - c * c) * (1 - delta)
        excess = span * ((1 - c * c) * delta + c * c / eps)
        value = 0.5 * (math.log1p(-c * c) + math.log1p(-delta) + excess / eps1)
        slope_t = c * math.sqrt(q * eps * span) / (eps * eps * eps1)
        return value, 0.5 * excess / (eps1 * eps1), slope_t


def binary_entropy(d):
    """Log-number of binary weights at distance d from one, nats per weight."""
    return -d * math.log(d) - (1 - d) * math.log1p(-d)


def mean_gap(eps):
    """1 - sqrt(q1), q1 = 1 - eps: 1 less the mean of |m| of binary replicas without
    patterns.
    """
    return eps / (1 + math.sqrt(1 - eps))
