"""Two steps of replica symmetry breaking at vanishing volume: docs/capacity.md."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logsumexp

from replicas.differences import gradient_and_hessian
from replicas.quadrature import gauss_nodes
from replicas.results import Estimate, failed_estimate
from replicas.rsb_capacity import log_accepted

__all__ = ["load", "minimum"]

WINDOW = 8.5
STEP = 0.35  # of the sums, in the narrower of the Gaussian and the front
OUTER_STEP = 0.07
MAX_NODES = 1500
REACH = 3.0  # of the search, in logarithms: far away the sums fail
DIFFERENCE = 2e-3
EPS = np.finfo(float).eps
ORDER = ("q0", "q1", "w1", "w")
NO_MINIMUM = "no minimum found over the overlaps and Parisi parameters"


def load(channel, v0, v1, w1, w2, *, coarser=1.0, window=WINDOW):
    """Load at which the entropy vanishes, v = 1 - q of the two levels: (K11).

    w1, w2 : the Parisi parameters over 1 - q of the last level, which tends to 0.
    """
    inner = 1 + w2 * v1
    outer = inner + w1 * (v0 - v1)
    entropic = np.log(inner) / w2 + np.log(outer / inner) / w1 + (1 - v0) / outer
    average = _log_average(channel, v0, v1, w1 / w2, w2, coarser, window)
    return -0.5 * w1 * entropic / average


def _log_average(channel, v0, v1, share, w, coarser, window):
    """E_z0 log E_z1 I^share, the fields sqrt(tq0) z0 + sqrt(tq1 - tq0) z1."""
    slope = channel.slope
    tq0, v0, *_ = channel.kernel.overlap(1 - v0, v0)
    _, v1, *_ = channel.kernel.overlap(1 - v1, v1)
    spread = v0 - v1
    z1, log_1 = _nodes(np.sqrt(v1 / spread), coarser, window)
    z0, weight = np.zeros(1), np.ones(1)
    if tq0 > 0:
        centre = np.clip(channel.kappa / np.sqrt(tq0), -window, window)
        width = min(4 * np.sqrt(v0 / tq0), 6.0)
        z0, weight = gauss_nodes(centre, width, window, OUTER_STEP * coarser)
    gap, s, w = channel.kappa - np.sqrt(tq0) * z0[:, None], np.sqrt(spread), w / slope

    def exponent(z):
        return share * log_accepted(gap - s * z, v1, w) - 0.5 * z * z

    z = z1 + _maximiser(exponent, gap, s, share * w / (1 + w * v1))
    return weight @ (logsumexp(exponent(z), axis=1) + log_1)


def _maximiser(exponent, gap, s, pull):
    """Where the exponent of z1 is largest, one row a z0, within a tenth or so: between
    0 and the maximum of the parabola -pull (gap - s z)^2/2 - z^2/2.
    """
    low, high = np.zeros_like(gap), np.maximum(gap, 0) * s * pull / (1 + pull * s * s)
    for _ in range(2):
        z = low + (high - low) * np.linspace(0, 1, 24)
        best = z[np.arange(len(z)), exponent(z).argmax(axis=1), None]
        width = (high - low) / 23
        low, high = np.maximum(best - width, 0), best + width
    return best


def _nodes(front, coarser, window):
    """Trapezoid for int dz/sqrt(2 pi) f(z), f a Gaussian with a front of this width:
    nodes and the log of their weight.
    """
    step = max(STEP * coarser * min(1.0, front), 2 * window / MAX_NODES)
    n = int(np.ceil(window / step))
    z = step * (np.arange(-n, n + 1) + 0.3)
    return z, np.log(step / np.sqrt(2 * np.pi))


def minimum(channel, one_step):
    """Least load over the overlaps and Parisi parameters, an Estimate.

    one_step : the Estimate of one step, from which the search starts.
    """
    q0, w = one_step.order["q0"], one_step.order["w"]
    found = [_search(channel, start) for start in _starts(1 - q0, w)]
    value, point = min(found, key=lambda pair: pair[0])
    if channel.is_even:
        edge = [_search(channel, start[1:]) for start in _starts(1 - q0, w)]
        on_edge, edge_point = min(edge, key=lambda pair: pair[0])
        if on_edge < value + 1e-9:
            value, point = on_edge, edge_point
    return _estimate(channel, one_step, point)


def _starts(v, w):
    """Points near the one-step solution split into two."""
    for part, up, down in ((0.3, 2.5, 0.6), (0.1, 6.0, 0.8), (0.6, 1.5, 0.3)):
        v0 = min(1.1 * v, 0.5 * (1 + v))
        yield _point(v0, part * v, down * w, up * w)


def _point(v0, v1, w1, w2):
    """Logit of q0 and of (q1 - q0)/(1 - q0); log of w1 v0 and of w2/w1 - 1."""
    ratio = np.log((1 - v0) / v0), np.log((v0 - v1) / v1)
    return np.array([*ratio, np.log(w1 * v0), np.log(w2 / w1 - 1)])


def _at(point):
    """v0, v1, w1, w2 of a point; without its first entry q0 = 0."""
    v0 = expit(-point[0]) if len(point) == 4 else 1.0
    x, y, ratio = point[-3:]
    w1 = np.exp(y) / v0
    return v0, v0 * expit(-x), w1, w1 * (1 + np.exp(ratio))


def _log_load(point, channel, **rule):
    with np.errstate(all="ignore"):
        value = np.log(load(channel, *_at(point), **rule))
    return value if np.isfinite(value) else 1e3


def _coarse(point, channel, start):
    if np.abs(point - start).max() > REACH:
        return 1e3
    return _log_load(point, channel, coarser=2.0, window=7.0)


def _search(channel, start):
    options = {"xatol": 1e-3, "fatol": 1e-10, "maxfev": 600}
    found = minimize(
        _coarse, start, args=(channel, start), method="Nelder-Mead", options=options
    )
    return found.fun, found.x


def _estimate(channel, one_step, point):
    def f(x, **rule):
        return _log_load(x, channel, **rule)

    for _ in range(30):
        gradient, hessian = gradient_and_hessian(f, point, DIFFERENCE)
        if not np.isfinite(hessian).all():
            return _failed(NO_MINIMUM)
        curvature, axes = np.linalg.eigh(hessian)
        # downhill where the curvature is negative
        step = axes @ (axes.T @ gradient / np.maximum(np.abs(curvature), 1e-8))
        if np.linalg.norm(gradient) < 1e-9:
            break
        point = point - step * min(1.0, 0.3 / np.abs(step).max())
    if not (curvature > 0).all():
        return _failed(NO_MINIMUM)
    value = float(np.exp(f(point)))
    if not value <= one_step.value + one_step.error:
        return _failed("the minimum found is above that of one step")
    gap = np.exp(f(point, coarser=0.75, window=WINDOW + 0.6)) - value
    error = abs(gap) + value * (gradient @ step + 1e-13 + channel.slope_error)
    v0, v1, w1, w2 = map(float, _at(point))
    order = dict(zip(ORDER, (1 - v0, 1 - v1, w1, w2), strict=True))
    residual = float(np.linalg.norm(gradient))
    return Estimate(value, float(error), residual, True, "", order)


def _failed(message):
    return failed_estimate(message, ORDER)
