"""Training error after perturbing the weights or the inputs: docs/learners.md.

The weights of each unit are normalised to sqrt(n) first.
"""

import numpy as np

from learners.ce_sgd import normalise
from msgpass import Instance
from msgpass.arrays import weights_array
from msgpass.instance import require_instance
from replicas import check
from replicas.results import Estimate

__all__ = ["input_robustness", "local_energy", "pixel_rates"]


def local_energy(instance, weights, distance, *, samples=20, rng=None):
    r"""Fraction of wrong patterns at distance d from the weights.

    W' = q W + sqrt(1 - q^2) Z, q = 1 - 2d, with Z of norm sqrt(n) in each unit, random
    and orthogonal to W (LN8).

    Parameters
    ----------
    instance : Instance. weights : (K, n).
    distance : float or array in (0, 1/2).
    samples : number of perturbations, >= 2. rng : numpy Generator or seed.

    Returns
    -------
    Estimate: value, of the shape of `distance`, and error, one standard error over the
    perturbations.

    Source: docs/learners.md (LN8).
    """
    weights = unit_weights("local_energy", instance, weights)
    if instance.n < 2:
        raise ValueError(
            "local_energy: units must have at least 2 inputs, given 1: no direction is "
            "orthogonal to its weight"
        )
    distance = check.distance("local_energy", distance)
    check.integer("local_energy", "samples", samples, 2, 1 << 31)
    rng = check.generator("local_energy", rng)
    directions = [_orthogonal(weights, rng) for _ in range(samples)]

    def fraction(d):
        q = 1 - 2 * d
        near = (q * weights + np.sqrt(1 - q * q) * z for z in directions)
        return [instance.errors(w) / instance.M for w in near]

    return _mean([fraction(d) for d in distance.ravel()], distance.shape)


def input_robustness(instance, weights, flip, *, samples=20, rng=None):
    r"""Fraction of wrong patterns when inputs are flipped at random.

    Parameters
    ----------
    instance : Instance of patterns +-1. weights : (K, n).
    flip : probability in [0, 1/2] that an input is flipped: a float; or an array of
        rates, one for each input along its last axis (`pixel_rates`).
    samples : noisy copies of all patterns, >= 2. rng : numpy Generator or seed.

    Returns
    -------
    Estimate: value, a float or of the shape of `flip` without its last axis, and error,
    one standard error over the copies.

    Source: docs/learners.md (LN9).
    """
    weights = unit_weights("input_robustness", instance, weights)
    if not instance.signs:
        raise ValueError("input_robustness: patterns must be +-1, given real numbers")
    flip = check.inside(
        "input_robustness", "flip", flip, "in [0, 1/2]", lambda p: (p >= 0) & (p <= 0.5)
    )
    inputs = instance.patterns.shape[1]
    if flip.ndim and flip.shape[-1] != inputs:
        raise ValueError(
            f"input_robustness: flip must have {inputs} rates along its last axis, "
            f"given shape {flip.shape}"
        )
    check.integer("input_robustness", "samples", samples, 2, 1 << 31)
    rng = check.generator("input_robustness", rng)
    shape = flip.shape[:-1]
    rates = flip.reshape(-1, inputs) if flip.ndim else flip.reshape(1, 1)

    def noisy(rate):
        flipped = rng.random(instance.patterns.shape, dtype=np.float32) < rate
        patterns = np.where(flipped, -instance.patterns, instance.patterns)
        copy = Instance(
            patterns,
            instance.labels,
            instance.K,
            instance.tree,
            instance.rule,
            instance.kappa,
        )
        return copy.errors(weights) / instance.M

    return _mean([[noisy(p) for _ in range(samples)] for p in rates], shape)


def pixel_rates(patterns, flip):
    """Rates of coloured noise: each input flips as it varies over the patterns.

    The rate of input i is proportional to 4 f (1 - f), f the fraction of patterns in
    which it is +1, and the mean rate is `flip`; a ValueError where a rate would exceed
    1/2. patterns : (M, inputs) of +-1. Returns an array (inputs,).

    Source: docs/learners.md (LN9).
    """
    patterns = check.numbers("pixel_rates", "patterns", patterns)
    if patterns.ndim != 2 or patterns.size == 0 or (np.abs(patterns) != 1).any():
        raise ValueError(
            "pixel_rates: patterns must be a non-empty array (M, inputs) of +-1, "
            f"given {patterns!r}"
        )
    flip = check.finite("pixel_rates", "flip", flip)
    variance = 1 - patterns.mean(axis=0) ** 2
    if not variance.any():
        raise ValueError("pixel_rates: patterns must not all be the same")
    rates = flip * variance / variance.mean()
    if not (rates >= 0).all() or not (rates <= 0.5).all():
        raise ValueError(
            f"pixel_rates: flip must leave all rates in [0, 1/2], given {flip}"
        )
    return rates


def unit_weights(function, instance, weights):
    require_instance(function, instance)
    weights = weights_array(function, weights, instance.K, instance.n).copy()
    if not np.isfinite(weights).all() or not weights.any(axis=1).all():
        raise ValueError(
            f"{function}: weights must be finite and those of a unit not all 0"
        )
    # first to a largest entry of 1: +-c become +-1, whose sums are exact, ties too
    weights /= np.abs(weights).max(axis=1, keepdims=True)
    normalise(weights)
    return weights


def _orthogonal(weights, rng):
    """Random directions orthogonal to the weights of each unit, of norm sqrt(n)."""
    n = weights.shape[1]
    while True:
        z = rng.standard_normal(weights.shape)
        z -= np.sum(z * weights, axis=1, keepdims=True) / n * weights
        # weights drawn with the same seed leave nothing but rounding
        if (np.sum(z**2, axis=1) > 1e-12 * n).all():
            normalise(z)
            return z


def _mean(samples, shape):
    """Mean over the last axis with its standard error."""
    samples = np.array(samples)
    value = samples.mean(axis=1).reshape(shape)[()]
    error = samples.std(axis=1, ddof=1) / np.sqrt(samples.shape[1])
    return Estimate(value, error.reshape(shape)[()], 0.0, True, "", {})
