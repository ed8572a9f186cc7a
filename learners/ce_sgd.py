"""Stochastic gradient descent on the cross-entropy of a committee: docs/learners.md."""

import math
from dataclasses import dataclass

import numpy as np

from learners import _ce_sgd, training
from replicas import check

__all__ = ["FAST", "SLOW", "Batches", "Schedule", "ce_sgd", "normalise"]


@dataclass(frozen=True)
class Schedule:
    """Annealing of the loss: beta, of the units, and gamma_ce, of the cross-entropy.

    Both are multiplied by `growth` (>= 1) after each epoch, up to `cap`: a beta that
    explodes leaves no gradient.
    """

    beta: float
    gamma_ce: float
    growth: float
    cap: float = 20.0

    def __post_init__(self):
        for name in ("beta", "gamma_ce", "cap"):
            check.positive_number("Schedule", name, getattr(self, name))
        rule, growth = "finite and >= 1", self.growth
        check.number("Schedule", "growth", growth, rule, lambda x: 1 <= x < np.inf)

    def at(self, epoch):
        """(beta, gamma_ce) of an epoch, counted from 0."""
        try:
            factor = self.growth**epoch
        except OverflowError:
            factor = math.inf
        return (
            min(self.beta * factor, self.cap),
            min(self.gamma_ce * factor, self.cap),
        )


FAST = Schedule(2.0, 2.0, 1.01)
SLOW = Schedule(0.5, 0.5, 1.005)


def ce_sgd(
    instance,
    *,
    rng=None,
    schedule="slow",
    lr=1.0,
    batch=100,
    epochs=5000,
    weights=None,
    progress=False,
    callback=None,
):
    """Cross-entropy SGD of a committee whose units are annealed from soft to signs.

    The output is x = K^(-1/2) sum_l tanh(beta Delta_l), the loss of a pattern
    log(1 + exp(-2 gamma_ce x)) / (2 gamma_ce) (LN3); after each step of the gradient
    (LN4), times lr n, every unit is set back to norm sqrt(n). Solved when the machine
    of sign units makes no error.

    Parameters
    ----------
    instance, rng, epochs, weights, progress, callback : as in `lal`.
    schedule : "fast", "slow" or a `Schedule`.
    lr : learning rate, > 0. batch : patterns a step, >= 1 (at most all are used).

    Returns
    -------
    Trained; history has "errors" (of sign units, before the epoch), "loss" (mean over
    the patterns as the epoch meets them; nan once solved), "beta" and "gamma_ce".

    Source: docs/learners.md (LN3)-(LN5); Baldassi, Pittorino, Zecchina, PNAS 117, 161
    (2020).
    """
    patterns = training.patterns_of("ce_sgd", instance)
    schedule = named_schedule("ce_sgd", schedule)
    check.positive_number("ce_sgd", "lr", lr)
    check.integer("ce_sgd", "batch", batch, 1, 1 << 31)
    check.integer("ce_sgd", "epochs", epochs, 1, 1 << 31)
    rng = check.generator("ce_sgd", rng)
    weights = training.starting_weights("ce_sgd", instance, weights, rng)
    if not weights.any(axis=1).all():
        raise ValueError("ce_sgd: weights of a unit must not all be 0")
    normalise(weights)
    batches = Batches(patterns, instance, batch)
    epoch = 0

    def step():
        nonlocal epoch
        beta, gamma_ce = schedule.at(epoch)
        observed = {"loss": float("nan"), "beta": beta, "gamma_ce": gamma_ce}
        errors = instance.errors(weights)
        if errors:
            loss = 0.0
            for chosen in batches.shuffled(rng):
                part = batches.gradient(weights, chosen, beta, gamma_ce)
                loss += part * len(chosen) / instance.M
                _ce_sgd.move(weights, batches.slope, lr)
            observed["loss"] = loss
            epoch += 1
        return errors, observed

    return training.run(
        "ce_sgd", instance, weights, step, epochs, progress=progress, callback=callback
    )


def named_schedule(function, schedule):
    """The schedule of that name, or itself."""
    if isinstance(schedule, Schedule):
        return schedule
    check.choice(function, "schedule", schedule, ("fast", "slow"))
    return FAST if schedule == "fast" else SLOW


def normalise(weights):
    """Set every unit of (..., K, n) to norm sqrt(n), in place."""
    n = weights.shape[-1]
    weights *= np.sqrt(n / np.sum(weights**2, axis=-1, keepdims=True))


class Batches:
    """Gradients of the loss over batches of patterns, with their scratch memory."""

    def __init__(self, patterns, instance, size):
        self.patterns, self.tree = patterns, instance.tree
        self.size = min(size, instance.M)
        self.real = np.empty((self.size, patterns.shape[1]))
        self.h = np.empty((self.size, instance.K))
        self.slope = np.empty((instance.K, instance.n))

    def shuffled(self, rng):
        """Batches of indices that pass once through all patterns."""
        order = rng.permutation(len(self.patterns))
        return [order[i : i + self.size] for i in range(0, len(order), self.size)]

    def gradient(self, weights, chosen, beta, gamma_ce):
        """Mean loss of the chosen patterns; its gradient goes to `slope`."""
        return _ce_sgd.batch_gradient(
            weights,
            self.patterns,
            chosen,
            self.tree,
            beta,
            gamma_ce,
            self.real,
            self.h,
            self.slope,
        )
