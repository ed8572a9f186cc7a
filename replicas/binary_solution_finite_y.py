"""Local entropy of y replicas around binary solutions: docs/binary_local_entropy.md."""

import math
from functools import partial
from itertools import pairwise

import numpy as np
from scipy.optimize import root

from replicas import binary_finite_y, binary_solution_large_y
from replicas.binary_solution_finite_y_state import State
from replicas.priors import binary_entropy
from replicas.quadrature import Rule
from replicas.results import failed_point

__all__ = ["around_solution"]

EPS = 2.0**-52
ORDER = ("q_ref", "t", "q0", "q1", "eps_ref", "c", "eps", "correlation")
ORDER += ("q_ref_hat", "t_hat")
ORDER += ("q0_hat", "dq_hat", "p_hat", "w0", "local_entropy", "external_entropy")
COARSE = Rule(0.3, 6.5)
LADDER = (Rule(0.18, 8.0), Rule(0.13, 8.3), Rule(0.09, 8.6))
TOLERANCE = 1e-10  # absolute, of the entropy
MET = 1e-6  # logarithms of the two sides of the equations
DOWN = (30.0, 20.0, 14.0, 10.0, 8.0, 5.5, 4.0, 3.0, 2.4, 2.0, 1.7, 1.5, 1.3)
FAR = 0.12  # distance from which closer ones are followed
LONGEST, SHORTEST = 0.3, 0.01  # steps in log distance
LOST = "no saddle around a solution was found"
EVEN = "; overlaps of zero, as even channels have at low load, are not looked for"


def around_solution(channel, alpha, distance, y, *, start=None):
    """Point of y replicas at distance d from a reference that is a solution: (BL36)."""
    at = partial(State.at, channel=channel, alpha=alpha, distance=distance)
    known = _known(start, y)
    walks = [] if known is None else [(known, (y,))]
    large = binary_solution_large_y.around_solution(channel, alpha, distance)
    if large["success"] and large["order"]["delta"] > 0:
        limit = _from_limit(large["order"], distance, max(y, 30.0))
        walks += [(limit, (y,)), (limit, (*(n for n in DOWN if n > y), y))]
    for begin in (max(y, 4.0), max(y, 10.0)):
        first = _from_free(channel, alpha, distance, begin, large)
        if first is not None:
            walks.append((first, (*(n for n in DOWN if y < n < begin), y)))
    for unknowns, steps in walks:
        for n in steps:
            size = 4 if n == 1 else 5
            residuals = _residuals(at, COARSE, n)
            unknowns = root(residuals, unknowns[:size], tol=1e-4).x
        if max(map(abs, residuals(unknowns))) < 0.01:
            point = _finish(at, y, unknowns)
            if point["success"]:
                return point
    if distance < FAR:
        point = _followed(channel, alpha, distance, y)
        if point["success"]:
            return point
    return failed_point(LOST + EVEN if channel.is_even else LOST, ORDER)


def _followed(channel, alpha, distance, y):
    """The point reached from FAR by small steps in log distance."""
    point, here, step = around_solution(channel, alpha, FAR, y), FAR, LONGEST
    lost = failed_point(LOST, ORDER)
    if not point["success"]:
        return lost
    at = partial(State.at, channel=channel, alpha=alpha)
    unknowns, slope = _known(point, y), 0.0
    while here > distance:
        if step < SHORTEST:
            return lost
        there = max(here * math.exp(-step), distance)
        length = math.log(here / there)
        residuals = _residuals(partial(at, distance=there), LADDER[0], y)
        found = root(residuals, unknowns + slope * length, tol=1e-6)
        if np.abs(found.fun).max() < MET:
            slope = (found.x - unknowns) / length
            here, unknowns, step = there, found.x, min(1.5 * step, LONGEST)
        else:
            step /= 2
    return _finish(partial(at, distance=distance), y, unknowns)


def _residuals(at, rule, y):
    def residuals(v):
        return at(rule, y=y, v=v).residuals

    return residuals


def _from_limit(order, distance, y):
    """Unknowns at large y, from those at y = infinity."""
    p, e = 1 - 2 * distance, order["eps_ref"]
    eps_ref, dq = e / (y + e), order["delta"] / y
    if not eps_ref < 1 - 1e-9:
        return np.full(5, math.nan)
    r = min(order["theta"] / math.sqrt(e * order["delta"]), 0.999)
    t = p - r * math.sqrt(eps_ref * dq)
    c = math.sqrt(max(order["q1"] - dq - t * t / (1 - eps_ref), 1e-4))
    return np.log([eps_ref, r / (1 - r), dq, order["w0"], c])


def _from_free(channel, alpha, distance, y, large):
    """Unknowns from those around a free reference at this y."""
    free = binary_finite_y.dense(channel, alpha, distance, y)
    if not free["success"]:
        return None
    o, e = free["order"], large["order"]["eps_ref"]
    if not e < 1e6:
        e = 2 / math.sqrt(o["q0_hat"])
    eps_ref, dq, p = e / (y + e), o["q1"] - o["q0"], 1 - 2 * distance
    # t so that c^2 is a part of q0
    t = min(math.sqrt(0.97 * o["q0"] * (1 - eps_ref)), 0.995 * p)
    r = min((p - t) / math.sqrt(eps_ref * dq), 0.99)
    t = p - r * math.sqrt(eps_ref * dq)
    c = math.sqrt(max(o["q0"] - t * t / (1 - eps_ref), 1e-3))
    numbers = (eps_ref, r / (1 - r), dq, 0.9 * o["p_hat"], c)
    return np.log(numbers)


def _known(start, y):
    """Unknowns of a neighbouring point, if it is one."""
    if start is None or not start["success"] or "t_hat" not in start["order"]:
        return None
    o = start["order"]
    if y > 1 and o["c"] == 0:
        return None
    dq, ratio = o["q1"] - o["q0"], o["correlation"] / (1 - o["correlation"])
    numbers = [o["eps_ref"], ratio, dq, o["w0"]] + [o["c"]] * (y > 1)
    return np.log(numbers)


def _finish(at, y, unknowns):
    """Newton steps with the Jacobian of the coarse rule; error by a finer one."""
    coarse = _residuals(at, COARSE, y)
    here = np.array(coarse(unknowns))
    moved = [coarse(unknowns + 1e-4 * unit) for unit in np.eye(len(unknowns))]
    slopes = (np.array(moved) - here).T / 1e-4
    if not np.all(np.isfinite(slopes)):
        return failed_point(LOST, ORDER)
    inverse = np.linalg.pinv(slopes)
    for rule, finer in pairwise(LADDER):
        best = at(rule, y=y, v=unknowns)
        for _ in range(12):
            trial = unknowns - inverse @ best.residuals
            state = at(rule, y=y, v=trial)
            if not _size(state) < 0.7 * _size(best):
                break
            best, unknowns = state, trial
        if not _size(best) < MET:  # the coarse rule misleads
            unknowns = root(_residuals(at, rule, y), unknowns, tol=1e-10).x
            best = at(rule, y=y, v=unknowns)
        if not _size(best) < MET:
            return failed_point(LOST, ORDER)
        point = _describe(best, at(finer, y=y, v=unknowns))
        if point["error"] < TOLERANCE:
            break
    return point


def _size(state):
    return max(map(abs, state.residuals))


def _describe(state, fine):
    y, (eps_ref, t, c, dq, eps) = state.y, state.overlaps
    (phi, local), residual = fine.phi, _size(fine)
    q_ref_hat, t_hat, q0_hat, dq_hat = fine.hats
    bend = fine.alpha * fine.patterns.a_g - t_hat  # (BL41)
    correlation = (1 - 2 * state.distance - t) / math.sqrt(eps_ref * dq)
    order = (1 - eps_ref, t, 1 - eps - dq, 1 - eps, eps_ref, c, eps, correlation)
    order += (q_ref_hat, t_hat, q0_hat, dq_hat, state.w0 - bend, state.w0)
    order += (local, phi - y * local)
    norm = abs(fine.weights.norm - 1) * abs(fine.weights.value)
    norm += fine.alpha * abs(fine.patterns.value * (fine.patterns.norm - 1))
    scale = q0_hat * (eps + y * dq) + dq_hat + q_ref_hat / y
    error = abs(phi - state.phi[0]) / y + 4 * norm / y
    return {
        "entropy": phi / y,
        "normalised": phi / y - binary_entropy(state.distance),
        "order": dict(zip(ORDER, order, strict=True)),
        "stability": math.nan,
        "error": error + scale * (residual**2 + 32 * EPS),
        "residual": residual,
        "success": True,
        "message": "",
    }
