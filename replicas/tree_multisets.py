"""Energetic averages of the Franz-Parisi ansatz, trees of many units.

Fields and signs of the references are a symmetric tensor over the units, and so is
what becomes of it: both are kept on multisets, docs/franz_parisi.md (F32)-(F36).
"""

import math
from dataclasses import replace

import numpy as np
from scipy.special import log_ndtr

from replicas import _tree_multisets
from replicas.franz_parisi_terms import Energetic
from replicas.quadrature import hermite
from replicas.tree_franz_parisi import SIGN, field_laws
from replicas.tree_franz_parisi import law as law_of

__all__ = ["TooLarge", "multiset_averages", "multisets", "orderings"]

LARGEST = 3e7  # entries of an array
REFUSAL = "the sums over {} units would take too much memory, at a small distance"
ORDER = 3.8  # of the Gauss-Hermite rule for a reference's field, times the step
SHIFT = 1e-4  # of c, for what only Newton's steps use
F, F1_SQUARED, F2_SQUARED, F1_F2_F1, TRACE = range(5)


class TooLarge(Exception):
    """The tensors would take too much memory."""


def multiset_averages(channel, o, rule):
    """`Energetic` of a tree of K units: (F32)-(F36)."""
    fields = Fields(channel, o, rule)
    mean, f1g = fields.averages(o)
    f1_f2_g = f2_g = 0.0
    if o.q > 0:
        # (F36), on the side where delta stays positive
        c = (1 - SHIFT) * o.c
        delta = 1 - (1 - o.delta) * (1 - o.c**2) / (1 - c * c)
        moved = replace(o, c=c, delta=delta)
        other, other_f1g = fields.averages(moved)
        dt = moved.t - o.t
        f1_f2_g = -0.5 * (other[F1_SQUARED] - mean[F1_SQUARED]) / (dt * o.eps1)
        f2_g = (other_f1g - f1g) / dt
    return Energetic(
        f=mean[F],
        f1_squared=mean[F1_SQUARED] / o.eps1,
        f1g=f1g,
        f2_squared=mean[F2_SQUARED] / o.eps1**2,
        f1_squared_f2=mean[F1_F2_F1] / o.eps1**2,
        f1_f2_g=f1_f2_g,
        f2_g=f2_g,
        norm=mean[-1],
        dq1=1.0,
        d2q1=0.0,
        dt=1.0,
        d2t=0.0,
    )


def multisets(n, m):
    """Those of m of n indices, one a row, falling."""
    out = np.empty((_tree_multisets.size(n, m), m), dtype=np.intp)
    _tree_multisets.rows(out)
    return out


def orderings(n, m):
    """Orderings of each multiset of m of n indices."""
    out = np.empty(_tree_multisets.size(n, m))
    _tree_multisets.orderings(m, out)
    return out


class Fields:
    """References at nodes z, and log P of the solutions at nodes b around o."""

    def __init__(self, channel, o, rule):
        self.channel, self.o, self.rule, self.K = channel, o, rule, channel.K
        self.z, weight = hermite(math.ceil(ORDER / rule.step) if o.q > 0 else 1)
        self.b, _ = field_laws(o, self.z, rule)
        sizes = [
            _tree_multisets.size(2 * len(self.z), self.K - done)
            * _tree_multisets.size(len(self.b), done)
            for done in range(self.K + 1)
        ]
        if max(*sizes, self.K * sizes[-1]) > LARGEST:
            raise TooLarge(REFUSAL.format(self.K))
        self.posterior = self._posterior(math.sqrt(o.q / o.eps) * self.z, weight)
        self.f, self.gradient = self._log_p(self.b)

    def _log_p(self, b):
        """f = log P with squares of derivatives, and its gradient, on multisets."""
        count = _tree_multisets.size(len(b), self.K)
        f, gradient = np.empty((5, count)), np.empty((count, self.K))
        _tree_multisets.fill(self.channel.kernel, b, f, gradient)
        return f, gradient

    def _posterior(self, a, weight):
        """(F32): the tensor of signs and fields; index 2 i + (sign > 0)."""
        log_p, _ = self._log_p(a)
        log_h = log_ndtr(np.outer(a, SIGN)) + np.log(weight)[:, None]
        tensor = np.empty((_tree_multisets.size(2 * len(a), self.K), 1))
        _tree_multisets.posterior(
            self.channel.kernel, log_h.ravel(), log_p[F], tensor[:, 0]
        )
        return tensor

    def averages(self, o):
        """(F34) of the rows of `f` and of 1, and sum_l f_l g_l of (F35)."""
        _, laws = field_laws(o, self.z, self.rule, nodes_of=self.o, slopes=True)
        law, slope = (
            np.ascontiguousarray(x.transpose(1, 0, 2)).reshape(-1, len(self.b))
            for x in (laws[:2], laws[2:])
        )
        tensor = self.posterior
        for done in range(self.K - 1):
            tensor = self._push(tensor, law, done)
        rest, weights = tensor, self._push(tensor, law, self.K - 1)[0]
        weights *= orderings(len(self.b), self.K)
        mean = [float(np.einsum("i,i", row, weights)) for row in self.f]
        mean.append(float(weights.sum()))
        if o.q == 0:
            return mean, 0.0
        marked = rest.T @ slope * orderings(len(self.b), self.K - 1)[:, None]
        total = self.K * _tree_multisets.marked(self.K, marked, self.gradient)
        total += law_of(o).drift * mean[TRACE]
        return mean, total / (law_of(o).a * math.sqrt(o.eps * o.eps1))

    def _push(self, tensor, law, done):
        left = self.K - done
        out = np.empty(
            (
                _tree_multisets.size(len(law), left - 1),
                _tree_multisets.size(len(self.b), done + 1),
            )
        )
        _tree_multisets.push(left, done, tensor, law, out)
        return out
