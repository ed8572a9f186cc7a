"""Local entropy of y binary replicas, one point: docs/binary_local_entropy.md."""

import itertools
import math

import numpy as np

from replicas import binary_tree_large_y
from replicas.binary_finite_y_search import ORDER, RULES, TREE_RULES, refined
from replicas.binary_finite_y_state import State, without_patterns
from replicas.binary_large_y import rough, typical_distance
from replicas.channels import Tree
from replicas.model import Model
from replicas.priors import Binary, binary_entropy
from replicas.quadrature import hermite
from replicas.results import failed_point
from replicas.rs import rs

__all__ = ["around_centre", "between_replicas", "dense"]

# numbers of replicas to pass on the way from infinity, and from one
DOWN = (100.0, 40.0, 20.0, 10.0, 6.0, 4.0, 3.0, 2.0, 1.5, 1.0)
UP = tuple(1.5**k for k in range(30))
U, W = hermite(20)  # of a start
FROZEN = "frozen: each reference sees one solution, q1 = 1"
UNCOUPLED = "the reference holds the replicas too weakly for q1 - q0 to be resolved"


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
    typical = rs(Model(Binary(), channel), alpha)
    frozen = _frozen(typical, distance, y)
    if point["success"] and point["entropy"] >= frozen["entropy"] - frozen["error"]:
        return point
    if not point["success"]:
        if y > 1 and typical.entropy > 0 and distance >= typical_distance(typical):
            return failed_point(UNCOUPLED, ORDER)
        if _is_denser(channel, alpha, distance, y, frozen):
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
    walk, near = [], None
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
    weak = _weakly_coupled(channel, alpha, 1 - gap, y)
    # the first where there are no replicas to start from
    walk = itertools.chain(walk, weak) if near else itertools.chain(weak, walk)
    free = binary_entropy(distance) + math.log(2) / y
    rules = TREE_RULES[channel.K] if tree else RULES
    return refined(at, walk, y, free, -1, rules)


def _weakly_coupled(channel, alpha, p, y):
    """The walk from a small overlap p with the reference, if solutions have a mean."""
    order = rs(Model(Binary(), channel), alpha).order
    q, q_hat = order["q"], order["q_hat"]
    if not 0 < q < 1:
        return
    response = 1 - np.tanh(math.sqrt(q_hat) * U) ** 2
    # p_hat and its effect on the mean of a weight, to lowest order
    p_hat = p / (1 - q + y * q)
    dq = p_hat**2 * float(W @ response**2)
    yield [math.log1p(-q), math.log(q / dq)], (y,)


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
