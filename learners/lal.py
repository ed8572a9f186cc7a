"""Least-action learning, of one machine or of y attracting ones: docs/learners.md."""

import numpy as np

from learners import _lal, training
from msgpass.instance import require_instance
from replicas import check

__all__ = ["elal", "lal", "perceptron"]


def lal(
    instance,
    *,
    rng=None,
    eta=0.1,
    epochs=10_000,
    weights=None,
    shuffle=True,
    progress=False,
    callback=None,
):
    """Least-action learning of a committee.

    A wrong pattern moves one unit, that of least |Delta| among those that vote against
    the label, by eta xi (LN1). With one unit it is the perceptron rule.

    Parameters
    ----------
    instance : Instance of patterns +-1 under the majority of an odd number of units.
    rng : numpy Generator or seed.
    eta : step, > 0; only its ratio to the starting weights matters.
    epochs : most sweeps over the patterns, >= 1.
    weights : (K, n) to start from; None, independent Gaussian ones.
    shuffle : a new random order of the patterns each epoch; False, their own order.
    progress : show a bar. callback : see `training.run`.

    Returns
    -------
    Trained; history "errors" counts the patterns that were wrong when presented.

    Source: docs/learners.md (LN1); Baldassi, Pittorino, Zecchina, PNAS 117, 161 (2020).
    """
    return _learn(
        "lal", instance, rng, eta, epochs, weights, shuffle, progress, callback
    )


def perceptron(
    instance,
    *,
    rng=None,
    eta=0.1,
    epochs=10_000,
    weights=None,
    shuffle=True,
    progress=False,
    callback=None,
):
    """The perceptron rule, W += eta xi for a wrong pattern: `lal` with K = 1."""
    require_instance("perceptron", instance)
    if instance.K != 1:
        raise ValueError(f"perceptron: K must be 1, given {instance.K}")
    return _learn(
        "perceptron", instance, rng, eta, epochs, weights, shuffle, progress, callback
    )


def _learn(function, instance, rng, eta, epochs, weights, shuffle, progress, callback):
    patterns = training.patterns_of(function, instance)
    check.positive_number(function, "eta", eta)
    check.integer(function, "epochs", epochs, 1, 1 << 31)
    check.flag(function, "shuffle", shuffle)
    rng = check.generator(function, rng)
    weights = training.starting_weights(function, instance, weights, rng)
    # in units of eta: sums of whole steps, from 0 say, are exact and so are ties
    steps = weights / eta
    given = np.arange(instance.M)

    def step():
        order = rng.permutation(instance.M) if shuffle else given
        wrong = _lal.epoch(steps, patterns, order, instance.tree, 1.0)
        if wrong:
            np.multiply(steps, eta, out=weights)
        return wrong, {}

    return training.run(
        function, instance, weights, step, epochs, progress=progress, callback=callback
    )


def elal(
    instance,
    *,
    rng=None,
    y=10,
    eta=0.3,
    lam=0.003,
    every=10,
    epochs=10_000,
    weights=None,
    progress=False,
    callback=None,
):
    """Entropic least-action learning: y machines that attract each other.

    Every machine sees all patterns in an order of its own; after `every` presentations
    each moves by lam of its way to the centre (LN2). Solved when an epoch leaves no
    machine with an error and the centre has none; the centre is returned.

    Parameters
    ----------
    instance, rng, eta, epochs, progress, callback : as in `lal`.
    y : number of machines, >= 1.
    lam : attraction, in [0, 1].
    every : presentations to a machine between two attractions, >= 1.
    weights : (y, K, n) to start from. None: independent Gaussian ones; fully connected
        machines share one and differ by 0.3 times others, since independent ones would
        number their units differently.

    Returns
    -------
    Trained; history has "errors", of all machines and the centre together, "centre",
    the errors of the centre, and "overlap", the mean overlap of the machines.

    Source: docs/learners.md (LN2); Baldassi, Pittorino, Zecchina, PNAS 117, 161 (2020).
    """
    patterns = training.patterns_of("elal", instance)
    check.positive_number("elal", "eta", eta)
    check.number("elal", "lam", lam, "in [0, 1]", lambda x: 0 <= x <= 1)
    for name, value in (("y", y), ("every", every), ("epochs", epochs)):
        check.integer("elal", name, value, 1, 1 << 31)
    rng = check.generator("elal", rng)
    if weights is None and not instance.tree:
        common = rng.standard_normal((instance.K, instance.n))
        weights = common + 0.3 * rng.standard_normal((y, *common.shape))
    machines = training.starting_weights("elal", instance, weights, rng, (y,))
    centre = machines.mean(axis=0)
    wrong = np.empty(y, dtype=np.intp)
    shown = 0

    def step():
        nonlocal shown
        order = np.array([rng.permutation(instance.M) for _ in range(y)])
        shown = _lal.replicated_epoch(
            machines,
            centre,
            patterns,
            order,
            instance.tree,
            eta,
            lam,
            every,
            shown,
            wrong,
        )
        of_centre = instance.errors(centre)
        observed = {"centre": of_centre, "overlap": mean_overlap(machines)}
        return int(wrong.sum()) + of_centre, observed

    return training.run(
        "elal", instance, centre, step, epochs, progress=progress, callback=callback
    )


def mean_overlap(machines):
    """Mean of the overlaps of all pairs; nan for a single machine."""
    y = len(machines)
    flat = machines.reshape(y, -1)
    flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    if y == 1:
        return float("nan")
    return float((np.sum(flat.sum(axis=0) ** 2) - y) / (y * (y - 1)))
