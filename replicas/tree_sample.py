"""Averages of the inner maximum over the Gaussian fields of a tree, any K.

Randomised quasi-Monte Carlo with a control variate: the inner maximum of the single
unit, at each of the sorted fields. docs/large_y_trees.md derives the formulas.
"""

from math import comb

import numpy as np
from numpy.polynomial import legendre
from scipy.interpolate import CubicSpline
from scipy.special import ndtr, ndtri

from replicas import _inner_max
from replicas.channels import Tree

__all__ = ["into_sector", "sampled_average"]

SEED = 20
RANGE = 9.0


def sampled_average(channel, c, gamma, *, points, replicates):
    r"""Averages of M_c(a), |b* - a|^2, a.(b* - a), a = sqrt(gamma) z, by replicate.

    Parameters
    ----------
    channel : Tree with K <= 9; c, gamma : floats > 0.
    points : Sobol points of a replicate, a power of 2.
    replicates : number of independent scramblings of the points.

    Returns
    -------
    M, D, pull : arrays (replicates,). Their mean estimates the average, their scatter
    its error. The seed is fixed: the same call gives the same numbers, and calls at
    different c use the same fields.

    Source: docs/large_y_trees.md (LT18), (LT19).
    """
    from scipy.stats import qmc  # here: it takes half a second to import

    K = channel.K
    M, D = np.empty((replicates, points)), np.empty(replicates)
    pull = np.empty(replicates)
    controls = np.empty((replicates, points, K))
    control, expected = _control(channel, c, gamma)
    b = np.empty((points, K))
    for n, rng in enumerate(np.random.default_rng(SEED).spawn(replicates)):
        u = qmc.Sobol(K, rng=rng).random(points)
        z = np.clip(ndtri(u), -RANGE, RANGE)
        a, _, _ = into_sector(channel, np.sqrt(gamma) * z)
        _inner_max.inner_maximum(channel.kernel, c, a, M[n], b)
        D[n] = ((b - a) ** 2).sum(axis=1).mean()
        pull[n] = (a * (b - a)).sum(axis=1).mean()
        controls[n] = control(a) - expected
    flat = controls.reshape(-1, K)
    ones = np.ones((len(flat), 1))
    weights = np.linalg.lstsq(np.hstack([ones, flat]), M.ravel())[0][1:]
    return (M - controls @ weights).mean(axis=1), D, pull


def _control(channel, c, gamma):
    """Inner maximum of one unit, and its average at each of the sorted fields."""
    x = np.linspace(-RANGE, RANGE, 801)
    M, b = np.empty(len(x)), np.empty((len(x), 1))
    _inner_max.inner_maximum(Tree(1).kernel, c, np.sqrt(gamma) * x[:, None], M, b)
    control = CubicSpline(np.sqrt(gamma) * x, M)
    z, w = _panels(x[::5])
    density = _sorted_density(channel, z)
    return control, density @ (w * control(np.sqrt(gamma) * z))


def _panels(breaks):
    x, w = legendre.leggauss(10)
    h = np.diff(breaks)[:, None]
    return (breaks[:-1, None] + h * (x + 1) / 2).ravel(), (h * w / 2).ravel()


def _sorted_density(channel, z):
    """Densities (K, n) of the fields of the sorted sector at gamma = 1: (LT19)."""
    K, n = channel.K, np.arange(channel.K)[:, None]
    if channel.rule == "parity":
        below = 2 * ndtr(abs(z)) - 1
        above = 2 * ndtr(-abs(z))
    else:
        below, above = ndtr(z), ndtr(-z)
    ways = K * np.array([[comb(K - 1, j)] for j in range(K)])
    density = ways * above**n * below ** (K - 1 - n) * np.exp(-z * z / 2)
    if channel.rule == "parity":
        density[:-1] *= 2 * (z > 0)
    return density / np.sqrt(2 * np.pi)


def into_sector(channel, a):
    """Fields (n, K) moved into the sorted sector (LT4), and what undoes it."""
    sign = np.ones_like(a)
    if channel.rule == "parity":
        sign[a < 0] = -1
        order = np.argsort(-abs(a), axis=1, kind="stable")
        smallest = order[:, -1:]
        # all but the smallest are made positive; it takes the sign of the product
        product = sign.prod(axis=1, keepdims=True)
        own = np.take_along_axis(sign, smallest, axis=1)
        np.put_along_axis(sign, smallest, own * product, axis=1)
    else:
        order = np.argsort(-a, axis=1, kind="stable")
    fields = np.take_along_axis(a * sign, order, axis=1)
    return np.ascontiguousarray(fields), order, sign
