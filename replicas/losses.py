"""Replica symmetric saddle of a loss at finite temperature, and its freezing.

docs/binary.md (BN10)-(BN14). The free entropy phi = log Z/N comes from the same solver
as the entropy of a constraint; energy and entropy follow from averages at its saddle.
"""

import math
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from replicas import _rs, check
from replicas._loss_averages import log_errors, mean_loss
from replicas.channels import Loss
from replicas.model import require_binary, require_channel
from replicas.priors import Binary
from replicas.quadrature import Rule, refinements
from replicas.results import Estimate, Saddle, failed_saddle, stack
from replicas.warnings import UNSTABLE, joined

__all__ = ["UNSOLVED", "freezing", "saddles"]

TOLERANCE = 1e-13  # of the entropy over 1 + |its two terms|
RULES = refinements(Rule(), 0.03)
WARMEST, COLDEST = 30.0, 207.0  # -log beta, log beta; 1e90
RESIDUAL = 1e-5  # under the finest rules, to be accepted
EPS = np.finfo(float).eps
ORDER = "q", "eps", "q_hat", "beta", "energy", "errors", "log_errors", "free_entropy"
UNSOLVED = "no saddle with q between 1e-34 and 1 - 1e-13"
UNRESOLVED = "the sums over patterns do not resolve the saddle"
FROZEN = "the entropy is negative: below the freezing temperature"


def saddles(model, alpha):
    """RS saddle of a Loss at an array of loads; see `rs`."""
    channel = model.channel
    if channel.beta is None:
        require_binary("rs", model)
        points = [_frozen(model, load)[0] for load in alpha.ravel()]
    else:
        points = [_point(model.prior, channel, load) for load in alpha.ravel()]
    return Saddle(model, "rs", alpha[()], complexity=None, **stack(points, alpha.shape))


def freezing(model, alpha):
    """Inverse temperature beta* at which the RS entropy vanishes.

    Below that temperature the system is frozen (1-RSB): energy and error rate of the
    minimisers of the loss are those at beta*.

    Parameters
    ----------
    model : Model of Binary weights and a Loss, whose own beta is ignored.
    alpha : float, patterns per weight, > 0.

    Returns
    -------
    Estimate of beta*; order as for `rs`: "q", "eps", "q_hat", "beta", "energy" (mean
    loss of a pattern), "errors", "log_errors", "free_entropy" and "stability". Where
    that exceeds 1 the message says that replica symmetry is unstable: beta* is
    approximate. success is False where no beta below 1e90 freezes the weights: the
    number of errors below the capacity.

    Source: docs/binary.md (BN13), (BN14).
    """
    require_binary("freezing", model)
    require_channel("freezing", model, Loss)
    alpha = check.positive_number("freezing", "alpha", alpha)
    point, slope = _frozen(model, alpha)
    order = point["order"] | {"stability": point["stability"]}
    beta = order["beta"]
    error = (point["error"] + abs(point["entropy"])) / abs(slope) + 4 * EPS * beta
    success, message = point["success"], point["message"]
    return Estimate(beta, float(error), point["residual"], success, message, order)


def _solve(prior, kernel, alpha, rule, fine, start):
    """Row of `_rs.solve`."""
    out = np.empty((1, 7))
    rules = rule.step, rule.window, fine.step, fine.window
    _rs.solve(prior.kernel, kernel, np.array([alpha]), *rules, out, start)
    return out[0].tolist()


def _labelled(prior, point):
    """The point, and what it may not be taken for."""
    binary = isinstance(prior, Binary)
    frozen = FROZEN if binary and point["entropy"] < -point["error"] else ""
    unstable = UNSTABLE if point["stability"] > 1 else ""
    return point | {"message": joined(point["message"], frozen, unstable)}


def _point(prior, channel, alpha, start=math.nan):
    """Saddle at one load, the rules refined until the entropy is accurate enough."""
    for rule, fine in RULES:
        row = _solve(prior, channel.kernel, alpha, rule, fine, start)
        if row[0] != row[0]:
            return failed_saddle(UNSOLVED, ORDER)
        point = _measure(channel, alpha, row, fine)
        scale = 1 + abs(point["order"]["free_entropy"])
        if point["error"] < TOLERANCE * scale:
            break
    if not point["residual"] < RESIDUAL:
        return failed_saddle(UNRESOLVED, ORDER)
    return _labelled(prior, point)


def _measure(channel, alpha, row, rule):
    """Energy, errors and entropy (BN11), (BN12) at a saddle, with their error."""
    q, eps, q_hat, phi, stability, error, residual = row
    beta, kernel, finer = channel.beta, channel.kernel, rule.finer()

    def energy(q, eps, rule):
        return mean_loss(kernel, q, eps, rule.step, rule.window)

    mean = energy(q, eps, finer)
    # what the saddle's error moves, from a shift of logit q by 1e-3
    shift = 1e-3 * q * eps
    slope = abs(energy(q + shift, eps - shift, finer) - mean) / 1e-3
    off = abs(energy(q, eps, rule) - mean) + slope * (residual + 4 * EPS)
    error += beta * alpha * (off + 4 * EPS * mean) + 4 * EPS * abs(phi)
    entropy = phi + beta * alpha * mean
    wrong = log_errors(kernel, q, eps, finer.step)
    values = q, eps, q_hat, beta, mean, math.exp(wrong), wrong, phi
    return {
        "order": dict(zip(ORDER, values, strict=True)),
        "entropy": entropy,
        "stability": stability,
        "error": error,
        "residual": residual,
        "success": True,
        "message": "",
    }


def _frozen(model, alpha):
    """Point at beta*, and the slope of the entropy in beta there (BN14)."""
    prior, (rule, fine), x = model.prior, RULES[0], math.nan

    def entropy(t):
        # by one rule, without its error
        nonlocal x
        beta = math.exp(t)
        kernel = replace(model.channel, beta=beta).kernel
        row = _solve(prior, kernel, alpha, rule, fine, x)
        x = math.log(row[2])
        mean = mean_loss(kernel, *row[:2], fine.step, fine.window)
        return row[3] + beta * alpha * mean

    bracket, message = _bracket(entropy)
    if bracket is None:
        return failed_saddle(message, ORDER), math.nan
    t = brentq(entropy, *bracket, xtol=1e-7)
    slope = (entropy(t + 1e-3) - entropy(t)) / 1e-3
    for _ in range(8):
        point = _point(prior, replace(model.channel, beta=math.exp(t)), alpha, x)
        if not abs(point["entropy"]) > point["error"]:
            break
        t -= point["entropy"] / slope
    return point, slope / math.exp(t)


def _bracket(entropy):
    """Interval of log beta in which the entropy turns negative, or why none."""
    t, step, value = 0.0, math.log(6), entropy(0.0)
    while value <= 0 and t > -WARMEST:
        t, value = t - step, entropy(t - step)
    while value > 0 and t < COLDEST:
        t, value = t + step, entropy(t + step)
    if value <= 0:
        return (t - step, t), ""
    return None, "no beta below 1e90 freezes the weights" if value > 0 else UNSOLVED
