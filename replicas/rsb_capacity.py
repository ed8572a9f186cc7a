"""One step of replica symmetry breaking at vanishing volume: docs/capacity.md."""

from functools import cache, partial

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_ndtr, ndtr, roots_legendre

from replicas import _capacity
from replicas.channels import Tree
from replicas.differences import gradient_and_hessian, gradient_of
from replicas.quadrature import gauss_nodes, half_gauss_nodes
from replicas.results import Estimate, failed_estimate

__all__ = [
    "is_convex",
    "load",
    "log_accepted",
    "log_average",
    "minimum",
]

WINDOW = 8.5
# most nodes of a unit, so that one sum takes below 0.5 s
MAX_NODES = {
    "majority": {3: 80, 5: 44, 7: 30, 9: 24},
    "parity": {2: 200, 3: 90, 4: 60, 5: 44, 6: 36, 7: 30, 8: 28, 9: 26},
}
START_X = np.arange(-2.0, 17.0, 1.5)  # logit q0; trees: the first 4
START_Y = np.log([0.3, 1.0, 3.0, 10.0, 30.0, 100.0])  # log of w (1 - q0)
STEP = 4e-3  # of the differences in both
SCAN, COARSE, CHECK = 3.0, 2.0, 1.3  # coarser sums
EPS = np.finfo(float).eps


def load(channel, v, w, **rule):
    """Load at which the entropy vanishes: entropic over energetic term (K6)."""
    lam = 1 + w * v
    average = log_average(channel, v, w, **rule)
    return -0.5 * (np.log(lam) + w * (1 - v) / lam) / average


def log_average(channel, v, w, *, coarser=1.0, window=WINDOW):
    """E_z0 log E_z1 exp(-w d^2/2), the fields sqrt(q0) z0 + sqrt(v) z1, v = 1 - q0."""
    q0 = 1 - v
    if isinstance(channel, Tree):
        return _tree_average(channel, q0, v, w, coarser, window)
    # (K10): overlaps of the fields, and the distance that w weighs
    q0, v, *_ = channel.kernel.overlap(q0, v)
    w = w / channel.slope
    if q0 == 0:
        return float(log_accepted(channel.kappa, v, w))
    width = 4 * np.sqrt(v / q0)
    centre = np.clip(channel.kappa / np.sqrt(q0), -window, window)
    z, weight = gauss_nodes(centre, min(width, 6.0), window, 0.05 * coarser)
    return weight @ log_accepted(channel.kappa - np.sqrt(q0) * z, v, w)


def log_accepted(gap, v, w):
    """log I of (K5) for fields that miss the margin by `gap` before the noise v."""
    lam = 1 + w * v
    flipped = log_ndtr(gap / np.sqrt(v * lam)) - 0.5 * (w * gap**2 / lam + np.log(lam))
    return np.logaddexp(log_ndtr(-gap / np.sqrt(v)), flipped)


def is_convex(channel):
    """Whether no breaking lowers the capacity: one field, linear in the weights."""
    return not isinstance(channel, Tree) and channel.is_linear and channel.kappa > -8e-4


def _stationary_at_zero(channel):
    """Whether q0 = 0 solves the equation of q0 for every load."""
    if isinstance(channel, Tree):
        return channel.rule == "parity"
    return channel.is_even


def _tree_nodes(channel, gamma, coarser, window):
    """Nodes of one unit for parity and majority; positive ones stand for both signs."""
    nodes = MAX_NODES[channel.rule][channel.K] / coarser
    spacing = coarser * min(0.35, 0.25 / max(gamma, EPS))
    if gamma == 0:
        return np.zeros(1), np.ones(1)
    if channel.rule == "majority":
        width, centre = 4.0, -2.5
        span = np.arcsinh((window - centre) / width)
        span += np.arcsinh((window + centre) / width)
        return gauss_nodes(centre, width, window, max(spacing / width, span / nodes))
    width = 6.0
    step = max(spacing / width, 2 * np.arcsinh(window / width) / nodes)
    return half_gauss_nodes(width, window, step)


_legendre = cache(roots_legendre)  # of few sizes; its arrays are not written to


def _tree_average(channel, q0, v, w, coarser, window):
    z, weight = _tree_nodes(channel, q0 / (v + 1 / w), coarser, window)
    h = np.sqrt(q0) * z[:, None]
    lam = 1 + w * v
    s = np.sqrt(v / lam)
    furthest = window * (np.sqrt(q0) / lam + s)
    x, edge = _legendre(4 * int((5 + 0.5 * furthest / s) / coarser))
    t = 0.5 * furthest * (1 + x)
    edge = 0.5 * furthest * edge * np.exp(-0.5 * w * t * t) / np.sqrt(2 * np.pi * v)
    edge_minus = edge * np.exp(-0.5 * (t + h) ** 2 / v)
    above_minus = ndtr(-(t + h) / np.sqrt(v))
    if channel.rule == "parity":
        edge_plus = edge * np.exp(-0.5 * (t - h) ** 2 / v)
        tables = ndtr((h - t) / np.sqrt(v)), above_minus, edge_plus, edge_minus
    else:
        # (K7): positive, or negative and flipped because it lies below the threshold
        start = h / (lam * s)
        flipped = ndtr(-start) - ndtr(-(start + t / s))
        flipped *= np.exp(-0.5 * w * h * h / lam) / np.sqrt(lam)
        kept = ndtr(h / np.sqrt(v)) + flipped
        tables = kept, above_minus, edge_minus, edge_minus
    return _capacity.log_average(
        channel.kernel,
        weight,
        ndtr(h[:, 0] / np.sqrt(v)),
        ndtr(-h[:, 0] / np.sqrt(v)),
        *tables,
        np.zeros(2 * channel.K * (channel.K + 2) * t.size),
    )


def minimum(channel):
    """Least load over q0 and w = m/(1 - q1), an Estimate (K6).

    Coarse sums find the basin and approach the minimum, Newton steps with finer ones
    finish, the full sums give the value. Parities and even activations are stationary
    at q0 = 0, which is compared with the inside.
    """

    def inside(point, **rule):
        v = expit(-point[0])
        return np.log(load(channel, v, np.exp(point[1]) / v, **rule))

    def edge(point, **rule):
        return np.log(load(channel, 1.0, np.exp(point[0]), **rule))

    tree = isinstance(channel, Tree)
    even = _stationary_at_zero(channel)
    x_range = START_X[:4] if tree else START_X
    function = inside
    # two values of the parity are compared, the minimum of a margin can be very flat;
    # else Newton steps need but a start
    near, scan = (0.1, SCAN) if tree and not even else (1e-3, COARSE)
    starts = [(x, y) for x in x_range for y in START_Y]
    start, value = _approach(inside, starts, near, scan)
    if even:
        on_edge, edge_value = _approach(edge, [(y,) for y in START_Y], near, scan)
        if edge_value < value + 1e-7:
            function, start = edge, on_edge
    point, gradient, hessian = _polish(
        function, start, *((COARSE, CHECK) if tree else (1.0, 1.0))
    )
    if not (np.linalg.eigvalsh(hessian) > 0).all():
        return failed_estimate("no minimum found over q0 and w", ("q0", "w"))
    least = np.exp(function(point))
    gap = np.exp(function(point, coarser=CHECK, window=WINDOW + 0.5)) - least
    drop = gradient @ np.linalg.solve(hessian, gradient)
    error = abs(gap) + least * (drop + 8 * EPS + channel.slope_error)
    q0, v = (expit(point[0]), expit(-point[0])) if function is inside else (0.0, 1.0)
    order = {"q0": float(q0), "w": float(np.exp(point[-1]) / v)}
    residual = float(np.linalg.norm(gradient))
    return Estimate(float(least), float(error), residual, True, "", order)


def _approach(function, starts, near, scan):
    """Minimum of the coarse sums, to about `near` in the variables, and its value."""

    def sums(point, coarser):
        # far from the minimum the coarse sums can fail: such points are passed over
        with np.errstate(divide="ignore", invalid="ignore"):
            value = function(point, coarser=coarser)
        return value if np.isfinite(value) else 1e3

    start = np.array(min(starts, key=lambda point: sums(point, scan)))
    simplex = start + 0.4 * np.eye(start.size + 1, start.size, k=-1)
    options = {"xatol": near, "fatol": near**3, "initial_simplex": simplex}
    found = minimize(sums, start, args=(COARSE,), method="Nelder-Mead", options=options)
    return found.x, found.fun


def _polish(function, point, coarse, fine):
    """Minimum to which Newton steps lead: point, gradient before the last, Hessian.

    Coarse sums give the Hessian and come close, the gradient of the fine ones ends it:
    the load is stationary, what the full sums would add is of second order.
    """
    enough = 1e-4 if coarse > fine else 1e-8
    for _ in range(6):
        gradient, hessian = gradient_and_hessian(
            partial(function, coarser=coarse), point, STEP
        )
        if not (np.linalg.eigvalsh(hessian) > 0).all():
            return point, gradient, hessian
        point = point - np.linalg.solve(hessian, gradient)
        if np.linalg.norm(gradient) < enough:
            break
    for _ in range(8):
        gradient, _ = gradient_of(partial(function, coarser=fine), point, STEP)
        point = point - np.linalg.solve(hessian, gradient)
        if np.linalg.norm(gradient) < 1e-8:
            break
    return point, gradient, hessian
