"""Second-moment bound for pairs of the symmetric perceptron: docs/symmetric.md."""

import math

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, ndtr, roots_legendre

from replicas import _box, check
from replicas.channels import Symmetric
from replicas.first_moment import (
    TOO_LARGE,
    pair_entropy,
    pair_log_p,
)
from replicas.model import require_binary, require_channel
from replicas.pair_types import PairTypes
from replicas.results import Estimate, estimates, failed_estimate

__all__ = ["second_moment"]

STARTS = 12
NODES = 24
ROUNDING = 2.0**-44
NEAR = 1e-3  # overlaps below are the limit of uncorrelated pairs
FAR = 30.0  # logits of types that tend to pairs with an equal weight
KINDS = ("limit", "shared", "equal", "interior")
CROSS = ("ac", "ad", "bc", "bd")
SCAN = np.linspace(-12.0, 12.0, 49)  # logit sigma of pairs that share a member


def second_moment(model, distance, *, starts=STARTS, rng=0):
    """Load below which pairs of solutions at a given distance exist.

    alpha_2 = inf of [2 (log 2 + h) - S4]/[log P4 - 2 log P2] over all joint types of
    two pairs: below it the second moment of the number of pairs is of the order of the
    first one squared, so that pairs exist with a probability bounded away from 0.

    Parameters
    ----------
    model : Model of Binary weights and the Symmetric channel.
    distance : float or array in (0, 1/2).
    starts : int, 1 to 10000, random types from which the infimum is sought, besides the
        four overlaps equal.
    rng : int or numpy Generator, for the starts.

    Returns
    -------
    Estimate, patterns per weight, of the shape of `distance`. order: "limit", "shared",
    "equal" and "interior", the least values for uncorrelated pairs (in the limit), for
    pairs that share a member, for equal pairs (the first-moment bound), and for all
    other types, inf where these have no minimum; "family", for types with four equal
    overlaps, not less than the value; "ac", "ad", "bc", "bd", the overlaps
    of the pairs at the infimum. `error` holds for the value at the best type found;
    that no other type is lower is numerical evidence, not proof.

    Source: docs/symmetric.md (SY12)-(SY20).
    """
    require_binary("second_moment", model)
    kappa = require_channel("second_moment", model, Symmetric).kappa
    d = check.distance("second_moment", distance)
    check.integer("second_moment", "starts", starts, 1, 10_000)
    rng = check.generator("second_moment", rng)
    points = [_Pairs(kappa, x).bound(starts, rng) for x in d.ravel()]
    return estimates(points, d.shape)


class _Escaped(Exception):
    """The search left for types in which two weights are equal."""


class _Pairs:
    """Two pairs at distance d, in one symmetric perceptron."""

    def __init__(self, kappa, d):
        self.kappa, self.d, self.p = kappa, d, 1 - 2 * d
        self.spread = 2 * math.sqrt(d * (1 - d))  # sqrt(1 - p^2)
        self.log_p2 = pair_log_p(kappa, d)
        self.p2 = math.exp(self.log_p2)
        self.entropy = pair_entropy(d)
        self.types = PairTypes(d)

    def bound(self, starts, rng):
        """The point of this distance."""
        if not self.log_p2 < -1e-300:
            return failed_estimate(TOO_LARGE, (*KINDS, "family", *CROSS))
        equal = -self.entropy / self.log_p2
        even, odd = self.limits()
        limit = min(even, odd)
        shared, shared_at = self.shared()
        family, start = self.family()
        interior, logits, slope, drop = self.interior(start, starts, rng)
        values = dict(zip(KINDS, (limit, shared, equal, interior), strict=True))
        least = min(values, key=values.get)
        error = ROUNDING * values[least] * (1 + self.kappa**2 + 1 / self.p2)
        cross, residual = np.zeros(4), 0.0
        if least == "equal":
            cross = np.array([1.0, self.p, self.p, 1.0])
        elif least == "shared":
            cross = np.array([1.0, self.p, self.p, 1 - 4 * self.d * expit(-shared_at)])
            error += abs(self.shared_ratio(shared_at, 57) - shared)
        elif least == "interior":
            cross, residual = self.types.deficit(logits)[2], slope
            error += abs(self.ratio(logits, nodes=35)[0] - interior) + 10 * drop
        order = values | {"family": min(family, even)}
        order |= dict(zip(CROSS, cross, strict=True))
        order = {key: float(value) for key, value in order.items()}
        value, error, residual = map(float, (values[least], error, residual))
        return Estimate(value, error, residual, True, "", order)

    def limits(self):
        """Values in the limit of uncorrelated pairs (SY19): overlaps equal, and odd."""
        K, p, s = self.kappa, self.p, self.spread
        a = math.sqrt(self.d / (1 - self.d))
        bell = math.exp(-0.5 * K * K) / math.sqrt(2 * math.pi)
        inside = ndtr(K * a) - ndtr(-K / a)
        edges = math.exp(-0.5 * (K * a) ** 2) - math.exp(-0.5 * (K / a) ** 2)
        same = math.exp(-K * K / (1 + p)) - math.exp(-0.5 * (K * K / self.d))
        mixed = same / (math.pi * s)
        own = -2 * bell * (K * inside + p * edges / (math.sqrt(2 * math.pi) * s))
        even, odd = (1 + p) * (own + mixed), 2 * self.d * (own - mixed)
        return (self.p2 / even) ** 2, (self.p2 / odd) ** 2

    def ratio(self, logits, nodes=NODES):
        """Bound of one type, and its gradient in the logits (SY18), (SY13)."""
        if not np.abs(logits).max() < FAR:
            raise _Escaped
        deficit, slope, cross, jacobian = self.types.deficit(logits)
        t, w = _towards_one(nodes)
        slopes = np.empty(4)
        more = _box.excess(self.kappa, self.p, cross, t, w, slopes)
        gain = math.log1p(more / self.p2**2)
        value = deficit / gain
        slopes /= self.p2**2 + more
        return value, (slope - value * (slopes @ jacobian)) / gain

    def family(self):
        """Least value with four equal overlaps, and the logits there (SY18)."""
        centre = math.log(self.d / (1 - self.d))
        grid = [np.array([centre, x]) for x in np.linspace(0.5, 6.0, 12)]

        def ratio(pair):
            value, slope = self.ratio(np.append(pair, np.zeros(3)))
            return value, slope[:2]

        start = min(grid, key=lambda pair: ratio(pair)[0])
        try:
            found = minimize(ratio, start, jac=True, method="BFGS")
        except _Escaped:
            return ratio(start)[0], np.append(start, np.zeros(3))
        return float(found.fun), np.append(found.x, np.zeros(3))

    def interior(self, first, starts, rng):
        """Least minimum with no two weights equal.

        Returns its value, logits, size of the gradient, and how far a quadratic
        minimum would lie below.
        """
        best = math.inf, None, 0.0, 0.0
        for start in (first, *self.starts(starts, rng)):
            try:
                found = minimize(
                    self.ratio, start, jac=True, method="BFGS", options={"gtol": 1e-9}
                )
            except _Escaped:
                continue
            cross = np.abs(self.types.deficit(found.x)[2])
            inner = NEAR < cross.max() < 1 - 1e-3 * self.d
            if inner and found.fun < best[0]:
                drop = found.jac @ found.hess_inv @ found.jac
                best = float(found.fun), found.x, float(np.abs(found.jac).max()), drop
        return best

    def starts(self, number, rng):
        """Random types."""
        centre = math.log(self.d / (1 - self.d))
        for _ in range(number):
            yield np.append(centre + rng.normal(), 3 * rng.normal(size=4))

    def shared_ratio(self, x, nodes=40):
        """Bound of the pairs (A, B), (A, D); x: logit sigma (SY15), (SY20)."""
        sigma, other = expit(x), expit(-x)
        deficit = math.log(2) + self.types.case_deficit(x)[0]
        rho = (sigma - self.d) / (1 - self.d)
        rest = math.sqrt(other * (1 + rho) / (1 - self.d))
        node, weight = roots_legendre(nodes)
        # denser at the edges, where the other fields may leave the box
        a = self.kappa * np.sin(0.5 * math.pi * node)
        w = weight * self.kappa * 0.5 * math.pi * np.cos(0.5 * math.pi * node)
        p3 = _box.shared(self.kappa, self.p, self.spread, rho, rest, a, w)
        return deficit / (math.log(p3) - 2 * self.log_p2)

    def shared(self):
        """Least value of pairs that share one member, and where."""
        values = [self.shared_ratio(x) for x in SCAN]
        i = int(np.argmin(values[1:-1])) + 1
        found = minimize_scalar(
            self.shared_ratio,
            bounds=(SCAN[i - 1], SCAN[i + 1]),
            method="bounded",
            options={"xatol": 1e-8},
        )
        return float(found.fun), float(found.x)


def _towards_one(n):
    """Nodes and weights on (0, 1), denser at 1, where pairs may become equal."""
    x, w = roots_legendre(n)
    u = 0.5 * (1 + x)
    return u * (2 - u), w * (1 - u)
