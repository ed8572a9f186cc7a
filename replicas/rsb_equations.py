"""The 1-RSB ansatz at one point, and its stationarity equations: docs/one_rsb.md.

A point is u = (logit q1, logit q0/q1, log m); the equations come in the same order, and
any of the three may be held fixed. u[1] = -inf is q0 = 0.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import root
from scipy.special import expit

from replicas import _one_rsb, tree_one_rsb
from replicas.channels import Perceptron, Tree
from replicas.priors import Spherical
from replicas.quadrature import Rule

__all__ = ["NoSaddle", "Solution", "State", "point_of", "scan_rule", "solve", "state"]

EPS = 2.0**-52
PRIOR = Spherical()
ACCEPTED = 1e-6  # residual of a root
LARGEST_STEP = 0.5  # of the corrections to a coarse root
LARGEST_LOG_M = 1.0
NOT_CONVERGED = "the stationarity equations did not converge"


class NoSaddle(Exception):
    """The equations have no solution here, or it was not found."""


@dataclass(frozen=True)
class State:
    """One evaluation of the ansatz: its point, equations and what follows."""

    q0: float
    dq: float
    eps: float
    m: float
    entropy: float
    energetic: float
    d_m: float  # of the entropy
    equations: np.ndarray  # (B11), (B12), (B13)
    inner_replicon: float
    outer_replicon: float
    norm: float


@dataclass(frozen=True)
class Solution:
    """A state where the free equations vanish; error is that of the entropy."""

    state: State
    error: float
    residual: float


def scan_rule(channel):
    """A cheap rule, good enough to tell the sign of an equation."""
    return Rule(0.25, 6.5) if isinstance(channel, Tree) else Rule()


def point_of(q0, dq, eps, m):
    """The vector u of a point."""
    ratio = math.log(q0 / dq) if q0 > 0 else -math.inf
    return np.array([math.log((1 - eps) / eps), ratio, math.log(m)])


def state(channel, alpha, u, rule):
    """The ansatz at u."""
    q1, eps, m = float(expit(u[0])), float(expit(-u[0])), float(np.exp(u[2]))
    q0, dq = q1 * float(expit(u[1])), q1 * float(expit(-u[1]))
    if isinstance(channel, Tree):
        a, outer, inner = tree_one_rsb.averages(channel, q0, dq, eps, m, rule)
    else:
        a, outer, inner = _one_rsb.energetic(
            channel.kernel, q0, eps + dq, q1, eps, m, rule.step, rule.window
        )
    entropic, _, _, d_m = PRIOR.one_rsb(q0, dq, eps, m)
    lam = eps + m * dq
    d_m += alpha * (a["log_z"] - a["f"]) / m
    spread = inner["d"] * a["d_variance"] + (inner["d"] - outer["d"]) * a["f1_squared"]
    outer_slope = lam**2 * alpha * outer["d"] * a["f1_squared"]
    equations = [
        log_ratio(dq, eps * lam * alpha * spread),
        log_ratio(q0, outer_slope) if q0 > 0 else 0.0,
        d_m * (lam / dq) ** 2,
    ]
    # (B14)
    inner_replicon = inner["d"] ** 2 * a["d2_squared"] + inner["d2"] * (
        a["f1_squared"] + a["d_variance"]
    )
    outer_replicon = outer["d"] ** 2 * a["f2_squared"] + outer["d2"] * a["f1_squared"]
    return State(
        q0=q0,
        dq=dq,
        eps=eps,
        m=m,
        entropy=float(entropic + alpha * a["f"]),
        energetic=a["f"],
        d_m=float(d_m),
        equations=np.array(equations),
        inner_replicon=alpha * eps**2 * inner_replicon,
        outer_replicon=alpha * lam**2 * outer_replicon,
        norm=a["norm"],
    )


def log_ratio(a, b):
    """log(a/b), nan where it is not defined."""
    return math.log(a / b) if a > 0 and b > 0 and math.isfinite(a / b) else math.nan


def solve(channel, alpha, u, free):
    """Solution of the `free` equations from u.

    Found with a coarse rule, then corrected with the finest by Newton steps; the
    error compares the finest with one between, and adds what the residual implies.
    """
    coarse, middle, fine = _rules(channel)
    free, u = list(free), np.array(u, dtype=float)
    try:
        u = _coarse_root(channel, alpha, u, free, coarse)
        jacobian, gradient = _derivatives(channel, alpha, u, free, coarse)
        for _ in range(6):
            found = state(channel, alpha, u, fine)
            step = np.linalg.solve(jacobian, found.equations[free]) if free else 0.0
            residual = float(np.abs(found.equations[free]).max(initial=0.0))
            if not residual > 1e-9:
                break
            if not np.abs(step).max() < LARGEST_STEP:
                raise NoSaddle(NOT_CONVERGED)
            u[free] -= step
        other = state(channel, alpha, u, middle)
    except tree_one_rsb.TooFine as too_fine:
        raise NoSaddle(str(too_fine)) from None
    if not residual < ACCEPTED:
        raise NoSaddle(NOT_CONVERGED)
    error = alpha * abs(found.energetic - other.energetic)
    error += alpha * abs(found.energetic * (found.norm - 1))
    error += abs(float(np.dot(gradient, step))) if free else 0.0
    scale = abs(math.log(found.eps)) + alpha * abs(found.energetic)
    error += 4 * EPS * scale * max(1, 1 / found.m)
    return Solution(found, float(error), residual)


def _rules(channel):
    """Rules to find the root, to estimate the error, and to evaluate."""
    if isinstance(channel, Tree) and channel.K == 3:
        return scan_rule(channel), Rule(0.105, 7.5), Rule(0.085, 8.0)
    if isinstance(channel, Tree):
        return scan_rule(channel), Rule(0.08, 8.0), Rule(0.06, 8.5)
    return Rule(), Rule(), Rule().finer()


def _coarse_root(channel, alpha, u, free, rule):
    def equations(x):
        v = u.copy()
        v[free] = np.clip(x, -40, np.array([40, 40, LARGEST_LOG_M])[free])
        return state(channel, alpha, v, rule).equations[free]

    if not free:
        return u
    found = root(equations, u[free], options={"xtol": 1e-9})
    if not np.abs(found.fun).max() < ACCEPTED:
        raise NoSaddle(NOT_CONVERGED)
    u = u.copy()
    u[free] = found.x
    return u


def _derivatives(channel, alpha, u, free, rule):
    """Jacobian of the equations and gradient of the entropy, by differences."""
    columns, gradient = [], []
    for i in free:
        step = np.zeros(3)
        step[i] = 1e-5
        high, low = (state(channel, alpha, u + d, rule) for d in (step, -step))
        columns.append((high.equations - low.equations)[free] / 2e-5)
        gradient.append((high.entropy - low.entropy) / 2e-5)
    return np.array(columns).T, np.array(gradient)


def scalar_channel(channel):
    """The channel, with a tree of one unit as the perceptron it is."""
    if isinstance(channel, Tree) and channel.K == 1:
        return Perceptron()
    return channel
