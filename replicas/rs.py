"""Replica symmetric saddle: overlap, entropy and its stability (docs/rs.md)."""

import math

import numpy as np

from replicas import _rs, check, losses, symmetric, tree_rs
from replicas.channels import Loss, Symmetric, Tree, Wide, single_unit
from replicas.kernels import NAMES
from replicas.model import require_model
from replicas.priors import Binary
from replicas.quadrature import Rule, refinements
from replicas.results import Saddle, stack
from replicas.warnings import warnings

__all__ = ["rs"]

TOLERANCE = 1e-12  # of (1 - q) times the entropy
RULES = refinements(Rule(), 0.02)
NOT_UNIQUE = "no unique saddle: alpha is near or above the RS capacity"
UNIQUE_ABOVE = -2.5  # margins at which alpha(q) increases up to capacity
COLUMNS = 7
REFUSAL = "no saddle with q < 1 - 1e-14: alpha is at or above the RS capacity"


def rs(model, alpha):
    r"""Replica symmetric saddle: typical solutions.

    S(q) = [log(1 - q) + q/(1 - q)]/2 + alpha E log Z(sqrt(q) z, 1 - q), minimal in q,
    for spherical weights; for binary ones the first term is the minimum over q_hat of
    -q_hat (1 - q)/2 + E log 2cosh(sqrt(q_hat) z).

    Parameters
    ----------
    model : Model.
    alpha : float or array, patterns per weight, > 0.

    Returns
    -------
    Saddle with order "q" and "eps" = 1 - q, entropy in nats per weight and the replicon
    index `stability` (stable below 1). Above the capacity success is False, as
    where there are several saddles: near the capacity of margins below -2.5. Even
    activations of a Wide channel have q = 0 up to the load where that is unstable.

    Binary weights: order has "q_hat" too. The entropy is log 2 at alpha = 0; a saddle
    with negative entropy, above the capacity, is returned as it is, and the message
    says so, as it does where stability > 1.

    Loss: order has "energy", the mean loss of a pattern, "errors", the share of wrong
    patterns, "log_errors", its logarithm, "beta", and "free_entropy" = entropy -
    beta alpha energy, the value of the formula above. With beta = None binary weights
    are taken at `freezing`.

    Trees have at most 9 units. Among several saddles the one of least entropy is
    returned; the parity has q = 0 at every load. Error of the entropy at alpha = 1:
    below 1e-12 for K = 3, 1e-11 for K = 5, 1e-9 for K = 7, 1e-6 for K = 9; it grows
    with q, and q > 0.99 is not resolved (success is False).

    The Symmetric channel has q = 0 at every load, for both priors.

    Source: docs/rs.md (R1)-(R12), (R20), docs/binary.md (BN1)-(BN7), (BN10)-(BN12),
    docs/symmetric.md (SY5).
    """
    require_model("rs", model)
    alpha = check.positive("rs", "alpha", alpha)
    channel = single_unit(model.channel)
    if isinstance(channel, Loss):
        return losses.saddles(model, alpha)
    if isinstance(channel, Tree):
        tree_rs.require_units("rs", channel)
        points = stack(tree_rs.solve(model, channel, alpha.ravel()), alpha.shape)
        return Saddle(model, "rs", alpha[()], complexity=None, **points)
    if isinstance(channel, Symmetric):
        return symmetric.rs(model, alpha)
    return _scalar(model, channel, alpha)


def _scalar(model, channel, alpha):
    several = _may_have_several(channel)
    refusal = NOT_UNIQUE if several else REFUSAL
    if isinstance(model.prior, Binary):
        refusal = losses.UNSOLVED
    if alpha.ndim == 0:
        columns = _solve(model.prior, channel, alpha.reshape(1), several)[0].tolist()
        success = columns[0] == columns[0]
        message = "" if success else refusal
    else:
        order = np.argsort(alpha, axis=None, kind="stable")
        out = np.empty((alpha.size, COLUMNS))
        out[order] = _solve(model.prior, channel, alpha.ravel()[order], several)
        columns = out.T.reshape(COLUMNS, *alpha.shape)
        success = ~np.isnan(columns[0])
        message = np.where(success, "", refusal).astype(object)
    q, eps, q_hat, entropy, stability, error, residual = columns
    order = {"q": q, "eps": eps}
    if isinstance(model.prior, Binary):
        order["q_hat"] = q_hat
        if np.any(entropy < 0) or np.any(stability > 1):
            message = warnings(message, entropy, stability)
    return Saddle(
        model=model,
        ansatz="rs",
        alpha=alpha[()],
        order=order,
        entropy=entropy,
        complexity=None,
        stability=stability,
        error=error,
        residual=residual,
        success=success,
        message=message,
    )


def _may_have_several(channel):
    """Whether alpha(q) is not known to increase up to the capacity."""
    user = isinstance(channel, Wide) and channel.activation not in NAMES
    return user or channel.is_even or channel.kappa < UNIQUE_ABOVE


def _passes(prior, channel, alpha):
    """How often alpha(q) (R3) passes a load, and whether it stays above."""
    grid = np.linspace(-40, 29, 300)
    rule, _ = RULES[0]
    loads = [
        _rs.branch(prior.kernel, channel.kernel, x, rule.step, rule.window)["log_load"]
        for x in grid
    ]
    above = np.array(loads) > np.log(alpha)[:, None]
    return np.count_nonzero(np.diff(above), axis=1), above.all(axis=1)


def _at_zero(prior, channel, alpha):
    """The saddle q = 0, stationary where tq'(0) = 0: (R20)."""
    log_z, d, _ = (x.item() for x in channel.log_z(0.0, 1.0))
    free = math.log(2) if isinstance(prior, Binary) else 0.0
    value = free + alpha * log_z
    index = alpha * channel.kernel.overlap(0.0, 1.0)[3] * d * d
    return 0.0, 1.0, 0.0, value, index, 1e-15 * (free + abs(value)), 0.0


def _solve(prior, channel, alpha, several):
    """Rows (q, 1 - q, q_hat, entropy, stability, error, residual), alpha increasing."""
    out = np.empty((alpha.size, COLUMNS))
    for rule, fine in RULES:
        rules = rule.step, rule.window, fine.step, fine.window
        worst = _rs.solve(prior.kernel, channel.kernel, alpha, *rules, out)
        if not worst > TOLERANCE:
            break
    if several:
        passes, above = _passes(prior, channel, alpha)
        out[passes > 1] = np.nan
        if channel.is_even:
            for i in np.flatnonzero(above):
                out[i] = _at_zero(prior, channel, float(alpha[i]))
    return out
