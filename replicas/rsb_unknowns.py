r"""The saddle equations of the k-RSB centre in unconstrained unknowns.

Minimisation brings the order parameters near a minimum, Newton on the log-ratios
(RC11), which no vanishing factor multiplies, makes them exact: docs/rsb_centre.md.
"""

import math
from copy import copy
from dataclasses import dataclass

import numpy as np

from replicas import krsb
from replicas.krsb import Levels

__all__ = ["COARSE", "HIGH", "VANISHING", "Equilibrium", "Problem", "Solution"]

SHORT = 0.3  # a step over which second derivatives change little
COARSE = 2.0  # nodes a front while searching
RESIDUAL = 1e-3  # of a log-ratio; a gap that hardly matters leaves 1e-6
DECREMENT = 1e-11  # relative
CLOSE = 1e-13  # relative decrement from which Newton on the log-ratios is safe
VANISHING = "delta -> 0: the distance exceeds that of typical solutions"
LOW, HIGH = -14.0, 300.0  # the unknowns are logarithms
UNRESOLVED = 1e-2  # mass of the density that the sums miss


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


def _corrected(hessian, step, change):
    """Second derivatives that give this change of the slope; None after a long step."""
    if np.abs(step).max() > SHORT:
        return None
    missing = change - hessian @ step
    part = missing @ step
    if abs(part) < 1e-8 * np.linalg.norm(missing) * np.linalg.norm(step):
        return hessian
    return hessian + np.outer(missing, missing) / part


class Problem:
    """Unknowns x: log q_0/(q1 - q_0), log of the gaps against the last one, log mu,
    log delta/eps. q_0, where mu jumps from 0, is stiff; the gaps beyond it are soft."""

    def __init__(self, channel, alpha, start, fixed_mu=False):
        self.channel, self.alpha = channel, alpha
        self.grid = krsb.grid_for(channel, start, COARSE)
        self.eps, self.k = start.eps, len(start.mu)
        k = self.k
        self.free = np.ones(2 * k + 1, dtype=bool)
        self.free[k : 2 * k] = not fixed_mu
        # the residuals come as q_0..q_{k-1}, delta, mu_1..mu_k
        self.equations = np.append(np.ones(k + 1, dtype=bool), self.free[k : 2 * k])
        self.full = self.all_unknowns(start)
        self.x0 = self.full[self.free]
        self.scale = abs(self.value(start, self.terms(start)))

    def regridded(self, levels, *resolution):
        """The same problem on a grid that resolves these levels."""
        problem = copy(self)
        problem.grid = krsb.grid_for(self.channel, levels, *resolution)
        return problem

    def all_unknowns(self, levels):
        Q, q0 = 1 - levels.eps, levels.q[0]
        log = np.log(np.diff(levels.q, append=Q))
        return np.concatenate(
            [
                [math.log(q0 / (Q - q0))],
                log[:-1] - log[-1],
                np.log(levels.mu),
                [self.last_unknown(levels)],
            ]
        )

    def all(self, x):
        if len(x) == len(self.full):
            return x
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
        u = np.zeros(self.k)
        u[:-1] = x[1 : self.k]
        u = np.exp(u - u.max())
        return u / u.sum()

    def levels(self, x):
        x = self.all(x)
        eps, delta = self.eps_and_delta(x[-1])
        q0 = (1 - eps) / (1 + math.exp(-x[0]))
        q = np.full(self.k, q0)
        q[1:] += (1 - eps - q0) * np.cumsum(self.parts(x)[:-1])
        return Levels(eps, q, np.exp(x[self.k : 2 * self.k]), delta)

    def terms(self, levels):
        return krsb.free_entropy(self.channel, self.alpha, levels, self.grid)

    def value_and_gradient(self, x):
        # outside the box the search is turned back by a parabola
        inside = np.clip(x, LOW, HIGH)
        excess = x - inside
        levels = self.levels(inside)
        terms = self.terms(levels)
        value = self.value(levels, terms) / self.scale
        if not abs(terms.norm - 1) < UNRESOLVED:
            value = math.inf  # to be turned back: the grid misses the first level
        gradient = self.gradient(inside, levels, terms)
        return value + excess @ excess, gradient + 2 * excess

    def gradient(self, x, levels, terms):
        part = self.parts(self.all(x))
        dq, dmu, ddelta = terms.gradient(levels)
        Q, q0 = 1 - levels.eps, levels.q[0]
        # q_i = q_0 + (Q - q_0) times the sum of the parts before it
        later = np.zeros(self.k)
        later[:-1] = np.cumsum(dq[:0:-1])[::-1]
        dq0 = dq @ (Q - levels.q) / (Q - q0)
        dpart = (Q - q0) * part * (later - part @ later)
        gradient = np.empty(2 * self.k + 1)
        gradient[0] = dq0 * q0 * (Q - q0) / Q
        gradient[1 : self.k] = dpart[:-1]
        gradient[self.k : -1] = dmu * levels.mu
        gradient[-1] = self.last_slope(levels, dq, ddelta)
        return gradient[self.free] / self.scale

    def descend(self, x, hessian=None, *, close=CLOSE):
        """Newton's steps to the minimum near x, until `close` to it.

        hessian : second derivatives at x, if known. Returns x, the gain left and the
        second derivatives.

        Along directions of negative curvature the step is reversed, so that it always
        descends; a level that hardly matters gives curvatures of 1e-8 and less. After
        a short step the second derivatives are corrected by the change of the slope.
        """
        value, gradient = self.value_and_gradient(x)
        gain = math.inf
        for _ in range(80):
            fresh = hessian is None
            if fresh:
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
                if fresh:
                    break
                hessian = None
                continue
            step *= scale / 0.3
            hessian = _corrected(hessian, step, slope - gradient)
            x, value, gradient = x + step, trial, slope
            if gain < close:
                break
        return x, gain, hessian

    def hessian(self, x, gradient):
        h = 1e-5
        rows = [
            (self.value_and_gradient(x + h * e)[1] - gradient) / h
            for e in np.eye(len(x))
        ]
        return 0.5 * (np.array(rows) + np.array(rows).T)

    def polish(self, x, decrement, coarse):
        """The `Solution` at the root of the log-ratios near x.

        The slopes come from the `coarse` grid, unless its steps do not converge.
        """
        levels, jacobian, source = self.levels(x), None, coarse
        terms = self.terms(levels)
        r = self.residuals(terms)
        for _ in range(8):
            size = np.abs(r).max()
            if size < 1e-10 and decrement < DECREMENT:
                break
            if jacobian is None:
                jacobian = source.jacobian(x)
            if not np.isfinite(jacobian).all():
                break
            step = np.linalg.lstsq(jacobian, -r)[0]
            decrement = abs(self.gradient(x, levels, terms) @ step)
            accepted = np.all(np.abs(step) < SHORT)
            if accepted:
                trial = self.levels(np.clip(x + step, LOW, HIGH))
                after = self.terms(trial)
                r_after = self.residuals(after)
                accepted = np.abs(r_after).max() < 0.5 * size
            if accepted:
                x, levels, terms, r = x + step, trial, after, r_after
            elif source is self:
                break
            else:
                jacobian, source = None, self
        size, decrement = np.abs(r).max(), decrement * self.scale
        message = self.refuse(levels)
        if not (message or (size < RESIDUAL and decrement < DECREMENT * self.scale)):
            message = f"no stationary point: the residual stays at {size:.1e}"
        if message:
            return Solution(levels, None, math.nan, size, decrement, False, message)
        value = self.value(levels, terms)
        return Solution(levels, terms, value, size, decrement, True, "")

    def residuals(self, terms):
        return terms.residuals()[self.equations]

    def jacobian(self, x):
        h = 1e-6
        points = [x, *(x + h * e for e in np.eye(len(x)))]
        r, *moved = (self.residuals(self.terms(self.levels(p))) for p in points)
        return (np.array(moved) - r).T / h

    def refuse(self, levels):
        """Why these levels are no point of the curve, or an empty message."""
        if levels.delta < 1e-5 * self.eps and type(self) is Problem:
            return VANISHING
        gap = np.diff(levels.q, append=1 - levels.eps)
        if gap.min() < 1e-5:
            return "levels merge: fewer of them describe this point"
        if np.any(np.diff(levels.mu) <= 0):
            return "mu(q) does not increase: fewer levels describe this point"
        return ""


class Equilibrium(Problem):
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

    def refuse(self, levels):
        if levels.mu[-1] >= 1:
            return "mu reaches 1: the solutions are not broken into clusters"
        return super().refuse(levels)
