"""Small-distance laws drawn beside the curves; derived in docs/figures.md.

Both count distances from the centre of the region: p = 1 - 2 d is the overlap of a
solution with the centre. For K infinite the overlaps pass through
x -> (2/pi) arcsin x in the fields, as in the solvers.
"""

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr

import replicas as rp
from figures.curves import model_of, series

__all__ = ["typical_law", "wide_law"]


def wide_law(*, channel, alpha, distance):
    """Densest regions, no margin: -phi decays as exp(-kappa^2 gamma / 2); (G2)-(G4)."""
    p = 1 - 2 * np.asarray(distance)
    values = [_wide_point(channel, alpha, q1) for q1 in p**2]
    return _law("densest law", channel, alpha, distance, values)


def typical_law(*, channel, alpha, distance):
    """Typical solutions: -phi goes as the spread of the fields; (G5), (G6)."""
    q = rp.rs(model_of(channel), alpha=alpha).order["q"]
    _, one_minus, _ = _fields(channel, q)
    density = _mean(lambda z: _g(np.sqrt(1 / one_minus - 1) * z)) / np.sqrt(one_minus)
    values = [
        -alpha * density * _loss(channel, 2 * d, 4 * d * (1 - d)) for d in distance
    ]
    return _law("typical law", channel, alpha, distance, values)


def _law(name, channel, alpha, distance, values):
    columns = {"distance": distance, "normalised": values}
    return series(name, channel, {"alpha": alpha}, columns, [""] * len(values))


def _fields(channel, q):
    """Overlap of the fields, 1 - it (no cancellation), and its derivative in q."""
    if isinstance(channel, rp.Wide):
        one_minus = 4 / np.pi * np.arcsin(np.sqrt((1 - q) / 2))
        return 1 - one_minus, one_minus, 2 / np.pi / np.sqrt(1 - q * q)
    return q, 1 - q, 1.0


def _wide_point(channel, alpha, q1):
    overlap, one_minus, slope = _fields(channel, q1)
    gamma, load = overlap / one_minus, q1 * slope / overlap

    def balance(kappa):
        second = (1 + kappa**2) * ndtr(kappa) + kappa * _density(kappa)
        return alpha * second - load

    kappa = brentq(balance, -5, 5 + 2 * np.sqrt(load / alpha))
    first = kappa * ndtr(kappa) + _density(kappa)
    log_mean = quad(lambda x: x * np.log(x) * _density(x - kappa), 0, kappa + 12)[0]
    log_c = kappa**2 * gamma / 2 + np.log(2 * np.pi * gamma) / 2 + log_mean / first
    return -alpha * first / kappa * np.exp(-log_c)


def _loss(channel, one_minus_p, one_minus_q1):
    """Integral over stabilities x > 0 of -E log Phi of the field; q1 -> p^2."""
    _, one_minus_p, _ = _fields(channel, 1 - one_minus_p)
    _, one_minus_q1, _ = _fields(channel, 1 - one_minus_q1)
    frozen = one_minus_p * (2 - one_minus_p) - one_minus_q1
    s = np.sqrt(max(frozen, 0.0) / one_minus_q1)
    inner = quad(lambda u: -log_ndtr(u) * ndtr(u / s) if s else -log_ndtr(u), 0, 12)[0]
    if s:
        inner += quad(lambda u: -log_ndtr(u) * ndtr(u / s), -12 * s, 0)[0]
    return np.sqrt(one_minus_q1) * inner


def _mean(function):
    return quad(lambda z: function(z) * _density(z), -12, 12)[0]


def _density(x):
    return np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)


def _g(b):
    return np.exp(-0.5 * b * b - log_ndtr(b)) / np.sqrt(2 * np.pi)
