"""Textbook NumPy/SciPy twins: symmetric perceptron, stochastic weights."""

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar
from scipy.special import erfcx, log_ndtr, logsumexp, ndtr

__all__ = ["first_moment", "stochastic"]

NORM = np.sqrt(2 * np.pi)


def first_moment(kappa, d, y):
    """-s_y/log P_y: the types by a minimum over the multiplier, P_y by quad."""
    q = 1 - 2 * d
    z = np.arange(-30, 30.05, 0.05)
    log_w = np.log(0.05 / NORM) - 0.5 * z * z

    def entropy(a):
        x = np.sqrt(a) * abs(z)
        log_cosh = y * (x + np.log1p(np.exp(-2 * x)))
        return logsumexp(log_w + log_cosh) - 0.5 * y * a * ((y - 1) * q + 1)

    def inside(x):
        low, high = (-kappa - np.sqrt(q) * x), (kappa - np.sqrt(q) * x)
        root = np.sqrt(1 - q)
        return np.exp(-0.5 * x * x) / NORM * (ndtr(high / root) - ndtr(low / root)) ** y

    s = minimize_scalar(entropy, bounds=(1e-6, 20), options={"xatol": 1e-10}).fun
    return -s / np.log(quad(inside, -9, 9, epsabs=1e-13, limit=200)[0])


def stochastic(alpha, q, step=0.05):
    """Log-likelihood at given polarisation: brentq in log delta, Newton at each z."""
    z = step * np.arange(-round(9 / step), round(9 / step) + 1)
    w, eps = step * np.exp(-0.5 * z * z) / NORM, 1 - q
    root = np.sqrt(eps)

    def square(log_c):
        b = np.exp(-log_c)
        bell = np.exp(-0.5 * b * b) / NORM
        inner = (1 - 2 * ndtr(-b) - 2 * b * bell) / b**2
        return inner + 2 * ndtr(-b) - q

    c = np.exp(brentq(square, -20, 20, xtol=1e-14))
    pull = c * (1 - 2 * ndtr(-1 / c))

    def fields(delta):
        omega = np.sqrt(q) * z
        for _ in range(100):
            u = -omega / root
            g = np.sqrt(2 / np.pi) / erfcx(u / np.sqrt(2)) / root
            move = omega - np.sqrt(q) * z - delta * g
            move /= 1 + delta * g * (g - u / root)
            omega = omega - move
            if abs(move).max() < 1e-13:
                break
        return omega, g

    def excess(log_delta):
        g = fields(np.exp(log_delta))[1]
        return log_delta + 0.5 * np.log(alpha * w.dot(g * g)) - np.log(pull)

    delta = np.exp(brentq(excess, -10, 15, xtol=1e-13))
    return alpha * w.dot(log_ndtr(fields(delta)[0] / root))
