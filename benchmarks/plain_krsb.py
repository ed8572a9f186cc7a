"""NumPy twin of the 1-RSB centre: Hermite sums and a simplex search."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import erfcx, log_ndtr, roots_hermitenorm


def maximum(h, V, D, kappa):
    """max over omega of log H((kappa - omega)/sqrt V) - (omega - h)^2/(2 D)."""
    s = np.sqrt(V)
    omega = (h + D / V * kappa) / (1 + D / V)
    for _ in range(60):
        b = (omega - kappa) / s
        g = np.sqrt(2 / np.pi) / erfcx(-np.sqrt(0.5) * b) / s
        step = (h - omega + D * g) / (1 + D * g * (g + b / s))
        omega = omega + step
        if np.abs(step).max() < 1e-10:
            break
    return log_ndtr((omega - kappa) / s) - 0.5 * (omega - h) ** 2 / D


def one_rsb(channel, alpha, eps, q0, mu, delta, *, outer=80, inner=100):
    """Normalised local entropy at 1 - q1 = eps, searched from (q0, mu, delta)."""
    Q = 1 - eps
    tQ, V, dtQ, _ = channel.kernel.overlap(Q, eps)
    z0, w0 = roots_hermitenorm(outer)
    z1, w1 = roots_hermitenorm(inner)
    w0, w1 = w0 / np.sqrt(2 * np.pi), w1 / np.sqrt(2 * np.pi)

    def phi(x):
        q0, mu, delta = Q / (1 + np.exp(-x[0])), np.exp(x[1]), np.exp(x[2])
        t0 = channel.kernel.overlap(q0, 1 - q0)[0]
        h = np.sqrt(t0) * z0[:, None] + np.sqrt(tQ - t0) * z1
        M = mu * maximum(h, V, delta * dtQ, channel.kappa)
        top = M.max(axis=1)
        average = w0 @ (top + np.log(np.exp(M - top[:, None]) @ w1)) / mu
        l1 = eps + delta
        l0 = l1 + mu * (Q - q0)
        return 0.5 * (np.log(l0 / l1) / mu + q0 / l0) + alpha * average

    x = [np.log(q0 / (Q - q0)), np.log(mu), np.log(delta)]
    options = {"xatol": 1e-5, "fatol": 1e-12, "maxiter": 600}
    return minimize(phi, x, method="Nelder-Mead", options=options).fun
