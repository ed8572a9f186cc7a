"""Energetic averages of the Franz-Parisi ansatz, trees: docs/franz_parisi.md.

Given the references' fields and signs the units are independent: an average over the
K fields is a cube of node values contracted with one matrix a unit, (F15)-(F19).
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from replicas import _tree_franz_parisi
from replicas.franz_parisi_terms import Energetic

__all__ = ["LARGEST_OVERLAP", "tree_averages"]

# by number of units: beyond, log P of the references varies too fast for the sums
LARGEST_OVERLAP = {2: 0.95, 3: 0.7, 4: 0.6, 5: 0.6, 6: 0.6, 7: 0.6}
F, F1, F11, F12, F1_SQUARED, F2_SQUARED, F1_F2_F1, F2_F1 = range(8)
SIGN = np.array([-1.0, 1.0])


def tree_averages(channel, o, rule):
    """`Energetic` of a tree of at most three units."""
    z, weight = reference_nodes(o.q / o.eps, rule)
    g = References(channel, math.sqrt(o.q / o.eps) * z, weight)
    b, laws = field_laws(o, z, rule)
    f = cube(channel, b)
    K, eps1, root = channel.K, o.eps1, math.sqrt(o.eps * o.eps1)
    law = g.law(laws, 1.0, range(K))
    law1 = g.law(laws, g.f1, range(1, K))
    curvature = dot(g.law(laws, g.f11, range(1, K)), f[F11])
    curvature += (K - 1) * dot(g.law(laws, g.f12, range(2)), f[F12])
    return Energetic(
        f=dot(law, f[F]),
        f1_squared=dot(law, f[F1_SQUARED]) / eps1,
        f1g=K * dot(law1, f[F1]) / root,
        f2_squared=dot(law, f[F2_SQUARED]) / eps1**2,
        f1_squared_f2=dot(law, f[F1_F2_F1]) / eps1**2,
        f1_f2_g=K * dot(law1, f[F2_F1]) / (root * eps1),
        f2_g=K * curvature / (eps1 * o.eps),
        norm=float(law.sum()),
        dq1=1.0,
        d2q1=0.0,
        dt=1.0,
        d2t=0.0,
    )


def dot(law, values):
    """Average of `values`; einsum, since threads cost more than they save here."""
    return float(np.einsum("i,i", law, values))


def reference_nodes(gamma, rule):
    """Nodes and weights in z of one unit; log P switches units over 1/(gamma z)."""
    near = 0.7 * rule.step * min(3.0, 1 / math.sqrt(gamma + 1e-12))
    limits = [(near, 0.0), (2 * rule.step / (gamma + 0.5), 3.0)]
    width, step, _ = fewest(rule.window, limits)
    z, weight = symmetric_nodes(width, rule.window, step)
    return z, weight * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def signs(channel):
    """Signs of the units that the tree accepts, rows of 0 (negative) and 1."""
    rows = itertools.product((0, 1), repeat=channel.K)
    rows = [row for row in rows if channel.accepts(sum(row))]
    return np.array(rows, dtype=np.intc)


def symmetric_nodes(width, end, step):
    """Nodes width sinh(t) over [-end, end] and their weights."""
    half = math.ceil(math.asinh(end / width) / step)
    t = step * np.arange(-half, half + 1)
    return width * np.sinh(t), step * width * np.cosh(t)


def cube(channel, b):
    """(F16) on all tuples of nodes b: shape (8, n^K)."""
    n, K = len(b), channel.K
    out = np.empty((8, n**K))
    _tree_franz_parisi.fill(b, signs(channel), np.empty((6, n)), out)
    return out


def push(weights, row, laws):
    """(F18): measure on the cube of `weights` (n_z,) * K of the references.

    Each unit's node follows its law given the unit's sign, in `row`, and field.
    """
    # the last unit first; stacks of small products, which BLAS leaves on one thread
    for sign in reversed(row):
        weights = np.ascontiguousarray(np.moveaxis(weights @ laws[sign], -1, 0))
    return weights.ravel()


class References:
    """(F17): the references at fields a, in units of their deviation, for each unit.

    posterior : of each accepted row of signs, times the weight of the nodes; f1, f11,
    f12 : g_1, g_11 - g_1 g_1, g_12 - g_1 g_2 of g = log P.
    """

    def __init__(self, channel, a, weight):
        self.K, self.rows = channel.K, signs(channel).tolist()
        log_h = log_ndtr(np.outer(SIGN, a))
        s = SIGN[:, None] * np.exp(-0.5 * a * a - math.log(2 * math.pi) / 2 - log_h)
        log_w = np.array([self._over_units(log_h, row) for row in self.rows])
        w = np.exp(log_w - log_w.max(axis=0))
        w /= w.sum(axis=0)
        first = [self._along(0, s[row[0]]) for row in self.rows]
        second = [self._along(1, s[row[1]]) for row in self.rows]
        self.f1 = sum(map(np.multiply, w, first))
        # <-a s> - 2 <s>^2 and <s s'> - 2 <s><s'>
        self.f11 = -self._along(0, a) * self.f1 - 2 * self.f1**2
        self.f12 = sum(x * y * z for x, y, z in zip(w, first, second, strict=True))
        self.f12 -= 2 * self.f1 * np.swapaxes(self.f1, 0, 1)
        for unit in range(self.K):
            w *= self._along(unit, weight)
        self.posterior = w

    def law(self, laws, values, alike):
        """Measure on the cube of the fields, weighted by `values`.

        Rows that differ by a permutation of the units `alike` stand for each other:
        what is averaged must be symmetric in these.
        """
        counts = {}
        for i, row in enumerate(self.rows):
            key = list(row)
            for unit, sign in zip(
                alike, sorted(row[unit] for unit in alike), strict=True
            ):
                key[unit] = sign
            counts.setdefault(tuple(key), []).append(i)
        total = 0
        for row, members in counts.items():
            weights = self.posterior[self.rows.index(list(row))] * values
            total = total + len(members) * push(weights, row, laws)
        return total

    def _along(self, unit, table):
        return table.reshape((1,) * unit + (-1,) + (1,) * (self.K - unit - 1))

    def _over_units(self, table, row):
        return sum(self._along(unit, table[sign]) for unit, sign in enumerate(row))


@dataclass(frozen=True)
class Law:
    """(F8) of one unit, with b = omega / sqrt(1 - q1) = mean z + sigma y.

    The tagged reference is positive where a z + rho y > noise of variance `rest`.
    """

    mean: float
    sigma: float
    a: float
    rho: float
    rest: float

    @property
    def front(self):
        """Width in y of the reference's front."""
        return math.sqrt(self.rest) / (abs(self.rho))

    def log_signs(self, z, y):
        """Log-probability of each sign of the reference at y over that at z alone."""
        tagged = (self.a * z + self.rho * y) / math.sqrt(self.rest)
        return np.stack([log_ndtr(s * tagged) - log_ndtr(s * self.a * z) for s in SIGN])

    @property
    def drift(self):
        """Motion of b with z at a given field of the tagged reference: (F35)."""
        return self.mean - self.a * self.rho * self.sigma

    def slopes(self, z, y):
        """(F35): slope in z, with b drifting, of the log of each sign's weight."""
        root, sign = math.sqrt(self.rest), SIGN[:, None, None]
        x = sign * (self.a * z + self.rho * y) / root
        hazard = np.exp(-0.5 * x * x - log_ndtr(x)) / math.sqrt(2 * math.pi)
        return self.a * (sign * root * hazard + self.rho * y) - z


def law(o):
    gap = o.eps_t - o.eps_p  # p - t
    free = max(o.span * (1 - o.c**2) * o.delta, 1e-15 * o.eps_p)
    V = free + gap * gap / o.eps
    return Law(
        mean=(math.sqrt(o.q) * (1 - o.eps_p) + o.c * math.sqrt(o.eps * o.span))
        / math.sqrt(o.eps1),
        sigma=math.sqrt(V / o.eps1),
        a=math.sqrt(o.q / o.eps),
        rho=gap / math.sqrt(o.eps * V) or 1e-30,
        rest=free / V,
    )


def field_laws(o, z, rule, *, nodes_of=None, slopes=False):
    """(F18): nodes b and, for each sign and z, the law of b as weights: (2, n_z, n).

    Either the law's density at the nodes of a trapezoid, or where this takes more
    nodes (narrow laws, fronts away from b = 0) the polynomial through log P.
    nodes_of : overlaps whose nodes to take, if not o's. slopes : (4, n_z, n), the
    laws followed by these times (F35).
    """
    one, like = law(o), nodes_of or o
    end = (rule.window + 0.5) * math.sqrt((1 - like.eps1) / like.eps1)
    width, step, count = trapezoid(law(like), end, rule.step)
    reach = math.asinh(end / 3)
    order = math.ceil(4 * reach / rule.step) + 8
    if order < count:
        return polynomial_laws(one, z, reach, order, rule, slopes)
    b, weight = symmetric_nodes(width, end, step)
    z = z[:, None]
    y = (b - one.mean * z) / one.sigma
    log_law = np.log(weight / (one.sigma * math.sqrt(2 * math.pi))) - 0.5 * y * y
    laws = np.exp(log_law + one.log_signs(z, y))
    return b, np.concatenate([laws, laws * one.slopes(z, y)]) if slopes else laws


def trapezoid(one, end, step):
    """(F19): width, step and number of nodes that resolve log P, front and bulk."""
    front = one.front * one.sigma
    moving = abs(one.mean - one.sigma * one.a / one.rho)
    return fewest(
        end,
        [
            (step * min(3.0, 2.2 * front), 0.0),
            (3 * step * front, 4 * moving),
            (min(4.2 * step, 1.7) * one.sigma, 0.45 * end),
        ],
    )


def fewest(end, limits):
    """Width, step and number of the fewest nodes with spacings at most h at x.

    limits : pairs (h, x), the first at x = 0.
    """
    widths = 3 * limits[0][0] * 2.0 ** np.arange(16)
    steps = np.min([h / np.hypot(widths, x) for h, x in limits], axis=0)
    counts = 2 * np.arcsinh(end / widths) / steps
    best = np.argmin(counts)
    return widths[best], steps[best], counts[best]


def polynomial_laws(one, z, reach, order, rule, slopes):
    """(F20): Chebyshev nodes in t, b = 3 sinh(t), |t| < reach, and their laws."""
    angle = (np.arange(order) + 0.5) * math.pi / order
    t = reach * np.cos(angle)
    width = 2 * min(one.front, 1 / one.sigma, 2.8)
    ends = [rule.window + 1 + np.abs(one.a * z).max(), min(rule.step, 0.4) / 2.2]
    y, weight = symmetric_nodes(width, *ends)
    if one.front < 2:
        # the nodes follow a narrow front, within the bulk
        y = y - np.clip(one.a / one.rho * z, -rule.window, rule.window)[:, None]
    else:
        y = np.broadcast_to(y, (len(z), len(y)))
    z = z[:, None]
    log_law = np.log(weight / math.sqrt(2 * math.pi)) - 0.5 * y * y
    laws = np.exp(log_law + one.log_signs(z, y))
    if slopes:
        laws = np.concatenate([laws, laws * one.slopes(z, y)])
    at = np.arcsinh((one.mean * z + one.sigma * y) / 3).clip(-reach, reach)
    # barycentric weights; a node hit exactly is moved by less than rounding
    cardinal = (-1.0) ** np.arange(order) * np.sin(angle) / (at[..., None] - t + 1e-17)
    cardinal /= cardinal.sum(axis=-1, keepdims=True)
    return 3 * np.sinh(t), np.einsum("szy,zyn->szn", laws, cardinal)
