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

__all__ = ["VANISHING", "Solution", "solve"]

RESIDUAL = 1e-3  # of a log-ratio; a gap that hardly matters leaves 1e-6
DECREMENT = 1e-11  # relative
CLOSE = 1e-13  # relative decrement from which Newton on the log-ratios is safe
VANISHING = "delta -> 0: the distance exceeds that of typical solutions"
LOW, HIGH = -14.0, 300.0  # the unknowns are logarithms


@dataclass(frozen=True)
class Solution:
    """A stationary point with k levels.

    levels, terms : where, and what; residual : largest log-ratio (RC11); decrement :
    how far above the stationary value phi may still be; success, message.
    """

    levels: Levels
    terms: krsb.Terms | None
    residual: float
    decrement: float
    success: bool
    message: str


def solve(channel, alpha, start, *, fixed_mu=False):
    """Minimum of the free entropy near the `Levels` start: a `Solution`.

    The grid follows the narrowest gap of levels, so the search is repeated when the
    levels close up; levels that merge are a failure, as is delta -> 0. fixed_mu keeps
    mu where it is (complexity of the centres).
    """
    levels = start
    for _ in range(3):
        problem = _Problem(channel, alpha, levels, fixed_mu)
        x = problem.minimise(1e-3) if len(start.mu) == 1 else problem.x0
        x, residual, decrement = problem.polish(*problem.descend(x))
        levels = problem.levels(x)
        message = problem.refuse(x, residual, decrement)
        if message or krsb.grid_for(channel, levels).step > 0.8 * problem.grid.step:
            break
    terms = None if message else problem.terms(x)
    return Solution(levels, terms, residual, decrement, not message, message)


class _Problem:
    """Unknowns x: log q_0/(q1 - q_0), log of the gaps against the last one, log mu,
    log delta/eps. q_0, where mu jumps from 0, is stiff; the gaps beyond it are soft."""

    def __init__(self, channel, alpha, start, fixed_mu):
        self.channel, self.alpha = channel, alpha
        self.grid = krsb.grid_for(channel, start)
        self.eps, self.k, self.mu = start.eps, len(start.mu), start.mu
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
            [math.log(start.delta / start.eps)],
        ]
        self.full = x0 = np.concatenate(x0)
        self.x0 = x0[self.free]
        self.scale = abs(self.terms(self.x0).value)

    def all(self, x):
        full = self.full.copy()
        full[self.free] = x
        return full

    def gaps(self, x):
        """q_0, and the fractions of q1 - q_0 between the levels."""
        u = np.append(x[1 : self.k], 0.0)
        u = np.exp(u - u.max())
        return (1 - self.eps) / (1 + math.exp(-x[0])), u / u.sum()

    def levels(self, x):
        x = self.all(x)
        q0, part = self.gaps(x)
        delta = self.eps * math.exp(x[-1])
        q = q0 + (1 - self.eps - q0) * np.append(0.0, np.cumsum(part)[:-1])
        return Levels(self.eps, q, np.exp(x[self.k : 2 * self.k]), delta)

    def terms(self, x):
        return krsb.free_entropy(self.channel, self.alpha, self.levels(x), self.grid)

    def value_and_gradient(self, x):
        # outside the box the search is turned back by a parabola
        inside = np.clip(x, LOW, HIGH)
        excess = x - inside
        levels, terms = self.levels(inside), self.terms(inside)
        dq, dmu, ddelta = terms.gradient(levels)
        Q = 1 - self.eps
        q0, part = self.gaps(self.all(inside))
        # q_i = q_0 + (Q - q_0) times the sum of the parts before it
        later = np.append(np.cumsum(dq[:0:-1])[::-1], 0.0)
        dq0 = dq @ (Q - levels.q) / (Q - q0)
        dpart = (Q - q0) * part * (later - part @ later)
        gradient = np.concatenate(
            [
                [dq0 * q0 * (Q - q0) / Q],
                dpart[:-1],
                dmu * levels.mu,
                [ddelta * levels.delta],
            ]
        )
        gradient = gradient[self.free] / self.scale
        return terms.value / self.scale + excess @ excess, gradient + 2 * excess

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
            curvature, axes = np.linalg.eigh(self.hessian(x, gradient))
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
            jacobian = self.jacobian(x, r)
            if size < 1e-10 or not np.isfinite(jacobian).all():
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
        if x[-1] < LOW + 1:
            return VANISHING
        if not (residual < RESIDUAL and decrement < DECREMENT * self.scale):
            return f"no stationary point: the residual stays at {residual:.1e}"
        levels = self.levels(x)
        gap = np.diff(levels.q, append=1 - self.eps)
        if gap.min() < 1e-5:
            return "levels merge: fewer of them describe this point"
        if np.any(np.diff(levels.mu) <= 0):
            return "mu(q) does not increase: fewer levels describe this point"
        return ""
