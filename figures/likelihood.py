"""Stochastic weights on random instances: the likelihood, maximised by ascent."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfcx, log_ndtr

__all__ = ["instance"]


def instance(alpha, q_star, *, size, rng, sweeps=2000, tolerance=1e-9):
    """Log-likelihood per weight and error fraction of sign(m) of one instance.

    Accelerated projected gradient ascent over m in [-1, 1]^size, sum m^2 = size q_star,
    of the sum of log H(-omega/sqrt(1 - q_star)), omega = xi m/sqrt(size), for
    round(alpha size) Gaussian patterns xi; docs/stochastic.md (ST1). It ends at the
    maximum where the problem is convex, and at a local one elsewhere.
    """
    patterns = rng.normal(size=(round(alpha * size), size)) / np.sqrt(size)
    noise = np.sqrt(1 - q_star)
    step = noise**2 / (1 + np.sqrt(alpha)) ** 2
    m = ahead = _project(patterns.sum(axis=0), q_star)
    value, momentum = -np.inf, 1.0
    for _ in range(sweeps):
        field = patterns @ ahead / noise
        slope = np.sqrt(2 / np.pi) / erfcx(-field / np.sqrt(2)) / noise
        new = _project(ahead + step * (slope @ patterns), q_star)
        likelihood = log_ndtr(patterns @ new / noise).sum()
        if likelihood < value:  # overshot: forget the momentum
            if momentum == 1:
                break
            ahead, momentum = m, 1.0
            continue
        gain, value = likelihood - value, likelihood
        following = 0.5 * (1 + np.sqrt(1 + 4 * momentum**2))
        ahead = new + (momentum - 1) / following * (new - m)
        m, momentum = new, following
        if gain < tolerance * abs(value):
            break
    return value / size, np.mean(patterns @ np.sign(m) < 0)


def _project(v, q_star):
    """Nearest point of the cube [-1, 1]^N with mean square q_star, clip(s v)."""

    def excess(log_s):
        return np.mean(np.clip(np.exp(log_s) * v, -1, 1) ** 2) - q_star

    guess = 0.5 * np.log(q_star / np.mean(v * v))
    low, high = guess - 0.1, guess + 0.1
    while excess(low) > 0:
        low -= 1
    while excess(high) < 0:
        high += 1
    return np.clip(np.exp(brentq(excess, low, high, xtol=1e-10)) * v, -1, 1)
