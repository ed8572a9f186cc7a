"""Local entropy of a tree machine for y -> infinity.

docs/large_y_trees.md derives the formulas.
"""

import numpy as np
from scipy.optimize import brentq

from replicas import _inner_max, check
from replicas.channels import Tree
from replicas.results import failed_point
from replicas.tree_average import plane_average
from replicas.tree_sample import into_sector, sampled_average

__all__ = [
    "COARSE_POINTS",
    "POINTS",
    "REPLICATES",
    "RULES",
    "inner_maximum",
    "located",
    "point",
    "saddle_point",
]

MAX_UNITS = 9
LN_C_MIN = np.log(1e-6)
# used in turn; they share no node
RULES = ({"nodes": 9, "stretch": 0.87, "radius": 8.4}, {"nodes": 10})
# Sobol points of a replicate, K >= 4
COARSE_POINTS, POINTS, REPLICATES = 512, 8192, 8
NO_SADDLE = (
    "no saddle with c > 0: q1 is not above the replica-symmetric overlap, or alpha "
    "is above the replica-symmetric capacity"
)


def point(channel, alpha, eps, *, tol=1e-8, start=None):
    r"""Local entropy phi(q1) of a tree for y -> infinity, replica-symmetric centre.

    phi = min_c { gamma / (2(1 + c)) + alpha E_z M_c(sqrt(gamma) z) },
    gamma = q1/(1 - q1).

    Parameters
    ----------
    channel : Tree with 2 <= K <= 9.
    alpha : float > 0, patterns per weight.
    eps : float in (0, 1), 1 - q1; the distance between replicas is eps/2.
    tol : float > 0, error of `normalised` relative to its size, for K <= 3; beyond,
        the sample has a fixed size and `error` is typically 1e-5 to 1e-4.
    start : float or None, ln c of a neighbouring point; only saves time.

    Returns
    -------
    dict with floats entropy = normalised + ln(eps)/2 and normalised = phi (nats per
    weight), order {"q1", "c", "delta"}, stability, error (absolute, of both
    entropies), residual (of (LT14)), and success, message. Where there is no saddle
    (q1 not above the replica-symmetric overlap, or alpha above the replica-symmetric
    capacity) the floats are nan. stability is inf: M_c has kinks, so that the
    replicon of the centre diverges (LT17).

    Raises ValueError for a channel, alpha, eps or tol out of range.

    Source: docs/large_y_trees.md (LT1), (LT14)-(LT16).
    """
    alpha = check.positive("local_entropy", "alpha", alpha).item()
    tol = check.positive("local_entropy", "tol", tol).item()
    eps = check.inside(
        "local_entropy", "eps", eps, "in (0, 1)", lambda x: (x > 0) & (x < 1)
    )
    if start is not None:
        check.finite("local_entropy", "start", start)
    return saddle_point(_Sphere(eps.item()), channel, alpha, tol, start)


def saddle_point(prior, channel, alpha, tol, start):
    """Point with the entropic term of `prior`, which is made for one 1 - q1.

    prior.at(ln c) is the entropic term less its value at alpha = 0, and minus its
    derivative in ln c; prior.error(ln c) the error of the former.
    """
    saddle = _saddle(prior, channel, alpha)
    ln_c, message = saddle.locate(start)
    return saddle.failed(message) if message else saddle.evaluate(ln_c, tol)


def located(prior, channel, alpha):
    """ln c of the saddle by the coarse rule, or nan, and why there is none."""
    return _saddle(prior, channel, alpha).locate(None)


def _saddle(prior, channel, alpha):
    _check("local_entropy", channel)
    kind = _Saddle if channel.K <= 3 else _SampledSaddle
    return kind(prior, channel, alpha)


class _Sphere:
    """Entropic term of spherical weights: (LT1)."""

    largest = 600.0  # ln c
    floor = 0.0  # error that is small whatever the value
    refinements, accepted = 6, 0.0  # rules tried; relative error taken after the last
    order = "q1", "c", "delta"

    def __init__(self, eps):
        self.eps, self.gamma = eps, (1 - eps) / eps
        self.free = 0.5 * np.log(eps)

    def at(self, ln_c):
        total = 0.5 * self.gamma * np.exp(-np.logaddexp(0, ln_c))
        return total, total * np.exp(ln_c - np.logaddexp(0, ln_c))

    def error(self, ln_c):
        return 0.0

    def order_at(self, ln_c):
        c = np.exp(ln_c)
        return {"q1": 1 - self.eps, "c": c, "delta": c * self.eps}


def inner_maximum(channel, a, c):
    r"""Inner maximum M_c(a) = max_b [log P(b) - |b - a|^2/(2c)] and its place b*.

    Parameters
    ----------
    channel : Tree with K <= 9.
    a : array (..., K), fields in b-units.
    c : float in (0, 1e260).

    Returns
    -------
    M : array (...); b : array (..., K). Where two maxima tie, b is one of them.

    The global maximum is the best of the ascents from the starts (LT6).

    Source: docs/large_y_trees.md (LT2)-(LT6).
    """
    _check("inner_maximum", channel, smallest=1)
    rule = "in (0, 1e260)"
    c = check.inside("inner_maximum", "c", c, rule, lambda c: (c > 0) & (c < 1e260))
    a = check.inside("inner_maximum", "a", a, "finite", np.isfinite)
    if a.ndim == 0 or a.shape[-1] != channel.K:
        raise ValueError(
            f"inner_maximum: a must have {channel.K} as last dimension, "
            f"given shape {a.shape}"
        )
    fields, order, sign = into_sector(channel, a.reshape(-1, channel.K))
    M, sorted_b = np.empty(len(fields)), np.empty_like(fields)
    _inner_max.inner_maximum(channel.kernel, c.item(), fields, M, sorted_b)
    b = np.empty_like(sorted_b)
    np.put_along_axis(b, order, sorted_b, axis=1)
    return M.reshape(a.shape[:-1])[()], (b * sign).reshape(a.shape)


def _check(function, channel, smallest=2):
    if not isinstance(channel, Tree):
        raise TypeError(f"{function}: channel must be a Tree, given {channel!r}")
    if not smallest <= channel.K <= MAX_UNITS:
        raise ValueError(
            f"{function}: K must be in [{smallest}, {MAX_UNITS}], given {channel.K}"
        )


class _Saddle:
    """The saddle in c, sought as the zero of F(ln c) of (LT14)."""

    def __init__(self, prior, channel, alpha):
        self.prior, self.channel, self.alpha = prior, channel, alpha
        self.gamma = prior.gamma
        self.seen = {}

    def failed(self, message):
        return failed_point(message, self.prior.order)

    def force(self, ln_c, D):
        """F, the logarithm of the two sides of (LT14)."""
        return np.log(0.5 * self.alpha * D / self.curvature(ln_c)) - ln_c

    def average(self, ln_c, tol, **rule):
        """E M_c, F, and the estimated error of E M_c."""
        c = np.exp(ln_c)
        M, D, _, error = plane_average(self.channel, c, self.gamma, tol, **rule)
        return M, self.force(ln_c, D), error

    def coarse(self, ln_c):
        """E M_c and F to about four digits."""
        if ln_c not in self.seen:
            tol = 1e-2 * min(0.3, 2 * self.prior.at(ln_c)[0] / (1 + self.alpha))
            self.seen[ln_c] = self.average(ln_c, tol, nodes=6)
        return self.seen[ln_c]

    def locate(self, start):
        """ln c of the zero of F by the coarse rule; or nan, and why there is none."""
        low, high, message = self.bracket(start)
        if message:
            return np.nan, message
        return brentq(lambda x: self.coarse(x)[1], low, high, xtol=1e-3), ""

    def bracket(self, start):
        """Two values of ln c between which F turns positive."""
        x, step = (np.log(self.gamma), 1.0) if start is None else (start, 0.25)
        x = min(max(x, LN_C_MIN), self.prior.largest)
        F = self.coarse(x)[1]
        while np.isfinite(F):
            new = max(x + (step if F < 0 else -step), LN_C_MIN)
            new = min(new, self.prior.largest)
            if new == x:
                break
            F_new = self.coarse(new)[1]
            if F < 0 <= F_new:
                return x, new, ""
            if F_new < 0 <= F:
                return new, x, ""
            x, F, step = new, F_new, 2 * step
        if F >= 0:
            return x, x, NO_SADDLE
        if np.isnan(F):
            return x, x, f"F is not resolved at ln c = {x:g}"
        return x, x, f"no zero of F found up to ln c = {x:g}"

    def evaluate(self, ln_c, tol):
        """The point next to ln_c by rules ever finer: (LT15), (LT16)."""
        slope = (self.coarse(ln_c + 0.1)[1] - self.coarse(ln_c)[1]) / 0.1
        if not slope > 0:
            return self.failed("the free entropy has no minimum in c")
        size = abs(self.value(ln_c, slope, *self.coarse(ln_c)[:2]))
        stop, last = 8 * max(tol * size, self.prior.floor) / self.alpha, np.nan
        for n in range(self.prior.refinements):
            M, F, spread = self.average(ln_c, stop, **RULES[n % 2])
            phi = self.value(ln_c, slope, M, F)
            error = (
                abs(phi - last)
                + 0.15 * self.alpha * spread
                + self.curvature(ln_c) * (abs(F) ** 3 / slope + 1e-14)
            )
            ln_c -= F / slope
            if error <= max(tol * abs(phi), self.prior.floor):
                return self.result(phi, ln_c, error, abs(F))
            stop, last = stop / 5, phi
        if error <= self.prior.accepted * abs(phi):
            return self.result(phi, ln_c, error, abs(F))
        return self.failed(f"error {error:.1e} stays above {tol:g} of {phi:.3e}")

    def curvature(self, ln_c):
        """d phi / d ln c = curvature * (exp(F) - 1)."""
        return self.prior.at(ln_c)[1]

    def value(self, ln_c, slope, M, F):
        """phi at the minimum, from E M_c and F next to it."""
        phi = self.prior.at(ln_c)[0] + self.alpha * M
        return phi - 0.5 * self.curvature(ln_c) * F * F / slope

    def result(self, phi, ln_c, error, residual):
        return {
            "entropy": phi + self.prior.free,
            "normalised": phi,
            "order": self.prior.order_at(ln_c),
            "stability": np.inf,
            "error": error + self.prior.error(ln_c),
            "residual": residual,
            "success": True,
            "message": "",
        }


class _SampledSaddle(_Saddle):
    """The same by sampling: a fixed number of points, whatever the tolerance."""

    def sample(self, ln_c, points, replicates):
        """E M_c and F of each replicate."""
        c = np.exp(ln_c)
        M, D, _ = sampled_average(
            self.channel, c, self.gamma, points=points, replicates=replicates
        )
        return M, self.force(ln_c, D)

    def coarse(self, ln_c):
        """E M_c and F to about two digits."""
        if ln_c not in self.seen:
            M, F = self.sample(ln_c, COARSE_POINTS, 1)
            self.seen[ln_c] = M[0], F[0]
        return self.seen[ln_c]

    def evaluate(self, ln_c, tol):
        """The point next to ln_c, its error from the scatter of the replicates."""
        slope = (self.coarse(ln_c + 0.1)[1] - self.coarse(ln_c)[1]) / 0.1
        if not slope > 0:
            return self.failed("the free entropy has no minimum in c")
        M, F = self.sample(ln_c, POINTS, REPLICATES)
        dM, dF = 4 * np.std([M, F], axis=1, ddof=1) / np.sqrt(REPLICATES)
        M, F = M.mean(), F.mean()
        phi = self.value(ln_c, slope, M, F)
        third = self.curvature(ln_c) * (abs(F) + dF) ** 3 / slope
        return self.result(phi, ln_c - F / slope, self.alpha * dM + third, F * F + dF)
