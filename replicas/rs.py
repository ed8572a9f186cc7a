"""Replica symmetric saddle: overlap, entropy and its stability (docs/rs.md)."""

import numpy as np

from replicas import _rs, check, tree_rs
from replicas.channels import Perceptron, Tree
from replicas.model import require_model
from replicas.quadrature import Rule
from replicas.results import Saddle, stack

__all__ = ["rs"]

TOLERANCE = 1e-12  # of (1 - q) times the entropy
FINEST = 0.02


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
    index `stability` (stable below 1). Above the capacity success is False.

    Trees have at most 9 units. Among several saddles the one of least entropy is
    returned; the parity has q = 0 at every load. Error of the entropy at alpha = 1:
    below 1e-12 for K = 3, 1e-11 for K = 5, 1e-9 for K = 7, 1e-6 for K = 9; it grows
    with q, and q > 0.99 is not resolved (success is False).

    Source: docs/rs.md (R1)-(R12).
    """
    require_model("rs", model)
    alpha = check.positive("rs", "alpha", alpha)
    channel = model.channel
    if isinstance(channel, Tree) and channel.K > 1:
        tree_rs.require_units("rs", channel)
        points = tree_rs.solve(channel, alpha.ravel())
        result = stack(points, alpha.shape) if alpha.ndim else points[0]
        order = {"q": result.pop("q"), "eps": result.pop("eps")}
        return Saddle(model, "rs", alpha[()], order, complexity=None, **result)
    if isinstance(channel, Tree):
        channel = Perceptron()
    return _scalar(model, channel.kernel, alpha)


def _scalar(model, kernel, alpha):
    flat = np.sort(alpha.ravel()) if alpha.ndim else alpha.reshape(1)
    out = np.empty((flat.size, 6))
    rule, done = Rule(), False
    while not done:
        fine = rule.finer()
        _rs.solve(
            kernel,
            flat,
            rule.step,
            rule.window,
            fine.step,
            fine.window,
            out,
        )
        # a failed point holds nan and does not ask for refinement
        done = rule.step < FINEST or not (out[:, 4] * out[:, 1] > TOLERANCE).any()
        rule = fine
    if alpha.ndim:
        back = np.empty(flat.size, dtype=int)
        back[np.argsort(alpha.ravel(), kind="stable")] = np.arange(flat.size)
        out = out[back]
    q, eps, entropy, stability, error, residual = (
        column.reshape(alpha.shape)[()] for column in out.T
    )
    success = ~np.isnan(q)
    message = np.where(success, "", "no saddle: alpha is above the RS capacity")
    if alpha.ndim == 0:
        success, message = bool(success), str(message)
        out = out.ravel().tolist()
        q, eps, entropy, stability, error, residual = out
    return Saddle(
        model,
        "rs",
        alpha[()],
        {"q": q, "eps": eps},
        entropy,
        None,
        stability,
        error,
        residual,
        success,
        message,
    )
