"""Replicated SGD: y machines drawn to their centre; docs/learners.md."""

import numpy as np

from learners import _ce_sgd, training
from learners.ce_sgd import Batches, named_schedule, normalise
from learners.lal import mean_overlap
from replicas import check

__all__ = ["replicated_sgd"]


def replicated_sgd(
    instance,
    *,
    weights="continuous",
    rng=None,
    y=5,
    schedule="slow",
    coupling=(0.01, 1.0),
    ramp=200,
    lr=1.0,
    batch=100,
    epochs=5000,
    progress=False,
    callback=None,
):
    """Cross-entropy SGD of y machines, each drawn to their common centre.

    Continuous weights: each step adds lr coupling (centre - W_a) to the gradient step
    of `ce_sgd` and sets the norms back (LN6); the centre, normalised, is returned.
    Binary weights: machine a has W_a = sign(h_a); h_a follows the gradient at W_a and
    the attraction lr coupling (tanh(coupling sum_b W_b) - W_a) of (LN7); the centre is
    sign(sum_a W_a), ties broken by the sum of h.

    Parameters
    ----------
    instance, rng, epochs, progress, callback : as in `lal`.
    weights : "continuous" or "binary".
    y : number of machines, >= 2.
    schedule, lr, batch : as in `ce_sgd`.
    coupling : strength at the first and at the last epoch of the ramp, 0 < first <=
        last; it grows geometrically over `ramp` epochs (>= 1), then stays.

    Returns
    -------
    Trained, the centre; solved when the centre makes no error. history has "errors" (of
    the centre), "overlap" (mean, of the machines), "coupling", "loss" (mean over
    machines and patterns).

    Source: docs/learners.md (LN6), (LN7); Baldassi et al., PNAS 113, E7655 (2016);
    Pittorino et al., J. Stat. Mech. (2021) 124015.
    """
    patterns = training.patterns_of("replicated_sgd", instance)
    check.choice("replicated_sgd", "weights", weights, ("continuous", "binary"))
    schedule = named_schedule("replicated_sgd", schedule)
    check.positive_number("replicated_sgd", "lr", lr)
    coupling = check.positive("replicated_sgd", "coupling", coupling)
    if coupling.shape != (2,):
        raise ValueError(
            f"replicated_sgd: coupling must be (first, last), given {coupling!r}"
        )
    first, last = coupling
    if first > last:
        raise ValueError(
            f"replicated_sgd: coupling must not decrease, given {coupling}"
        )
    check.integer("replicated_sgd", "y", y, 2, 1 << 16)
    for name, value in (("batch", batch), ("epochs", epochs), ("ramp", ramp)):
        check.integer("replicated_sgd", name, value, 1, 1 << 31)
    if weights == "continuous" and instance.n < 2:
        raise ValueError(
            "replicated_sgd: units of continuous weights must have at least 2 inputs, "
            "given 1: opposite ones have no centre"
        )
    rng = check.generator("replicated_sgd", rng)
    machines = starting_machines(instance, y, rng)
    update = _binary_step if weights == "binary" else _continuous_step
    centre = np.empty((instance.K, instance.n))
    binary = weights == "binary"
    set_centre(centre, machines, binary)
    batches = Batches(patterns, instance, batch)
    epoch = 0

    def step():
        nonlocal epoch
        beta, gamma_ce = schedule.at(epoch)
        strength = first * (last / first) ** min(epoch / ramp, 1.0)
        observed = {"loss": float("nan"), "coupling": float(strength)}
        visible = np.sign(machines) if binary else machines
        observed["overlap"] = mean_overlap(visible)
        errors = instance.errors(centre)
        if errors:
            orders = [batches.shuffled(rng) for _ in machines]
            loss = 0.0
            for chosen in zip(*orders, strict=True):
                part = update(machines, chosen, batches, beta, gamma_ce, lr, strength)
                loss += part * len(chosen[0]) / instance.M
            observed["loss"] = loss
            set_centre(centre, machines, binary)
            epoch += 1
        return errors, observed

    return training.run(
        "replicated_sgd",
        instance,
        centre,
        step,
        epochs,
        progress=progress,
        callback=callback,
    )


def starting_machines(instance, y, rng):
    """Gaussian machines, alike enough for their units to be numbered alike."""
    common = rng.standard_normal((instance.K, instance.n))
    spread = 1.0 if instance.tree else 0.3
    own = rng.standard_normal((y, *common.shape))
    machines = own if instance.tree else common + spread * own
    normalise(machines)
    return machines


def set_centre(centre, machines, binary):
    """The centre of the machines, in place: normalised mean, or majority of signs."""
    if not binary:
        centre[:] = machines.mean(axis=0)
        normalise(centre)
        return
    votes = np.sign(machines).sum(axis=0)
    centre[:] = np.sign(np.where(votes == 0, machines.sum(axis=0), votes))


def _continuous_step(machines, chosen, batches, beta, gamma_ce, lr, strength):
    """(LN6) for one batch of each machine; the mean loss."""
    mean, loss = machines.mean(axis=0), 0.0
    for machine, indices in zip(machines, chosen, strict=True):
        loss += batches.gradient(machine, indices, beta, gamma_ce)
        # `move` multiplies by n
        batches.slope -= strength / machine.shape[-1] * (mean - machine)
        _ce_sgd.move(machine, batches.slope, lr)
    return loss / len(machines)


def _binary_step(machines, chosen, batches, beta, gamma_ce, lr, strength):
    """(LN7) for one batch of each machine; the mean loss."""
    signs = np.sign(machines)
    votes, loss = np.tanh(strength * signs.sum(axis=0)), 0.0
    for hidden, sign, indices in zip(machines, signs, chosen, strict=True):
        loss += batches.gradient(sign, indices, beta, gamma_ce)
        hidden -= lr * hidden.shape[-1] * batches.slope
        hidden += lr * strength * (votes - sign)
    return loss / len(machines)
