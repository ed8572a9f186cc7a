"""Replica symmetric saddle: overlap, entropy and its stability (docs/rs.md)."""

import numpy as np

from replicas import _rs, check, tree_rs
from replicas.channels import Tree, single_unit
from replicas.model import require_spherical
from replicas.quadrature import Rule
from replicas.results import Saddle, stack

__all__ = ["rs"]

TOLERANCE = 1e-12  # of (1 - q) times the entropy
FINEST = 0.02
RULE = Rule()
NOT_UNIQUE = "no unique saddle: alpha is near or above the RS capacity"
UNIQUE_ABOVE = -2.5  # margins at which alpha(q) increases up to capacity
REFUSAL = "no saddle: alpha is above the RS capacity"


def rs(model, alpha):
    r"""Replica symmetric saddle of the Gardner volume.

    S(q) = [log(1 - q) + q/(1 - q)]/2 + alpha E log Z(sqrt(q) z, 1 - q), minimal in q.

    Parameters
    ----------
    model : Model.
    alpha : float or array, patterns per weight, > 0.

    Returns
    -------
    Saddle with order "q" and "eps" = 1 - q, entropy in nats per weight and the replicon
    index `stability` (stable below 1). Above the capacity success is False, as
    where there are several saddles: near the capacity of margins below -2.5.

    Trees have at most 9 units. Among several saddles the one of least entropy is
    returned; the parity has q = 0 at every load. Error of the entropy at alpha = 1:
    below 1e-12 for K = 3, 1e-11 for K = 5, 1e-9 for K = 7, 1e-6 for K = 9; it grows
    with q, and q > 0.99 is not resolved (success is False).

    Source: docs/rs.md (R1)-(R12).
    """
    require_spherical("rs", model)
    alpha = check.positive("rs", "alpha", alpha)
    channel = single_unit(model.channel)
    if isinstance(channel, Tree):
        tree_rs.require_units("rs", channel)
        points = tree_rs.solve(channel, alpha.ravel())
        result = stack(points, alpha.shape) if alpha.ndim else points[0]
        order = {"q": result.pop("q"), "eps": result.pop("eps")}
        return Saddle(model, "rs", alpha[()], order, complexity=None, **result)
    return _scalar(model, channel, alpha)


def _scalar(model, channel, alpha):
    refusal = REFUSAL if channel.kappa >= UNIQUE_ABOVE else NOT_UNIQUE
    if alpha.ndim == 0:
        columns = _branch(channel, alpha.reshape(1))[0].tolist()
        success = columns[0] == columns[0]
        message = "" if success else refusal
    else:
        order = np.argsort(alpha, axis=None, kind="stable")
        out = np.empty((alpha.size, 6))
        out[order] = _branch(channel, alpha.ravel()[order])
        columns = out.T.reshape(6, *alpha.shape)
        success = ~np.isnan(columns[0])
        message = np.where(success, "", refusal).astype(object)
    q, eps, entropy, stability, error, residual = columns
    order = {"q": q, "eps": eps}
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


def _several(kernel, alpha):
    """Where alpha(q) (R3) passes a load more than once."""
    grid = np.linspace(-40, 29, 300)
    loads = [_rs.load_and_stability(kernel, x, RULE.step, RULE.window)[0] for x in grid]
    above = np.array(loads) > np.log(alpha)[:, None]
    return np.count_nonzero(np.diff(above), axis=1) > 1


def _branch(channel, alpha):
    """Rows (q, 1 - q, entropy, stability, error, residual) at increasing alpha."""
    out = np.empty((alpha.size, 6))
    rule = RULE
    while True:
        fine = rule.finer()
        rules = rule.step, rule.window, fine.step, fine.window
        _rs.solve(channel.kernel, alpha, *rules, out)
        # a failed point holds nan and does not ask for refinement
        if rule.step < FINEST or not (out[:, 4] * out[:, 1] > TOLERANCE).any():
            break
        rule = fine
    if channel.kappa < UNIQUE_ABOVE:
        out[_several(channel.kernel, alpha)] = np.nan
    return out
