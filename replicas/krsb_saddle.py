r"""Stationary points of the k-RSB centre: docs/rsb_centre.md.

Minimisation brings the order parameters near a minimum, Newton on the log-ratios
(RC11), which no vanishing factor multiplies, makes them exact.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from replicas import krsb
from replicas.krsb import Levels

__all__ = ["VANISHING", "Solution", "solve", "solve_equilibrium"]

RESIDUAL = 1e-3  # of a log-ratio; a gap that hardly matters leaves 1e-6
DECREMENT = 1e-11  # relative
CLOSE = 1e-13  # relative decrement from which Newton on the log-ratios is safe
VANISHING = "delta -> 0: the distance exceeds that of typical solutions"
LOW, HIGH = -14.0, 300.0  # the unknowns are logarithms


@dataclass(frozen=True)
class Solution:
    """A stationary point with k levels.

    levels, terms, value : where, and what; residual : largest log-ratio (RC11);
    decrement : how far above the minimum the value may still be; success, message.
    """

    levels: Levels
    terms: krsb.Terms | None
    value: float
    residual: float
    decrement: float
    success: bool
    message: str


def solve_equilibrium(channel, alpha, start):
    """The same for the Gardner volume: delta = 0, mu < 1, and q1 = q_EA unknown.

    The value is the entropy; the terms hold it without log(1 - q_EA)/2: (RC15).
    """
    return solve(channel, alpha, start, kind=_Equilibrium)


def solve(channel, alpha, start, *, fixed_mu=False, kind=None):
    """Minimum of the free entropy near the `Levels` start: a `Solution`.

    The grid follows the narrowest gap of levels, so the search is repeated when the
    levels close up; levels that merge are a failure, as is delta -> 0. fixed_mu keeps
    mu where it is (complexity of the centres).
    """
    levels = start
    for _ in range(3):
        problem = (kind or _Problem)(channel, alpha, levels, fixed_mu)
        x = problem.minimise(1e-3) if len(start.mu) == 1 else problem.x0
        x, residual, decrement = problem.polish(*problem.descend(x))
        levels = problem.levels(x)
        message = problem.refuse(x, residual, decrement)
        if message or krsb.grid_for(channel, levels).step > 0.8 * problem.grid.step:
            break
    terms = None if message else problem.terms(x)
    value = math.nan if message else problem.value(levels, terms)
    return Solution(levels, terms, value, residual, decrement, not message, message)


class _Problem:
    """Unknowns x: log q_0/(q1 - q_0), log of the gaps against the last one, log mu,
    log delta/eps. q_0, where mu jumps from 0, is stiff; the gaps beyond it are soft."""

    def __init__(self, channel, alpha, start, fixed_mu):
        self.channel, self.alpha = channel, alpha
        self.grid = krsb.grid_for(channel, start)
        self.eps, self.k = start.eps, len(start.mu)
        k = self.k
        self.free = np.ones(2 * k + 1, dtype=bool)
        self.free[k : 2 * k] = not fixed_mu
        # the residuals come as q_0..q_{k-1}, delta, mu_1..mu_k
        self.equations = np.append(np.ones(k + 1, dtype=bool), self.free[k : 2 * k])
        Q, q0 = 1 - start.eps, start.q[0]
        log = np.log(np.diff(start.q, append=Q))
        x0 = [
            [math.log(q0 / (Q - q0))],
            log[:-1] - log[-1],
            np.log(start.mu),
            [self.last_unknown(start)],
        ]
        self.full = x0 = np.concatenate(x0)
        self.x0 = x0[self.free]
        self.scale = abs(self.value(self.levels(self.x0), self.terms(self.x0)))

    def all(self, x):
        full = self.full.copy()
        full[self.free] = x
        return full

    # what the last unknown is, and how the value and its slope depend on it

    def last_unknown(self, start):
        return math.log(start.delta / start.eps)

    def eps_and_delta(self, last):
        return self.eps, self.eps * math.exp(last)

    def value(self, levels, terms):
        return terms.value

    def last_slope(self, levels, dq, ddelta):
        return ddelta * levels.delta

    def parts(self, x):
        """Fractions of q1 - q_0 between the levels."""
        u = np.append(x[1 : self.k], 0.0)
        u = np.exp(u - u.max())
        return u / u.sum()

    def levels(self, x):
        x = self.all(x)
        eps, delta = self.eps_and_delta(x[-1])
        q0 = (1 - eps) / (1 + math.exp(-x[0]))
        sums = np.append(0.0, np.cumsum(self.parts(x))[:-1])
        q = q0 + (1 - eps - q0) * sums
        return Levels(eps, q, np.exp(x[self.k : 2 * self.k]), delta)

    def terms(self, x):
        return krsb.free_entropy(self.channel, self.alpha, self.levels(x), self.grid)

    def value_and_gradient(self, x):
        # outside the box the search is turned back by a parabola
        inside = np.clip(x, LOW, HIGH)
        excess = x - inside
        levels, terms = self.levels(inside), self.terms(inside)
        dq, dmu, ddelta = terms.gradient(levels)
        Q, q0 = 1 - levels.eps, levels.q[0]
        part = self.parts(self.all(inside))
        # q_i = q_0 + (Q - q_0) times the sum of the parts before it
        later = np.append(np.cumsum(dq[:0:-1])[::-1], 0.0)
        dq0 = dq @ (Q - levels.q) / (Q - q0)
        dpart = (Q - q0) * part * (later - part @ later)
        gradient = np.concatenate(
            [
                [dq0 * q0 * (Q - q0) / Q],
                dpart[:-1],
                dmu * levels.mu,
                [self.last_slope(levels, dq, ddelta)],
            ]
        )
        gradient = gradient[self.free] / self.scale
        value = self.value(levels, terms) / self.scale
        return value + excess @ excess, gradient + 2 * excess

    def minimise(self, tol):
        best = minimize(
            self.value_and_gradient,
            self.x0,
            jac=True,
            method="BFGS",
            options={"gtol": tol, "maxiter": 60},
        )
        return np.clip(best.x, LOW, HIGH)

    def descend(self, x):
        """Newton steps on the free entropy to the minimum near x: x, gain left.

        Along directions of negative curvature the step is reversed, so that it always
        descends; a level that hardly matters gives curvatures of 1e-8 and less.
        """
        value, gradient = self.value_and_gradient(x)
        gain = math.inf
        for _ in range(40):
            hessian = self.hessian(x, gradient)
            if not np.isfinite(hessian).all():
                break
            curvature, axes = np.linalg.eigh(hessian)
            curvature = np.maximum(np.abs(curvature), 1e-12)
            step = -axes @ (axes.T @ gradient / curvature)
            step *= min(1.0, 0.7 / np.abs(step).max())
            gain = -0.5 * gradient @ step
            scale, trial = 1.0, math.inf
            while not trial < value and scale > 1e-3:
                trial, slope = self.value_and_gradient(x + scale * step)
                scale *= 0.3
            if not trial < value:
                break
            x, value, gradient = x + scale / 0.3 * step, trial, slope
            if gain < CLOSE:
                break
        return x, gain

    def hessian(self, x, gradient):
        h = 1e-5
        rows = [
            (self.value_and_gradient(x + h * e)[1] - gradient) / h
            for e in np.eye(len(x))
        ]
        return 0.5 * (np.array(rows) + np.array(rows).T)

    def polish(self, x, decrement):
        """Root of the log-ratios near x: (x, largest log-ratio, value decrement)."""
        r = self.residuals(x)
        size = np.abs(r).max()
        for _ in range(6):
            if size < 1e-10:
                break
            jacobian = self.jacobian(x, r)
            if not np.isfinite(jacobian).all():
                break
            step = np.linalg.lstsq(jacobian, -r)[0]
            trial = x + step
            if not np.all((np.abs(step) < 0.3) & (trial > LOW) & (trial < HIGH)):
                break
            _, gradient = self.value_and_gradient(x)
            r = self.residuals(trial)
            if not np.abs(r).max() < 0.5 * size:
                break
            x, size = trial, np.abs(r).max()
            decrement = abs(gradient @ step)
        return x, size, decrement * self.scale

    def residuals(self, x):
        return self.terms(x).residuals()[self.equations]

    def jacobian(self, x, r):
        h = 1e-6
        columns = [(self.residuals(x + h * e) - r) / h for e in np.eye(len(x))]
        return np.array(columns).T

    def refuse(self, x, residual, decrement):
        """Why x is not a point of the curve, or an empty message."""
        if self.levels(x).delta < 1e-5 * self.eps and type(self) is _Problem:
            return VANISHING
        if not (residual < RESIDUAL and decrement < DECREMENT * self.scale):
            return f"no stationary point: the residual stays at {residual:.1e}"
        levels = self.levels(x)
        gap = np.diff(levels.q, append=1 - levels.eps)
        if gap.min() < 1e-5:
            return "levels merge: fewer of them describe this point"
        if np.any(np.diff(levels.mu) <= 0):
            return "mu(q) does not increase: fewer levels describe this point"
        return ""


class _Equilibrium(_Problem):
    """The last unknown is logit(1 - q_EA) instead: docs/rsb_centre.md (RC16)."""

    def last_unknown(self, start):
        return math.log(start.eps / (1 - start.eps))

    def eps_and_delta(self, last):
        return 1 / (1 + math.exp(-last)), 0.0

    def value(self, levels, terms):
        return terms.value + 0.5 * math.log(levels.eps)

    def last_slope(self, levels, dq, ddelta):
        # d/dq_EA at fixed q_i, and the q_i in proportion to q_EA
        Q = 1 - levels.eps
        slope = -(1 - levels.mu[-1]) * ddelta + dq @ levels.q / Q
        return -levels.eps * Q * slope

    def refuse(self, x, residual, decrement):
        if self.levels(x).mu[-1] >= 1:
            return "mu reaches 1: the solutions are not broken into clusters"
        return super().refuse(x, residual, decrement)
