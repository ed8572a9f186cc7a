"""Metropolis sampling of the weights: a check of entropies at small N.

docs/learners.md (LN13)-(LN16).
"""

import math
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from learners import _monte_carlo
from msgpass.arrays import weights_array
from msgpass.instance import require_instance
from replicas import check

__all__ = ["Chain", "metropolis", "starting_points"]

RULES = {"majority": 0, "parity": 1, "symmetric": 2}


@dataclass(frozen=True)
class Chain:
    """Samples of a Metropolis chain, one after each sweep that counts.

    weights : (y, K, n), the last configuration. errors : (samples, y), wrong patterns;
    overlap : (samples,), mean over the replicas of the overlap with the reference, nan
    without one; mutual : (samples,), mean overlap of the replicas, nan for y = 1;
    acceptance : fraction of the moves.
    """

    weights: np.ndarray
    errors: np.ndarray
    overlap: np.ndarray
    mutual: np.ndarray
    acceptance: float


def metropolis(
    instance,
    start,
    *,
    weights="binary",
    beta=math.inf,
    reference=None,
    field=0.0,
    y=1,
    coupling=0.0,
    sweeps=1000,
    burn=100,
    rotation=0.5,
    rng=None,
    progress=False,
    callback=None,
):
    r"""Sample weights with probability exp(-beta errors + field W.W~ + coupling ...).

    The y replicas W^a feel field sum_a W^a.W~ and coupling sum_{a<b} W^a.W^b. Binary
    weights flip one by one; continuous ones move on the sphere |W|^2 = N by
    rotations of two of them by a random angle in (-rotation, rotation).

    Parameters
    ----------
    instance : Instance of patterns +-1, N weights in all.
    start : (K, n) or (y, K, n), where the chain starts; for beta = infinity without
        errors, and then solutions alone are sampled. Binary: +-1; continuous:
        normalised to |W|^2 = N.
    beta : inverse temperature of the number of errors, > 0.
    reference : (K, n), W~, normalised to |W~|^2 = N; needed for a field other than 0.
    sweeps : samples taken; burn : sweeps before the first. A sweep is N moves tried for
        each replica.
    rng : numpy Generator or seed.
    progress : show a bar of the sweeps. callback : called after each sample with their
        number and the errors of the replicas; True ends the chain there.

    Returns
    -------
    Chain. ValueError where the start has errors at beta = infinity.

    Source: docs/learners.md (LN13), (LN14).
    """
    beta = check.number("metropolis", "beta", beta, "> 0", lambda x: x > 0)
    field = check.finite("metropolis", "field", field)
    coupling = check.finite("metropolis", "coupling", coupling)
    _check(instance, weights, y, sweeps, burn, rotation)
    check.flag("metropolis", "progress", progress)
    check.callback("metropolis", callback)
    machines = starting_points("metropolis", "start", instance, start, weights, beta, y)
    pulled = np.zeros((instance.K, instance.n))
    if reference is not None:
        pulled = weights_array("metropolis", reference, *pulled.shape, "reference")
        if not np.isfinite(pulled).all() or not pulled.any():
            raise ValueError("metropolis: reference must be finite and not all 0")
        pulled = pulled * np.sqrt(instance.N / np.sum(pulled**2))
    elif field != 0:
        raise ValueError(f"metropolis: reference must be given for a field of {field}")
    rng = check.generator("metropolis", rng)
    walkers = [_Walker(instance, w, weights, beta, rotation) for w in machines]
    accepted, errors, overlap, mutual = 0, [], [], []
    bar = tqdm(
        range(1, burn + sweeps + 1),
        desc="metropolis",
        disable=not progress,
        leave=False,
    )
    for t in bar:
        total = machines.sum(axis=0)
        for walker in walkers:
            others = total - walker.weights
            accepted += walker.sweep(field * pulled + coupling * others, rng)
            total = others + walker.weights
        if t <= burn:
            continue
        errors.append([walker.errors for walker in walkers])
        overlap.append(np.sum(total * pulled) / (y * instance.N))
        mutual.append((np.sum(total**2) / instance.N - y) / max(1, y * (y - 1)))
        if callback is not None and callback(t - burn, errors[-1]):
            break
    bar.close()
    nan = np.full(len(errors), np.nan)
    return Chain(
        weights=machines,
        errors=np.array(errors),
        overlap=nan if reference is None else np.array(overlap),
        mutual=nan if y == 1 else np.array(mutual),
        acceptance=accepted / (t * y * instance.N),
    )


class _Walker:
    """One replica: its weights (changed in place), their fields and errors."""

    def __init__(self, instance, weights, kind, beta, rotation):
        self.instance, self.weights, self.binary = instance, weights, kind == "binary"
        self.beta, self.rotation = beta, 0.0 if self.binary else rotation
        self.kappa = instance.kappa * np.sqrt(instance.n)
        edge = np.rint(self.kappa)
        if edge / np.sqrt(instance.n) == instance.kappa:
            self.kappa = edge  # a sum at the margin, which `instance` refuses
        self.columns = np.ascontiguousarray(instance.patterns.T)
        self.fit, self.new_fit = np.empty((2, instance.M), dtype=np.int8)
        self.moved = np.empty((instance.M, instance.K))
        self.errors = instance.errors(weights)

    def sweep(self, pull, rng):
        """N moves; the number of those accepted."""
        instance, N = self.instance, self.instance.N
        # sqrt(n) Delta afresh: rounding does not accumulate
        h = instance.fields(self.weights) * np.sqrt(instance.n)
        if self.binary:
            np.rint(h, out=h)  # whole numbers, of which 0 is no vote
        rule = RULES[instance.rule]
        errors = _monte_carlo.fitted(h, instance.labels, rule, self.kappa, self.fit)
        first, second = rng.integers(0, N, size=(2, N))
        angle = self.rotation * rng.uniform(-1, 1, N)
        accepted, self.errors = _monte_carlo.sweep(
            self.weights,
            h,
            self.moved,
            self.columns,
            instance.labels,
            self.fit,
            self.new_fit,
            instance.tree,
            rule,
            self.kappa,
            self.beta,
            errors,
            pull,
            first,
            second,
            angle,
            np.log1p(-rng.random(N)),
        )
        return accepted


def _check(instance, weights, y, sweeps, burn, rotation):
    require_instance("metropolis", instance)
    if not instance.signs:
        raise ValueError("metropolis: patterns must be +-1, given real numbers")
    check.choice("metropolis", "weights", weights, ("binary", "continuous"))
    check.number(
        "metropolis", "rotation", rotation, "in (0, pi]", lambda x: 0 < x <= math.pi
    )
    check.integer("metropolis", "y", y, 1, 1 << 16)
    check.integer("metropolis", "sweeps", sweeps, 1, 1 << 31)
    check.integer("metropolis", "burn", burn, 0, 1 << 31)


def starting_points(function, parameter, instance, start, weights, beta, y):
    """Machines (y, K, n) from which chains start."""
    shape = (y, instance.K, instance.n)
    name, start = f"{function}: {parameter}", check.numbers(function, parameter, start)
    if start.shape == shape:
        machines = start.copy()
    elif start.size == instance.K * instance.n:
        machines = np.tile(start.reshape(shape[1:]), (y, 1, 1))
    else:
        raise ValueError(
            f"{name} must have shape {shape} or {shape[1:]}, given {start.shape}"
        )
    if weights == "binary" and not (np.abs(machines) == 1).all():
        raise ValueError(f"{name} must be +-1 for binary weights")
    if not np.isfinite(machines).all() or not machines.any(axis=(1, 2)).all():
        raise ValueError(f"{name} must be finite and not all 0")
    if weights == "continuous":
        machines *= np.sqrt(
            instance.N / np.sum(machines**2, axis=(1, 2), keepdims=True)
        )
    if math.isinf(beta) and any(map(instance.errors, machines)):
        raise ValueError(
            f"{name} must be a solution at beta = infinity, given "
            f"{[instance.errors(w) for w in machines]} errors"
        )
    return machines
