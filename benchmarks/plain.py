"""Textbook NumPy twins: Gauss-Legendre panels, a SciPy root or minimiser, kappa = 0.

Every evaluation is one array expression; the panels are just fine enough for the
accuracy printed beside them. K = 1 and K -> infinity differ in the field overlap.
"""

import numpy as np
from scipy.optimize import brentq, minimize, root
from scipy.special import log_ndtr, logsumexp, roots_hermitenorm, roots_legendre

from benchmarks.tuned_capacity import energetic
from benchmarks.tuned_local_entropy import field_overlap, g

NORM = np.sqrt(2 * np.pi)


def panels(ends, order=16):
    """Nodes and weights of Gauss-Legendre panels between successive ends."""
    x, w = roots_legendre(order)
    ends = np.asarray(ends, dtype=float)
    half = 0.5 * np.diff(ends)
    middle = 0.5 * (ends[1:] + ends[:-1])
    z = middle[:, None] + half[:, None] * x
    return z.ravel(), (half[:, None] * w).ravel()


def graded(low, high, scale, width=1.0):
    """Panel ends: steps of `width`, halved towards 0 down to `scale`."""
    fine = scale * 2.0 ** np.arange(max(0, np.ceil(np.log2(width / scale))))
    steps = np.arange(width, high - low + width, width)
    ends = np.concatenate([-steps, -fine, [0], fine, steps])
    return np.unique(np.clip(ends, low, high))


def gaussian(low=-8.5, high=8.5, scale=1.0):
    """Panels for int Dz."""
    z, w = panels(graded(low, high, scale))
    return z, w * np.exp(-0.5 * z * z) / NORM


def rs(alpha):
    """Replica symmetric entropy of the perceptron."""
    z, w = gaussian()

    def stationarity(x):
        ratio = g(np.exp(0.5 * x) * z)
        return np.log(np.exp(x) / (alpha * w.dot(ratio * ratio)))

    gamma = np.exp(brentq(stationarity, -10, 10, xtol=1e-8))
    return 0.5 * (gamma - np.log1p(gamma)) + alpha * w.dot(log_ndtr(gamma**0.5 * z))


def large_y(alpha, q1, *, wide=False):
    """Normalised local entropy at y = infinity, integrated over b."""
    q, eps, dq = field_overlap(q1, wide)
    gamma = np.sqrt(q / eps)

    def average(log_c):
        c = np.exp(log_c)
        low = brentq(lambda b: b - c * g(b) + 9 * gamma, -9 * gamma, 9 * gamma)
        b, w = panels(low + graded(0, 9 * gamma + 3 - low, min(1, 3 * gamma / (1 + c))))
        ratio = g(b)
        z = (b - c * ratio) / gamma
        w = w * np.exp(-0.5 * z * z) * (1 + c * ratio * (ratio + b)) / (gamma * NORM)
        return c, b, ratio, w

    def stationarity(log_c):
        c, _, ratio, w = average(log_c)
        delta = c * eps / dq
        return np.log(q1 / (1 - q1 + delta) ** 2 / (alpha * dq / eps * w.dot(ratio**2)))

    c, b, ratio, w = average(brentq(stationarity, -8, 18, xtol=1e-8))
    energetic = w.dot(log_ndtr(b) - 0.5 * c * ratio**2)
    return 0.5 * q1 / (1 - q1 + c * eps / dq) + alpha * energetic


def finite_y(alpha, q1, y, *, wide=False):
    """Normalised local entropy of y replicas at overlap q1."""
    t1, eps, _ = field_overlap(q1, wide)
    z0, w0 = gaussian()
    x, wx = panels(np.arange(-9.0, 9.5))

    def tilted(q0):
        t0 = field_overlap(q0, wide)[0]
        shift, spread = np.sqrt(t0 / eps) * z0, np.sqrt((t1 - t0) / eps)
        top = y * spread * g(shift)
        for _ in range(5):
            ratio = g(shift + spread * top)
            slope = 1 + y * spread**2 * ratio * (ratio + shift + spread * top)
            top = top - (top - y * spread * ratio) / slope
        z1 = top[:, None] + x
        b = shift[:, None] + spread * z1
        log_w = y * log_ndtr(b) - 0.5 * z1 * z1 + np.log(wx / NORM)
        log_sum = logsumexp(log_w, axis=1)
        return b, np.exp(log_w - log_sum[:, None]), log_sum

    def stationarity(q0):
        b, p, _ = tilted(q0)
        mean = (p * g(b)).sum(axis=1)
        right = alpha * field_overlap(q0, wide)[2] / eps * w0.dot(mean**2)
        return q0 / (1 - q1 + y * (q1 - q0)) ** 2 - right

    q0 = brentq(stationarity, 1e-6, q1 - 1e-9, xtol=1e-9)
    lam = 1 - q1 + y * (q1 - q0)
    entropic = np.log(lam / (1 + (y - 1) * q1)) / y + q0 / lam
    return 0.5 * entropic + alpha / y * w0.dot(tilted(q0)[2])


def franz_parisi(alpha, p, *, wide=False):
    """Normalised Franz-Parisi local entropy; gradient by central differences."""
    z0, w0 = gaussian()

    def typical(q):
        tq, eps, dq = field_overlap(q, wide)
        return q / (1 - q) ** 2 - alpha * dq / eps * w0.dot(
            g(np.sqrt(tq / eps) * z0) ** 2
        )

    q = brentq(typical, 1e-9, 1 - 1e-6, xtol=1e-15)
    tq, teps, _ = field_overlap(q, wide)
    tp = field_overlap(p, wide)[0]
    b0 = (np.sqrt(tq / teps) * z0)[:, None]

    def potential(q1, t):
        tq1, eps, _ = field_overlap(q1, wide)
        tt = field_overlap(t, wide)[0]
        spread = tq1 - tt * tt / tq
        rho = (tp - tt) / np.sqrt(teps * spread)
        hidden = np.sqrt(1 - rho * rho)
        # panels centred on the front of the reference, which moves with z0
        x, w = panels(graded(-9, 9, min(1, 2 * hidden / rho)), order=12)
        y = np.clip(-b0 / rho, -7, 7) + x
        log_p = log_ndtr((b0 + rho * y) / hidden) - log_ndtr(b0) - 0.5 * y * y
        field = np.sqrt(tt * tt / tq) * z0[:, None] + np.sqrt(spread) * y
        energetic = w0 @ (np.exp(log_p) * log_ndtr(field / np.sqrt(eps)) @ w) / NORM
        a = (p * p - t * t) / (1 - q) - q * (p - t) ** 2 / (1 - q) ** 2
        return 0.5 * (np.log1p(-q1) + (q1 - a) / (1 - q1)) + alpha * energetic

    def at(x):
        q1 = x[1] ** 2 / q + (p - x[1]) ** 2 / (1 - q) + np.exp(x[0])
        return potential(q1, x[1])

    def gradient(x, h=1e-4):
        return [(at(x + step) - at(x - step)) / (2 * h) for step in (h * np.eye(2))]

    start = [np.log(0.1 * (1 - p * p)), q * (1 + 0.3 * (1 - p))]
    solution = root(gradient, start, method="hybr", options={"xtol": 1e-6})
    return at(solution.x) - 0.5 * np.log1p(-p * p)


def capacity(nodes=80):
    """1-RSB capacity of the committee with three units, Gauss-Hermite cube."""
    z, w = roots_hermitenorm(nodes)

    def ratio(x):
        q0, v = 1 / (1 + np.exp(-x[0])), np.exp(x[1])
        lam = 1 + v * (1 - q0)
        entropic = 0.5 * (np.log(lam) + v * q0 / lam)
        return entropic / energetic(q0, v, outer=(z, w / NORM))

    options = {"xatol": 1e-6, "fatol": 1e-12}
    return minimize(ratio, [0.0, 2.5], method="Nelder-Mead", options=options).fun
