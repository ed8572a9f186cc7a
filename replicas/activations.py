"""Kernel of an activation function: docs/channels.md (C13), (C14)."""

import numpy as np
from numpy.polynomial import chebyshev, legendre

from replicas.kernel_tables import (
    LAST,
    MAX_DEGREE,
    ORDER,
    angle_tables,
    array_of,
    refuse,
    series_tables,
)

__all__ = ["activation_tables"]

WINDOW = 13.0  # of a Gaussian
LONGEST_SERIES = 400
SMALL = 1e-17  # of what its end may add to tq''
MAX_KINKS = 20
X, W = legendre.leggauss(16)
Y_ENDS = np.append([0, 0.1, 0.3, 0.6, 1, 1.5], np.linspace(2.25, 9, 5))


def activation_tables(g):
    """Tables of the kernel of g, a function of an array, and its Delta(1)."""
    edges, kinks, power = _pieces(g)
    # He_n turns with wave number sqrt(n)
    fine = np.concatenate([edges, np.arange(-WINDOW, WINDOW, 0.25)])
    x, w = _gauss(np.sort(fine))
    w = w * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    values = array_of("activation", g, x)
    c = _hermite_coefficients(x, w * values, LONGEST_SERIES)
    square = w * (values - c[0]) ** 2
    variance = float(square.sum())
    if square[np.abs(x) > WINDOW - 1].sum() > 1e-12 * variance:
        refuse("activation must have a finite variance Delta(1) of Gaussian fields")
    if not variance > 1e-24 * (1 + c[0] ** 2):
        refuse("activation must not be constant: the variance Delta(1) vanishes")
    # rounding would give an even function a spurious odd part
    c[np.abs(c) < 1e-14 * np.sqrt(variance)] = 0
    share = c[1:] ** 2 / variance
    n = np.arange(1, LONGEST_SERIES + 1)
    if (n**2 * share)[-100:].sum() < SMALL:
        share /= share.sum()
        order = 1 + np.flatnonzero(n**2 * share > 0.01 * SMALL)[-1]
        return series_tables(share[:order]), variance
    share = share[:ORDER]

    def E(theta):
        return _square_difference(g, theta, edges, kinks) / (
            2 * variance * (2 * np.sin(0.5 * theta)) ** power
        )

    return angle_tables(share, power, _chebyshev(E)), variance


def _gauss(edges):
    """Legendre nodes of the panels between edges (..., n), and weights."""
    half = 0.5 * np.diff(edges)[..., None]
    x = 0.5 * (edges[..., 1:] + edges[..., :-1])[..., None] + half * X
    shape = (*edges.shape[:-1], -1)
    return x.reshape(shape), (half * W).reshape(shape)


def _pieces(g):
    """Ends of the panels on which g is a polynomial to rounding; its kinks and jumps;
    the power of theta with which 1 - tq vanishes: 1 with a jump, else 2.
    """
    # no kink of an ordinary function is at an end, where it would not be seen
    edges, kinks = np.linspace(-WINDOW - 0.0314, WINDOW + 0.0159, 27), np.empty(0)
    scale = np.abs(array_of("activation", g, edges[6:-6])).max()
    project = np.linalg.inv(legendre.legvander(X, X.size - 1))
    while True:
        # nodes beyond the ends: panels overlap, so that no kink falls between nodes
        middle, width = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
        x = middle[:, None] + 0.55 * width[:, None] * X
        values = array_of("activation", g, x.ravel()).reshape(x.shape)
        tail = np.abs(values @ project.T)[:, -3:].max(axis=1)
        rough = tail > 1e-13 * np.maximum(scale, np.abs(values).max(axis=1))
        last = rough & (width < 1e-9)
        kinks = _separate(np.append(kinks, edges[:-1][last]), 1e-8)
        if kinks.size > MAX_KINKS:
            refuse(f"activation must have at most {MAX_KINKS} kinks and jumps")
        rough &= np.abs(edges[:-1, None] - kinks).min(axis=1, initial=np.inf) > 1e-8
        if not rough.any():
            break
        edges = np.sort(np.append(edges, middle[rough]))
    power = 2
    for i, k in enumerate(kinks):
        left, right = g(np.array([k - 2e-8, k + 2e-8]))
        if abs(left - right) > 1e-5 * scale:
            kinks[i], power = _jump(g, k - 2e-8, k + 2e-8, 0.5 * (left + right)), 1
    far = np.abs(edges[:, None] - kinks).min(axis=1, initial=np.inf) > 0.02
    return np.sort(np.append(kinks, edges[far])), kinks, power


def _jump(g, low, high, level):
    """The place in (low, high) where g jumps across a level."""
    rises = g(np.array([high]))[0] > level
    while low < 0.5 * (low + high) < high:
        middle = 0.5 * (low + high)
        if (g(np.array([middle]))[0] > level) == rises:
            high = middle
        else:
            low = middle
        if high - low < 1e-30:
            break
    return high


def _separate(points, least):
    """Sorted points at least so far apart."""
    points = np.sort(points)
    return points[np.diff(points, prepend=-np.inf) > least]


def _hermite_coefficients(x, weight, order):
    """c_n = E g(z) He_n(z)/sqrt(n!), n = 0..order."""
    c = np.empty(order + 1)
    low, high = np.zeros_like(x), np.ones_like(x)
    for n in range(order + 1):
        c[n] = weight @ high
        low, high = high, (x * high - np.sqrt(n) * low) / np.sqrt(n + 1)
    return c


def _square_difference(g, theta, edges, kinks):
    """E [g(u) - g(v)]^2 at overlaps cos theta: no cancellation as theta -> 0."""
    out = []
    for t in theta:
        c, s = np.cos(0.5 * t), np.sin(0.5 * t)
        # u, v = c x +- s y; as a function of y: kinks where those of u and v meet
        gaps = (kinks[:, None] - kinks).ravel() / (2 * s)
        ends = np.append(Y_ENDS, gaps[(gaps > 0) & (gaps < 9)])
        y, wy = _gauss(_separate(ends, 1e-12))
        shift = s * y[:, None]
        ends = np.concatenate([(edges + shift), (edges - shift)], axis=1) / c
        x, wx = _gauss(np.sort(np.clip(ends, -9.5, 9.5), axis=1))
        square = (g(c * x + shift) - g(c * x - shift)) ** 2
        inner = np.sum(wx * np.exp(-0.5 * x * x) * square, axis=1)
        out.append(wy @ (np.exp(-0.5 * y * y) * inner) / np.pi)
    return np.array(out)


def _chebyshev(E):
    """Chebyshev coefficients on (0, LAST), as many as it takes."""
    for degree in (20, 40, 80, MAX_DEGREE):
        x = chebyshev.chebpts1(degree + 1)
        c = chebyshev.chebfit(x, E(0.5 * LAST * (1 + x)), degree)
        if np.abs(c[-4:]).max() < 1e-12 * np.abs(c[0]):
            return c
    return refuse("the kernel of the activation must be smooth in arccos q")
