"""Local entropy for y -> infinity, docs/reference.md (M16)-(M18)."""

from mpmath import mp, mpf

from replicas import check
from replicas.priors import Spherical
from replicas.reference.average import (
    GH,
    converge,
    gaussian,
    log_H,
    nodes,
    require_normalised,
    window,
)
from replicas.reference.channel import number, require_arguments, scalar_field

__all__ = ["LargeY", "large_y", "maximum"]


class LargeY:
    """Normalised local entropy phi(q1, delta), for a channel with one field."""

    def __init__(self, function, model, alpha):
        self.field = scalar_field(function, model)
        self.alpha = number(function, "alpha", alpha)

    def guard(self, order):
        # none for a large c: every term of the normalised entropy is as small as it
        return 2 * int(-mp.log10(1 - order["q1"])) + 2

    def evaluate(self, order, rule):
        """Normalised entropy and its derivative in delta."""
        q1, delta = order["q1"], order["delta"]
        eps = 1 - q1
        overlap = self.field.overlap(q1)
        noise = 1 - overlap
        rate = self.field.slope(q1) / noise  # c = delta * rate
        value, square, *_ = maximum(
            rule, self.field.threshold(noise), overlap / noise, delta * rate
        )
        entropy = q1 / (eps + delta) / 2 + self.alpha * value
        pull = q1 / (eps + delta) ** 2 - self.alpha * rate * square
        return entropy, {"delta": -pull / 2}


def maximum(rule, mean, variance, c):
    """E M, E GH(u*)^2 and the slopes of the former in mean and variance.

    M(u0) = max_u [log H(u) - (u - u0)^2/(2c)], u0 ~ N(mean, variance). The maximum is
    at u0 = u + c GH(u), increasing in u, so the integral is taken over u.
    """

    def u0(u):
        return u + c * GH(u)

    reach = window(rule) * mp.sqrt(variance)
    low = _solve(u0, mean - reach, mean - reach - c)
    high = _solve(u0, mean + reach, low)
    centre = min(max(_solve(u0, mpf(0), min(low, -1 - c)), low), high)
    width = 6 * mp.sqrt(variance)
    # right of the centre u0 grows like exp(|centre| (u - centre)) while c GH(u) does
    scale = min(width, 1 / (2 + 2 * abs(centre)))
    right = max(scale, width / (1 + c))
    u, du = nodes(rule, low, high, left=width, right=right, scale=scale, centre=centre)
    force = [GH(x) for x in u]
    weights = [
        gaussian(x + c * g, mean, variance) * (1 + c * g * (g - x)) * dx
        for x, g, dx in zip(u, force, du, strict=True)
    ]
    require_normalised(mp.fsum(weights), rule)
    squares = [g * g for g in force]
    values = [log_H(x) - c * g / 2 for x, g in zip(u, squares, strict=True)]
    scores = [(x + c * g - mean) / variance for x, g in zip(u, force, strict=True)]
    first, second = (
        mp.fsum(w * v * f for w, v, f in zip(weights, values, factors, strict=True))
        for factors in (scores, [(s * s - 1 / variance) / 2 for s in scores])
    )
    return mp.fdot(weights, values), mp.fdot(weights, squares), first, second


def _solve(increasing, target, low):
    """u with increasing(u) = target, to 15 digits: an end of a window, no more.

    `increasing(u)` is at least u and c > 0, so u <= target.
    """
    high = target
    while increasing(low) > target:
        low = low - (high - low) - 1
    for _ in range(80):
        middle = (low + high) / 2
        if increasing(middle) < target:
            low = middle
        else:
            high = middle
    return high


def large_y(model, alpha, order, *, dps=30, normalised=False):
    r"""Local entropy of y -> infinity replicas at overlap q1, mpf with dps digits.

    phi = q1/(1 - q1 + delta)/2 + alpha E M_c(u0), (M16), plus log(1 - q1)/2 unless
    normalised.

    order : {"q1" or "eps" = 1 - q1, "delta" or "c" = delta/(1 - q1)}. Channels with
    one field. Source: docs/reference.md (M16), (M17).
    """
    names = ("q1", "eps"), ("delta", "c")
    require_arguments("large_y", model, order, names, dps, Spherical)
    check.flag("large_y", "normalised", normalised)
    twin = LargeY("large_y", model, alpha)
    with mp.workdps(dps + 60):
        order = overlaps("large_y", order)
        phi = converge(lambda r: twin.evaluate(order, r), dps, twin.guard(order))
    if normalised:
        return phi
    with mp.workdps(dps):
        return phi + mp.log(1 - order["q1"]) / 2


def overlaps(function, order):
    """q1 and delta of a user's dict, within their ranges."""
    if "eps" in order:
        q1 = 1 - number(function, "eps", order["eps"])
    else:
        q1 = number(function, "q1", order["q1"])
    if not 0 < q1 < 1:
        raise ValueError(f"{function}: q1 must be in (0, 1), given {q1}")
    if "delta" in order:
        delta = number(function, "delta", order["delta"])
    else:
        delta = number(function, "c", order["c"]) * (1 - q1)
    if not delta > 0:
        raise ValueError(f"{function}: delta must be > 0, given {delta}")
    return {"q1": q1, "delta": delta}
