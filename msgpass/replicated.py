"""Replicated graph: y replicas of the weights coupled to a centre by gamma.

H and P are field and precision of a weight without the coupling; docs/focusing.md.
"""

import numpy as np

__all__ = ["gaussian_centre", "log_2cosh", "spin_centre"]


def log_2cosh(x):
    """log(2 cosh x), also where cosh overflows."""
    size = np.abs(x)
    return size + np.log1p(np.exp(-2 * size))


def spin_centre(H, gamma, y):
    """Binary centre: its mean, its overlap with a replica, and the sites' log Z.

    The last is the mean over the centre of log(2 cosh(H + gamma centre)); all arrays
    have the shape of H. Source: docs/focusing.md (FB13), (FB17).
    """
    if gamma == np.inf:
        return np.tanh(y * H), np.ones_like(H), np.full_like(H, np.nan)
    up, down = log_2cosh(H + gamma), log_2cosh(H - gamma)
    passed = 0.5 * (up - down)
    centre, rest = np.tanh(y * passed), (y - 1) * passed
    same, opposite = log_2cosh(H + rest) + gamma, log_2cosh(H - rest) - gamma
    overlap = np.tanh(0.5 * (same - opposite))
    return centre, overlap, 0.5 * ((1 + centre) * up + (1 - centre) * down)


def gaussian_centre(m, P, gamma, y):
    """Continuous centre: its second moment, that with a replica, the mean square gap.

    m, P : mean and precision of a weight without the coupling; gamma > 0. Arrays.
    Source: docs/focusing.md (FB15).
    """
    covariance = 1 / (y * P)
    if gamma == np.inf:
        return m**2 + covariance, m**2 + covariance, np.zeros_like(m)
    variance = covariance * (1 + P / gamma)
    gap = (1 + P / (y * gamma)) / (P + gamma)
    return m**2 + variance, m**2 + covariance, np.broadcast_to(gap, m.shape)
