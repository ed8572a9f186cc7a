"""First-moment bounds of the symmetric perceptron: docs/symmetric.md (SY8)-(SY11)."""

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln, logsumexp, owens_t

from replicas import check
from replicas.channels import Symmetric
from replicas.model import require_binary, require_channel
from replicas.priors import binary_entropy
from replicas.quadrature import gaussian_average
from replicas.results import Estimate, estimates

__all__ = [
    "TOO_LARGE",
    "first_moment",
    "pair_entropy",
    "pair_log_p",
]

MAX_Y = 100_000
TOO_LARGE = "the bound exceeds the range of a double"
ROUNDING = 2.0**-48
MULTIPLIERS = (-60.0, 60.0)  # log of the smallest and largest that are tried


def first_moment(model, distance, y=2):
    """Load above which no y solutions lie at a common distance from each other.

    alpha_1 = -s_y/log P_y: the number of sets of y weights at mutual distance d is
    exp(N s_y), and each solves a pattern with probability P_y. Above alpha_1 the mean
    number of solved sets vanishes exponentially in N.

    Parameters
    ----------
    model : Model of Binary weights and the Symmetric channel.
    distance : float or array in (0, 1/2).
    y : int, 2 to 100000.

    Returns
    -------
    Estimate, patterns per weight, of the shape of `distance`; order "entropy", s_y in
    nats per weight, and "log_p", log P_y per pattern.

    Source: docs/symmetric.md (SY8)-(SY11).
    """
    require_binary("first_moment", model)
    channel = require_channel("first_moment", model, Symmetric)
    d = check.distance("first_moment", distance)
    check.integer("first_moment", "y", y, 2, MAX_Y)
    if y == 2:
        points = [_pair(channel.kappa, x) for x in d.ravel()]
    else:
        points = [_several(channel, x, y) for x in d.ravel()]
    return estimates(points, d.shape)


def pair_entropy(d):
    """log 2 + h(d): log-number of pairs at distance d, per weight (SY8)."""
    return math.log(2) + binary_entropy(d)


def pair_log_p(kappa, d):
    """log P2: both fields of a pair at distance d are within kappa (SY9)."""
    a = math.sqrt(d / (1 - d))
    return math.log1p(-4 * (owens_t(kappa, a) + owens_t(kappa, 1 / a)))


def _pair(kappa, d):
    log_p = pair_log_p(kappa, d)
    # the rounding of P2 against 1
    loss = 4 * ROUNDING * math.exp(-0.5 * kappa**2) / math.exp(log_p)
    loss -= ROUNDING * kappa**2 * log_p
    return _point(pair_entropy(d), 0.0, log_p, loss, 0.0)


def _several(channel, d, y):
    entropy, entropy_error, residual = _tuple_entropy(d, y)
    log_p, error = _tuple_log_p(channel, d, y)
    return _point(entropy, entropy_error, log_p, error, residual)


def _point(entropy, entropy_error, log_p, log_p_error, residual):
    success = log_p < -1e-300
    value = error = math.nan
    if success:
        value = -entropy / log_p
        error = value * (entropy_error / entropy - log_p_error / log_p + ROUNDING)
    order = {"entropy": entropy, "log_p": log_p}
    return Estimate(
        value, error, residual, success, "" if success else TOO_LARGE, order
    )


def _tuple_entropy(d, y):
    """s_y of (SY10), its error, and by how much the multiplier misses the distance."""
    n = np.arange(y + 1.0)
    log_count = gammaln(y + 1) - gammaln(n + 1) - gammaln(y - n + 1)
    split = n * (y - n)
    mean = 0.5 * y * (y - 1) * d

    def excess(log_b):
        weight = log_count - math.exp(log_b) * split
        return np.average(split, weights=np.exp(weight - weight.max())) / mean - 1

    log_b = brentq(excess, *MULTIPLIERS, xtol=1e-13, rtol=1e-14)
    b = math.exp(log_b)
    entropy = float(logsumexp(log_count - b * split)) + b * mean
    # the entropy is least at b; gammaln rounds log y!, of the size of y log y
    error = 1e-15 * (float(gammaln(y + 1)) + b * mean)
    return entropy, error, abs(excess(log_b))


def _tuple_log_p(channel, d, y):
    """log P_y of (SY11) and its error; the peak of the integrand is taken out."""
    root_q, eps = math.sqrt(1 - 2 * d), 2 * d
    peak, _, curvature = (float(x[0]) for x in channel.log_z(np.zeros(1), eps))
    width = min(1.0, 1 / math.sqrt(1 + y * (1 - eps) * abs(curvature)))
    edges = channel.kappa / root_q * np.array([-1.0, 1.0])

    def integrand(z):
        return np.exp(y * (channel.log_z(root_q * z, eps)[0] - peak))

    mean = gaussian_average(integrand, width=width, kinks=edges, tol=1e-14 * width)
    return y * peak + math.log(mean.value), mean.error / mean.value + y * 1e-16
