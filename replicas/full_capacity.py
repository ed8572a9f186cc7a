"""Many steps of replica symmetry breaking at vanishing volume: docs/capacity.md."""

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit, log_ndtr

from replicas.results import Estimate, failed_estimate
from replicas.rsb_capacity import log_accepted

__all__ = ["log_load", "minimum"]

WINDOW = 8.5
STEP = 0.65  # of the sums, in the width of a level's front
MARGINS = -2.5, -0.4  # towards 0 the fronts become too narrow for a uniform grid
LEVELS = (3, 4, 5)  # those that are extrapolated
POWER = 4  # of the convergence in their number that is reached in the end
POWERS = 1.2, 5.5  # within which it is sought
ORDER = "levels_q", "levels_w"
TOLERATED = 1e-4  # of the gradient: the load is stationary


def minimum(channel, two_steps):
    """Capacity of full breaking by the values of a few levels, an Estimate (K13).

    two_steps : the Estimate of two steps, from which the search starts.
    """
    low, high = MARGINS
    if not low <= channel.kappa <= high:
        return _failed(f"full breaking needs a margin between {low:g} and {high:g}")
    order = two_steps.order
    q, w = (np.array([order[a], order[b]]) for a, b in (("q0", "q1"), ("w1", "w")))
    loads, error = [], 0.0
    for k in LEVELS:
        q, w, residual = _search(channel, *_refined(q, w, k))
        value, finer = (
            float(np.exp(log_load(channel, q, w, **rule)[0]))
            for rule in ({}, {"finer": 1.4, "window": WINDOW + 0.5})
        )
        lower = two_steps.value if not loads else loads[-1]
        if not (residual < TOLERATED and value < lower):
            return _failed(f"no minimum found with {k} levels")
        loads.append(value)
        error = max(error, abs(finer - value) + value * residual**2)
    fitted, regular = _limits(loads)
    value = 0.5 * (fitted + regular)
    # the two can agree by chance
    error = 10 * error + max(abs(regular - fitted), 0.3 * (loads[-1] - value))
    order = dict(zip(ORDER, (q, w), strict=True))
    return Estimate(value, error, residual, True, "", order)


def _limits(loads):
    """Limits of three loads, falling as k^-p with the p they have and with POWER."""

    def ratio(p):
        a, b, c = (k**-p for k in LEVELS)
        return (a - b) / (b - c) - (loads[0] - loads[1]) / (loads[1] - loads[2])

    found = brentq(ratio, *POWERS) if ratio(POWERS[0]) * ratio(POWERS[1]) < 0 else 1.0
    last, k = loads[-1], LEVELS
    return [last - (loads[1] - last) / ((k[2] / k[1]) ** p - 1) for p in (found, POWER)]


def _refined(q, w, k):
    """k levels with the profiles of fewer: log(1 - q) and log w against i/k."""
    old, new = np.arange(len(q)) / len(q), np.arange(k) / k
    log_v, log_w = _line(new, old, np.log(1 - q)), _line(new, old, np.log(w))
    return 1 - np.exp(log_v), np.exp(log_w + 0.2)


def _line(x, nodes, values):
    slope = (values[-1] - values[-2]) / (nodes[-1] - nodes[-2])
    beyond = values[-1] + slope * (x - nodes[-1])
    return np.where(x > nodes[-1], beyond, np.interp(x, nodes, values))


def _search(channel, q, w):
    """Minimum over the levels by BFGS: q, w and the norm of the gradient."""
    v, k = 1 - q, len(q)
    ratio = v / np.append(1.0, v[:-1])
    start = [np.log(1 / ratio - 1), [np.log(w[0])], np.log(w[1:] / w[:-1] - 1)]

    def levels(x):
        v = np.cumprod(expit(-x[:k]))
        return v, np.exp(x[k]) * np.cumprod(np.append(1.0, 1 + np.exp(x[k + 1 :])))

    def function(x):
        v, w = levels(x)
        value, in_q, in_w = log_load(channel, 1 - v, w)
        # each ratio moves all that follows
        in_v = np.cumsum((in_q * v)[::-1])[::-1] * expit(x[:k])
        in_w = np.cumsum((in_w * w)[::-1])[::-1]
        in_w[1:] *= expit(x[k + 1 :])
        return value, np.append(in_v, in_w)

    options = {"gtol": 1e-6, "maxiter": 200}
    found = minimize(
        function, np.concatenate(start), jac=True, method="BFGS", options=options
    )
    v, w = levels(found.x)
    return 1 - v, w, float(np.linalg.norm(found.jac))


def _failed(message):
    return failed_estimate(message, ORDER)


def log_load(channel, q, w, *, finer=1.0, window=WINDOW):
    """log of the load (K12) of k levels, its derivatives in q and in w, each (k,)."""
    entropic, response, cost = _entropic(q, w)
    average, square, gain = _energetic(channel, q, w, finer, window)
    jump = np.diff(w, prepend=0.0)
    in_q = jump * (response / entropic + square / (2 * average))
    return (
        np.log(-0.5 * entropic / average),
        in_q,
        -cost / entropic - gain / average,
    )


def _entropic(q, w):
    """int dq/l, C(q_i) and int C dq over the levels, l = 1 + int_q^1 w."""
    gap = np.diff(q, append=1.0)
    mass = 1 + np.append(np.cumsum((w * gap)[::-1])[::-1], 0.0)
    log = np.log(mass[:-1] / mass[1:])
    rise = gap / (mass[1:] * mass[:-1])
    response = q[0] / mass[0] ** 2 + np.append(0.0, np.cumsum(rise)[:-1])
    cost = response * gap + (log / w - gap / mass[:-1]) / w
    return q[0] / mass[0] + np.sum(log / w), response, cost


def _energetic(channel, q, w, finer, window):
    """F = E f_0, E_i f_i'^2 and dF/dw_i."""
    k, h = len(q), _nodes(q, finer, window)
    f, slope, tilt = _last(channel.kappa - h[-1], 1 - q[-1], w[-1])
    values, slopes, kernels = [f], [slope], []
    for i in range(k - 2, -1, -1):
        average, kernel = _tilted(h[i], h[i + 1], q[i + 1] - q[i], w[i] * values[0])
        values.insert(0, average / w[i])
        slopes.insert(0, kernel @ slopes[0])
        kernels.insert(0, kernel)
    density = np.exp(-0.5 * h[0] ** 2 / q[0])
    density *= (h[0][1] - h[0][0]) / np.sqrt(2 * np.pi * q[0])
    means, squares = [], []
    for i in range(k):
        means.append(density @ values[i])
        squares.append(density @ slopes[i] ** 2)
        if i < k - 1:
            density = density @ kernels[i]
    means.append(density @ tilt)
    return means[0], np.array(squares), np.diff(means) / w


def _nodes(q, finer, window):
    """Fields of each level: steps that resolve its front and the Gaussian before it."""
    width = np.sqrt(np.minimum(1 - q, np.diff(q, prepend=0.0)))
    steps = np.minimum(STEP * width, 0.3) / finer
    return [np.arange(-window, window + s, s) + 0.3 * s for s in steps]


def _tilted(h, onto, variance, exponent):
    """log E exp(exponent) over a Gaussian about h, and its tilted law, (h, onto)."""
    kernel = exponent - 0.5 * (h[:, None] - onto) ** 2 / variance
    top = kernel.max(axis=1)
    kernel = np.exp(kernel - top[:, None])
    total = kernel.sum(axis=1)
    kernel /= total[:, None]
    step = onto[1] - onto[0]
    return top + np.log(total * step / np.sqrt(2 * np.pi * variance)), kernel


def _last(gap, v, w):
    """f, f' and d(w f)/dw of the last level but one, from (K5)."""
    lam = 1 + w * v
    log = log_accepted(gap, v, w)
    flipped = log_ndtr(gap / np.sqrt(v * lam)) - 0.5 * (w * gap**2 / lam + np.log(lam))
    edge = -0.5 * gap**2 / v - 0.5 * np.log(2 * np.pi * v)
    share, edge = np.exp(flipped - log), np.exp(edge - log)
    slope = (gap * share + v * edge) / lam
    # E d^2 of the Gaussian of variance v/lam about gap/lam, cut at 0
    square = (gap**2 / lam**2 + v / lam) * share + gap * v / lam**2 * edge
    return log / w, slope, -0.5 * square
