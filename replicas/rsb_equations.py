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
from replicas.channels import Tree
from replicas.priors import Spherical
from replicas.quadrature import Rule

__all__ = ["NoSaddle", "point_of", "scan_rule", "solve", "state"]

EPS = 2.0**-52
PRIOR = Spherical()
TOLERANCE = 1e-10  # error below which trees are not refined
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

    Found with a coarse rule, then corrected with finer ones by Newton steps until the
    error, which compares two rules and adds what the residual implies, is small.
    """
    coarse, pairs = _rules(channel)
    free, u, best = list(free), np.array(u, dtype=float), None
    try:
        u = _coarse_root(channel, alpha, u, free, coarse)
        jacobian, gradient = _derivatives(channel, alpha, u, free, coarse)
        for middle, fine in pairs:
            found = _correct(channel, alpha, u, free, jacobian, gradient, middle, fine)
            if best is None or found.error < best.error:
                best = found
            if best.error < TOLERANCE:
                break
    except tree_one_rsb.TooFine as reason:
        if best is None:
            raise NoSaddle(str(reason)) from None
    return best


def _correct(channel, alpha, u, free, jacobian, gradient, middle, fine):
    step = np.zeros(len(free))
    for _ in range(6):
        found = state(channel, alpha, u, fine)
        residual = float(np.abs(found.equations[free]).max(initial=0.0))
        if free:
            step = np.linalg.solve(jacobian, found.equations[free])
        if not residual > 1e-9:
            break
        if not np.abs(step).max() < LARGEST_STEP:
            raise NoSaddle(NOT_CONVERGED)
        u[free] -= step
    if not residual < ACCEPTED:
        raise NoSaddle(NOT_CONVERGED)
    other = state(channel, alpha, u, middle)
    error = alpha * abs(found.energetic - other.energetic)
    error += alpha * abs(found.energetic * (found.norm - 1))
    error += abs(float(gradient @ step))
    scale = abs(math.log(found.eps)) + alpha * abs(found.energetic)
    error += 4 * EPS * scale * max(1, 1 / found.m)
    if not math.isfinite(error):
        raise NoSaddle(f"the averages underflow at m = {found.m:g}")
    return Solution(found, float(error), residual)


def _rules(channel):
    """Rule to find the root; pairs of rules to compare, ever finer."""
    if not isinstance(channel, Tree):
        return Rule(), [(Rule(), Rule().finer())]
    if channel.K == 3:
        pairs = (0.2, 0.16), (0.16, 0.125)
    else:
        pairs = (0.16, 0.125), (0.125, 0.1), (0.08, 0.06)
    rules = [(Rule(step, 7.0), Rule(finer, 7.5)) for step, finer in pairs]
    return scan_rule(channel), rules


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
    return np.array(columns).T, np.array(gradient, dtype=float)
