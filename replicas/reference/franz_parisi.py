"""Local entropy around a typical solution, docs/reference.md (M17)-(M20)."""

import numpy as np
from mpmath import mp
from scipy.special import log_ndtr

from replicas.reference.average import GH, converge, gaussian, log_H, nodes, window
from replicas.reference.channel import number, scalar_field

__all__ = ["FranzParisi", "franz_parisi"]


class FranzParisi:
    """Entropy S(q1, t) at overlap p with a reference of overlap q."""

    def __init__(self, function, model, alpha):
        self.field = scalar_field(function, model)
        self.alpha = number(function, "alpha", alpha)

    def guard(self, order):
        return 2 * int(-mp.log10(_gap(order))) + 2

    def evaluate(self, order, rule):
        """Un-normalised entropy and its gradient in q1 and t."""
        q, p, q1, t = (order[k] for k in ("q", "p", "q1", "t"))
        eps = 1 - q1
        if not (eps > 0 and _gap(order) > 0 and t < p):
            raise ArithmeticError("no weights have these overlaps")
        a = (p**2 - t**2) / (1 - q) - q * (p - t) ** 2 / (1 - q) ** 2
        a_t = -2 * t / (1 - q) + 2 * q * (p - t) / (1 - q) ** 2
        tilde = {k: self.field.overlap(order[k]) for k in ("q", "p", "q1", "t")}
        energetic, square, product = _energetic(rule, self.field, tilde)
        entropy = (mp.log(eps) + (q1 - a) / eps) / 2 + self.alpha * energetic
        pull_q1 = (q1 - a) / eps**2 - self.alpha * self.field.slope(q1) * square
        pull_t = -a_t / eps - 2 * self.alpha * self.field.slope(t) * product
        return entropy, {"q1": pull_q1 / 2, "t": pull_t / 2}


def _gap(order):
    """det of the overlaps of the constrained weights, given the references: > 0."""
    q, p, q1, t = (order[k] for k in ("q", "p", "q1", "t"))
    return q1 - t**2 / q - (p - t) ** 2 / (1 - q)


def _energetic(rule, field, order):
    """E R log H(u), E R GH(u)^2/(1-q1), E R GH(v) GH(u)/sqrt((1-q)(1-q1)).

    v = reference field, u = field of the weights, R = H(s)/H(v) the probability that
    the reference itself satisfies the pattern given (v, u), over its average.
    """
    q, p, q1, t = (order[k] for k in ("q", "p", "q1", "t"))
    root, noise = mp.sqrt(1 - q), mp.sqrt(1 - q1)
    spread, gap = mp.sqrt(q1 - t**2 / q), mp.sqrt(_gap(order))
    rho = (p - t) / (root * spread)
    mean_v, mean_u = field.kappa / root, field.kappa / noise
    # z = outer Gaussian; given z, u ~ N(mean_u - tilt z, inner)
    gamma, tilt, inner = mp.sqrt(q) / root, t / (mp.sqrt(q) * noise), spread / noise
    far = window(rule)
    z, dz = nodes(
        rule, -far, far, left=6, right=6, scale=1 / gamma, centre=mean_v / gamma
    )
    reach = far * mp.sqrt(q1) / noise
    # H(s) as a function of u: its width, and how far it moves from u = 0 with z
    width = gap / (noise * rho)
    moves = abs(tilt - inner * gamma / rho) * far + abs(mean_u - mean_v * inner / rho)
    slope = 6 * (inner if moves * rule.step < width / 2 else min(inner, width))
    u, du = nodes(
        rule,
        mean_u - reach,
        mean_u + reach,
        left=slope,
        right=slope,
        scale=min(1, 6 * width),
    )
    force = [GH(x) for x in u]
    tables = [log_H(x) for x in u], [g * g for g in force], force
    double_u = np.array(u, dtype=float)
    total = [mp.mpf(0)] * 3
    for x, dx in zip(z, dz, strict=True):
        v, centre = mean_v - gamma * x, mean_u - tilt * x
        # given z and u, the reference's field is Gaussian: s = offset - slant u
        slant = rho / (inner * mp.sqrt(1 - rho**2))
        offset = v / mp.sqrt(1 - rho**2) - slant * centre
        span = _kept(double_u, x, v, centre, inner, offset, slant, float(rule.cut))
        if span is None:
            continue
        weights = [
            gaussian(y, centre, inner**2)
            * mp.erfc((offset + slant * y) / mp.sqrt(2))
            * dy
            for y, dy in zip(u[span], du[span], strict=True)
        ]
        outer = gaussian(x, 0, 1) * dx / mp.erfc(v / mp.sqrt(2))
        terms = [outer * mp.fdot(weights, table[span]) for table in tables]
        terms[2] *= GH(v)
        total = [s + term for s, term in zip(total, terms, strict=True)]
    energetic, square, product = total
    return energetic, square / noise**2, product / (root * noise)


def _kept(u, z, v, centre, inner, offset, slant, cut):
    """Range of nodes whose weight exceeds exp(-cut); doubles only choose them."""
    s = float(offset) + float(slant) * u
    exponent = (
        -(float(z) ** 2) / 2
        - (u - float(centre)) ** 2 / (2 * float(inner) ** 2)
        + log_ndtr(-s)
        - log_ndtr(-float(v))
    )
    (kept,) = np.nonzero(exponent > -cut)
    return slice(kept[0], kept[-1] + 1) if kept.size else None


def franz_parisi(model, alpha, order, *, dps=30, normalised=False):
    r"""Entropy of solutions at overlap p with a typical one, mpf with dps digits.

    order : {"q": overlap of the references, "p", "q1", "t"}, (M17). normalised :
    subtract log(1 - p^2)/2, its value at alpha = 0. Channels with one field.
    Source: docs/reference.md (M17)-(M19).
    """
    twin = FranzParisi("franz_parisi", model, alpha)
    with mp.workdps(dps + 60):
        order = {k: number("franz_parisi", k, order[k]) for k in ("q", "p", "q1", "t")}
        require_overlaps("franz_parisi", order)
        entropy = converge(
            lambda r: twin.evaluate(order, r), dps + 2, twin.guard(order)
        )
        free = mp.log(1 - order["p"] ** 2) / 2
    with mp.workdps(dps):
        return entropy - free * normalised


def require_overlaps(function, order):
    """Refuse overlaps that no weights have."""
    if not (0 < order["q"] < 1 and 0 < order["p"] < 1 and order["q1"] < 1):
        raise ValueError(f"{function}: q and p must be in (0, 1), q1 < 1")
    if not _gap(order) > 0 or not order["p"] > order["t"]:
        raise ValueError(
            f"{function}: t < p and q1 > t^2/q + (p-t)^2/(1-q) must hold, given "
            + ", ".join(f"{k} = {mp.nstr(v, 8)}" for k, v in order.items())
        )
