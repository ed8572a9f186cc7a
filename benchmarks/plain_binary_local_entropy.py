"""Textbook NumPy/SciPy twins of the local entropy of binary weights."""

import numpy as np
from scipy.optimize import root
from scipy.special import log_ndtr

from benchmarks.plain_binary import trapezoid


def mills(x):
    """G(x)/H(x)."""
    return np.exp(-0.5 * x * x - 0.5 * np.log(2 * np.pi) - log_ndtr(-x))


def large_y(alpha, distance):
    """y = infinity, distance to a free reference: Newton at every node."""
    p = 1 - 2 * distance
    z, w = trapezoid(8.5, 0.05)
    x, gauss = np.polynomial.legendre.leggauss(80)
    u = 4.5 * (1 + x)
    du = 4.5 * gauss * np.exp(-0.5 * u * u) * np.sqrt(2 / np.pi)

    def patterns(q1, delta):
        V, h = 1 - q1, np.sqrt(q1) * z
        omega = h + 1.0
        for _ in range(60):
            g = mills(-omega / np.sqrt(V)) / np.sqrt(V)
            slope = -g * (g + omega / V)
            step = (omega - h - delta * g) / (1 - delta * slope)
            omega = omega - step
            if abs(step).max() < 1e-12:
                break
        g = mills(-omega / np.sqrt(V)) / np.sqrt(V)
        slope = -g * (g + omega / V)
        value = w.dot(log_ndtr(omega / np.sqrt(V)) - 0.5 * delta * g * g)
        return value, w.dot(g * g), delta * w.dot(slope * slope / (1 - delta * slope))

    def weights(q_hat, dq_hat, p_hat):
        m = np.ones_like(u)
        for _ in range(60):
            t = np.tanh(np.sqrt(q_hat) * u + dq_hat * m + p_hat)
            step = (m - t) / (1 - dq_hat * (1 - t * t))
            m = m - step
            if abs(step).max() < 1e-13:
                break
        return m

    def state(v):
        q1, delta, p_hat = 1 - np.exp(v[0]), np.exp(v[1]), v[2]
        value, square, spread = patterns(q1, delta)
        q_hat, dq_hat = alpha * square, alpha * spread
        return q1, delta, p_hat, value, q_hat, dq_hat, weights(q_hat, dq_hat, p_hat)

    def equations(v):
        q1, delta, _, _, q_hat, _, m = state(v)
        pull = du.dot(u * m) / np.sqrt(q_hat) - (1 - q1) - delta
        return [du.dot(m * m) - q1, pull / delta, du.dot(m) - p]

    found = root(equations, [np.log(0.97 * (1 - p * p)), 0.7, 0.7], tol=1e-11)
    q1, delta, p_hat, value, q_hat, dq_hat, m = state(found.x)
    X = np.sqrt(q_hat) * u + dq_hat * m + p_hat
    entropic = du.dot(X + np.log1p(np.exp(-2 * X)) - 0.5 * dq_hat * m * m)
    value = alpha * value + entropic - p_hat * p - 0.5 * q_hat * (1 - q1)
    return value - 0.5 * (q1 * dq_hat + q_hat * delta)


def finite_y(alpha, distance, y, step=0.1):
    """Phi/y around a free reference: double trapezoids, all nodes at once."""
    p = 1 - 2 * distance
    z, w = trapezoid(8.5, step)
    v, dv = trapezoid(16.0, step)  # tilting moves the fields
    v = v[:, None]
    log_dv = np.log(dv)[:, None]

    def tilted(log_weight, *values):
        top = log_weight.max(axis=0)
        weight = np.exp(log_weight - top)
        norm = weight.sum(axis=0)
        means = [(weight * value).sum(axis=0) / norm for value in values]
        return top + np.log(norm), means

    def state(unknowns):
        q1 = 1 - np.exp(unknowns[0])
        q0, p_hat = q1 / (1 + np.exp(-unknowns[1])), unknowns[2]
        V = 1 - q1
        field = (np.sqrt(q0) * z + np.sqrt(q1 - q0) * v) / np.sqrt(V)
        log_h, g = log_ndtr(field), mills(-field) / np.sqrt(V)
        pattern, (g1, g2) = tilted(log_dv + y * log_h, g, g * g)
        q0_hat, q1_hat = alpha * w.dot(g1 * g1), alpha * w.dot(g2)
        X = np.sqrt(q0_hat) * z + np.sqrt(q1_hat - q0_hat) * v
        X = np.concatenate([X + p_hat, X - p_hat])
        sign = np.repeat([1.0, -1.0], len(v))[:, None]
        log_cosh, T = np.logaddexp(X, -X), np.tanh(X)
        log_weight = np.concatenate([log_dv, log_dv]) + y * log_cosh
        weight, (t, tt, wt) = tilted(log_weight, T, T * T, sign * T)
        value = (w.dot(weight) + alpha * w.dot(pattern)) / y - p_hat * p
        value += 0.5 * (y * q0_hat * q0 - (y - 1) * q1_hat * q1 - q1_hat)
        gaps = [w.dot(tt) - q1, w.dot(t * t) - q0, w.dot(wt) - p]
        return value, gaps

    start = [np.log(0.97 * (1 - p * p)), np.log(y / 3), 0.7]
    found = root(lambda x: state(x)[1], start, tol=1e-11)
    return state(found.x)[0]
