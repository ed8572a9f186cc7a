"""What message passing returns: frozen, with residual, success and message."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from replicas.model import Model

__all__ = ["Beliefs", "Evolution"]


@dataclass(frozen=True, eq=False)
class Beliefs:
    """Marginals of the weights and what follows from them.

    mean, variance : arrays (K, n), of each weight under its marginal.
    entropy : Bethe entropy in nats per weight: log of the number of solutions (binary),
        of their volume over the sphere's (continuous); nan unless success.
        On the replicated graph of `bp`, the free entropy of one replica.
    local_entropy : nats per weight, of solutions around the centre of the replicated
        graph; `bp` gives entropy on the plain one, `amp` nan; nan unless success.
    q : mean square of the means. q_centre, centre_overlap : the same for the centre of
        the replicated graph, and its overlap with a replica; without one 0 or nan.
    lam : array (K,), field that keeps the norm of the units; None for binary weights.
    sweeps : how often every pattern was visited.
    residual : largest change of a mean in the last sweep, undone of its damping.
    success : the residual met the tolerance and the variances are at rest; if not,
        message says what happened.
    state : messages to go on from.
    """

    mean: np.ndarray
    variance: np.ndarray
    entropy: float
    local_entropy: float
    q: float
    q_centre: float
    centre_overlap: float
    lam: np.ndarray | None
    sweeps: int
    residual: float
    success: bool
    message: str
    state: Any = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class Evolution:
    """Overlaps that AMP passes through on typical instances as N -> infinity.

    q, eps = 1 - q, q_hat : arrays, one entry a step, the first before any message;
    entropy : at the fixed point, the replica symmetric one, nats per weight; error :
    its estimated absolute error; both nan unless success. residual : last change of
    log(1 - q); success : the last step is a fixed point.
    """

    model: Model
    alpha: float
    q: np.ndarray
    eps: np.ndarray
    q_hat: np.ndarray
    entropy: float
    error: float
    residual: float
    success: bool
    message: str
