"""Local entropy of an instance by sampling: docs/learners.md (LN15), (LN16).

Thermodynamic integration in the field towards the reference: slow, but it shares no
approximation with message passing or with replicas.
"""

import math

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.special import entr
from tqdm import tqdm

from learners.monte_carlo import metropolis, starting_points
from msgpass.arrays import weights_array
from msgpass.instance import require_instance
from replicas import check
from replicas.results import Curve

__all__ = ["sampled_local_entropy"]

BLOCKS = 16


def sampled_local_entropy(
    instance,
    reference,
    distance,
    *,
    weights="binary",
    beta=math.inf,
    nodes=16,
    sweeps=2000,
    rng=None,
    progress=False,
):
    """Local entropy of the solutions around one, by Metropolis sampling.

    Parameters
    ----------
    instance : Instance of patterns +-1.
    reference : (K, n), a solution: +-1 for binary weights.
    distance : float or array in (0, 1/2), d = (1 - overlap)/2.
    weights : "binary" or "continuous" (|W|^2 = N).
    beta : the chains run at this inverse temperature and only their solutions count.
        Single flips at infinity do not leave an isolated solution: binary weights want
        a finite beta, at which a fraction of the samples are still solutions.
    nodes : fields at which the overlap is sampled, >= 4; they reach beyond the largest
        distance. sweeps : samples at each, >= 16.
    rng : numpy Generator or seed. progress : show a bar of the fields.

    Returns
    -------
    Curve, in nats per weight; `error` adds one standard error of the samples and what
    the rule of integration leaves open. nan where the chains did not reach the
    distance.

    Source: docs/learners.md (LN15), (LN16).
    """
    require_instance("sampled_local_entropy", instance)
    distance = check.distance("sampled_local_entropy", distance)
    check.integer("sampled_local_entropy", "nodes", nodes, 4, 10_000)
    check.integer("sampled_local_entropy", "sweeps", sweeps, BLOCKS, 1 << 31)
    check.choice("sampled_local_entropy", "weights", weights, ("binary", "continuous"))
    beta = check.number("sampled_local_entropy", "beta", beta, "> 0", lambda x: x > 0)
    name = "sampled_local_entropy", "reference"
    reference = weights_array(name[0], reference, instance.K, instance.n, name[1])
    (reference,) = starting_points(*name, instance, reference, weights, beta, 1)
    rng = check.generator("sampled_local_entropy", rng)
    lowest = max(0.0, 1 - 3 * distance.max())
    # overlaps that the fields would give without patterns
    free = np.linspace(1, lowest, nodes + 1)[1:]
    q, noise = np.empty((2, nodes))
    last = reference
    fields = _field(free, weights)
    bar = tqdm(fields, desc="fields", disable=not progress, leave=False)
    for j, field in enumerate(bar):
        chain = metropolis(
            instance,
            last,
            weights=weights,
            reference=reference,
            beta=beta,
            field=field,
            sweeps=sweeps,
            burn=sweeps // 10,
            rng=rng,
        )
        last = chain.weights[0]
        q[j], noise[j] = _mean_of_solutions(chain)
    slope = _field_slope(free, weights)
    start = _closed_share(instance, reference) / 2 if weights == "binary" else 0.0
    excess = np.concatenate([[start], (q - free) * slope])
    loss, error = _integrals(free, excess, noise * slope)
    normalised = _sphere(free, weights) - _sphere(q, weights)
    normalised += fields * (free - q) - loss
    # noise of q moves a point along the tangent of the curve: only the loss feels it
    d = distance.ravel()
    inside = (d > 0) & (d <= (1 - q).max() / 2)
    away = (1 - q) / 2
    # further than at all stronger fields, which noise may spoil
    kept = away > np.concatenate([[0.0], np.maximum.accumulate(away)[:-1]])
    at, of, by = (np.append(0.0, x[kept]) for x in (away, normalised, error))
    value = np.where(inside, PchipInterpolator(at, of)(d), np.nan)
    spread = np.where(inside, np.interp(d, at, by), np.nan)
    entropy = value + _sphere(1 - 2 * d, weights)
    shape = distance.shape
    return Curve(
        model=None,
        ansatz="sampled",
        between="reference",
        alpha=instance.alpha,
        distance=distance[()],
        y=None,
        entropy=entropy.reshape(shape)[()],
        normalised=value.reshape(shape)[()],
        order={},
        stability=np.full(shape, np.nan)[()],
        error=spread.reshape(shape)[()],
        residual=np.zeros(shape)[()],
        success=inside.reshape(shape)[()],
        message=np.where(inside, "", "the chains stayed nearer")
        .astype(object)
        .reshape(shape)[()],
    )


def _mean_of_solutions(chain):
    """Mean overlap of the samples without errors, and its standard error by blocks."""
    solved = chain.errors[:, 0] == 0
    of = [block.sum() for block in np.array_split(chain.overlap * solved, BLOCKS)]
    number = [block.sum() for block in np.array_split(solved, BLOCKS)]
    if not sum(number):
        return np.nan, np.nan
    mean = np.sum(of) / np.sum(number)
    spread = np.sum((np.array(of) - mean * np.array(number)) ** 2)
    return mean, np.sqrt(spread * BLOCKS / (BLOCKS - 1)) / np.sum(number)


def _field(overlap, weights):
    """Field that gives the overlap without patterns."""
    if weights == "binary":
        return np.arctanh(overlap)
    return overlap / (1 - overlap**2)


def _field_slope(overlap, weights):
    """Its derivative in the overlap."""
    if weights == "binary":
        return 1 / (1 - overlap**2)
    return (1 + overlap**2) / (1 - overlap**2) ** 2


def _sphere(overlap, weights):
    """Entropy of all weights at an overlap, nats per weight."""
    if weights == "binary":
        d = (1 - overlap) / 2
        return entr(d) + entr(1 - d)
    return 0.5 * np.log1p(-(overlap**2))


def _closed_share(instance, reference):
    """Fraction of the single flips that spoil the reference."""
    spoiled = 0
    for i in range(instance.N):
        flipped = reference.copy()
        flipped.flat[i] *= -1
        spoiled += instance.errors(flipped) > 0
    return spoiled / instance.N


def _integrals(free, excess, noise):
    """(LN16): integrals of the excess from each overlap to 1, and their errors."""
    x = np.concatenate([[1.0], free])
    spline = CubicSpline(-x, excess).antiderivative()
    fine = spline(-free) - spline(-1.0)
    steps = 0.5 * (excess[1:] + excess[:-1]) * -np.diff(x)
    width = np.append(-np.diff(x), 0.0)
    weight = 0.5 * (width[1:] + width[:-1])
    statistical = np.sqrt(np.cumsum((weight * noise) ** 2))
    return fine, statistical + np.abs(fine - np.cumsum(steps))
