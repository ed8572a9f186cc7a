r"""Replica symmetry breaking of the centre at y -> infinity: docs/rsb_centre.md.

Levels q_0 < ... < q_{k-1} < q_k = q1 with weights mu_1 <= ... <= mu_k between them,
and delta = lim y (q1 - overlap in a tuple's cluster). k = 0 is the symmetric centre.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from replicas import _krsb

__all__ = [
    "Density",
    "Grid",
    "Levels",
    "Terms",
    "averages",
    "certificate",
    "free_entropy",
    "grid_for",
]

WINDOW = 8.5
MIN_WIDTH = 1.25  # of a Gaussian, in steps: its trapezoid then errs by 1e-13
NODES = 8  # of G between two levels


@dataclass(frozen=True)
class Levels:
    """Order parameters: q (k,), mu (k,), delta, at 1 - q1 = eps."""

    eps: float
    q: np.ndarray
    mu: np.ndarray
    delta: float


@dataclass(frozen=True)
class Grid:
    """Nodes low + j step, j < n, of the field h."""

    low: float
    step: float
    n: int

    def finer(self):
        """A finer, wider grid whose nodes do not coincide with these."""
        step = self.step / 1.3
        low = self.low - 6.4 * self.step
        return Grid(low, step, 2 + int((-2 * low) / step))


@dataclass(frozen=True)
class Terms:
    """The free entropy and what its gradient is made of, at the levels 0..k.

    value : normalised free entropy; square (k + 1,) : alpha tq' E f_h^2; response
    (k + 1,) : int_0^q dq/l^2; gain, cost (k,) : the two halves of 2 dphi/dmu_i;
    curvature (k + 1,) : the replicons; norm : total mass of the last density.
    """

    value: float
    square: np.ndarray
    response: np.ndarray
    gain: np.ndarray
    cost: np.ndarray
    curvature: np.ndarray
    norm: float

    def gradient(self, levels):
        """(d phi/d q_i, d phi/d mu_i, d phi/d delta): (RC8)-(RC10)."""
        G = self.square - self.response
        jump = levels.mu.copy()
        jump[1:] -= levels.mu[:-1]
        return (
            -0.5 * jump * G[:-1],
            0.5 * (self.gain - self.cost),
            0.5 * G[-1],
        )

    def residuals(self):
        """Log-ratios of the two sides of the 2k + 1 saddle equations: (RC11)."""
        return np.log(
            np.concatenate([self.square / self.response, self.gain / self.cost])
        )


def grid_for(channel, levels, resolution=5.0):
    """Grid with `resolution` nodes a width sqrt(V) of the channel's front.

    The narrowest Gaussian, of the first level or between two, must hold MIN_WIDTH
    steps.
    """
    tq, V, _, _ = channel.kernel.overlap(1 - levels.eps, levels.eps)
    fields = [channel.kernel.overlap(q, 1 - q)[0] for q in levels.q]
    narrowest = math.sqrt(max(0.0, min(np.diff([0.0, *fields, tq]))))
    # the smaller bound is for solving: levels move on a fixed grid
    front = min(math.sqrt(V), 0.6)
    step = min(front / resolution, narrowest / (1.3 * MIN_WIDTH))
    high = WINDOW * math.sqrt(tq)
    return Grid(-high, step, 2 + int(min(2 * high / max(step, 1e-300), 1e9)))


def free_entropy(channel, alpha, levels, grid):
    """Normalised free entropy (RC5) of `levels`, and its derivatives: a `Terms`."""
    q = np.append(levels.q, 1 - levels.eps)
    dtq, d2tq, density = averages(channel, levels, grid)
    mass, response, cost, log = _entropic(levels, q)
    return Terms(
        value=0.5 * (q[0] / mass[0] + np.sum(log / levels.mu)) + alpha * density.f[0],
        square=alpha * dtq * density.d,
        response=response,
        gain=2 * alpha * (density.f[1:] - density.f[:-1]) / levels.mu,
        cost=cost,
        curvature=mass**2 * alpha * (dtq**2 * density.d2 + d2tq * density.d),
        norm=density.norm,
    )


def certificate(channel, alpha, levels):
    """Where another level would lower the free entropy: Gamma(s) of (RC13).

    Returns
    -------
    depth (k + 1,) : the smallest Gamma on (0, q_0), (q_0, q_1), ..., (q_{k-1}, q1);
        negative where mu(q) should not be constant; where : those s.
    """
    ends = np.concatenate([[0.0], levels.q, [1 - levels.eps]])
    x = np.linspace(0, 1, NODES + 1)[1:]
    q = (ends[:-1, None] + np.diff(ends)[:, None] * x).ravel()
    q[-1] = 1 - levels.eps
    mu = np.repeat(np.append(0.0, levels.mu), NODES)
    split = Levels(levels.eps, q[:-1], mu[1:], levels.delta)
    dtq, _, density = averages(channel, split, grid_for(channel, split))
    _, response, cost, _ = _entropic(split, q)
    # each piece of mu(q): 2 d phi/d mu, exact, and its density G at the nodes
    flat = np.diff(density.f_squared, prepend=density.f[0] ** 2)
    tilted = 2 * np.diff(density.f, prepend=0.0) / np.where(mu > 0, mu, 1.0)
    gain = alpha * np.where(mu > 0, tilted, flat)
    cost = np.append(0.5 * q[0] * response[0], cost)
    Gamma = 0.5 * np.append(np.cumsum((gain - cost)[::-1])[::-1], 0.0)
    G = 0.5 * (alpha * dtq * density.d - response)
    origin = channel.kernel.overlap(0.0, 1.0)[2] * density.d_mean**2
    G = np.append(0.5 * alpha * origin, G)
    depth, where = [], []
    s = np.linspace(0, 1, 101)
    nodes = np.append(0.0, q)
    for i in range(len(ends) - 1):
        part = slice(i * NODES, (i + 1) * NODES + 1)
        curve = CubicHermiteSpline(nodes[part], Gamma[part], -G[part])
        points = ends[i] + (ends[i + 1] - ends[i]) * s
        values = curve(points)
        depth.append(float(values.min()))
        where.append(float(points[values.argmin()]))
    return np.array(depth), np.array(where)


def _entropic(levels, q):
    """l(q), int_0^q dq/l^2 at the levels; int of it and log(l/l) between them."""
    gap, mu = q[1:] - q[:-1], levels.mu
    mass = np.full(len(q), levels.eps + levels.delta)
    mass[:-1] += np.cumsum((mu * gap)[::-1])[::-1]
    inner, outer = mass[1:], mass[:-1]
    response = np.empty(len(q))
    response[0], response[1:] = q[0] / mass[0] ** 2, gap / (inner * outer)
    response = np.cumsum(response)
    x = mu * gap / outer
    log = np.log1p(mu * gap / inner)
    # (-log(1 - x) - x)/x^2, whose terms cancel at small x
    ratio = 0.5 + x * (1 / 3 + x * (1 / 4 + x * (1 / 5 + x / 6)))
    large = x > 2e-3
    ratio[large] = (log[large] - x[large]) / x[large] ** 2
    return mass, response, response[:-1] * gap + (gap / outer) ** 2 * ratio, log


@dataclass(frozen=True)
class Density:
    """Averages over the density of every level: f, f^2, f_h^2, f_hh^2; of f_h over
    the first; of f''^2/(1 - D f''), f = log Z, over the last; total mass of the last.
    """

    f: np.ndarray
    f_squared: np.ndarray
    d: np.ndarray
    d2: np.ndarray
    d_mean: float
    lift: float
    norm: float


def averages(channel, levels, grid):
    """tq' and tq'' of the levels 0..k, and the `Density` of (RC4), (RC7)."""
    overlaps = [channel.kernel.overlap(x, 1 - x) for x in levels.q]
    overlaps.append(channel.kernel.overlap(1 - levels.eps, levels.eps))
    tq, V, dtq, d2tq = np.array(overlaps).T
    sigma, mu = np.sqrt(tq[1:] - tq[:-1]), levels.mu
    n, k, step = grid.n, len(mu), grid.step
    f, d, d2 = np.empty((3, k + 1, n))
    D = levels.delta * dtq[k]
    _krsb.terminal(channel.kernel, V[k], D, grid.low, step, f[k], d[k], d2[k])
    gauss, peak, width = [None] * k, np.empty((k, n), dtype=np.intc), [0] * k
    for i in range(k - 1, -1, -1):
        w = width[i] = math.ceil(WINDOW * sigma[i] / step)
        gauss[i] = np.empty(n + w)
        above, out = (x[i + 1] for x in (f, d, d2)), (x[i] for x in (f, d, d2))
        wide, tilted = np.empty((3, n + 2 * w)), np.empty((5, n + 2 * w))
        _krsb.average_up(
            mu[i], sigma[i], step, w, *above, wide, tilted, gauss[i], *out, peak[i]
        )
    h = grid.low + step * np.arange(n)
    P = step * np.exp(-0.5 * h * h / tq[0]) / math.sqrt(2 * math.pi * tq[0])
    rows, d_mean = [], P @ d[0]
    for i in range(k + 1):
        if i:
            j, above, P = i - 1, P, np.empty(n)
            _krsb.density_down(
                mu[j],
                sigma[j],
                step,
                width[j],
                f[i],
                f[j],
                gauss[j],
                peak[j],
                above,
                np.empty(n),
                P,
            )
        rows.append((P @ f[i], P @ f[i] ** 2, P @ d[i] ** 2, P @ d2[i] ** 2))
    # 1/(1 - D f''), 0 within rounding where D is large
    flat = np.maximum(1 + D * d2[k], 2.0**-53)
    lift = P @ (d2[k] ** 2 / flat)
    return dtq, d2tq, Density(*np.array(rows).T, d_mean, lift, P.sum())
