"""NumPy twin of the replica symmetric perceptron (kappa = 0).

With g = phi/Phi and gamma = q/(1 - q) the saddle is gamma = alpha E g(sqrt(gamma) z)^2.
The trapezoid over z converges exponentially; Newton in gamma has a closed derivative.
"""

import numpy as np
from scipy.special import erfcx, log_ndtr


def trapezoid(window, step):
    """Nodes and weights of the trapezoid rule for int Dz over |z| <= window."""
    n = round(window / step)
    z = step * np.arange(-n, n + 1)
    w = step * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return z, w


def rs_point(alpha, z, w, gamma=None):
    """Entropy and overlap at one alpha."""
    if gamma is None:
        gamma = 0.5 * alpha / max(1 - 0.5 * alpha, 0.05)
    wz = w * z
    for _ in range(50):
        root = gamma**0.5
        b = root * z
        g = np.sqrt(2 / np.pi) / erfcx(b * -np.sqrt(0.5))
        g2 = g * g
        value = gamma - alpha * w.dot(g2)
        slope = 1 + alpha / root * wz.dot(g2 * (g + b))
        step = value / slope
        gamma = max(gamma - step, 0.2 * gamma)
        if abs(step) < 1e-8 * gamma:
            break
    value = 0.5 * (gamma - np.log1p(gamma)) + alpha * w.dot(log_ndtr(gamma**0.5 * z))
    return value, gamma / (1 + gamma)


def rs_points(alpha, z, w):
    """Entropies at an array of alpha, all in one array operation."""
    alpha = alpha[:, None]
    gamma = 0.5 * alpha / np.maximum(1 - 0.5 * alpha, 0.05)
    for _ in range(50):
        root = np.sqrt(gamma)
        b = root * z
        g = np.sqrt(2 / np.pi) / erfcx(b * -np.sqrt(0.5))
        g2 = g * g
        value = gamma - alpha * (g2 @ w)[:, None]
        slope = 1 + alpha / root * ((g2 * (g + b)) @ (w * z))[:, None]
        step = value / slope
        gamma = np.maximum(gamma - step, 0.2 * gamma)
        if (np.abs(step) < 1e-8 * gamma).all():
            break
    energetic = log_ndtr(np.sqrt(gamma) * z) @ w
    return (0.5 * (gamma - np.log1p(gamma)))[:, 0] + alpha[:, 0] * energetic
