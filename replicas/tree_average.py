"""Averages of the inner maximum over the Gaussian fields of a tree, K = 2 and 3.

docs/large_y_trees.md derives the sector, its lines and the rule.
"""

import heapq
from functools import cache

import numpy as np
from numpy.polynomial import legendre

from replicas._tree_large_y import Lines

__all__ = ["plane_average"]

LINE_NODES = 8
SECTORS = {(2, "parity"): 4, (3, "majority"): 6, (3, "parity"): 24}
AT_INFINITY = 40.0
EDGE = 0.03


@cache
def _rule(n):
    """Gauss-Legendre on (0, 1): nodes, weights, rows of the last coefficients."""
    x, w = legendre.leggauss(n)
    rows = (legendre.legvander(x, n - 1) * w[:, None]).T * (np.arange(n)[:, None] + 0.5)
    return np.ascontiguousarray([(x + 1) / 2, w / 2, *rows[:-5:-1]])


def plane_average(channel, c, gamma, tol, *, nodes=10, stretch=1.0, radius=8.0):
    r"""Averages of M_c(a), |b* - a|^2, a.(b* - a), a = sqrt(gamma) z, by sorted sector.

    Rectangles of the plane of the two differences of the fields are split where the
    estimated error is largest, until its sum is below `tol`; each of their nodes is
    a line integral that ends its panels at the switches of branch.

    Parameters
    ----------
    channel : Tree with K = 2 or 3.
    c, gamma : floats > 0; c up to 1e260.
    tol : absolute error of the average of M_c that stops the splitting.
    nodes : Gauss-Legendre nodes of a rectangle in each direction.
    stretch : factor on the first breaks, so that two rules share no node.
    radius : fields beyond radius * sqrt(gamma) are left out.

    Returns
    -------
    M, D, pull, error : the three averages, and the estimated error of M.

    Source: docs/large_y_trees.md (LT7)-(LT13).
    """
    plane = _Plane(channel, c, gamma, tol, nodes, stretch, radius)
    heap = [plane.rectangle(*box) for box in plane.boxes()]
    heapq.heapify(heap)
    error = -sum(cell[0] for cell in heap)
    while error > tol and len(heap) < 4000:
        worst = heapq.heappop(heap)
        parts = [plane.rectangle(*box) for box in _halves(worst)]
        error += worst[0] - sum(part[0] for part in parts)
        for part in parts:
            heapq.heappush(heap, part)
    M, D, pull, lines = np.sum([cell[2] for cell in heap], axis=0)
    return M, D, pull, error + lines


def _halves(cell):
    _, (u0, u1, s0, s1), _, along_u = cell
    u, s = (u0 + u1) / 2, (s0 + s1) / 2
    if along_u:
        return (u0, u, s0, s1), (u, u1, s0, s1)
    return (u0, u1, s0, s), (u0, u1, s, s1)


class _Plane:
    """The plane of the differences u >= 0, t = s^2 >= 0; a line stands on each point.

    s resolves the t^2 log t edge of the integrand where two units tie (LT12).
    """

    def __init__(self, channel, c, gamma, tol, nodes, stretch, radius):
        self.pair, self.parity = channel.K == 2, channel.rule == "parity"
        self.fields = channel.K
        self.gamma, self.stretch = gamma, stretch
        self.rule = _rule(nodes)
        self.R = radius * np.sqrt(gamma)
        self.e = np.array([0.0 if self.pair else 1.0, 1, -1 if self.parity else 1])
        self.t_max = self.R * np.sqrt(
            2 if self.pair else 4 / 3 if self.parity else 3 / 2
        )
        self.u_max = 0 if self.pair else self.R * np.sqrt(1 if self.parity else 3 / 2)
        area = self.t_max * (self.u_max or 1)
        self.scale = SECTORS[channel.K, channel.rule] / (2 * np.pi * gamma) ** (
            channel.K / 2
        )
        width = 5 * stretch * max(min(1, np.sqrt(gamma)), np.sqrt(gamma) / 3)
        self.lines = Lines(
            channel.kernel, c, gamma, self.e, width, 10 * tol / area, _rule(LINE_NODES)
        )

    def boxes(self):
        """The first rectangles (u0, u1, s0, s1)."""
        s = np.sqrt(self.t_max) * np.array([0, 0.35, 0.7, 1])
        u = self.u_max * np.array([0, 0.15, 0.45, 1])
        s[1:-1] *= self.stretch
        u[1:-1] *= self.stretch
        if self.pair:
            u = np.array([0.0, 1.0])
        return [
            (u[i], u[i + 1], s[j], s[j + 1])
            for i in range(len(u) - 1)
            for j in range(len(s) - 1)
        ]

    def line_integrals(self, u, t):
        """Sums (LT9), (LT10) along the lines on the points (u, t), and switches met."""
        zero = np.zeros_like(u)
        if self.pair:
            a = [zero + AT_INFINITY, zero, t]
        elif self.parity:
            a = [u, zero, t]
        else:
            a = [t + u, t, zero]
        a, n = np.stack(a, axis=1), self.fields
        mean = a @ self.e / n
        if self.pair:
            mean = -t / 2
        a -= mean[:, None] * self.e
        square = (a[:, 3 - n :] ** 2).sum(axis=1)
        half = np.sqrt(np.maximum(self.R**2 - square, 0) / n)
        start = np.maximum(-half, (a[:, 2] - a[:, 1]) / 2) if self.parity else -half
        out = np.empty((len(u), 5))
        scale = self.scale * np.exp(-square / (2 * self.gamma))
        self.lines.integrate(a, start, half, scale, out)
        return out

    def rectangle(self, u0, u1, s0, s1):
        """(-error, box, sums, whether to split along u) of one rectangle."""
        x, w, last, last_but_one = self.rule[:4]
        s, u = s0 + (s1 - s0) * x, u0 + (u1 - u0) * x
        ws, wu = (s1 - s0) * w * 2 * s, (u1 - u0) * w
        if self.pair:
            u, wu = np.zeros(1), np.ones(1)
        values = self.line_integrals(np.repeat(u, len(s)), np.tile(s**2, len(u)))
        values = values.reshape(len(u), len(s), 5)
        sums = np.einsum("i,j,ijk->k", wu, ws, values[:, :, :4])
        M = values[:, :, 0] * 2 * s
        top = max(abs(M).max(), 1e-300)
        along_s = max(abs(M @ last).max(), abs(M @ last_but_one).max())
        along_u = 0.0
        if not self.pair:
            along_u = max(abs(last @ M).max(), abs(last_but_one @ M).max())
        error = (along_s**2 + along_u**2) / top
        if np.ptp(values[:, :, 4]) > 0:
            # where the number of switches changes the integrand has an edge
            error = max(error, EDGE * max(along_s, along_u))
        error *= (u1 - u0) * (s1 - s0)
        return -error, (u0, u1, s0, s1), sums, along_u > along_s
