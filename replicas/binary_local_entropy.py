"""Local entropy of binary weights, by number of replicas and kind of distance."""

import math

from replicas import binary_finite_y, binary_large_y, check
from replicas.channels import Tree, single_unit

__all__ = ["solver"]


def solver(channel, y, between, centre):
    """Point as a function of (alpha, distance, y, last point)."""
    channel = single_unit(channel)
    check.choice("local_entropy", "between", between, ("replicas", "centre"))
    if isinstance(channel, Tree):
        raise ValueError(
            "local_entropy: the channel of binary weights must have one field, "
            f"given {channel!r}"
        )
    if centre != "rs":
        raise ValueError(
            f"local_entropy: centre must be rs for binary weights, given {centre!r}"
        )
    large, finite = {
        "replicas": (binary_large_y.between_replicas, binary_finite_y.between_replicas),
        "centre": (binary_large_y.around_centre, binary_finite_y.around_centre),
    }[between]

    def solve(alpha, distance, y, last):
        if math.isinf(y):
            return large(channel, alpha, distance, start=last)
        return finite(channel, alpha, distance, y, start=last)

    return solve
