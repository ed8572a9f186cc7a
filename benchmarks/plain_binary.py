"""Textbook NumPy/SciPy twins of binary weights: trapezoids, nested SciPy roots."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfcx, expit, log_ndtr, ndtr

NORM = np.sqrt(2 * np.pi)


def trapezoid(window=9.0, step=0.1):
    """Nodes and weights for int Dz."""
    z = step * np.arange(-round(window / step), round(window / step) + 1)
    return z, step * np.exp(-0.5 * z * z) / NORM


def overlap(q_hat, z, w):
    return w.dot(np.tanh(np.sqrt(q_hat) * z) ** 2)


def entropic(q, q_hat, z, w):
    x = np.sqrt(q_hat) * abs(z)
    return w.dot(x + np.log1p(np.exp(-2 * x))) - 0.5 * q_hat * (1 - q)


def saddle(square, z, w):
    """(q, q_hat) with q_hat = square(q), q = E tanh^2: brentq in log q_hat."""

    def excess(x):
        return x - np.log(square(overlap(np.exp(x), z, w)))

    q_hat = np.exp(brentq(excess, -12, 8, xtol=1e-12))
    return overlap(q_hat, z, w), q_hat


def rs(alpha, kappa=0.0):
    """RS entropy of the perceptron."""
    z, w = trapezoid()

    def field(q):
        return (np.sqrt(q) * z - kappa) / np.sqrt(1 - q)

    def square(q):
        ratio = np.sqrt(2 / np.pi) / erfcx(-field(q) / np.sqrt(2))
        return alpha * w.dot(ratio * ratio) / (1 - q)

    q, q_hat = saddle(square, z, w)
    return entropic(q, q_hat, z, w) + alpha * w.dot(log_ndtr(field(q)))


def capacity():
    """Zero of the RS entropy."""
    return brentq(rs, 0.5, 1.1, xtol=1e-14)


def freezing(alpha, gamma, *, step=0.1, reach=9.0):
    """beta* of the cross-entropy: inner sums centred on the proximal point."""
    z, w = trapezoid(9.0, 0.05)

    def pattern(q, beta):
        omega, root = np.sqrt(q) * z, np.sqrt(1 - q)
        low, high = np.zeros_like(z), np.full_like(z, beta * root)
        for _ in range(60):
            eta = 0.5 * (low + high)
            force = beta * root * expit(-2 * gamma * (omega + root * eta))
            low, high = (
                np.where(eta > force, low, eta),
                np.where(eta > force, eta, high),
            )
        slope = expit(-2 * gamma * (omega + root * eta))
        bend = 1 + beta * (1 - q) * 2 * gamma * slope * (1 - slope)
        # uniform nodes on the scale of the sharpest feature
        scale = np.minimum(1 / np.sqrt(bend), 2 / (gamma * root))[:, None]
        count = int(np.ceil(reach / (step * scale.min())))
        h = reach / count
        eta = eta[:, None] + h * np.arange(-count, count + 1)
        x = omega[:, None] + root * eta
        loss = np.logaddexp(0, -2 * gamma * x) / (2 * gamma)
        cost = 0.5 * eta * eta + beta * loss
        top = cost.min(axis=1)
        weight = np.exp(top[:, None] - cost)
        total = weight.sum(axis=1)
        f = np.log(h * total / NORM) - top
        slope = (weight * eta).sum(axis=1) / (total * root)
        energy = (weight * loss).sum(axis=1) / total
        return f, slope, energy

    def entropy(log_beta):
        beta = np.exp(log_beta)
        q, q_hat = saddle(lambda q: alpha * w.dot(pattern(q, beta)[1] ** 2), z, w)
        f, _, energy = pattern(q, beta)
        return entropic(q, q_hat, z, w) + alpha * w.dot(f + beta * energy)

    return np.exp(brentq(entropy, np.log(20), np.log(2000), xtol=1e-11))


def tree_capacity(nodes=30, window=6.8):
    """Capacity of the committee of five: sums over a grid of four units, for each node
    of the fifth."""
    z, w = trapezoid()
    b = np.linspace(-window, window, nodes)
    u = np.exp(-0.5 * b * b) / NORM * (b[1] - b[0])
    u4 = np.einsum("a,b,c,d->abcd", u, u, u, u).ravel()

    def averages(gamma):
        h = ndtr(np.sqrt(gamma) * b)
        four = np.meshgrid(h, h, h, h, indexing="ij")
        counts = [np.ones(nodes**4)]
        for p in four:
            p = p.ravel()
            zero = np.zeros_like(p)
            lower, upper = [*counts, zero], [zero, *counts]
            counts = [a * (1 - p) + c * p for a, c in zip(lower, upper, strict=True)]
        tie, more = counts[2], counts[3] + counts[4]
        f = square = 0.0
        for x, p, weight in zip(b, h, u, strict=True):
            total = more + p * tie
            density = np.exp(-0.5 * gamma * x * x) / NORM
            f += weight * u4.dot(np.log(total))
            square += weight * u4.dot((density * tie / total) ** 2)
        return f, square

    def zero(x):
        q_hat = np.exp(x)
        q = overlap(q_hat, z, w)
        f, square = averages(q / (1 - q))
        alpha = q_hat * (1 - q) / (5 * square)
        return entropic(q, q_hat, z, w) + alpha * f, alpha

    return zero(brentq(lambda x: zero(x)[0], -1.0, 1.0, xtol=1e-9))[1]
