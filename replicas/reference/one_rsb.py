"""One-step breaking and y replicas, docs/reference.md (M13)-(M15)."""

import numpy as np
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

__all__ = ["OneStep", "finite_y", "free_volume", "one_rsb"]


class OneStep:
    """S(q0, q1, m), for a channel with one field."""

    def __init__(self, function, model, alpha):
        self.field = scalar_field(function, model)
        self.alpha = number(function, "alpha", alpha)

    def guard(self, order):
        return 2 * int(-mp.log10(1 - order["q1"])) + max(0, int(-mp.log10(order["m"])))

    def evaluate(self, order, rule):
        """Entropy, its stationarity equations, and the complexity."""
        q0, q1, m = order["q0"], order["q1"], order["m"]
        eps, dq = 1 - q1, q1 - q0
        if not dq > 0:
            raise ArithmeticError("q0 < q1 < 1 does not hold")
        lam = eps + m * dq
        log_z, mean2, square, log_h = self.energetic(q0, q1, m, rule)
        entropy = (mp.log(eps) + mp.log(lam / eps) / m + q0 / lam) / 2
        slope0, slope1 = self.field.slope(q0), self.field.slope(q1)
        pull0 = q0 / lam**2 - self.alpha * slope0 * mean2
        pull1 = (1 / eps - 1 / lam) / m + q0 / lam**2 - self.alpha * slope1 * square
        pull_m = -mp.log(lam / eps) / m**2 + dq / (m * lam) - q0 * dq / lam**2
        pull_m += 2 * self.alpha * (log_h - log_z / m) / m
        # without the factors m and 1 - m, so that q1 is determined at m = 1 as well
        equations = {"q0": pull0 / 2, "q1": pull1 / 2, "m": pull_m / 2}
        return entropy + self.alpha * log_z / m, equations, -(m**2) * pull_m / 2

    def energetic(self, q0, q1, m, rule):
        """E log Z, E<GH>^2/eps, E<GH^2>/eps, E<log H>; Z = int H^m over u | u0."""
        q0, q1 = self.field.overlap(q0), self.field.overlap(q1)
        eps = 1 - q1
        mean, outer, inner = self.field.threshold(eps), q0 / eps, (q1 - q0) / eps
        far = window(rule)
        reach = far * mp.sqrt(q1 / eps)
        # widest spacing: the narrowest posterior of u, a Gaussian times H^m
        width = 6 / mp.sqrt(1 / inner + m)
        u, du = nodes(rule, mean - reach, mean + reach, left=width, right=width)
        logs, forces = [log_H(x) for x in u], [GH(x) for x in u]
        tables = (forces, [g * g for g in forces], logs)
        rows = _Rows(u, du, logs, m, inner, float(rule.cut))
        if outer == 0:
            log_z, averages = rows.average(mean, tables)
            return log_z, averages[0] ** 2 / eps, averages[1] / eps, averages[2]
        reach, width = far * mp.sqrt(outer), 6 * mp.sqrt(outer)
        u0, du0 = nodes(rule, mean - reach, mean + reach, left=width, right=width)
        total = [mpf(0)] * 5
        for x, dx in zip(u0, du0, strict=True):
            weight = gaussian(x, mean, outer) * dx
            log_z, (force, square, log_h) = rows.average(x, tables)
            terms = (log_z, force**2 / eps, square / eps, log_h, 1)
            total = [s + weight * t for s, t in zip(total, terms, strict=True)]
        require_normalised(total.pop(), rule)
        return total


class _Rows:
    """Averages over u ~ N(u0, inner) tilted by H(u)^m, on one table of nodes."""

    def __init__(self, u, du, logs, m, inner, cut):
        self.u, self.du, self.inner, self.cut = u, du, inner, cut
        self.tilt = [m * x for x in logs]
        self.double_u = np.array(u, dtype=float)
        self.double_tilt = np.array(self.tilt, dtype=float)

    def average(self, u0, tables):
        """log Z(u0) and the tilted averages of `tables`."""
        # doubles only choose the nodes: the exponent is concave, so they are a range
        spread = (self.double_u - float(u0)) ** 2 / (2 * float(self.inner))
        exponent = self.double_tilt - spread
        (kept,) = np.nonzero(exponent > exponent.max() - self.cut)
        span = slice(kept[0], kept[-1] + 1)
        k = 1 / (2 * self.inner)
        weights = [
            mp.exp(t - (x - u0) ** 2 * k) * dx
            for t, x, dx in zip(
                self.tilt[span], self.u[span], self.du[span], strict=True
            )
        ]
        z = mp.fsum(weights)
        averages = [mp.fdot(weights, table[span]) / z for table in tables]
        return mp.log(z / mp.sqrt(2 * mp.pi * self.inner)), averages


def one_rsb(model, alpha, order, *, dps=30):
    r"""One-step free entropy S(q0, q1, m), mpf with dps digits.

    order : {"q0", "q1", "m"}, 0 <= q0 < q1 < 1, m > 0; "eps" = 1 - q1 may replace
    "q1". Channels with one field. Source: docs/reference.md (M13), (M14).
    """
    return _entropy("one_rsb", model, alpha, order, "m", dps)


def finite_y(model, alpha, order, *, dps=30, normalised=False):
    r"""Local entropy of y replicas at overlap q1, (M13) at m = y.

    order : {"q0", "q1", "y"}; "eps" = 1 - q1 may replace "q1". normalised : subtract
    the value at alpha = 0, (M15).
    """
    check.integer("finite_y", "dps", dps, 1, 10_000)
    check.flag("finite_y", "normalised", normalised)
    entropy = _entropy("finite_y", model, alpha, order, "y", dps + 2)
    with mp.workdps(dps + 60):
        free = free_volume(_overlaps("finite_y", order, "y")) if normalised else 0
    with mp.workdps(dps):
        return entropy - free


def free_volume(order):
    """Entropy of m replicas at overlap q1 without patterns, (M15)."""
    q1, m = order["q1"], order["m"]
    return (mp.log(1 - q1) + mp.log(1 + m * q1 / (1 - q1)) / m) / 2


def _overlaps(function, order, replicas):
    """q0, q1 and m of a user's dict, within their ranges."""
    values = {k: number(function, k, order[k]) for k in ("q0", replicas)}
    if "eps" in order:
        q1 = 1 - number(function, "eps", order["eps"])
    else:
        q1 = number(function, "q1", order["q1"])
    q0, m = values["q0"], values[replicas]
    if not (0 <= q0 < q1 < 1 and m > 0):
        raise ValueError(
            f"{function}: 0 <= q0 < q1 < 1 and {replicas} > 0 must hold, given "
            f"q0 = {q0}, q1 = {q1}, {replicas} = {m}"
        )
    return {"q0": q0, "q1": q1, "m": m}


def _entropy(function, model, alpha, order, replicas, dps):
    names = "q0", ("q1", "eps"), replicas
    require_arguments(function, model, order, names, dps, Spherical)
    twin = OneStep(function, model, alpha)
    with mp.workdps(dps + 60):
        order = _overlaps(function, order, replicas)
        return converge(lambda r: twin.evaluate(order, r), dps, twin.guard(order))
