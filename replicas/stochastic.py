"""Stochastic binary weights: the likelihood of their means (docs/stochastic.md)."""

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import erf, erfc, erfcx, gammainc, ndtr

from replicas import check
from replicas.channels import Perceptron
from replicas.model import require_binary, require_channel
from replicas.results import Estimate, estimates, failed_estimate
from replicas.warnings import UNSTABLE

__all__ = ["stochastic"]

STEP, FINEST, WINDOW = 0.05, 0.005, 8.5
TOLERANCE = 1e-12  # relative, of the log-likelihood
LIMIT = 690.0  # log of the largest and smallest numbers
FAILED = "the log-likelihood is too small: q_star is too near 1"
ORDER = ("c", "G", "delta", "lam", "mean", "binarised_error", "stability")


def stochastic(model, alpha, q_star):
    """Largest log-likelihood of independent binary weights of given polarisation.

    Weight i is +-1 with mean m_i, sum m_i^2 = N q_star. A pattern is satisfied with
    probability H((kappa - omega)/sqrt(1 - q_star)), omega the field of m. The maximum
    over m of the sum of the logarithms, divided by N, replica symmetric.

    Parameters
    ----------
    model : Model of Binary weights and the Perceptron channel.
    alpha : float or array, patterns per weight, > 0.
    q_star : float or array in (0, 1), broadcast against alpha.

    Returns
    -------
    Estimate, nats per weight. order: "c", m_i = clip(c z_i, -1, 1) with z_i Gaussian;
    "G" and "delta", (ST3)-(ST5); "lam", the multiplier of the norm: the problem is
    convex, and the solution exact, where it is >= 0; "mean", E|m|; "binarised_error",
    fraction of patterns that the weights sign(m) get wrong; "stability", the replicon
    index, stable below 1 (the message says where it is not). success is False where
    a pattern fails with a probability below about 1e-150.

    Source: docs/stochastic.md (ST1)-(ST10).
    """
    require_binary("stochastic", model)
    channel = require_channel("stochastic", model, Perceptron)
    alpha = check.positive("stochastic", "alpha", alpha)
    q_star = check.inside(
        "stochastic", "q_star", q_star, "in (0, 1)", lambda q: (q > 0) & (q < 1)
    )
    alpha, q_star = check.broadcast("stochastic", alpha=alpha, q_star=q_star)
    pairs = zip(alpha.ravel().tolist(), q_star.ravel().tolist(), strict=True)
    points = [_Means(channel, *pair).solve() for pair in pairs]
    return estimates(points, alpha.shape)


class _Means:
    """The saddle at one load and polarisation."""

    def __init__(self, channel, alpha, q_star):
        self.channel, self.alpha = channel, alpha
        self.q, self.eps = q_star, 1 - q_star
        b = math.exp(brentq(self._unpolarised, -40, 40, xtol=1e-14, rtol=1e-15))
        self.c = 1 / b
        # share of weights with |m| < 1; E z m; 1 - E|m|  (ST4)
        self.free = erf(b / math.sqrt(2))
        self.pull = self.c * self.free
        bell = -math.expm1(-0.5 * b * b) / math.sqrt(2 * math.pi)
        self.loss = self.free - 2 * self.c * bell

    def _unpolarised(self, log_b):
        # of q* and 1 - q* the smaller one, as a function of 1/c (ST3)
        b = math.exp(log_b)
        square = gammainc(1.5, 0.5 * b * b) / b**2
        if self.q < 0.5:
            return math.log(self.q / (square + erfc(b / math.sqrt(2))))
        return math.log((erf(b / math.sqrt(2)) - square) / self.eps)

    def nodes(self, log_delta, step, window):
        """Fields omega of the patterns, their weights, log Z and its derivatives.

        The sum runs over omega, of which the cavity field z is explicit (ST6).
        """
        root_q, delta = math.sqrt(self.q), math.exp(log_delta)
        # the scales are the spread of the fields, and that on which the lifts end
        width = math.sqrt(self.eps)
        centre = self._field(0.0, delta, self.channel.kappa, width)
        width /= 1 + abs(centre - self.channel.kappa) / width
        width = min(width, root_q)
        edges = (self._field(z, delta, centre, width) for z in (-window, window))
        low, high = np.arcsinh((np.array([*edges]) - centre) / width)
        t = np.arange(low - step, high + step, step)
        omega = centre + width * np.sinh(t)
        log_z, g, slope = self.channel.log_z(omega, self.eps)
        z = (omega - delta * g) / root_q
        w = np.exp(-0.5 * z * z) * (1 - delta * slope) * width * np.cosh(t)
        return z, w * step / (root_q * math.sqrt(2 * math.pi)), log_z, g, slope

    def _field(self, z, delta, centre, width):
        """Roughly the field omega at z, sought in asinh((omega - centre)/width)."""
        low = math.sqrt(self.q) * z
        lift = delta * self._slope(low)
        ends = np.arcsinh((np.array([low, low + lift]) - centre) / width)

        def miss(t):
            omega = centre + width * math.sinh(t)
            return omega - delta * self._slope(omega) - low

        if not (miss(ends[0]) < 0 < miss(ends[1])):
            return low  # the lift is lost to rounding
        return centre + width * math.sinh(brentq(miss, *ends, xtol=1e-4))

    def _slope(self, omega):
        """Of log Z, for one field."""
        u = (self.channel.kappa - omega) / math.sqrt(2 * self.eps)
        return math.sqrt(2 / (math.pi * self.eps)) / float(erfcx(u))

    def root(self, step, window, near=None):
        """log delta, perhaps `near`, at which the two equations agree (ST5)."""

        def miss(log_delta):
            _, w, _, g, _ = self.nodes(log_delta, step, window)
            square = self.alpha * float(w @ np.square(g))
            if not square > 0:
                return -math.inf
            return 2 * log_delta + math.log(square) - 2 * math.log(self.pull)

        if near is not None and miss(near - 1e-4) < 0 < miss(near + 1e-4):
            ends = near - 1e-4, near + 1e-4
            return brentq(miss, *ends, xtol=1e-13, rtol=1e-14), miss
        low = high = 0.0
        while miss(low) > 0:
            low -= 2 + abs(low)
        while not miss(high) > 0:
            low, high = high, 2 + 1.5 * high
            if high > LIMIT:
                return None
        return brentq(miss, low, high, xtol=1e-13, rtol=1e-14), miss

    def solve(self):
        step = STEP
        while True:
            found = self.root(step, WINDOW)
            if found is None:
                return failed_estimate(FAILED, ORDER)
            log_delta, miss = found
            value, order = self.observables(log_delta, step, WINDOW)
            finer, other = (step / 1.3, WINDOW + 0.5), value
            again = self.root(*finer, log_delta)
            if again is not None:
                other, _ = self.observables(again[0], *finer)
            error = 2 * abs(value - other) + 1e-14 * abs(value)
            if error <= TOLERANCE * abs(value) or step < FINEST:
                break
            step /= 1.5
        message = UNSTABLE if order["stability"] > 1 else ""
        return Estimate(value, error, abs(miss(log_delta)), True, message, order)

    def observables(self, log_delta, step, window):
        """Log-likelihood per weight (ST7) and the order parameters (ST8)-(ST10)."""
        z, w, log_z, g, slope = self.nodes(log_delta, step, window)
        delta = math.exp(log_delta)
        root_G = self.pull / delta
        share = -delta * slope / (1 - delta * slope)
        # q_star - M^2 without cancellation as both tend to 1
        spread = self.loss * (2 - self.loss) - self.eps
        mean = 1 - self.loss
        drift = mean / math.sqrt(self.q) * z + math.sqrt(2 / math.pi) * g / root_G
        wrong = w @ ndtr((self.channel.kappa - drift) / math.sqrt(spread / self.q))
        order = {
            "c": self.c,
            "G": root_G**2,
            "delta": delta,
            "lam": (self.free - self.alpha * float(w @ share)) / delta,
            "mean": mean,
            "binarised_error": float(wrong),
            "stability": self.alpha * float(w @ share**2) / self.free,
        }
        return self.alpha * float(w @ log_z), order
