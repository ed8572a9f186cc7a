"""NumPy twin of the Franz-Parisi potential of scalar channels (kappa = 0).

The reference is a typical solution: q from the replica symmetric saddle. The two
stationarity equations need only first derivatives of log Phi, averaged over the field
of the disorder z0 and the field of the reference given it.
"""

import numpy as np
from scipy.optimize import brentq, root
from scipy.special import log_ndtr

from benchmarks.tuned_local_entropy import field_overlap, g


def reference_overlap(alpha, wide, z, w):
    """Overlap of typical solutions."""

    def stationarity(q):
        tq, eps, dq = field_overlap(q, wide)
        ratio = g(np.sqrt(tq / eps) * z)
        return q / (1 - q) ** 2 - alpha * dq / eps * w.dot(ratio * ratio)

    return brentq(stationarity, 1e-9, 1 - 1e-6, xtol=1e-15)


def franz_parisi(alpha, p, *, wide=False, outer=0.25, inner=121):
    """Normalised Franz-Parisi local entropy at overlap p with the reference."""
    n = round(8 / outer)
    z0 = outer * np.arange(-n, n + 1)
    w0 = outer * np.exp(-0.5 * z0 * z0) / np.sqrt(2 * np.pi)
    q = reference_overlap(alpha, wide, z0, w0)
    tq, teps, _ = field_overlap(q, wide)
    tp = field_overlap(p, wide)[0]
    b0 = np.sqrt(tq / teps) * z0
    log_norm = log_ndtr(b0)[:, None]
    pull = g(b0) / np.sqrt(teps)

    def grid(q1, t):
        # argument of log Phi and probability of each node: sinh grid on the front of
        # the reference, which moves with z0
        tq1, eps, dq1 = field_overlap(q1, wide)
        tt, _, dt = field_overlap(t, wide)
        spread = tq1 - tt * tt / tq
        rho = (tp - tt) / np.sqrt(teps * spread)
        if not (spread > 0 and 0 < rho < 1):
            return None
        hidden = np.sqrt(1 - rho * rho)
        width = 4 * hidden / rho
        centre = np.clip(-b0 / rho, -8.5, 8.5)[:, None]
        low, high = np.arcsinh((-9 - centre) / width), np.arcsinh((9 - centre) / width)
        u = low + (high - low) * np.linspace(0, 1, inner)
        x = centre + width * np.sinh(u)
        log_p = log_ndtr((b0[:, None] + rho * x) / hidden) - log_norm - 0.5 * x * x
        weight = np.exp(log_p) * np.cosh(u)
        weight *= w0[:, None] * width * (high - low) / (inner - 1) / np.sqrt(2 * np.pi)
        field = (tt / np.sqrt(tq) * z0)[:, None] + np.sqrt(spread) * x
        return field / np.sqrt(eps), weight, eps, dq1, dt

    def entropic(q1, t):
        # A and its derivative in t
        a = (p * p - t * t) / (1 - q) - q * (p - t) ** 2 / (1 - q) ** 2
        return a, 2 * q * (p - t) / (1 - q) ** 2 - 2 * t / (1 - q)

    def overlaps(x):
        q1 = x[1] ** 2 / q + (p - x[1]) ** 2 / (1 - q) + np.exp(x[0])
        return q1, x[1]

    def stationarity(x):
        q1, t = overlaps(x)
        found = grid(q1, t) if q1 < 1 else None
        if found is None:
            return np.array([1e3, 1e3])
        b, weight, eps, dq1, dt = found
        a, da = entropic(q1, t)
        slope = g(b) / np.sqrt(eps)
        weighted = weight * slope
        return np.array(
            [
                (q1 - a) / (1 - q1) - alpha * dq1 * (1 - q1) * np.sum(weighted * slope),
                da / 2 + alpha * dt * (1 - q1) * pull.dot(weighted.sum(axis=1)),
            ]
        )

    start = np.array([np.log(0.1 * (1 - p * p)), q * (1 + 0.3 * (1 - p))])
    solution = root(stationarity, start, method="hybr", tol=1e-11)
    if not solution.success:
        return np.nan
    q1, t = overlaps(solution.x)
    b, weight = grid(q1, t)[:2]
    entropy = 0.5 * (np.log1p(-q1) + (q1 - entropic(q1, t)[0]) / (1 - q1))
    return entropy + alpha * np.sum(weight * log_ndtr(b)) - 0.5 * np.log1p(-p * p)
