"""1-RSB averages of a tree with 2 or 3 units: docs/one_rsb.md (B15)-(B18).

The Gaussian average over the fields factorises over the units, so a grid in each field
turns it into one matrix product a unit.
"""

from itertools import product

import numpy as np
from scipy.special import log_ndtr

from replicas import _tree_one_rsb

__all__ = ["TooFine", "averages"]

LIMIT = {2: 1500, 3: 140}  # nodes a unit: memory stays below 300 MB
LOG_LIMIT = 6e7  # terms of a contraction in logarithms, about two seconds
COARSE = 0.2  # rules with this step or more only scan
IDENTITY = {"d": 1.0, "d2": 0.0}  # fields overlap as the weights do


class TooFine(Exception):
    """The grid that resolves this point exceeds LIMIT."""


def averages(channel, q0, dq, eps, m, rule):
    """As `_one_rsb.energetic`: averages in units of the fields, and both overlaps."""
    K, s = channel.K, np.sqrt(dq / eps)
    b, law, ends, outer = grids(channel, q0, dq, eps, m, rule)
    kernels, means = gaussian_kernels(*law, s, *ends), cubes(channel, b)
    # what underflows becomes nan, and the point fails
    with np.errstate(all="ignore"):
        contracted = contract(m * means[0], means, kernels)
        if K == 2 and not np.isfinite(contracted[0]).all():
            if len(b) ** 2 * len(outer) > LOG_LIMIT:
                raise TooFine(f"q1 - q0 = {dq:.1e} at m = {m:g} needs too fine a grid")
            laws = log_kernels(*law, s, *ends)
            contracted = contract_logs(m * means[0], means, *laws, s)
        total, first, second, mixed, *tilted = contracted
        # f and its derivatives in b-units
        first = first / m
        second = second / m - m * first**2
        mixed = mixed / m - m * first * np.swapaxes(first, -1, -2)

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


def f1_squared(channel, q0, dq, eps, m, rule):
    """That one of `averages`, which (B12) needs, at half the time."""
    K, s = channel.K, np.sqrt(dq / eps)
    b, law, ends, outer = grids(channel, q0, dq, eps, m, rule)
    kernels = gaussian_kernels(*law, s, *ends)[:2]
    with np.errstate(all="ignore"):
        first = contract_slope(m * cubes(channel, b, derivatives=False), *kernels) / m
        mean = first**2
        for _ in range(K):
            mean = mean @ outer
    if not np.isfinite(mean):
        return averages(channel, q0, dq, eps, m, rule)[0]["f1_squared"]
    return float(K * mean / eps)


def grids(channel, q0, dq, eps, m, rule):
    """Nodes b of P; nodes, weights and means of the laws of b; the ends that `merge`
    takes; outer weights. Raises TooFine.
    """
    s, root_gamma = np.sqrt(dq / eps), np.sqrt(q0 / eps)
    b, weight, *ends = inner_grid(channel, s, root_gamma, m, rule)
    z, outer = outer_grid(channel.K, s, root_gamma, m, rule)
    limit = LIMIT[channel.K] * (1 if rule.step < COARSE else 0.7)
    if max(ends[1] - ends[0], len(z)) > limit:
        raise TooFine(f"q1 - q0 = {dq:.1e} at m = {m:g} needs too fine a grid")
    return b[slice(*ends)], (b, weight, root_gamma * z), ends, outer


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


def cubes(channel, b, derivatives=True):
    """log P at all K-tuples of nodes; |grad log P|^2 and the squared Hessian too."""
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
    empty = (0, 0, 0)
    out = [np.empty(x) for x in (shape, *[shape if derivatives else empty] * 2)]
    slopes = ratio * np.array([-1.0, 1.0])
    _tree_one_rsb.fill(K, np.array(allowed, dtype=np.int8), b, log_h, slopes, *out)
    if not derivatives:
        return out[0].reshape((n,) * K)
    return [cube.reshape((n,) * K) for cube in out]


def contract(exponent, means, kernels):
    """Average exp(exponent) over the kernels, one unit after the other: (B17).

    Returns log of the average, its derivatives in a_1 (first, second) and a_1 a_2,
    divided by it, and the tilted averages of `means`. After each unit the largest
    term is divided out, so that large m does not underflow.
    """
    law, d_law, d2_law = (kernel.T for kernel in kernels)
    scale = exponent.max(axis=-1)
    weight = np.exp(exponent - scale[..., None])
    terms = [times(weight, law)] + [times(weight * mean, law) for mean in means]
    if exponent.ndim == 2:
        terms.insert(0, times(weight, d_law))
    del weight
    if exponent.ndim == 3:
        # (j1, j2, i3) -> (j1, i3, i2)
        scale = rescale(terms, scale[..., None], 1)
        terms = [np.swapaxes(term, 1, 2) for term in terms]
        scale = scale[..., None]
        terms = [times(terms[0], d_law)] + [times(term, law) for term in terms]
    else:
        scale = scale[:, None]
    scale = rescale(terms[1:] + terms[:1], scale, 0)
    # (j1, ..., i2) -> (..., i2, i1)
    sloped, *terms = (np.moveaxis(term, 0, -1) for term in terms)
    total = times(terms[0], law)
    first = times(terms[0], d_law) / total
    second = times(terms[0], d2_law) / total
    mixed = times(sloped, d_law) / total
    tilted = [times(term, law) / total for term in terms[1:]]
    return np.log(total) + scale[..., None], first, second, mixed, *tilted


def contract_slope(exponent, law, d_law):
    """The first derivative of `contract`."""
    scale = exponent.max(axis=-1, keepdims=True)
    term = np.exp(exponent - scale)
    for _ in range(exponent.ndim - 1):
        term = np.moveaxis(times(term, law.T), -1, 0)
        scale = rescale([term], np.moveaxis(scale, -1, 0), -1)[..., None]
    return times(term, d_law.T) / times(term, law.T)


def times(stack, matrix):
    """stack @ matrix, small products on one thread each, or all as a large one.

    BLAS starts its threads anew for each product above 2^18 terms, which costs more
    than a stack of them gains.
    """
    if stack.ndim == 2 or stack[0].size * matrix.shape[1] <= 2**18:
        return stack @ matrix
    rows = stack.reshape(-1, stack.shape[-1]) @ matrix
    return rows.reshape(*stack.shape[:-1], -1)


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
