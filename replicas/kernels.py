r"""Overlap kernels of wide committees, Delta(q) = E g(u) g(v) - (E g)^2.

u and v are standard Gaussians of overlap q. Activations without a closed form, and
kernels of a user, become tables: docs/channels.md (C10)-(C17).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev, legendre
from scipy.optimize import nnls

from replicas import _kernels

__all__ = ["NAMES", "VARIANCE", "Kernel", "kernel_channel"]

# Delta(1) where it has a closed form
VARIANCE = {
    "sign": 1.0,
    "relu": (np.pi - 1) / (2 * np.pi),
    "erf": 2 / np.pi * np.arcsin(2 / 3),
    "linear": 1.0,
    "quadratic": 2.0,
}
NAMES = (*VARIANCE, "tanh")
WINDOW = 13.0  # of a Gaussian
JOIN = 0.5  # overlap at which a series that does not reach q = 1 is left
LAST = np.arccos(JOIN)
ORDER = 60  # of that series: 2^-60
LONGEST_SERIES = 400
MAX_DEGREE = 160
MAX_KINKS = 20
X, W = legendre.leggauss(16)
Y_ENDS = np.append([0, 0.1, 0.3, 0.6, 1, 1.5], np.linspace(2.25, 9, 5))


@dataclass(frozen=True)
class Kernel:
    """A kernel given as a function, for `Wide(Kernel(delta))`.

    delta : maps an array of overlaps in [-0.7, 1] to Delta, any positive scale.
    Valid kernels are those of some activation: a power series in q without
    constant term whose coefficients are not negative.
    """

    delta: Callable

    def __post_init__(self):
        if not callable(self.delta):
            raise TypeError(
                f"Kernel: delta must be a function of the overlap, given {self.delta!r}"
            )


def kernel_channel(activation, kappa):
    """The C channel of a named activation, a function or a `Kernel`; its Delta(1)."""
    if isinstance(activation, str) and activation in VARIANCE:
        return _kernels.closed(activation, kappa), VARIANCE[activation]
    if isinstance(activation, Kernel):
        tables, variance = _tables_of_kernel(activation.delta)
    else:
        g = np.tanh if activation == "tanh" else activation
        tables, variance = _tables_of_activation(g)
    return _kernels.tabulated(kappa, *tables), variance


def _refuse(reason):
    raise ValueError(f"Wide: {reason}")


def _values(name, f, x):
    """f on an array, as finite floats of the same shape."""
    y = np.asarray(f(x))
    if y.shape != x.shape or y.dtype.kind not in "fiub":
        raise TypeError(
            f"Wide: {name} must map an array of numbers to one of the same shape, "
            f"given {f!r}"
        )
    if not np.isfinite(y).all():
        _refuse(f"{name} must be finite, given {f!r}")
    return y.astype(float)


# activations


def _tables_of_activation(g):
    edges, kinks, power = _pieces(g)
    x, w = _gauss(edges)
    w = w * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    values = _values("activation", g, x)
    c = _hermite_coefficients(x, w * values, LONGEST_SERIES)
    variance = float(w @ (values - c[0]) ** 2)
    if not variance > 1e-24 * (1 + c[0] ** 2):
        _refuse("activation must not be constant: the variance Delta(1) vanishes")
    # rounding would give an even function a spurious odd part
    c[np.abs(c) < 1e-14 * np.sqrt(variance)] = 0
    share = c[1:] ** 2 / variance
    n = np.arange(1, LONGEST_SERIES + 1)
    if (n**2 * share)[-100:].sum() < 1e-20:
        share /= share.sum()
        order = 1 + np.flatnonzero(n**2 * share > 1e-20)[-1]
        return _series_tables(share[:order]), variance
    share = share[:ORDER]

    def E(theta):
        return _square_difference(g, theta, edges, kinks) / (
            2 * variance * (2 * np.sin(0.5 * theta)) ** power
        )

    return _angle_tables(share, power, _chebyshev(E)), variance


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
    scale = np.abs(_values("activation", g, edges[6:-6])).max()
    project = np.linalg.inv(legendre.legvander(X, X.size - 1))
    while True:
        # nodes beyond the ends: panels overlap, so that no kink falls between nodes
        middle, width = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
        x = middle[:, None] + 0.55 * width[:, None] * X
        values = _values("activation", g, x.ravel()).reshape(x.shape)
        tail = np.abs(values @ project.T)[:, -3:].max(axis=1)
        rough = tail > 1e-13 * np.maximum(scale, np.abs(values).max(axis=1))
        last = rough & (width < 1e-9)
        kinks = _separate(np.append(kinks, edges[:-1][last]), 1e-8)
        if kinks.size > MAX_KINKS:
            _refuse(f"activation must have at most {MAX_KINKS} kinks and jumps")
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


# kernels of a user


def _tables_of_kernel(delta):
    inside = 0.7 * np.cos(np.linspace(0, np.pi, 161))
    values = _values("the kernel", delta, np.append(inside, [0.0, 1.0]))
    *low, origin, variance = values.tolist()
    if not variance > 0:
        _refuse(f"the kernel must have Delta(1) > 0, given {variance}")
    if not abs(origin) <= 1e-12 * variance:
        _refuse(f"the kernel must vanish at q = 0, given Delta(0) = {origin}")
    share = _power_series(inside, np.array(low) / variance)

    def lost(theta):
        values = _values("the kernel", delta, np.cos(theta))
        return 1 - values / variance

    near = np.log2(np.divide(*lost(np.array([2e-3, 1e-3]))))
    power = int(np.rint(near))
    if not (power in (1, 2) and abs(near - power) < 0.02):
        _refuse(
            "the kernel must be less than Delta(1) by a multiple of 1 - q or of its "
            f"square root near q = 1, given the power {0.5 * near:.3g}"
        )
    tables = _angle_tables(share[:ORDER], power, _fit(lost, power))
    check = _kernels.tabulated(0.0, *tables)
    for eps in np.geomspace(1e-6, 0.5, 60):
        *_, d, d2 = check.overlap(1 - eps, eps)
        if not (d > 0 and d2 > -1e-6 * d / eps):
            _refuse(f"the kernel must increase and be convex, it is not at {1 - eps}")
    return tables, variance


def _power_series(q, values):
    """Coefficients c_n >= 0 of a kernel with Delta(1) = 1; refuses where none fit."""
    n = np.arange(1, 2 * ORDER + 1)
    # the last column is what only q near 1 sees
    table = np.append(q[:, None] ** n, np.zeros((q.size, 1)), axis=1)
    table = np.append(table, np.ones((1, n.size + 1)), axis=0)
    share, _ = nnls(table, np.append(values, 1.0))
    worst = np.abs(table @ share - np.append(values, 1.0)).max()
    if not worst < 1e-9:
        _refuse(
            "the kernel must be a power series in q with coefficients >= 0 "
            f"(Schoenberg); the nearest one is off by {worst:.1e} of Delta(1)"
        )
    share[share < 1e-13] = 0
    return share[:-1]


def _fit(lost, power):
    """Chebyshev coefficients of E, least squares for lost = W^power E.

    Of the fits as good as the best one, that of the lowest degree is taken: at
    theta = 0 the noise of the kernel is amplified by about degree^(2 power).
    """
    fits = []
    for degree in range(8, 65, 8):
        x = np.cos(np.pi * (np.arange(6 * degree) + 0.5) / (6 * degree))
        theta = 0.5 * LAST * (1 + x)
        W = (2 * np.sin(0.5 * theta))[:, None] ** power
        right = lost(theta)
        c = np.linalg.lstsq(W * chebyshev.chebvander(x, degree), right, rcond=None)[0]
        off = np.abs(W[:, 0] * chebyshev.chebval(x, c) - right).max()
        fits.append((off, c))
    best = min(off for off, _ in fits)
    if not best < 1e-10:
        _refuse("the kernel must be smooth in arccos q between 0 and pi/3")
    return next(c for off, c in fits if off < 3 * best)


# tables of the C channel


def _series_tables(share):
    """(C13) alone."""
    series = np.array([share, np.cumsum(share[::-1])[::-1]])
    return series, 2.0, 2, LAST, np.zeros((3, 1))


def _chebyshev(E):
    """Chebyshev coefficients on (0, LAST), as many as it takes."""
    for degree in (20, 40, 80, MAX_DEGREE):
        x = chebyshev.chebpts1(degree + 1)
        c = chebyshev.chebfit(x, E(0.5 * LAST * (1 + x)), degree)
        if np.abs(c[-4:]).max() < 1e-12 * np.abs(c[0]):
            return c
    return _refuse("the kernel of the activation must be smooth in arccos q")


def _angle_tables(share, power, c):
    """(C13) below the overlap JOIN, (C15) above; they must meet."""
    tail = 1 - np.append(0, np.cumsum(share)[:-1])
    slope = 2 / LAST
    rows = [c, *(np.append(chebyshev.chebder(c, k), [0] * k) for k in (1, 2))]
    tables = np.array([share, tail]), JOIN, power, LAST
    tables = *tables, np.array(rows) * slope ** np.arange(3)[:, None]
    below = share @ JOIN ** np.arange(1, share.size + 1)
    gap = abs(_kernels.tabulated(0.0, *tables).overlap(JOIN, 1 - JOIN)[0] - below)
    if not gap < 1e-10:
        _refuse(f"the kernel is not resolved: two ways to compute it differ by {gap}")
    return tables
