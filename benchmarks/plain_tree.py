"""NumPy twin of the local entropy at y = infinity, committee with three units.

M_c(a) = max_b [log P(b) - |b - a|^2/(2c)] is averaged over the ordered fields
a1 >= a2 >= a3, whose boundaries hold the kinks of the permutations. The maximum is
sought from three starts by damped Newton steps on all points at once.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from benchmarks.plain import panels


def log_p(b):
    """log P(b), gradient (n, 3) and Hessian (n, 3, 3)."""
    h, low = ndtr(b), ndtr(-b)
    pair = np.roll(h, 1, axis=1) * np.roll(h, 2, axis=1)
    p = (pair * low).sum(axis=1) + h.prod(axis=1)
    phi = np.exp(-0.5 * b * b) / np.sqrt(2 * np.pi)
    differ = np.roll(h, 1, axis=1) * np.roll(low, 2, axis=1)
    differ += np.roll(low, 1, axis=1) * np.roll(h, 2, axis=1)
    ratio = phi / p[:, None]
    slope = ratio * differ
    hessian = -slope[:, :, None] * slope[:, None, :]
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        cross = ratio[:, i] * phi[:, j] * (low[:, k] - h[:, k])
        hessian[:, i, j] += cross
        hessian[:, j, i] += cross
        hessian[:, i, i] -= b[:, i] * slope[:, i]
    return np.log(p), slope, hessian


def climb(a, b, c):
    """Local maxima reached from b: value and |b - a|^2."""
    value, b = np.full(len(a), -np.inf), b.copy()
    active = np.arange(len(a))
    damping = np.zeros(len(a))
    here, slope, hessian = log_p(b)
    value = here - ((b - a) ** 2).sum(axis=1) / (2 * c)
    eye = np.eye(3)
    for _ in range(60):
        x = b[active]
        gradient = slope - (x - a[active]) / c
        matrix = (1 / c + damping[active])[:, None, None] * eye - hessian
        step = np.linalg.solve(matrix, gradient[:, :, None])[:, :, 0]
        step *= np.minimum(1, 2 / np.abs(step).max(axis=1))[:, None]
        rise = (step * gradient).sum(axis=1)
        new, new_slope, new_hessian = log_p(x + step)
        new -= ((x + step - a[active]) ** 2).sum(axis=1) / (2 * c)
        better = (rise > 0) & (new >= value[active] - 1e-14)
        up, down = active[better], active[~better]
        value[up], b[up] = new[better], (x + step)[better]
        damping[up] *= 0.1
        damping[down] = 4 * damping[down] + 0.3
        slope[better], hessian[better] = new_slope[better], new_hessian[better]
        going = ~(better & (np.abs(step).max(axis=1) < 1e-6))
        active, slope, hessian = active[going], slope[going], hessian[going]
        if not active.size:
            break
    return value, ((b - a) ** 2).sum(axis=1)


def maximum(a, c):
    """M_c(a) for sorted a and |b* - a|^2, the best of three starts."""
    lift = np.sqrt(2 * np.log1p(c)) + 0.3
    two = a.copy()
    two[:, :2] = np.maximum(two[:, :2], lift)
    best, distance = climb(a, a, c)
    for start in (two, np.maximum(a, lift)):
        value, moved = climb(a, start, c)
        distance = np.where(value > best, moved, distance)
        best = np.maximum(value, best)
    return best, distance


def ordered_nodes(order):
    """Nodes (n, 3) with z1 >= z2 >= z3 and weights of the Gaussian average."""
    z1, w1 = panels(np.arange(-7.0, 8), order)
    u, wu = panels([0, 0.1, 0.25, 0.5, *range(1, 11)], order)
    z2 = z1[:, None] - u
    z3 = z2[:, :, None] - u
    z = np.stack(np.broadcast_arrays(z1[:, None, None], z2[:, :, None], z3), axis=-1)
    w = 6 * w1[:, None, None] * wu[:, None] * wu
    w = (w * np.exp(-0.5 * (z * z).sum(axis=-1)) / (2 * np.pi) ** 1.5).ravel()
    keep = w > 1e-14
    return z.reshape(-1, 3)[keep], w[keep]


def average(gamma, c, nodes, chunk=20000):
    """E M_c(sqrt(gamma) z) and E |b* - a|^2."""
    z, w = nodes
    total = np.zeros(2)
    for i in range(0, len(w), chunk):
        a = np.sqrt(gamma) * z[i : i + chunk]
        total += [w[i : i + chunk].dot(x) for x in maximum(a, c)]
    return total


def large_y(alpha, q1, *, coarse=4, fine=6):
    """Normalised local entropy: saddle on the coarse nodes, value on the fine."""
    gamma = q1 / (1 - q1)
    nodes = ordered_nodes(coarse)

    def stationarity(log_c):
        c = np.exp(log_c)
        return np.log(
            gamma / (1 + c) ** 2 / (alpha * average(gamma, c, nodes)[1]) * c**2
        )

    c = np.exp(brentq(stationarity, -3, 10, xtol=1e-4))
    return 0.5 * gamma / (1 + c) + alpha * average(gamma, c, ordered_nodes(fine))[0]
