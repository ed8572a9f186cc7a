"""Local entropy of binary weights, by number of replicas and kind of distance."""

import math

import numpy as np

from replicas import (
    binary_finite_y,
    binary_large_y,
    binary_rsb_search,
    binary_solution_finite_y,
    binary_solution_large_y,
    binary_tree_centre,
    binary_tree_large_y,
    check,
    tree_centre,
)
from replicas import binary_tree_finite_y as trees
from replicas.channels import Tree, single_unit
from replicas.model import Model
from replicas.priors import Binary
from replicas.rs import rs

__all__ = ["solver"]

ROUNDING = 1e-12
ABOVE = "more solutions than there are: an upper bound, no such reference exists"


def solver(channel, y, between, centre, tol):
    """Point as a function of (alpha, distance, y, last point)."""
    solve = _solver(channel, y, between, centre, tol)
    model, totals = Model(Binary(), single_unit(channel)), {}

    def marked(alpha, distance, y, last):
        point = solve(alpha, distance, y, last)
        if math.isinf(y) and point["success"]:
            if alpha not in totals:
                totals[alpha] = rs(model, alpha).entropy
            if point["entropy"] - point["error"] > totals[alpha] + ROUNDING:
                point = point | {"message": ABOVE}
        return point

    return marked


def _solver(channel, y, between, centre, tol):
    channel = single_unit(channel)
    check.choice(
        "local_entropy", "between", between, ("replicas", "centre", "solution")
    )
    check.choice("local_entropy", "centre of binary weights", centre, ("rs", "1rsb"))
    if centre == "1rsb":
        return _broken_solver(channel, y, between)
    if isinstance(channel, Tree):
        return _tree_solver(channel, y, between, tol)
    large, finite = {
        "replicas": (binary_large_y.between_replicas, binary_finite_y.between_replicas),
        "centre": (binary_large_y.around_centre, binary_finite_y.around_centre),
        "solution": (
            # it starts from a free reference, wherever the last point was
            lambda *point, start: binary_solution_large_y.around_solution(*point),
            binary_solution_finite_y.around_solution,
        ),
    }[between]

    def solve(alpha, distance, y, last):
        if math.isinf(y):
            return large(channel, alpha, distance, start=last)
        return finite(channel, alpha, distance, y, start=last)

    return solve


def _broken_solver(channel, y, between):
    if between == "solution" or np.any(np.isfinite(y)):
        raise ValueError(
            "local_entropy: centre must be rs for binary weights at finite y and for "
            f"between={between!r}, given '1rsb'"
        )
    if isinstance(channel, Tree):
        raise ValueError("local_entropy: centre must be rs for trees, given '1rsb'")
    broken = {
        "replicas": binary_rsb_search.between_replicas,
        "centre": binary_rsb_search.around_centre,
    }[between]

    def solve(alpha, distance, y, last):
        return broken(channel, alpha, distance, start=last)

    return solve


def _tree_solver(channel, y, between, tol):
    if between == "solution":
        raise ValueError(
            "local_entropy: the channel must have one field for a reference that is a "
            f"solution, given {channel!r}"
        )
    finite = np.any(np.isfinite(y))
    if finite:
        tree_centre.require_units("local_entropy", channel)
    if finite and between == "centre" and channel.rule == "parity":
        raise ValueError(
            "local_entropy: the tree must be a majority around a centre at finite y, "
            f"given {channel!r}"
        )
    large, few = binary_tree_large_y.between_replicas, trees.between_replicas
    if between == "centre":
        large, few = binary_tree_centre.around_centre, trees.around_centre

    def solve(alpha, distance, y, last):
        if math.isinf(y):
            return large(channel, alpha, distance, tol=tol, start=last)
        return few(channel, alpha, distance, y)

    return solve
