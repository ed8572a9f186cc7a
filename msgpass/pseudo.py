"""Self-field of the replicated graph: y - 1 replicas seen through their centre."""

import numpy as np

__all__ = ["pseudo_field", "pseudo_precision"]


def pseudo_field(H, gamma, y):
    r"""Field of a spin from its replicas, f_gamma((y - 1) f_gamma(H)).

    f_g(h) = atanh(tanh g tanh h), written with log cosh so that nothing cancels or
    saturates. H : array, field without it; gamma in [0, inf], y >= 1.

    Source: docs/message_passing.md (MP11).
    """
    if gamma == 0 or y == 1:
        return np.zeros_like(H)
    return _through(gamma, (y - 1) * _through(gamma, H))


def _through(g, h):
    """atanh(tanh g tanh h); h itself for g infinite."""
    if g == np.inf:
        return h
    plus, minus = np.abs(h + g), np.abs(h - g)
    tails = np.log1p(np.exp(-2 * plus)) - np.log1p(np.exp(-2 * minus))
    return 0.5 * (plus - minus + tails)


def pseudo_precision(P, gamma, y):
    r"""Precision of a Gaussian weight from its replicas, (y - 1) gamma/(y + gamma/P).

    P : array, precision without it. The mean is not changed. gamma in [0, inf], y >= 1.

    Source: docs/message_passing.md (MP12).
    """
    if gamma == np.inf:
        return (y - 1) * P
    return (y - 1) * gamma / (y + gamma / P)
