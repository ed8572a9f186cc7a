"""Flips of a tree's output under noise: docs/robustness.md (RO7), (RO8)."""

import math
from itertools import chain, combinations_with_replacement

import numpy as np
from scipy.special import ndtr

from replicas.quadrature import hermite

__all__ = ["typical_flips", "wrong"]

# nodes of a unit: sums of up to 1e5 terms
NODES = {2: 300, 3: 100, 4: 44, 5: 28, 6: 16, 7: 13, 8: 11, 9: 10}
NEGLIGIBLE = 1e-22


def typical_flips(channel, q, flips, coarser=1.0):
    """(RO8): probability of a flip on a pattern, for typical solutions of overlap q.

    flips : (RO3) of one unit at fields b, in units of sqrt(1 - q).
    """
    z, w = hermite(math.ceil(NODES[channel.K] / coarser) if q > 0 else 1)
    b = math.sqrt(q / (1 - q)) * z
    rows, orderings = multisets(len(z), channel.K)
    weight = orderings * w[rows].prod(axis=1)
    rows, weight = rows[weight > NEGLIGIBLE], weight[weight > NEGLIGIBLE]
    h, lost, won = ndtr(b)[rows], flips(b)[rows], flips(-b)[rows]
    return float(weight @ wrong(channel, h, lost, won))


def multisets(n, m):
    """Multisets of m of n indices as rows, and how many orderings each has."""
    rows = chain.from_iterable(combinations_with_replacement(range(n), m))
    rows = np.fromiter(rows, dtype=np.intp).reshape(-1, m)
    orderings, run = np.ones(len(rows)), np.ones(len(rows))
    for r in range(1, m):
        run = np.where(rows[:, r] == rows[:, r - 1], run + 1, 1)
        orderings *= (r + 1) / run
    return rows, orderings


def wrong(channel, h, lost, won):
    """(RO7): probability that noise makes an accepted pattern one that is refused.

    h : (n, K), probabilities that the units are positive; lost, won : that noise flips
    a positive, a negative one.
    """
    K = channel.K
    # of the numbers of units positive before and after the noise
    joint = np.zeros((len(h), K + 1, K + 1))
    joint[:, 0, 0] = 1
    for unit in range(K):
        p, f, g = (x[:, unit, None, None] for x in (h, lost, won))
        new = (1 - p) * (1 - g) * joint
        new[:, :, 1:] += (1 - p) * g * joint[:, :, :-1]
        new[:, 1:] += p * f * joint[:, :-1]
        new[:, 1:, 1:] += p * (1 - f) * joint[:, :-1, :-1]
        joint = new
    positive = np.arange(K + 1)
    if channel.rule == "majority":
        accepts = 2 * positive > K
    else:
        accepts = (K - positive) % 2 == 0
    accepted = joint[:, accepts]
    return accepted[:, :, ~accepts].sum(axis=(1, 2)) / accepted.sum(axis=(1, 2))
