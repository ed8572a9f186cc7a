"""Load at which the RS entropy of binary weights vanishes: docs/binary.md (BN8)."""

import numpy as np

from replicas import _rs, tree_rs
from replicas.channels import Tree
from replicas.priors import Binary
from replicas.quadrature import Rule, refinements
from replicas.results import Estimate, failed_estimate

__all__ = ["zero_entropy"]

TOLERANCE = 1e-13  # of the load
RULES = refinements(Rule(), 0.02)


def zero_entropy(channel):
    """Capacity of binary weights, and d log(capacity)/d kappa (BN9), nan for trees."""
    if isinstance(channel, Tree):
        return tree_rs.zero_entropy(channel), np.nan
    for rule, fine in RULES:
        rules = rule.step, rule.window, fine.step, fine.window
        found = _rs.zero_entropy(Binary.kernel, channel.kernel, *rules)
        if found is None:
            message = "the RS entropy has no zero below q = 1 - 1e-13"
            return failed_estimate(message, ("q", "eps", "q_hat")), np.nan
        value, error, residual, slope, order = found
        if error < TOLERANCE * value:
            break
    return Estimate(value, error, residual, True, "", order), slope
