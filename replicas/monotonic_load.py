"""Load at which the y -> infinity curve of binary weights ceases to be monotonic."""

import math

import numpy as np
from scipy.optimize import minimize_scalar, root

from replicas.binary_capacity import zero_entropy
from replicas.binary_large_y_state import LADDER, State
from replicas.channels import Perceptron, Wide
from replicas.model import require_binary, require_channel
from replicas.results import Estimate, failed_estimate

__all__ = ["monotonic_load"]

STEP = 0.15  # of log eps, to bracket the minimum


def monotonic_load(model):
    r"""alpha_U: below it the local entropy at y = infinity increases with distance.

    At alpha_U the curves to the centre and between replicas have a first inflection
    with zero slope, at the same q1; above it they fall somewhere.

    Parameters
    ----------
    model : Model of binary weights, channel with one field.

    Returns
    -------
    Estimate with value alpha (patterns per weight), its error and order "q1", "eps",
    "delta", "q_hat", "dq_hat", "distance" (to the centre) at the inflection.

    Source: docs/binary_local_entropy.md (BL14).
    """
    require_binary("monotonic_load", model)
    channel = require_channel("monotonic_load", model, Perceptron, Wide)
    # the loads are as large as the capacity
    last = np.log([0.9 * zero_entropy(channel)[0].value, 1.0])

    def load(log_eps, sums=LADDER[0]):
        nonlocal last
        found, state = _inflection(channel, sums, math.exp(log_eps), last)
        if state is None:
            return math.inf
        last = found
        return state.alpha

    bracket = _bracket(load, math.log(0.08) - 0.7 * max(channel.kappa, 0.0))
    if bracket is None:
        message = "no distance at which the slope of the curve vanishes was found"
        return failed_estimate(message)
    ends = bracket[0], bracket[-1]
    options = {"xatol": 1e-9}
    x = minimize_scalar(load, bounds=ends, method="bounded", options=options).x
    value = load(x, LADDER[1])
    _, state = _inflection(channel, LADDER[1], math.exp(x), last)
    error = float(abs(load(x, LADDER[2]) - value) + 16 * np.finfo(float).eps)
    order = {"q1": 1 - state.eps, "eps": state.eps, "delta": state.delta}
    order |= {"q_hat": state.q_hat, "dq_hat": state.weights.dq_hat}
    order |= {"distance": state.weights.gap / 2}
    residual = max(map(abs, state.residuals[:2]))
    return Estimate(value, error, residual, True, "", order)


def _inflection(channel, sums, eps, start):
    """(log alpha, log delta) at which p_hat = 0 at 1 - q1 = eps, and the state."""

    def state(x):
        alpha, delta = np.exp(np.clip(x, -20, 20)).tolist()
        return State.at(sums, channel, alpha, 0.5, True, eps, delta, 0.0, solve=False)

    found = root(lambda x: state(x).residuals[:2], start, tol=1e-13).x
    best = state(found)
    met = max(map(abs, best.residuals[:2])) < 1e-8 and best.delta > 1e-3
    return found, best if met else None


def _bracket(load, x):
    """Three log eps around the first minimum of the load; None without one."""
    left, middle, right = load(x - STEP), load(x), load(x + STEP)
    for _ in range(40):
        if not math.isfinite(middle):
            return None
        if left >= middle <= right:
            return x - STEP, x, x + STEP
        if left < middle:
            x -= STEP
            left, middle, right = load(x - STEP), left, middle
        else:
            x += STEP
            left, middle, right = middle, right, load(x + STEP)
    return None
