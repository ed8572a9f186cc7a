"""Local entropy of y binary replicas, one point: docs/binary_local_entropy.md."""

import math
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, root

from replicas import _binary_finite_y, binary_tree_large_y
from replicas.binary_finite_y_state import State
from replicas.binary_large_y import PLATEAU, binary_entropy, rough
from replicas.channels import Tree
from replicas.model import Model
from replicas.priors import Binary
from replicas.quadrature import Rule
from replicas.results import failed_point
from replicas.rs import rs
from replicas.tree_one_rsb import TooFine

__all__ = [
    "LOST",
    "ORDER",
    "TREE_RULES",
    "Rules",
    "State",
    "around_centre",
    "between_replicas",
    "dense",
    "described",
    "refined",
    "without_patterns",
]

EPS = 2.0**-52
ORDER = (
    "q0",
    "q1",
    "eps",
    "q0_hat",
    "dq_hat",
    "p_hat",
    "local_entropy",
    "external_entropy",
)


class Rules(NamedTuple):
    """To find a saddle; to evaluate it, each by the next; the error to be reached, and
    the residual under the next rule to be accepted.
    """

    coarse: Rule
    ladder: tuple
    tolerance: float
    met: float


RULES = Rules(
    Rule(0.2, 7.5),
    tuple(Rule(0.125 / 1.3**k, 8.5 + 0.5 * k) for k in range(5)),
    1e-12,
    1e-7,
)
TREE_RULES = {
    K: Rules(Rule(0.25, 6.5), ladder, 1e-10, 1e-3)
    for K, ladder in {
        2: (Rule(0.16, 7.0), Rule(0.125, 7.5), Rule(0.1, 7.7), Rule(0.08, 8.0)),
        3: (Rule(0.2, 7.0), Rule(0.16, 7.5), Rule(0.125, 7.7)),
    }.items()
}
# numbers of replicas to pass on the way from infinity, and from one
DOWN = (100.0, 40.0, 20.0, 10.0, 6.0, 4.0, 3.0, 2.0, 1.5, 1.0)
UP = tuple(1.5**k for k in range(30))
FROZEN = "frozen: each reference sees one solution, q1 = 1"
LOST = "no saddle with 0 < q0 < q1 was found"


def between_replicas(channel, alpha, distance, y, *, start=None):
    """Point of y replicas at mutual distance d = (1 - q1)/2: (BL15), no reference.

    start : a neighbouring point; it saves time and does not change the result.
    """
    eps = 2 * distance

    def at(rule, y, v):
        return State.at(rule, channel, alpha, y, None, eps, v[0], math.exp(v[1]))

    first = _first(start)
    walk = [] if first is None else [(first[1:], (y,))]
    order = rough(channel, alpha, distance, "replicas")
    if not isinstance(order, str):
        from_infinity = [_log_ratio(order, max(y, 3.0)), math.log(order["dq_hat"])]
        walk += [(from_infinity, (y,)), (from_infinity, _steps(DOWN, y))]
    q = rs(Model(Binary(), channel), alpha).order["q"]
    if 0 < q < 1 - eps:
        single = [math.log(q / (1 - eps - q)), math.log(max(0.3, -2 * math.log(eps)))]
        walk += [(single, _steps(UP, y))]
    return refined(at, walk, y, without_patterns(eps, y)[0], sign=1)


def around_centre(channel, alpha, distance, y, *, start=None):
    """Point of y replicas at distance d = (1 - p)/2 from a free reference: (BL15).

    Where the saddle has a lower Phi than references that see one solution, or is not
    found, the latter.
    """
    point = dense(channel, alpha, distance, y, start=start)
    frozen = _frozen(rs(Model(Binary(), channel), alpha), distance, y)
    if point["success"] and point["entropy"] >= frozen["entropy"] - frozen["error"]:
        return point
    if not point["success"] and _is_denser(channel, alpha, distance, y, frozen):
        return point
    return frozen


def _is_denser(channel, alpha, distance, y, frozen):
    """Whether, by convexity in y, a dense saddle elsewhere implies a larger Phi."""
    for factor in (1.5, 2.5, 4.0, 0.6, 0.3, 0.1):
        if factor * y < 1:
            continue
        beyond = dense(channel, alpha, distance, factor * y)
        if beyond["success"]:
            o = beyond["order"]
            tangent = o["external_entropy"] + y * o["local_entropy"]
            return tangent > y * frozen["entropy"]
    return False


def dense(channel, alpha, distance, y, *, start=None):
    """Point of the branch of saddles with q1 < 1 around a free reference."""
    gap = 2 * distance
    hat = 0.4 * math.log((2 - gap) / gap)

    def at(rule, y, v):
        eps = math.exp(max(-60.0, min(v[0], -1e-12)))
        return State.at(rule, channel, alpha, y, gap, eps, v[1], hat)

    tree = isinstance(channel, Tree)
    if tree:
        order = binary_tree_large_y.rough(channel, alpha, distance)
    else:
        order = rough(channel, alpha, distance, "centre")
    walk = []
    if not isinstance(order, str):
        near = [math.log(order["eps"]), _log_ratio(order, max(y, 3.0))]
        # above the load of the inflection there is a dense branch with smaller eps too
        closer = [[near[0] - shift, near[1]] for shift in (0.8, 0.4, 1.2)]
        walk = [(v, (y,)) for v in (near, *closer)]
        walk += [] if tree else [(near, _steps(DOWN, y))]
    first = _first(start)
    if first is not None:
        # not the first: a neighbour may be on the other branch
        walk.insert(1, (first[:2], (y,)))
    # one replica: a typical solution and its references
    single = [math.log(gap * (2 - gap)) - 0.3, 0.0]
    walk += [(single, (y,)), (single, _steps(UP, y))]
    free = binary_entropy(distance) + math.log(2) / y
    rules = TREE_RULES[channel.K] if tree else RULES
    return refined(at, walk, y, free, -1, rules)


def _frozen(typical, distance, y):
    """References that see one solution each: (BL20)."""
    if not typical.success:
        return failed_point(typical.message, ORDER)
    total = typical.entropy + binary_entropy(distance)
    q, q_hat = typical.order["q"], typical.order["q_hat"]
    p_hat = 0.5 * math.log((1 - distance) / distance) / y
    order = (q, 1.0, 0.0, q_hat, math.inf, p_hat, 0.0, total)
    return {
        "entropy": total / y,
        "normalised": (total - math.log(2)) / y - binary_entropy(distance),
        "order": dict(zip(ORDER, order, strict=True)),
        "stability": typical.stability,
        "error": typical.error / y,
        "residual": typical.residual,
        "success": True,
        "message": FROZEN,
    }


def _steps(numbers, y):
    """The numbers of replicas on the way to y, y last."""
    up = numbers[0] == 1
    return (*(n for n in numbers if (n < y) == up and n != y), y)


def _log_ratio(order, y):
    """log q0/(q1 - q0) with q1 - q0 = delta/y, kept below q1."""
    q1 = 1 - order["eps"]
    dq = min(order["delta"] / y, 0.7 * q1)
    return math.log((q1 - dq) / dq)


def _first(start):
    """log eps, log q0/(q1 - q0) and log dq_hat of a neighbour, if it is one."""
    if start is None or not start["success"] or "q0" not in start["order"]:
        return None
    order = start["order"]
    if order["eps"] == 0:
        return None
    ratio = order["q0"] / (order["q1"] - order["q0"])
    return [math.log(x) for x in (order["eps"], ratio, order["dq_hat"])]


def without_patterns(eps, y):
    """Entropy at alpha = 0 of replicas at mutual overlap 1 - eps: (BL23); dq_hat."""

    def averages(x):
        return _binary_finite_y.solve(0.0, math.exp(x), 0.0, y, 0.0, 0.08, 9.0)

    low, high = -30.0, math.log(2 * math.log(4 / eps) + 3)
    x = brentq(lambda x: math.log(averages(x)[4] / eps), low, high, xtol=1e-14)
    value = averages(x)[2] - math.log(2) / y
    return value - 0.5 * math.exp(x) * (1 - eps + eps / y), math.exp(x)


def refined(at, walk, y, free, sign, rules=RULES):
    """The first walk that arrives, by finer rules until the error meets the tolerance.

    at : State as a function of (rule, y, unknowns); free : the entropy at alpha = 0;
    sign : that of the Jacobian where Phi is convex in y, (BL20). Raises TooFine where a
    tree needs more nodes than there may be.
    """
    arrived = reason = None
    for start, steps in walk:
        try:
            arrived = arrived or _arrive(partial(at, rules.coarse), start, steps, sign)
        except TooFine:
            try:
                at(rules.coarse, y, start)
            except TooFine as limit:  # not only at iterates far off
                reason = limit
    if arrived is None:
        if reason is not None:
            raise reason
        return failed_point(LOST, ORDER)
    unknowns, inverse = arrived
    best = None
    for rule, finer in pairwise(rules.ladder):
        try:
            state, unknowns = _polish(partial(at, rule, y), unknowns, inverse)
            point = described(state, at(finer, y, unknowns), free)
        except TooFine:
            if best is None:
                raise
            break
        if best is not None and not point["error"] < 0.3 * best["error"]:
            break
        best = point
        if best["error"] < rules.tolerance:
            break
    if not best["residual"] < rules.met:
        return failed_point(LOST, ORDER)
    if best["order"]["p_hat"] < 0:
        return failed_point(PLATEAU, ORDER)
    return best


def _arrive(at, unknowns, steps, sign):
    """Unknowns near the saddle, through numbers of replicas, and the inverse Jacobian
    there; None where a step fails.
    """
    for y in steps:

        def residuals(v, y=y):
            return at(y, v).residuals[:2]

        unknowns = root(residuals, unknowns, tol=1e-5).x
        here = np.array(residuals(unknowns))
        if not max(abs(here)) < 0.01:
            return None
    moved = [residuals(unknowns + 1e-5 * unit) for unit in np.eye(2)]
    jacobian = (np.array(moved) - here).T / 1e-5
    if not np.isfinite(jacobian).all() or not sign * np.linalg.det(jacobian) > 1e-10:
        return None
    return unknowns, np.linalg.inv(jacobian)


def _polish(at, unknowns, inverse):
    """State and unknowns of the saddle by Newton steps with a nearby Jacobian."""
    state = at(unknowns)
    best = state, unknowns
    for _ in range(20):
        unknowns = unknowns - inverse @ state.residuals[:2]
        state = at(unknowns)
        if not _size(state) < 0.5 * _size(best[0]):
            break
        best = state, unknowns
    return best


def _size(state):
    return max(map(abs, state.residuals))


def described(state, fine, free):
    q1 = 1 - state.eps
    value, residual = fine.entropy, _size(fine)
    norm = abs(fine.entropic[1] - 1) * abs(fine.entropic[2])
    norm += state.alpha * abs(fine.energetic["f"] * (fine.energetic["norm"] - 1))
    scale = fine.q0_hat * (state.eps + state.y * state.dq) + fine.dq_hat
    # what a window misses is where the integrand is larger than on average; the entropy
    # is stationary, residuals enter squared
    error = abs(value - state.entropy) + 4 * norm
    external = fine.external_entropy
    order = {
        "q0": q1 - state.dq,
        "q1": q1,
        "eps": state.eps,
        "q0_hat": fine.q0_hat,
        "dq_hat": fine.dq_hat,
        "p_hat": fine.entropic[0],
        "local_entropy": value - external / state.y,
        "external_entropy": external,
    }
    return {
        "entropy": value,
        "normalised": value - free,
        "order": order,
        "stability": fine.stability,
        "error": error + scale * (residual**2 + 8 * EPS),
        "residual": residual,
        "success": True,
        "message": "",
    }
