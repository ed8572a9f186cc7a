"""Stationary q0 of a tree at given q1 and m: docs/finite_y.md (FY7)."""

import math

from scipy.optimize import brentq
from scipy.special import expit

from replicas import rsb_equations, tree_one_rsb

__all__ = ["GRID", "minima", "require_units"]

GRID = (-8, -4, -2, -1, 0, 1, 2, 3, 4, 5, 6, 8, 10, 12)  # logit of q0/q1


def require_units(function, channel):
    """Refuse trees whose grids are too large."""
    if channel.K > 3:
        raise ValueError(
            f"{function}: 1-RSB of trees needs K at most 3, given {channel.K}; so do y "
            "replicas, but at y = infinity K may be 9"
        )


def minima(channel, alpha, eps, m):
    """logit(q0/q1) of every minimum in q0, -inf for q0 = 0, from a coarse rule.

    Raises NoSaddle where the grids end before a minimum is found.
    """
    rule = rsb_equations.scan_rule(channel)

    def slope(x):
        # (B12)
        q0, dq = (1 - eps) * expit(x), (1 - eps) * expit(-x)
        square = tree_one_rsb.f1_squared(channel, q0, dq, eps, m, rule)
        return rsb_equations.log_ratio(q0, (eps + m * dq) ** 2 * alpha * square)

    found, left, limit = [], None, ""
    for x in GRID:
        try:
            value = slope(x)
        except tree_one_rsb.TooFine as reason:
            limit = str(reason)
            break
        if math.isnan(value):
            limit = f"the averages underflow at m = {m:g}"
            continue
        if left is None and channel.rule == "parity" and value > 0:
            found.append(-math.inf)
        if left is not None and left[1] < 0 <= value:
            found.append(brentq(slope, left[0], x, xtol=1e-3))
        left = x, value
    if not found and limit:
        raise rsb_equations.NoSaddle(f"no minimum found before {limit}")
    return found
