"""What the training algorithms share: their input, their epochs, their result."""

import numpy as np
from tqdm import tqdm

from learners.results import Trained
from msgpass.instance import require_instance
from replicas import check

__all__ = ["patterns_of", "run", "starting_weights"]


def patterns_of(function, instance):
    """Patterns of +-1 with their labels absorbed, int8 (M, inputs)."""
    require_instance(function, instance)
    if instance.rule != "majority" or instance.kappa != 0:
        raise ValueError(
            f"{function}: the rule must be majority without margin, "
            f"given {instance.rule!r} with kappa = {instance.kappa}"
        )
    if instance.K % 2 == 0:
        raise ValueError(
            f"{function}: K must be odd, so that units do not tie, given {instance.K}"
        )
    if not instance.signs:
        raise ValueError(f"{function}: patterns must be +-1, given real numbers")
    return instance.absorbed()


def starting_weights(function, instance, weights, rng, replicas=()):
    """The weights given, or independent Gaussian ones, (*replicas, K, n)."""
    shape = (*replicas, instance.K, instance.n)
    if weights is None:
        return rng.standard_normal(shape)
    weights = np.array(check.numbers(function, "weights", weights), order="C")
    if weights.shape != shape or not np.isfinite(weights).all():
        raise ValueError(
            f"{function}: weights must be finite and of shape {shape}, "
            f"given shape {weights.shape}"
        )
    return weights


def run(function, instance, weights, step, epochs, *, progress, callback):
    """Repeat `step` until it finds no error, at most `epochs` times.

    step : counts the errors and learns if there are any; returns their number and a
        dict of floats for the history.
    weights : (K, n), the array in which `step` keeps what the algorithm has found.
    callback : called with the number of epochs, the errors and the weights; its
        returning True ends the training.
    """
    check.flag(function, "progress", progress)
    check.callback(function, callback)
    history, learnt, message = [], 0, f"{epochs} epochs were not enough"
    with tqdm(total=epochs, desc=function, disable=not progress, leave=False) as bar:
        while learnt < epochs:
            errors, observed = step()
            history.append({"errors": errors, **observed})
            bar.set_postfix(errors=errors)
            if errors == 0:
                message = "only fields of 0, to rounding, are left as errors"
                break
            learnt += 1
            bar.update()
            if callback is not None and callback(learnt, errors, weights):
                message = f"stopped by the callback after {learnt} epochs"
                break
    errors = instance.errors(weights)
    return Trained(
        weights=weights.copy(),
        solved=errors == 0,
        epochs=learnt,
        errors=errors,
        history={key: np.array([e[key] for e in history]) for key in history[0]},
        message="" if errors == 0 else message,
    )
