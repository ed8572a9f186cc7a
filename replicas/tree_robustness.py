"""Flips of a tree's output under noise: docs/robustness.md (RO7), (RO8)."""

import math

import numpy as np
from scipy.special import ndtr

from replicas.quadrature import hermite
from replicas.tree_multisets import multisets, orderings

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
    rows = multisets(len(z), channel.K)
    weight = orderings(len(z), channel.K) * w[rows].prod(axis=1)
    rows, weight = rows[weight > NEGLIGIBLE], weight[weight > NEGLIGIBLE]
    h, lost, won = ndtr(b)[rows], flips(b)[rows], flips(-b)[rows]
    return float(weight @ wrong(channel, h, lost, won))


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
    accepts = channel.accepts(np.arange(K + 1))
    accepted = joint[:, accepts]
    return accepted[:, :, ~accepts].sum(axis=(1, 2)) / accepted.sum(axis=(1, 2))
