"""y -> infinity local entropy around binary solutions: docs/binary_local_entropy.md.

References that are solutions.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import root
from scipy.special import expit, logit

from replicas.binary_large_y import around_centre
from replicas.binary_solution_averages import LADDER, Patterns, Weights, psi
from replicas.priors import binary_entropy
from replicas.results import failed_point

__all__ = ["ORDER", "around_solution"]

EPS = 2.0**-52
ORDER = ("q1", "eps", "delta", "eps_ref", "theta", "q_hat", "dq_hat", "p_hat")
ORDER += ("a", "tau", "w0", "binding")
TOLERANCE = 1e-11
BOUND = 50.0  # of the logarithms on the way
MANY = 25.0  # log delta beyond which no reference is at the margin
FAR = "the distance exceeds that of two typical solutions"


@dataclass(frozen=True)
class State:
    """Both averages at the unknowns (log eps_ref, logit correlation, log delta,
    log eps, log w0), with the hats that the channel's imply.
    """

    alpha: float
    distance: float
    overlaps: tuple
    w0: float
    patterns: Patterns
    weights: Weights

    @staticmethod
    def at(sums, channel, alpha, distance, v):
        p = 1 - 2 * distance
        e, delta, eps, w0 = np.exp(np.clip([v[0], *v[2:]], -690, 200)).tolist()
        eps = min(eps, (1 - p * p) * (1 - 1e-12))  # q1 > p^2
        theta = float(expit(min(v[1], 36.0))) * math.sqrt(e * delta)
        seen = Patterns.at(sums, channel, p, eps, delta, e, theta)
        root_a, q_hat = _root_a(alpha, seen), alpha * seen.q_hat
        chi = min(alpha * seen.tau / root_a, 0.999999 * math.sqrt(q_hat))
        weights = Weights.at(sums, root_a, chi, q_hat, alpha * seen.dq_hat, w0)
        return State(alpha, distance, (eps, delta, e, theta), w0, seen, weights)

    @property
    def residuals(self):
        """Logarithms of the two sides of (BL27), (BL28)."""
        (eps, delta, e, theta), w = self.overlaps, self.weights
        sides = (w.e, w.theta, w.spread, w.gap2, w.gap)
        targets = (e, theta, eps + delta, eps, 2 * self.distance)
        if not all(x > 0 for x in sides + targets):
            return (math.nan,) * 5
        return tuple(math.log(x / y) for x, y in zip(sides, targets, strict=True))

    @property
    def entropy(self):
        """(BL25)."""
        (eps, delta, e, theta), c, alpha = self.overlaps, self.patterns, self.alpha
        value = -0.5 * alpha * c.a * e - self.w0 * (1 - 2 * self.distance)
        value -= alpha * (c.tau * theta + 0.5 * c.q_hat * (eps + delta))
        value -= 0.5 * (1 - eps) * alpha * c.dq_hat
        return value + self.weights.value + alpha * c.value

    @property
    def p_hat(self):
        """(BL33)."""
        return self.w0 - self.alpha * self.patterns.slope


def _root_a(alpha, seen):
    """sqrt(a), kept from underflow where no reference is at the margin."""
    return max(math.sqrt(alpha * seen.a), 1e-140)


def around_solution(channel, alpha, distance):
    """Point at distance d from a reference that is a solution: (BL25)."""
    free = around_centre(channel, alpha, distance)
    if not free["success"]:
        return failed_point(free["message"], ORDER)
    if free["order"]["delta"] == 0:
        return _all_solutions(free, distance)
    unknowns = _from_free(free["order"])
    if _is_free(channel, alpha, distance, unknowns):
        e, w0 = math.exp(unknowns[0]), free["order"]["p_hat"]
        theta = float(expit(unknowns[1])) * math.sqrt(e * free["order"]["delta"])
        extra = {"eps_ref": e, "theta": theta, "w0": w0}
        extra |= dict.fromkeys(("a", "tau", "binding"), 0.0)
        return _with(free, extra)
    return _refined(channel, alpha, distance, unknowns)


def _is_free(channel, alpha, distance, unknowns):
    """Whether the best of all references is a solution, within rounding.

    Always where the activation jumps: (BL50).
    """
    if unknowns[2] > MANY or math.isinf(channel.slope):
        return True
    state = State.at(LADDER[0], channel, alpha, distance, unknowns)
    return state.patterns.binding < EPS


def _with(point, extra):
    order = dict.fromkeys(ORDER, math.nan) | point["order"] | extra
    return point | {"order": {k: order[k] for k in ORDER}}


def _from_free(order):
    """Unknowns where no reference is pushed to the margin: (BL34)."""
    m0 = float(psi(order["p_hat"], order["dq_hat"])[1])
    e = 2 / (m0 * math.sqrt(2 * math.pi * order["q_hat"]))
    correlation = m0 * math.sqrt(e / order["delta"])
    numbers = e, order["delta"], order["eps"], order["p_hat"]
    e, delta, eps, w0 = np.log(numbers).tolist()
    return np.array([e, logit(min(correlation, 1 - 1e-12)), delta, eps, w0])


def _all_solutions(free, distance):
    """Beyond the typical distance to a free reference: (BL35)."""
    if distance > free["order"]["eps"] / 2:
        return failed_point(FAR, ORDER)
    return _with(free, {"p_hat": 0.0})


def _refined(channel, alpha, distance, unknowns):
    best = None
    for sums, finer in pairwise(LADDER):

        def residuals(v, sums=sums):
            if not np.all(np.abs(v) < BOUND):  # far off, or nan
                return (math.nan,) * 5
            return State.at(sums, channel, alpha, distance, v).residuals

        found = root(residuals, unknowns, tol=1e-12)
        unknowns = found.x
        if not np.abs(found.fun).max() < 1e-6:
            return failed_point("the saddle was not found", ORDER)
        state = State.at(sums, channel, alpha, distance, unknowns)
        fine = State.at(finer, channel, alpha, distance, unknowns)
        point = _describe(state, fine)
        if best is not None and point["error"] > 0.3 * best["error"]:
            break
        best = point
        if best["error"] < TOLERANCE:
            break
    return best


def _describe(state, fine):
    eps, delta, e, theta = state.overlaps
    value, c, alpha = fine.entropy, fine.patterns, fine.alpha
    residual = max(map(abs, fine.residuals))
    norm = abs(fine.weights.norm - 1) * abs(fine.weights.value)
    norm += alpha * abs(c.value * (c.norm - 1))
    scale = alpha * (c.q_hat * (eps + delta) + c.dq_hat) + fine.w0
    order = (1 - eps, eps, delta, e, theta, alpha * c.q_hat, alpha * c.dq_hat)
    order += (fine.p_hat, alpha * c.a, alpha * c.tau, fine.w0, c.binding)
    return {
        "entropy": value,
        "normalised": value - binary_entropy(state.distance),
        "order": dict(zip(ORDER, order, strict=True)),
        "stability": math.inf,
        "error": abs(value - state.entropy)
        + 4 * norm
        + scale * (residual**2 + 16 * EPS),
        "residual": residual,
        "success": True,
        "message": "",
    }
