"""Textbook NumPy twin of the Franz-Parisi entropy of binary weights, no margin.

Uniform grids, one array expression an average, a SciPy root in (log e^2, t). The
references are typical solutions or minimisers of the cross-entropy at freezing.
"""

import math

import numpy as np
from scipy.optimize import brentq, root
from scipy.special import log_ndtr

from benchmarks.tuned_local_entropy import g


def nodes(step, window=9.0):
    """Uniform grid for int Dz."""
    z = np.arange(-window, window + step / 2, step)
    return z, step * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def overlap(q_hat):
    z, w = nodes(min(0.1, 0.25 / math.sqrt(q_hat)))
    return w @ np.tanh(math.sqrt(q_hat) * z) ** 2


def entropic_rs(q_hat):
    z, w = nodes(min(0.1, 0.25 / math.sqrt(q_hat)))
    h = math.sqrt(q_hat) * z
    return -0.5 * q_hat * (1 - overlap(q_hat)) + w @ np.logaddexp(h, -h)


class Typical:
    """Law of a typical solution's field, merged with the rest of the field."""

    def __init__(self, alpha, step):
        self.z, self.w = nodes(step)
        self.v, self.wv = nodes(step / 2)

        def force(q):
            return alpha * self.w @ g(math.sqrt(q / (1 - q)) * self.z) ** 2 / (1 - q)

        log_q_hat = brentq(
            lambda x: math.log(force(overlap(math.exp(x)))) - x, -8, 4, xtol=1e-14
        )
        self.q_hat = math.exp(log_q_hat)
        self.q = overlap(self.q_hat)
        self.b = math.sqrt(self.q / (1 - self.q)) * self.z

    def average(self, p, t, e):
        """E log Z, E f'^2 and E f' g' at 1 - q1 from the overlaps p, t and e."""
        root = math.sqrt((p - t) ** 2 / (1 - self.q) + e * e)
        rho = (p - t) / math.sqrt(1 - self.q) / root
        noise = math.sqrt(1 - t * t / self.q - root * root)
        hidden = math.sqrt(1 - rho * rho)
        tagged = (self.b[:, None] + rho * self.v) / hidden
        weight = np.exp(log_ndtr(tagged) - log_ndtr(self.b)[:, None])
        weight *= np.outer(self.w, self.wv)
        u = t / math.sqrt(self.q) * self.z[:, None] + root * self.v
        force = g(u / noise) / noise
        pull = g(self.b) / math.sqrt(1 - self.q)
        return (
            np.sum(weight * log_ndtr(u / noise)),
            np.sum(weight * force * force),
            pull @ np.sum(weight * force, axis=1),
        )


class Minimiser:
    """Law of the field of a minimiser; nodes around its peak, and those of the rest."""

    def __init__(self, alpha, gamma, step=0.1):
        self.alpha, self.gamma, self.step = alpha, gamma, step
        self.z, self.w = nodes(2 * step)
        self.v, self.wv = nodes(3 * step)
        start = [1.0]

        def entropy(log_beta):
            self.solve(math.exp(log_beta), start)
            return self.entropy

        brentq(entropy, math.log(20), math.log(5000), xtol=1e-14)

    def law(self, beta, q):
        h = math.sqrt(q) * self.z
        gamma, V = self.gamma, 1 - q
        x = np.maximum(h, 0) + 1e-3
        for _ in range(60):
            s = 1 / (1 + np.exp(2 * gamma * x))
            x = x - (x - h - beta * V * s) / (1 + 2 * gamma * beta * V * s * (1 - s))
        s = 1 / (1 + np.exp(2 * gamma * x))
        curvature = 1 + 2 * gamma * beta * V * s * (1 - s)
        # in units of the peak's width, which the flat side of the loss exceeds
        u = np.arange(-14, 14, self.step)
        t = np.sinh(u / 3) * 3 / np.sqrt(curvature)[:, None]
        jacobian = np.cosh(u / 3) * self.step / np.sqrt(curvature)[:, None]
        eta = (x - h)[:, None] / math.sqrt(V) + t
        f = np.logaddexp(0, -2 * gamma * (h[:, None] + math.sqrt(V) * eta)) / (
            2 * gamma
        )
        log_w = -0.5 * eta * eta - beta * f
        top = log_w.max(axis=1)
        w = jacobian * np.exp(log_w - top[:, None])
        z = w.sum(axis=1)
        w /= z[:, None]
        log_z = np.log(z / math.sqrt(2 * math.pi)) + top
        return eta, w, log_z, (w * f).sum(axis=1)

    def solve(self, beta, start):
        def gap(x):
            q = overlap(math.exp(x))
            eta, w, *_ = self.law(beta, q)
            pull = (w * eta).sum(axis=1)
            return math.log(self.alpha * self.w @ pull**2 / (1 - q)) - x

        low, high = start[0] - 1, start[0] + 1
        while gap(high) > 0:
            high += 1
        while gap(low) < 0:
            low -= 1
        start[0] = brentq(gap, low, high, xtol=1e-13)
        self.q_hat = math.exp(start[0])
        self.q = overlap(self.q_hat)
        self.eta, self.weight, log_z, loss = self.law(beta, self.q)
        energy = self.w @ (log_z + beta * loss)
        self.entropy = entropic_rs(self.q_hat) + self.alpha * energy
        self.pull = (self.weight * self.eta).sum(axis=1) / math.sqrt(1 - self.q)

    def average(self, p, t, e):
        drift = (p - t) / math.sqrt(1 - self.q)
        noise = math.sqrt(1 - t * t / self.q - drift * drift - e * e)
        mean = t / math.sqrt(self.q) * self.z[:, None] + drift * self.eta
        kept = self.weight > 1e-17
        weight = (self.w[:, None] * self.weight)[kept]
        pull = np.broadcast_to(self.pull[:, None], kept.shape)[kept]
        u = (mean[kept][:, None] + e * self.v) / noise
        force = g(u) / noise
        return (
            weight @ (log_ndtr(u) @ self.wv),
            weight @ (force * force @ self.wv),
            (weight * pull) @ (force @ self.wv),
        )


def franz_parisi(alpha, d, gamma=None, *, step=0.1):
    """Entropy around a typical solution, or a minimiser of the cross-entropy."""
    if gamma is None:
        return potential(alpha, d, Typical(alpha, step), step)
    return potential(alpha, d, Minimiser(alpha, gamma, step), step)


def potential(alpha, d, reference, step=0.1):
    p, q, q_hat = 1 - 2 * d, reference.q, reference.q_hat
    s = math.sqrt(q_hat)
    x, wx = nodes(min(step, 0.25 / s))
    y, wy = nodes(step)
    tau = np.tanh(s * x)
    weight = np.outer(wx * (1 + tau), wy)

    def fields(q1_hat, t_hat, p_hat):
        spread = math.sqrt(max(q1_hat - t_hat**2 / q_hat, 0.0))
        return spread * y + (t_hat / s * x + p_hat - t_hat)[:, None]

    def state(unknowns):
        e, t = math.exp(0.5 * unknowns[0]), unknowns[1]
        q1 = t * t / q + (p - t) ** 2 / (1 - q) + e * e
        f, square, product = reference.average(p, t, e)
        q1_hat, t_hat = alpha * square, alpha * product
        p_hat = math.atanh(p) + t_hat
        for _ in range(30):
            T = np.tanh(fields(q1_hat, t_hat, p_hat))
            change = (np.sum(weight * T) - p) / np.sum(weight * (1 - T * T))
            p_hat -= max(-1.0, min(1.0, change))
            if abs(change) < 1e-13:
                break
        return e, t, q1, f, q1_hat, t_hat, p_hat

    def equations(unknowns):
        e, t, _, _, *hats = state(unknowns)
        T = np.tanh(fields(*hats))
        new_q1 = np.sum(weight * T * T)
        new_t = np.sum(weight * T * tau[:, None])
        e2 = new_q1 - new_t**2 / q - (p - new_t) ** 2 / (1 - q)
        return [math.log(e2 / (e * e)), new_t - t]

    c = 0.3 if isinstance(reference, Typical) else 0.05
    t = p * q + c * math.sqrt(q * (1 - q) * (1 - p * p))
    start = [math.log(0.05 * (1 - p * p)), t]
    found = root(equations, start, method="hybr", options={"eps": 1e-7, "xtol": 1e-11})
    _, t, q1, f, q1_hat, t_hat, p_hat = state(found.x)
    h = fields(q1_hat, t_hat, p_hat)
    entropic = -0.5 * q1_hat * (1 - q1) - p_hat * p + t_hat * t
    return entropic + np.sum(weight * np.logaddexp(h, -h)) + alpha * f
