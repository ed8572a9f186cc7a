"""Local entropy around a typical solution, docs/reference.md (M19)-(M21)."""

import numpy as np
from mpmath import mp, mpf
from scipy.special import log_ndtr

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
        if not (eps > 0 and _gap(order) > 0):
            raise ArithmeticError("no weights have these overlaps")
        a = (p**2 - t**2) / (1 - q) - q * (p - t) ** 2 / (1 - q) ** 2
        a_t = -2 * t / (1 - q) + 2 * q * (p - t) / (1 - q) ** 2
        tilde = {k: self.field.overlap(order[k]) for k in ("q", "p", "q1", "t")}
        energetic, square, product = _Pattern(self.field, tilde, rule).average()
        entropy = (mp.log(eps) + (q1 - a) / eps) / 2 + self.alpha * energetic
        pull_q1 = (q1 - a) / eps**2 - self.alpha * self.field.slope(q1) * square
        pull_t = -a_t / eps - 2 * self.alpha * self.field.slope(t) * product
        return entropy, {"q1": pull_q1 / 2, "t": pull_t / 2}


def _gap(order):
    """det of the overlaps of the constrained weights, given the references: > 0."""
    q, p, q1, t = (order[k] for k in ("q", "p", "q1", "t"))
    return q1 - t**2 / q - (p - t) ** 2 / (1 - q)


class _Pattern:
    """Averages of one pattern over the outer Gaussian z and the field u, (M20).

    Given z the reference's field exceeds its threshold with probability H(v), and u
    is Gaussian; given u as well, with probability H(s).
    """

    def __init__(self, field, order, rule):
        q, p, q1, t = (order[k] for k in ("q", "p", "q1", "t"))
        self.rule, self.far, self.q1 = rule, window(rule), q1
        self.root, self.noise = mp.sqrt(1 - q), mp.sqrt(1 - q1)
        spread = mp.sqrt(q1 - t**2 / q)
        rho = (p - t) / (self.root * spread)
        self.mean_v, self.mean_u = field.kappa / self.root, field.kappa / self.noise
        # v = mean_v - gamma z; u ~ N(mean_u - tilt z, inner^2); s = shift + slant u
        self.gamma, self.tilt = mp.sqrt(q) / self.root, t / (mp.sqrt(q) * self.noise)
        self.inner, self.rest = spread / self.noise, mp.sqrt(1 - rho**2)
        self.slant = rho / (self.inner * self.rest)

    def at(self, z):
        """v, the mean of u, and the shift of s."""
        v, centre = self.mean_v - self.gamma * z, self.mean_u - self.tilt * z
        return v, centre, v / self.rest - self.slant * centre

    def outer(self):
        """Nodes and weights of z, crowded where v = 0."""
        far, middle = self.far, self.mean_v / self.gamma
        scale = 1 / self.gamma
        return nodes(self.rule, -far, far, left=6, right=6, scale=scale, centre=middle)

    def fields(self):
        """Nodes and weights of u, crowded at u = 0, for every z."""
        # H(s) is at s = 0 on the scale 1/slant in u: when that strays from u = 0,
        # where the nodes are, the spacing must be as fine everywhere
        shift = max(abs(self.at(z)[2]) for z in (-self.far, self.far))
        finest = abs(self.slant) if self.rule.step * shift > mpf(1) / 2 else 0
        slope, scale = 6 / max(1 / self.inner, finest), 6 / max(6, abs(self.slant))
        reach = self.far * mp.sqrt(self.q1) / self.noise
        low, high = self.mean_u - reach, self.mean_u + reach
        return nodes(self.rule, low, high, left=slope, right=slope, scale=scale)

    def average(self):
        """E log H(u), E GH(u)^2/(1-q1), E GH(v) GH(u)/sqrt((1-q)(1-q1)), weight R."""
        u, du = self.fields()
        force, ones = [GH(x) for x in u], [mpf(1)] * len(u)
        tables = ones, [log_H(x) for x in u], [g * g for g in force], force
        double_u = np.array(u, dtype=float)
        total = [mpf(0)] * 4
        for z, dz in zip(*self.outer(), strict=True):
            v, centre, shift = self.at(z)
            span = self._kept(double_u, *map(float, (z, v, centre, shift)))
            if span is None:
                continue
            weights = [
                gaussian(x, centre, self.inner**2)
                * mp.erfc((shift + self.slant * x) / mp.sqrt(2))
                * dx
                for x, dx in zip(u[span], du[span], strict=True)
            ]
            outer = gaussian(z, 0, 1) * dz / mp.erfc(v / mp.sqrt(2))
            terms = [outer * mp.fdot(weights, table[span]) for table in tables]
            terms[3] *= GH(v)
            total = [a + b for a, b in zip(total, terms, strict=True)]
        require_normalised(total[0], self.rule)
        return total[1], total[2] / self.noise**2, total[3] / (self.root * self.noise)

    def _kept(self, u, z, v, centre, shift):
        """Range of nodes whose weight exceeds exp(-cut); doubles only choose them."""
        exponent = (
            -(z**2) / 2
            - (u - centre) ** 2 / (2 * float(self.inner) ** 2)
            + log_ndtr(-shift - float(self.slant) * u)
            - log_ndtr(-v)
        )
        (kept,) = np.nonzero(exponent > -float(self.rule.cut))
        return slice(kept[0], kept[-1] + 1) if kept.size else None


def franz_parisi(model, alpha, order, *, dps=30, normalised=False):
    r"""Entropy of solutions at overlap p with a typical one, mpf with dps digits.

    order : {"q": overlap of the references, "p", "q1", "t"}. normalised :
    subtract log(1 - p^2)/2, its value at alpha = 0. Channels with one field.
    Source: docs/reference.md (M19)-(M21).
    """
    names = "q", "p", "q1", "t"
    require_arguments("franz_parisi", model, order, names, dps, Spherical)
    check.flag("franz_parisi", "normalised", normalised)
    twin = FranzParisi("franz_parisi", model, alpha)
    with mp.workdps(dps + 60):
        order = {k: number("franz_parisi", k, order[k]) for k in names}
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
    if not _gap(order) > 0:
        raise ValueError(
            f"{function}: q1 > t^2/q + (p-t)^2/(1-q) must hold, given "
            + ", ".join(f"{k} = {mp.nstr(v, 8)}" for k, v in order.items())
        )
