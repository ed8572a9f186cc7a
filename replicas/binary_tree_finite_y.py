"""Local entropy of y replicas of a binary tree, K = 2 and 3, one point.

docs/binary_local_entropy.md (BL44).
"""

import math
from functools import cache
from itertools import pairwise

from scipy.optimize import brentq

from replicas import binary_finite_y
from replicas.binary_finite_y_search import LOST, ORDER, TREE_RULES, described, refined
from replicas.binary_finite_y_state import State, Weights, without_patterns
from replicas.quadrature import Rule
from replicas.results import failed_point
from replicas.tree_centre import GRID, require_units
from replicas.tree_one_rsb import TooFine

__all__ = ["around_centre", "between_replicas"]

RULE = Rule(0.125, 8.5)  # of the weights' averages in the scan
SMALLEST = -10.0  # log dq_hat


def between_replicas(channel, alpha, distance, y):
    """Point of y replicas at mutual distance d = (1 - q1)/2: the lowest in q0."""
    require_units("local_entropy", channel)
    eps, rules = 2 * distance, TREE_RULES[channel.K]
    free, unbound = without_patterns(eps, y)

    def at(rule, y, v):
        return State.at(rule, channel, alpha, y, None, eps, v[0], math.exp(v[1]))

    points, message = [], LOST
    try:
        starts = _starts(at, eps, y)
        for start in starts:
            points.append(refined(at, [(start, (y,))], y, free, 1, rules))
        if channel.rule == "parity":
            v = -math.inf, math.log(unbound)
            fine, finer = (at(rule, y, v) for rule in rules.ladder[-2:])
            points.append(described(fine, finer, free))
    except TooFine as reason:
        points, message = [], str(reason)
    points = [point for point in points if point["success"]]
    if not points:
        return failed_point(message, ORDER)
    return min(points, key=lambda point: point["entropy"])


def around_centre(channel, alpha, distance, y):
    """Point of y replicas at distance d = (1 - p)/2 from a free reference."""
    require_units("local_entropy", channel)
    try:
        return binary_finite_y.around_centre(channel, alpha, distance, y)
    except TooFine as reason:
        return failed_point(str(reason), ORDER)


def _starts(at, eps, y):
    """Unknowns next to each minimum in q0, where the excess of q1 - q0 turns positive.

    Raises TooFine where the sums end before it is positive.
    """

    @cache
    def excess(x):
        return _excess(at, eps, y, x)[0]

    found, last = [], -math.inf
    for low, high in pairwise(GRID):
        try:
            left, right = excess(low), excess(high)
        except TooFine:
            if not last > 0:
                raise
            break
        if left < 0 <= right:
            x = brentq(excess, low, high, xtol=1e-2)
            found.append((x, math.log(_excess(at, eps, y, x)[1])))
        last = last if math.isnan(right) else right
    return found


def _excess(at, eps, y, x):
    """log of the two sides of (BL17) for q1 - q0, and the dq_hat of (BL17) for q1."""
    state = at(TREE_RULES[3].coarse, y, (x, 0.0))

    def averages(log_hat):
        return Weights.at(state.q0_hat, math.exp(log_hat), 0.0, y, 0.0, RULE)

    def gap(log_hat):
        return math.log(averages(log_hat).gap2 / eps)

    low = high = math.log(2 * math.log(4 / eps) + 3)
    while gap(low) < 0 and low > SMALLEST:
        low, high = low - 1, low
    if not gap(low) >= 0:
        return math.nan, math.nan  # q0_hat alone makes q1 larger
    hat = brentq(gap, low, high, xtol=1e-6)
    return math.log(averages(hat).variance / state.dq), math.exp(hat)
