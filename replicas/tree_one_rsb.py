"""1-RSB averages of a tree with 2 or 3 units: docs/one_rsb.md (B15)-(B18).

The Gaussian average over the fields factorises over the units, so a grid in each field
turns it into one matrix product a unit.
"""

from itertools import product

import numpy as np
from scipy.special import log_ndtr

from replicas import _tree_one_rsb

__all__ = ["averages"]

LIMIT = {2: 1500, 3: 140}  # nodes a unit: memory stays below 300 MB
LOG_LIMIT = 6e7  # terms of a contraction in logarithms, about two seconds
COARSE = 0.2  # rules with this step or more only scan
IDENTITY = {"d": 1.0, "d2": 0.0}  # fields overlap as the weights do


class TooFine(Exception):
    """The grid that resolves this point exceeds LIMIT."""


def averages(channel, q0, dq, eps, m, rule):
    """As `_one_rsb.energetic`: averages in units of the fields, and both overlaps."""
    K, s, root_gamma = channel.K, np.sqrt(dq / eps), np.sqrt(q0 / eps)
    b, weight, low, high = inner_grid(channel, s, root_gamma, m, rule)
    z, outer = outer_grid(K, s, root_gamma, m, rule)
    limit = LIMIT[K] if rule.step < COARSE else 0.7 * LIMIT[K]
    if max(high - low, len(z)) > limit:
        raise TooFine(f"q1 - q0 = {dq:.1e} at m = {m:g} needs too fine a grid")
    kernels = gaussian_kernels(b, weight, root_gamma * z, s, low, high)
    means = cubes(channel, b[low:high])
    # what underflows becomes nan, and the point fails
    with np.errstate(all="ignore"):
        contracted = contract(m * means[0], means, kernels)
        if K == 2 and not np.isfinite(contracted[0]).all():
            if (high - low) ** 2 * len(z) > LOG_LIMIT:
                raise TooFine(f"q1 - q0 = {dq:.1e} at m = {m:g} needs too fine a grid")
            laws = log_kernels(b, weight, root_gamma * z, s, low, high)
            contracted = contract_logs(m * means[0], means, *laws, s)
        total, first, second, mixed, *tilted = contracted
        # f and its derivatives in b-units
        first = first / m
        second = second / m - m * first**2
        mixed = mixed / m - m * first * np.swapaxes(first, 0, -1)

    def average(x):
        for _ in range(K):
            x = x @ outer
        return x if np.isfinite(x) else np.nan

    f1_squared = K * average(first**2) / eps
    log_z, slope, curvature = (average(x) for x in tilted)
    result = {
        "f": average(total) / m,
        "f1_squared": f1_squared,
        "f2_squared": K * (average(second**2) + (K - 1) * average(mixed**2)) / eps**2,
        "log_z": log_z,
        "d_variance": slope / eps - f1_squared,
        "d2_squared": curvature / eps**2,
        "norm": (kernels[0].sum(axis=1) @ outer) ** K,
    }
    return {key: float(x) for key, x in result.items()}, IDENTITY, IDENTITY


def graded(low, high, near, far, knee):
    """Nodes x and dx/dt of a trapezoid: spacing `near` at 0, `far` beyond the knee."""
    # (B16)
    near = 1 / max(1 / near - 1 / far, 1e-6 / far)

    def t_of(x):
        return x / far + knee * np.arcsinh(x / knee) / near

    def rate(x):
        return 1 / far + 1 / (near * np.sqrt(1 + (x / knee) ** 2))

    t = np.arange(np.floor(t_of(low)), np.ceil(t_of(high)) + 1)
    x = t / rate(0.0)
    for _ in range(60):
        step = (t - t_of(x)) / rate(x)
        x += step
        if np.abs(step).max() < 1e-14 * (high - low):
            break
    return x, 1 / rate(x)


def inner_grid(channel, s, root_gamma, m, rule):
    """Nodes and weights in b, and the ends beyond which log P is constant."""
    c = m * s * s
    narrow = s / np.sqrt(1 + c)
    # the kernel tilted by P^m, and kinks where other units have to give way
    far = rule.step * min(5.6 * narrow, 4.0)
    edge = rule.window * (root_gamma + s)
    b, weight = graded(-edge, edge, min(1.7 * rule.step, far), far, 3.0)
    # H is flat beyond window + 1; on the wrong side the tilt keeps b above the wall
    wall = max(rule.window / np.sqrt(m), rule.window * root_gamma / (1 + c))
    wall = max(wall + rule.window * narrow, rule.window + 1)
    flat = wall if channel.rule == "parity" else rule.window + 1
    low = max(0, np.searchsorted(b, -wall) - 1)
    high = min(len(b), np.searchsorted(b, flat) + 1)
    return b, weight, low, high


def outer_grid(K, s, root_gamma, m, rule):
    """Nodes and Gaussian weights in z of one unit."""
    if root_gamma == 0:
        return np.zeros(1), np.ones(1)
    lift_squared = 2 * np.log1p(m * s * s)
    front = np.sqrt(1 / (1 + lift_squared) + s * s) / root_gamma
    # at large m f has kinks, which two units can afford to resolve
    kinked = K == 2 and m > 5 and rule.step < COARSE
    step = 0.4 * rule.step if kinked else rule.step
    far = 2.2 * step
    near = min(1.3 * step * front, far)
    z, weight = graded(-rule.window, rule.window, near, far, 3 * front)
    return z, weight * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)


def gaussian_kernels(b, weight, a, s, low, high):
    """Law of b around each a, and its first two derivatives in a: (B17)."""
    x = (b - a[:, None]) / s
    law = weight * np.exp(-0.5 * x * x) / (s * np.sqrt(2 * np.pi))
    kernels = law, law * x / s, law * (x * x - 1) / (s * s)
    return [merge(kernel, low, high, np.add) for kernel in kernels]


def log_kernels(b, weight, a, s, low, high):
    """log of the law of b, and the means of x = (b - a)/s and x^2 in each column."""
    x = (b - a[:, None]) / s
    log_law = np.log(weight / (s * np.sqrt(2 * np.pi))) - 0.5 * x * x
    merged = merge(log_law, low, high, np.logaddexp)
    share = log_law.copy()
    share[:, low:high] -= merged
    share[:, :low] -= merged[:, :1]
    share[:, high:] -= merged[:, -1:]
    share = np.exp(share)
    return merged, *(merge(share * y, low, high, np.add) for y in (x, x * x))


def merge(kernel, low, high, add):
    """Columns low to high; those outside are added to the first and the last."""
    merged = kernel[:, low:high].copy()
    if low > 0:
        merged[:, 0] = add(merged[:, 0], add.reduce(kernel[:, :low], axis=1))
    if high < kernel.shape[1]:
        merged[:, -1] = add(merged[:, -1], add.reduce(kernel[:, high:], axis=1))
    return merged


def cubes(channel, b):
    """log P, |grad log P|^2 and the squared Hessian at all K-tuples of nodes."""
    K, n = channel.K, len(b)
    sign = 1 if channel.rule == "parity" else None
    allowed = [
        tau
        for tau in product((0, 1), repeat=K)
        if (sum(tau) > K / 2 if sign is None else (K - sum(tau)) % 2 == 0)
    ]
    sides = np.stack([-b, b], axis=1)
    log_h = log_ndtr(sides)
    ratio = np.exp(-0.5 * sides**2 - log_h) / np.sqrt(2 * np.pi)
    shape = (n, n, n) if K == 3 else (1, n, n)
    out = [np.empty(shape) for _ in range(3)]
    slopes = ratio * np.array([-1.0, 1.0])
    _tree_one_rsb.fill(K, np.array(allowed, dtype=np.int8), b, log_h, slopes, *out)
    return [cube if K == 3 else cube[0] for cube in out]


def contract(exponent, means, kernels):
    """Average exp(exponent) over the kernels, one unit after the other: (B17).

    Returns log of the average, its derivatives in a_1 (first, second) and a_1 a_2,
    divided by it, and the tilted averages of `means`. After each unit the largest
    term is divided out, so that large m does not underflow.
    """
    law, d_law, d2_law = kernels
    scale = exponent.max(axis=-1)
    weight = np.exp(exponent - scale[..., None])
    terms = [weight @ law.T] + [(weight * mean) @ law.T for mean in means]
    if exponent.ndim == 2:
        terms.insert(0, weight @ d_law.T)
    del weight
    if exponent.ndim == 3:
        # (j1, j2, i3) -> (j1, i3, i2)
        scale = rescale(terms, scale[..., None], 1)
        terms = [np.swapaxes(term, 1, 2) for term in terms]
        scale = scale[..., None]
        terms = [terms[0] @ d_law.T] + [term @ law.T for term in terms]
    else:
        scale = scale[:, None]
    sloped, *terms = terms
    scale = rescale([*terms, sloped], scale, 0)
    total = np.tensordot(law, terms[0], 1)
    first = np.tensordot(d_law, terms[0], 1) / total
    second = np.tensordot(d2_law, terms[0], 1) / total
    mixed = np.tensordot(d_law, sloped, 1) / total
    tilted = [np.tensordot(law, term, 1) / total for term in terms[1:]]
    return np.log(total) + scale, first, second, mixed, *tilted


def contract_logs(exponent, means, log_law, x, x_squared, s):
    """As `contract` for two units, without underflow: slower, for large m."""
    n, points = len(exponent), len(log_law)
    rows, log_sum = np.array(means), np.empty((n, points))
    out = np.empty((6, n, points))
    laws = [np.ascontiguousarray(y) for y in (log_law, x, x_squared)]
    _tree_one_rsb.tilted_means(exponent, *laws, rows, log_sum, out)
    # the means, and x of the unit just averaged
    rows = np.ascontiguousarray(np.swapaxes(out[:4], 1, 2))
    total, final = np.empty((points, points)), np.empty((7, points, points))
    exponent = np.ascontiguousarray(log_sum.T)
    _tree_one_rsb.tilted_means(exponent, *laws, rows, total, final)
    first, second, mixed = final[4] / s, (final[5] - 1) / s**2, final[6] / s**2
    return total, first, second, mixed, *final[:3]


def rescale(terms, scale, axis):
    """Multiply the terms by exp(scale), over the largest first one along the axis.

    Returns the log of the divisor.
    """
    log_term = np.log(terms[0]) + scale
    largest = log_term.max(axis=axis, keepdims=True)
    factor = np.exp(scale - largest)
    for term in terms:
        term *= factor
    return largest.squeeze(axis)
