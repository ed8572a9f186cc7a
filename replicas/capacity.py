"""Capacity: the load above which no weights satisfy all patterns (docs/capacity.md)."""

import math
from dataclasses import replace

from replicas import check, full_capacity, rsb_capacity, symmetric, two_rsb_capacity
from replicas.binary_capacity import zero_entropy
from replicas.channels import Perceptron, Symmetric, Tree, single_unit
from replicas.model import require_constraint
from replicas.priors import Binary
from replicas.results import failed_estimate
from replicas.spherical_capacity import MAX_UNITS, rs_capacity
from replicas.stability import at_line

__all__ = ["capacity"]


def capacity(model, ansatz="rs"):
    """Load at which no solutions are left, in patterns per weight.

    Spherical weights: their volume vanishes. Binary weights: the RS entropy does, which
    is where the frozen 1-RSB solution sets in.

    Parameters
    ----------
    model : Model. Trees of at most 9 units for binary weights and for "1rsb".
    ansatz : "rs" or, for spherical weights, "1rsb" (one step of replica symmetry
        breaking; at most the RS one) or, for one field, "2rsb" (two steps; at most
        the value of one) or, for the Perceptron, "frsb" (full breaking, extrapolated
        from 3 to 5 steps, for -2.5 <= kappa <= -0.4 or kappa >= 0).

    Returns
    -------
    Estimate; order "q", "eps", "q_hat" of the saddle for binary weights, {} for
    spherical ones and "rs"; for "1rsb" the "q0" and "w" = m/(1 - q1), q1 -> 1, at
    which the load is minimal ("2rsb": also "q1" and "w1" of the second level; "w" is
    that of the innermost). For the Perceptron with kappa >= 0 that is the limit
    w -> 0, the RS capacity; for -8e-4 < kappa < 0 both differ by less than |kappa|^3,
    which is then the error. It is the limit too for Wide channels whose margin is so
    large that replica symmetry stays stable (`at_line`). The RS capacity of Wide is inf
    for activations that jump (sign). Their 1-RSB load grows without bound as q1 -> 1:
    success is False.

    Source: docs/capacity.md (K1)-(K13); docs/binary.md (BN8); docs/symmetric.md (SY7).
    """
    require_constraint("capacity", model)
    check.choice("capacity", "ansatz", ansatz, ("rs", "1rsb", "2rsb", "frsb"))
    channel = single_unit(model.channel)
    if isinstance(channel, Symmetric):
        check.choice("capacity", "ansatz of the Symmetric channel", ansatz, ("rs",))
        return symmetric.capacity(model)
    if isinstance(model.prior, Binary):
        check.choice("capacity", "ansatz of binary weights", ansatz, ("rs",))
        return zero_entropy(channel)[0]
    if isinstance(channel, Tree) and ansatz in ("2rsb", "frsb"):
        raise ValueError(
            f"capacity: the ansatz must be rs or 1rsb for a tree, given {ansatz!r}"
        )
    if ansatz == "frsb" and not (isinstance(channel, Perceptron) or channel.is_linear):
        raise ValueError(
            f"capacity: the channel must be a Perceptron for the ansatz frsb, "
            f"given {channel!r}"
        )
    rs = rs_capacity(channel)
    if ansatz == "rs" or not rs.success:
        return rs
    if math.isinf(channel.slope):
        message = "no finite 1-RSB capacity: the load grows as sqrt(log(1/(1 - q1)))"
        return failed_estimate(message, ("q0", "w"))
    convex = rsb_capacity.is_convex(channel)
    if convex or _is_stable(model, channel):
        error = rs.error + (max(-channel.kappa, 0.0) ** 3 if convex else 0.0)
        return replace(rs, error=error, order={"q0": 1.0, "w": 0.0})
    if isinstance(channel, Tree) and channel.K > MAX_UNITS:
        raise ValueError(
            f"capacity: K must be at most {MAX_UNITS} for a tree and the ansatz "
            f"1rsb, given {channel.K}"
        )
    one_step = rsb_capacity.minimum(channel)
    if ansatz == "1rsb" or not one_step.success:
        return one_step
    two_steps = two_rsb_capacity.minimum(channel, one_step)
    if ansatz == "2rsb" or not two_steps.success:
        return two_steps
    return full_capacity.minimum(channel, two_steps)


def _is_stable(model, channel):
    """Whether replica symmetry is stable up to the capacity."""
    if isinstance(channel, Tree) or channel.is_even:
        return False  # the first step of breaking may be discontinuous
    return not at_line(model).success
