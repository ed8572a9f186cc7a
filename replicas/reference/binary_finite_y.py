"""Local entropy of y binary replicas: the action (BL15)."""

from mpmath import mp

from replicas.priors import Binary
from replicas.reference.average import Rule, gaussian, nodes, window, working_digits
from replicas.reference.channel import number, require_arguments
from replicas.reference.one_rsb import OneStep

__all__ = ["binary_finite_y"]


def binary_finite_y(model, alpha, order, y, p=None, *, dps=20):
    r"""Phi/y of docs/binary_local_entropy.md (BL15), mpf with dps digits.

    order : {"q0", "q1" or "eps", "q0_hat", "dq_hat", "p_hat"}; at the saddle it is
    stationary in all of them. p : overlap with the reference, None between replicas.
    """
    names = "q0", ("q1", "eps"), "q0_hat", "dq_hat", "p_hat"
    require_arguments("binary_finite_y", model, order, names, dps, Binary)
    channel = OneStep("binary_finite_y", model, alpha)
    with mp.workdps(dps + 330):
        y = number("binary_finite_y", "y", y)
        if not y > 0:
            raise ValueError(f"binary_finite_y: y must be > 0, given {y}")
        order = {k: number("binary_finite_y", k, v) for k, v in order.items()}
        if "eps" in order:
            order["q1"] = 1 - order["eps"]
        q0, q1, p_hat = order["q0"], order["q1"], order["p_hat"]
        q0_hat, q1_hat = order["q0_hat"], order["q0_hat"] + order["dq_hat"] / y
    with mp.workdps(working_digits(dps, 10)):
        rule = Rule(dps + 2)
        value = -(y - 1) * q1_hat * q1 / 2 + y * q0_hat * q0 / 2 - q1_hat / 2
        value += _entropic(rule, q0_hat, q1_hat, p_hat, y, p is not None) / y
        value += channel.alpha * channel.energetic(q0, q1, y, rule)[0] / y
        value -= 0 if p is None else p_hat * number("binary_finite_y", "p", p)
    with mp.workdps(dps):
        return +value


def _entropic(rule, q0_hat, q1_hat, p_hat, y, centre):
    """int Du log sum_w int Dv (2cosh(sqrt(q0_hat) u + sqrt(dq_hat) v + p_hat w))^y."""
    root, variance = mp.sqrt(q0_hat), q1_hat - q0_hat
    b, reach = mp.sqrt(variance), window(rule)
    u, du = nodes(rule, -reach, reach, left=2, right=2, scale=min(1 / (y * root), 1))
    # the total field: its Gaussian, moved by the tilt by at most y variance
    far = reach * (root + b) + p_hat + y * variance
    x, dx = nodes(rule, -far, far, left=b / 2, right=b / 2)
    tilt = [y * mp.log(2 * mp.cosh(point)) for point in x]
    signs, total = (1, -1) if centre else (1,), mp.zero
    for point, step in zip(u, du, strict=True):
        terms = []
        for mean in (root * point + p_hat * w for w in signs):
            terms += [
                mp.exp(t - (field - mean) ** 2 / (2 * variance)) * width
                for t, field, width in zip(tilt, x, dx, strict=True)
                if abs(field - mean) < reach * b + y * variance
            ]
        inner = mp.log(mp.fsum(terms) / mp.sqrt(2 * mp.pi * variance))
        total += gaussian(point, 0, 1) * step * inner
    return total
