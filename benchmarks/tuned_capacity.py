"""NumPy twin of the 1-RSB capacity of the committee with three units.

alpha_c is the minimum over (q0, w) of entropic / energetic, where the energetic term is
-E_z0 log E_z1 exp(-w dist^2/2) and dist is the distance of the three fields to the
accepted region: with negative parts n, the smallest of two n, or the two smaller of
three. The inner average is one integral over the threshold t of a product of functions
of single units, so the average over the cube of z0 is a few matrix products.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.special import ndtr, roots_legendre

from benchmarks.tuned_rs import trapezoid


def energetic(q0, w, *, outer, nodes=40):
    """-E_z0 log E_z1 exp(-w dist^2/2); outer: nodes and weights of one int Dz."""
    z, weight = outer
    s2 = 1 - q0
    s, mean = np.sqrt(s2), -np.sqrt(q0) * z[:, None]
    # n exp(-w n^2/2) of one unit is Gaussian: mean m, standard deviation v
    shrink = 1 + w * s2
    v, m = np.sqrt(s2 / shrink), mean / shrink
    scale = np.exp(-0.5 * w * mean * m) / np.sqrt(shrink)
    top = m.max() + 8.5 * v
    x, wt = roots_legendre(nodes)
    t, wt = 0.5 * top * (1 + x), 0.5 * top * wt

    tilted = scale * np.exp(-0.5 * ((t - m) / v) ** 2) / (v * np.sqrt(2 * np.pi))
    above = ndtr((mean - t) / s)
    sign = np.where(m > 0, -1.0, 1.0)
    below = sign * scale * (ndtr(sign * m / v) - ndtr(sign * (m - t) / v))
    plus = ndtr(-mean / s)
    minus, rest = 1 - plus[:, 0], plus + below

    pair = (tilted * wt)[:, None] * above[None]
    pair = (pair + pair.transpose(1, 0, 2)).reshape(-1, nodes)
    half = (pair @ rest.T).reshape(len(z), len(z), len(z))
    p = plus[:, 0]
    accepted = np.multiply.outer(np.multiply.outer(p, p), p / 3 + minus)
    half += accepted
    inner = half + half.transpose(0, 2, 1) + half.transpose(2, 1, 0)
    return -weight @ (weight @ (np.log(inner) @ weight))


def capacity(step=0.3):
    """1-RSB capacity; trapezoid of the given step in each z0."""
    outer = trapezoid(7.2, step)

    def ratio(x):
        q0, w = 1 / (1 + np.exp(-x[0])), np.exp(x[1])
        lam = 1 + w * (1 - q0)
        return 0.5 * (np.log(lam) + w * q0 / lam) / energetic(q0, w, outer=outer)

    return minimize(ratio, [0.0, 2.5], method="BFGS", options={"gtol": 1e-6}).fun
