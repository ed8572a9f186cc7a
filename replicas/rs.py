"""Replica symmetric saddle: overlap, entropy and its stability (docs/rs.md)."""

import numpy as np

from replicas import _rs, check
from replicas.channels import Tree
from replicas.model import require_model
from replicas.quadrature import Rule
from replicas.results import Saddle

__all__ = ["rs"]

EPS = np.finfo(float).eps


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

    Source: docs/rs.md (R1)-(R6).
    """
    require_model("rs", model)
    alpha = check.positive("rs", "alpha", alpha)
    if isinstance(model.channel, Tree):
        raise NotImplementedError
    return _scalar(model, alpha)


def _scalar(model, alpha):
    rule = Rule()
    fine = rule.finer()
    flat = np.sort(alpha.ravel()) if alpha.ndim else alpha.reshape(1)
    out = np.empty((flat.size, 6))
    _rs.solve(
        model.channel.kernel, flat, rule.step, rule.window, fine.step, fine.window, out
    )
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
