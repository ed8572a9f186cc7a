"""Dynamical and static transitions of the parity machine: docs/rs.md (R14)-(R19)."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import erf, erfc, expit, roots_legendre

from replicas.channels import Tree
from replicas.model import require_spherical
from replicas.quadrature import half_gauss_nodes
from replicas.results import Estimate, failed_estimate

__all__ = ["information", "parity_transitions"]

SCAN = np.arange(0.0, 14.0, 0.5)  # logit q1; its minima lie above q1 = 1/2 for K > 2
WINDOW = 8.5
EPS = np.finfo(float).eps


def parity_transitions(model):
    """Loads at which the solutions at q0 = 0 shatter into clusters, and run out.

    1-RSB with Parisi parameter m = 1 and q0 = 0. At the dynamical load a solution
    q1 > 0 appears; at the static load its complexity vanishes.

    Parameters
    ----------
    model : Model whose channel is a Tree with K > 1 and the rule "parity".

    Returns
    -------
    dynamical, static : Estimate, patterns per weight, order "q1". For K = 2 the
        transition is continuous and both are pi^2/8, at q1 = 0.

    Source: docs/rs.md (R14)-(R19).
    """
    require_spherical("parity_transitions", model)
    channel = model.channel
    if not (isinstance(channel, Tree) and channel.rule == "parity" and channel.K > 1):
        raise ValueError(
            "parity_transitions: the channel must be a Tree with K > 1 and the rule "
            f"parity, given {channel!r}"
        )
    if channel.K == 2:
        both = Estimate(np.pi**2 / 8, 2 * EPS, 0.0, True, "", {"q1": 0.0})
        return both, both
    return _least(_log_dynamical, channel.K), _least(_log_static, channel.K)


def _log_dynamical(x, K, **rule):
    """log alpha at which q1 = 1/(1 + exp(-x)) is stationary (R15)."""
    gamma = np.exp(x)
    _, slope = information(K, gamma, **rule)
    return np.log(0.5 * gamma / ((1 + gamma) ** 2 * slope))


def _log_static(x, K, **rule):
    """log alpha at which the complexity of q1 vanishes (R16)."""
    value, _ = information(K, np.exp(x), **rule)
    return np.log(-0.5 * (np.log(expit(-x)) + expit(x)) / value)


def information(K, gamma, *, coarser=1.0, window=WINDOW):
    """E 2P log 2P of the parity of K units, b = sqrt(gamma) z, and its slope in gamma.

    Sum over moments of a single unit (R17), (R18); the terms above FIRST by
    Euler-Maclaurin (R19).
    """
    first = int(80 / coarser)
    s, weight = roots_legendre(int(60 / coarser))
    s, weight = np.log(first) + 20 * (1 + s), 20 * weight
    j = np.concatenate([np.arange(1.0, first + 3), np.exp(s)])
    moment, moment_slope = _moments(j, gamma, 0.008 * coarser, window)
    share = 0.5 / (j * (2 * j - 1))
    terms = share * np.array([moment**K, K * moment ** (K - 1) * moment_slope])
    at = first - 1  # index of j = first
    near = terms[:, at - 2 : at + 3]
    d1 = near @ np.array([1, -8, 0, 8, -1]) / 12
    d3 = near @ np.array([-1, 2, 0, -2, 1]) / 2
    tail = terms[:, first + 2 :] @ (weight * np.exp(s))
    return terms[:, :at].sum(1) + tail + terms[:, at] / 2 - d1 / 12 + d3 / 720


def _moments(j, gamma, step, window):
    """E erf(b/sqrt 2)^(2j) for an array j, and its derivative in gamma (R18)."""
    z, weight = half_gauss_nodes(6 / np.sqrt(gamma), window, step)
    b = np.sqrt(gamma) * z
    mean = erf(b / np.sqrt(2))
    log_mean = np.where(b > 1, np.log1p(-erfc(b / np.sqrt(2))), np.log(mean))
    powers = np.exp(np.multiply.outer(2 * j, log_mean))
    growth = b * np.exp(-0.5 * b * b) * np.sqrt(2 / np.pi) / (mean * gamma)
    return powers @ weight, j * (powers @ (weight * growth))


def _least(log_load, K):
    """Minimum over q1: the load at which the clusters appear, or run out."""
    i = int(np.argmin([log_load(x, K, coarser=2.0) for x in SCAN]))
    if i in (0, len(SCAN) - 1):
        message = "no minimum found for q1 between 0.5 and 1 - 1e-6"
        return failed_estimate(message, ("q1",))
    found = minimize_scalar(
        log_load,
        args=(K,),
        bounds=(SCAN[i - 1], SCAN[i + 1]),
        method="bounded",
        options={"xatol": 1e-6},
    )
    x, value = found.x, np.exp(found.fun)
    left, right = log_load(x - 1e-3, K), log_load(x + 1e-3, K)
    slope = abs(right - left) / 2e-3
    drop = slope**2 / max((left + right - 2 * found.fun) / 1e-6, EPS)
    gap = abs(log_load(x, K, coarser=1.3, window=WINDOW + 0.5) - found.fun)
    error = float(value * (gap + drop + 16 * EPS))
    return Estimate(
        float(value), error, float(slope), True, "", {"q1": float(expit(x))}
    )
