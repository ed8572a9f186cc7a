"""Loads at which a broken entropy vanishes, docs/reference.md (M29)."""

from mpmath import mp, mpf

from replicas.priors import Spherical
from replicas.reference.average import (
    converge,
    gaussian,
    nodes,
    require_normalised,
    window,
)
from replicas.reference.channel import number, require_arguments, scalar_field

__all__ = ["one_step_load"]


def one_step_load(model, order, *, dps=30):
    """Load of zero volume in the 1-RSB ansatz at (q0, w), (M29), mpf with dps digits.

    order : {"q0": in [0, 1), "w" > 0}, as `capacity` returns it; its minimum over both
    is the 1-RSB capacity. Perceptron(kappa), Wide(activation, kappa) of finite slope.
    """
    names = "q0", "w"
    require_arguments("one_step_load", model, order, names, dps, Spherical)
    field = scalar_field("one_step_load", model)
    if field.activation == "sign":
        raise ValueError("one_step_load: the slope of the kernel must be finite")
    with mp.workdps(dps + 60):
        q0, w = (number("one_step_load", name, order[name]) for name in names)
        if not (0 <= q0 < 1 and w > 0):
            raise ValueError(
                f"one_step_load: q0 must be in [0, 1) and w > 0, given {q0}, {w}"
            )
        return converge(lambda rule: (_load(field, q0, w, rule),), dps, 4)


def _load(field, q0, w, rule):
    lam = 1 + w * (1 - q0)
    entropic = mp.log(lam) + w * q0 / lam
    tq0, tilt = field.overlap(q0), w / field.slope(mpf(1))
    v = 1 - tq0
    if tq0 == 0:
        return -entropic / (2 * _log_accepted(mpf(field.kappa), v, tilt))
    # fields h ~ N(0, tq0), crowded at the margin on the scale sqrt(v)
    reach, width = window(rule) * mp.sqrt(tq0), 6 * mp.sqrt(tq0)
    kappa = mpf(field.kappa)
    scale = {"scale": mp.sqrt(v), "centre": kappa}
    h, dh = nodes(rule, -reach, reach, left=width, right=width, **scale)
    weights = [gaussian(x, 0, tq0) * d for x, d in zip(h, dh, strict=True)]
    require_normalised(mp.fsum(weights), rule)
    average = mp.fdot(weights, [_log_accepted(kappa - x, v, tilt) for x in h])
    return -entropic / (2 * average)


def _log_accepted(gap, v, w):
    """log E exp(-w max(gap - sqrt(v) z, 0)^2/2)."""
    lam = 1 + w * v
    missed = mp.exp(-w * gap * gap / (2 * lam)) * mp.ncdf(gap / mp.sqrt(v * lam))
    return mp.log(mp.ncdf(-gap / mp.sqrt(v)) + missed / mp.sqrt(lam))
