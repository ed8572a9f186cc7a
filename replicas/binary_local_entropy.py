"""Local entropy of binary weights, by number of replicas and kind of distance."""

import math

from replicas import (
    binary_finite_y,
    binary_large_y,
    binary_solution_finite_y,
    binary_solution_large_y,
    check,
)
from replicas.channels import Perceptron, Tree, single_unit

__all__ = ["solver"]


def solver(channel, y, between, centre):
    """Point as a function of (alpha, distance, y, last point)."""
    channel = single_unit(channel)
    check.choice(
        "local_entropy", "between", between, ("replicas", "centre", "solution")
    )
    if isinstance(channel, Tree):
        raise ValueError(
            "local_entropy: the channel of binary weights must be Perceptron or Wide, "
            f"given {channel!r}"
        )
    if centre != "rs":
        raise ValueError(
            f"local_entropy: centre must be rs for binary weights, given {centre!r}"
        )
    if between == "solution" and not isinstance(channel, Perceptron):
        raise ValueError(
            "local_entropy: the channel must be Perceptron for a reference that is a "
            f"solution, given {channel!r}"
        )
    large, finite = {
        "replicas": (binary_large_y.between_replicas, binary_finite_y.between_replicas),
        "centre": (binary_large_y.around_centre, binary_finite_y.around_centre),
        "solution": (
            binary_solution_large_y.around_solution,
            binary_solution_finite_y.around_solution,
        ),
    }[between]

    def solve(alpha, distance, y, last):
        if math.isinf(y):
            return large(channel, alpha, distance, start=last)
        return finite(channel, alpha, distance, y, start=last)

    return solve
