"""NumPy twins of the local entropy of scalar channels (kappa = 0), any y.

K = 1 and K -> infinity differ only in the overlap of the fields. The saddle is one
bracketed root (Brent); each evaluation is one array expression.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfcx, log_ndtr


def g(b):
    """phi/Phi, finite in both tails."""
    return np.sqrt(2 / np.pi) / erfcx(-np.sqrt(0.5) * b)


def field_overlap(q, wide):
    """Overlap of the fields, 1 minus it and its derivative."""
    if not wide:
        return q, 1 - q, 1.0
    eps = 4 / np.pi * np.arcsin(np.sqrt((1 - q) / 2))
    return 1 - eps, eps, 2 / (np.pi * np.sqrt(1 - q * q))


def large_y(alpha, q1, *, wide=False, nodes=121):
    """Normalised local entropy at y = infinity.

    b is the variable of integration: a = b - c g(b), da = (1 + c g (g + b)) db.
    """
    q, eps, dq = field_overlap(q1, wide)
    root = np.sqrt(q / eps)

    def average(c):
        # sinh grid centred where a = 0; da/db falls with b, so both ends are bounds
        b0 = brentq(lambda b: b - c * g(b), 0, 1 + np.sqrt(2 * np.log1p(c)))
        slope = 1 + c * g(b0) * (g(b0) + b0)
        width = 3 * root / slope
        low, high = -np.arcsinh(3.0), np.arcsinh(9 * root / width)
        t, step = np.linspace(low, high, nodes, retstep=True)
        b = b0 + width * np.sinh(t)
        ratio = g(b)
        z = (b - c * ratio) / root
        weight = np.exp(-0.5 * z * z) * (1 + c * ratio * (ratio + b)) * np.cosh(t)
        return b, ratio, weight * (width * step / root / np.sqrt(2 * np.pi))

    def stationarity(log_c):
        c = np.exp(log_c)
        _, ratio, weight = average(c)
        delta = c * eps / dq
        right = alpha * dq / eps * weight.dot(ratio * ratio)
        return np.log(q1 / (1 - q1 + delta) ** 2 / right)

    c = np.exp(brentq(stationarity, -8, 18, xtol=1e-7))
    b, ratio, weight = average(c)
    energetic = weight.dot(log_ndtr(b) - 0.5 * c * ratio * ratio)
    return 0.5 * q1 / (1 - q1 + c * eps / dq) + alpha * energetic


def finite_y(alpha, q1, y, *, wide=False, outer=0.35, inner=101):
    """Normalised local entropy of y replicas at overlap q1."""
    t1, eps, _ = field_overlap(q1, wide)
    n = round(8 / outer)
    z0 = outer * np.arange(-n, n + 1)
    w0 = outer * np.exp(-0.5 * z0 * z0) / np.sqrt(2 * np.pi)
    u = np.linspace(0, 1, inner)

    def tilted(q0):
        # posterior weights of z1 and log of their sum, for every z0
        t0 = field_overlap(q0, wide)[0]
        shift, spread = np.sqrt(t0 / eps) * z0, np.sqrt((t1 - t0) / eps)
        # Newton from the right for the maximiser; the log-weight is concave
        top = y * spread * g(shift)
        for _ in range(12):
            b = shift + spread * top
            ratio = g(b)
            curvature = 1 + y * spread**2 * ratio * (ratio + b)
            step = (top - y * spread * ratio) / curvature
            top = top - step
            if np.abs(step).max() < 1e-2:
                break
        # sinh grid centred there; the curvature falls towards 1 on the right
        width = 3 / np.sqrt(curvature)
        low, high = -np.arcsinh(3.0), np.arcsinh(9 / width)
        t = low + (high - low)[:, None] * u
        z1 = top[:, None] + width[:, None] * np.sinh(t)
        b = shift[:, None] + spread * z1
        log_w = y * log_ndtr(b) - 0.5 * z1 * z1
        highest = log_w.max(axis=1, keepdims=True)
        p = np.exp(log_w - highest) * np.cosh(t)
        total = p.sum(axis=1)
        step = width * (high - low) * u[1] / np.sqrt(2 * np.pi)
        return b, p / total[:, None], highest[:, 0] + np.log(total * step)

    def lam(q0):
        return 1 - q1 + y * (q1 - q0)

    def stationarity(q0):
        b, p, _ = tilted(q0)
        mean = (p * g(b)).sum(axis=1)
        dq0 = field_overlap(q0, wide)[2]
        right = alpha * dq0 / eps * w0.dot(mean * mean)
        return q0 / lam(q0) ** 2 - right

    q0 = brentq(stationarity, 1e-6, q1 - 1e-9, xtol=1e-9)
    log_sum = tilted(q0)[2]
    entropic = np.log(lam(q0) / (1 + (y - 1) * q1)) / y + q0 / lam(q0)
    return 0.5 * entropic + alpha / y * w0.dot(log_sum)
