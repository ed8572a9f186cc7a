"""NumPy twins of binary weights on the best grids we found: Newton in log q_hat.

The load of the saddle is explicit in q_hat; the entropic sums run over half of their
symmetric nodes. All derivatives are closed.
"""

from itertools import combinations_with_replacement
from math import factorial

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfcx, log_ndtr, ndtr

NORM = np.sqrt(2 * np.pi)


def half_line(window=8.2, step=0.22):
    """Nodes and weights for int Dz of even functions."""
    z = step * np.arange(round(window / step) + 1)
    w = 2 * step * np.exp(-0.5 * z * z) / NORM
    w[0] *= 0.5
    return z, w


def line(window=8.2, step=0.22):
    z = step * np.arange(-round(window / step), round(window / step) + 1)
    return z, step * np.exp(-0.5 * z * z) / NORM


def branch(q_hat, half, full):
    """Overlap, log load of the saddle, its slope in log q_hat, E log 2cosh, E f."""
    (y, v), (z, w) = half, full
    x = np.sqrt(q_hat) * y
    e = np.exp(-2 * x)
    sech = 4 * e / (1 + e) ** 2
    eps = v.dot(sech)
    q = 1 - eps
    dq = q_hat * v.dot(sech * (3 * sech - 2))
    u = np.sqrt(q / eps) * z
    g = np.sqrt(2 / np.pi) / erfcx(u * -np.sqrt(0.5))
    bend = g * (g + u)
    square = w.dot(g * g)
    growth = w.dot(bend * bend) + 2 * w.dot(g * g * bend)
    slope = 1 - dq / eps * growth / square
    return q, np.log(q_hat * eps / square), slope, v.dot(x + np.log1p(e)), u


def rs_point(alpha, half, full):
    """RS entropy at one load."""
    x, target = np.log(alpha) - 0.3, np.log(alpha)
    for _ in range(30):
        q, load, slope, log_2cosh, u = branch(np.exp(x), half, full)
        step = (load - target) / slope
        x -= step
        if abs(step) < 3e-7:
            break
    q, _, _, log_2cosh, u = branch(np.exp(x), half, full)
    return log_2cosh - 0.5 * np.exp(x) * (1 - q) + alpha * full[1].dot(log_ndtr(u))


def capacity(half, full):
    """Newton for the zero of the entropy along the branch."""
    x = 1.0
    for _ in range(30):
        q, load, slope, log_2cosh, u = branch(np.exp(x), half, full)
        entropic = log_2cosh - 0.5 * np.exp(x) * (1 - q)
        f = full[1].dot(log_ndtr(u))
        step = (entropic + np.exp(load) * f) / (np.exp(load) * slope * f)
        x -= step
        if abs(step) < 1e-8:
            break
    return -entropic / f


def tree_capacity(step=0.36, window=7.2):
    """Capacity of the committee of five: a sum over multisets of nodes."""
    half = half_line()
    z, w = line(window, step)
    index = np.array(list(combinations_with_replacement(range(len(z)), 5)))
    # multiplicity 5!/(runs!)
    ways = np.full(len(index), float(factorial(5)))
    run = np.ones(len(index))
    for i in range(1, 5):
        run = np.where(index[:, i] == index[:, i - 1], run + 1, 1)
        ways /= run
    weight = ways * w[index].prod(axis=1)
    keep = weight > 1e-17
    index, weight = index[keep], weight[keep]

    def averages(gamma):
        b = np.sqrt(gamma) * z
        p, density = ndtr(b)[index], (np.exp(-0.5 * b * b) / NORM)[index]
        counts = np.zeros((6, len(p)))
        counts[0] = 1
        for i in range(5):
            counts[1:] = counts[1:] * (1 - p[:, i]) + counts[:-1] * p[:, i]
            counts[0] *= 1 - p[:, i]
        total = counts[3:].sum(axis=0)
        others = np.zeros((5, len(p)))
        others[0] = 1
        for i in range(4):
            others[1:] = others[1:] * (1 - p[:, i]) + others[:-1] * p[:, i]
            others[0] *= 1 - p[:, i]
        square = 0.0
        for i in range(5):
            # the others tie: unit i removed from the table of all
            tie = others[2] if i == 4 else _without(p, i)
            square = square + (density[:, i] * tie / total) ** 2
        return weight.dot(np.log(total)), weight.dot(square)

    def zero(x):
        (y, v), q_hat = half, np.exp(x)
        x = np.sqrt(q_hat) * y
        e = np.exp(-2 * x)
        eps = v.dot(4 * e / (1 + e) ** 2)
        f, square = averages((1 - eps) / eps)
        alpha = q_hat * eps / square
        return v.dot(x + np.log1p(e)) - 0.5 * q_hat * eps + alpha * f, alpha

    return zero(brentq(lambda x: zero(x)[0], -0.6, 0.2, xtol=1e-8))[1]


def _without(p, skip):
    """Probability that two of the units but `skip` are positive."""
    counts = np.zeros((3, len(p)))
    counts[0] = 1
    for i in range(5):
        if i != skip:
            counts[1:] = counts[1:] * (1 - p[:, i]) + counts[:-1] * p[:, i]
            counts[0] *= 1 - p[:, i]
    return counts[2]
