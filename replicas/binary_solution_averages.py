"""Averages at y -> infinity around binary solutions: docs/binary_local_entropy.md.

Every one is one-dimensional: given the field of the replicas, that of the reference is
a truncated Gaussian, and its sign a step.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import ndtr, roots_legendre

from replicas.quadrature import sinh_nodes

__all__ = ["LADDER", "Patterns", "Weights", "psi"]


class Sums:
    """Rules of the averages over the channel's and over the weights' field."""

    def __init__(self, step, window, nodes):
        self.step, self.window = step, window
        x, w = roots_legendre(nodes)
        self.t, self.w = 0.5 + 0.5 * x, 0.5 * w


LADDER = tuple(
    Sums(0.07 / 1.4**k, 8.4 + 0.4 * k, math.ceil(32 * 1.4**k)) for k in range(4)
)


def gauss(x):
    return np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class Patterns:
    """(BL29)-(BL33), (BL49), per pattern, at overlaps of the weights."""

    norm: float
    value: float
    q_hat: float
    dq_hat: float
    a: float
    tau: float
    slope: float
    binding: float

    @staticmethod
    def at(sums, channel, p, eps, delta, e, theta):
        # from here on overlaps of the fields, and slopes of the kernel
        q1, eps, same, same2 = channel.kernel.overlap(1 - eps, eps)
        p, _, across, across2 = channel.kernel.overlap(p, 1 - p)
        bends = same2 * delta, across2 * theta
        delta, e, theta = same * delta, channel.slope * e, across * theta
        kappa = channel.kappa
        # references that satisfy the pattern by themselves: omega0 = h
        field, w, f, f1, f2 = _nodes(sums, channel, eps, delta, 0.0, q1)
        edge = kappa - theta * f1
        w = w * ndtr((p * field / q1 - edge) / math.sqrt(1 - p * p / q1))
        norm, value = np.sum(w), np.sum(w * (f - 0.5 * delta * f1 * f1))
        q_hat, dq_hat = (
            np.sum(w * f1 * f1),
            delta * np.sum(w * f2 * f2 / (1 - delta * f2)),
        )
        # references pushed to the margin: h = omega0 + (kappa - x) theta/e
        pull, D = theta / e, delta - theta * theta / e
        variance = q1 - 2 * p * pull + pull * pull
        field, w, f, f1, f2 = _nodes(sums, channel, eps, D, kappa * pull, variance)
        shared = p - pull
        width = math.sqrt(max(1 - shared * shared / variance, 0.0))
        k = (kappa - theta * f1 - shared * (field - kappa * pull) / variance) / width
        inside = ndtr(k)
        first = width * (gauss(k) + k * inside)
        second = width * width * ((1 + k * k) * inside + k * gauss(k))
        binding = np.sum(w * inside)
        value += np.sum(w * inside * (f - 0.5 * delta * f1 * f1))
        value -= np.sum(w * (0.5 * second + theta * f1 * first)) / e
        bend = f2 / (1 - D * f2)
        q_hat += np.sum(w * inside * f1 * f1)
        dq_hat += D * np.sum(w * inside * f2 * bend)
        tau = np.sum(w * first * f1) / e
        slope = -pull * np.sum(w * inside * bend)
        return Patterns(
            float(norm + binding),
            float(value),
            float(same * q_hat),
            float(same * dq_hat + bends[0] * q_hat),
            float(channel.slope * np.sum(w * second)) / e**2,
            float(across * tau),
            float(across * slope + bends[1] * tau),
            float(binding),
        )


def _nodes(sums, channel, V, D, mean, variance):
    """Field h ~ N(mean, variance) of (L7) by nodes in omega: h, weights, f, f', f''."""
    kappa, ratio = channel.kappa, D / V
    reach = sums.window * math.sqrt(variance)
    low = (mean - reach + kappa * ratio) / (1 + ratio)
    high = mean + reach
    high += D * float(channel.log_z(high, V)[1])
    lift = math.sqrt(2 * math.log1p(ratio))
    centre, width = kappa + lift * math.sqrt(V), 2 * math.sqrt(V) / (1 + lift)
    if not np.isfinite((np.array([low, high]) - centre) / width).all():
        low = high = centre  # out of double range: no norm
    omega, w = sinh_nodes(centre, width, low, high, sums.step)
    f, f1, f2 = channel.log_z(omega, V)
    field, scale = omega - D * f1, math.sqrt(variance)
    w = w * (1 - D * f2)
    return field, w * gauss((field - mean) / scale) / scale, f, f1, f2


def psi(y, dq_hat):
    """Psi(y) and m = Psi'(y), the largest root with the sign of y."""
    size = np.abs(y)
    X = size + dq_hat
    for _ in range(60):
        slope = 1 - dq_hat * (1 - np.tanh(X) ** 2)
        step = (X - dq_hat * np.tanh(X) - size) / np.maximum(slope, 1e-14)
        X = np.maximum(X - step, 0)
        if np.all(np.abs(step) < 1e-15 * (1 + X)):
            break
    m = np.tanh(X)
    return X + np.log1p(np.exp(-2 * X)) - 0.5 * dq_hat * m * m, np.sign(y) * m


@dataclass(frozen=True)
class Weights:
    """(BL26)-(BL28): averages over the weights' field y, reference +1, twice."""

    norm: float
    value: float
    gap: float
    gap2: float
    spread: float
    e: float
    theta: float

    @staticmethod
    def at(sums, root_a, chi, q_hat, dq_hat, w0):
        scale = math.sqrt(q_hat)
        rho = chi / scale
        across = math.sqrt(1 - rho * rho)
        m0 = float(psi(w0, dq_hat)[1])
        # the reference switches within about `width` of y = 0
        width = across / (m0 / root_a + rho / scale)
        y, w = _panels(sums, sums.window * scale, w0, width)
        w = w * gauss(y / scale) / scale
        up, m = psi(y + w0, dq_hat)
        down, other = psi(y - w0, dq_hat)
        c, step = y / scale, 0.5 * (up - down)
        s = 1 - m0 * m0
        bend = -m0 * s / (3 * (1 - dq_hat * s) ** 3)
        # the difference cancels at small y
        near = np.abs(y) < 1e-3 * min(w0, 1.0)
        step = np.where(near, m0 * y + bend * y**3, step)
        k = (step / root_a + rho * c) / across
        plus, bell = ndtr(k), gauss(k)
        xw = rho * c * plus + across * bell
        return Weights(
            2 * float(np.sum(w * plus)),
            2 * float(root_a * np.sum(w * xw) + np.sum(w * plus * up)),
            2 * float(np.sum(w * plus * (1 - m))),
            2 * float(np.sum(w * plus * (1 - m * m))),
            2 * float(np.sum(w * m * (y * plus - chi * xw))) / (q_hat - chi * chi),
            2 * float(np.sum(w * bell)) / (across * root_a),
            float(np.sum(w * bell * (m - other))) / (across * root_a),
        )


def _panels(sums, reach, w0, width):
    """Nodes and weights on |y| < reach; panels end at the kinks y = +-w0 of m, where
    the nodes crowd like a cube, and around the switch.
    """
    inner = [b for b in (w0, 8 * width, reach / 3) if b < reach]
    ends = np.unique([*inner, 0.0, reach])
    x, w = [], []
    for left, right in pairwise(ends):
        middle = 0.5 * (left + right)
        # each piece from where its nodes may crowd
        pieces = [(left, right)]
        if right == w0:
            pieces = [(left, middle), (right, middle)]
        for start, end in pieces:
            length = end - start
            if start == w0:
                x.append(start + length * sums.t**3)
                w.append(abs(length) * 3 * sums.t**2 * sums.w)
            else:
                x.append(start + length * sums.t)
                w.append(abs(length) * sums.w)
    x, w = np.concatenate(x), np.concatenate(w)
    return np.concatenate([-x[::-1], x]), np.concatenate([w[::-1], w])
