"""Local entropy of an instance by sampling: docs/learners.md (LN15), (LN16).

Thermodynamic integration in the field towards the reference: slow, but it shares no
approximation with message passing or with replicas.
"""

import math

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.special import entr
from scipy.stats import vonmises_fisher
from tqdm import tqdm

from learners.monte_carlo import metropolis, starting_points
from msgpass.arrays import weights_array
from msgpass.instance import require_instance
from replicas import check
from replicas.results import Curve

__all__ = ["sampled_local_entropy"]

BLOCKS = 16
DRAWN = 4000  # weights drawn where the curve starts


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
    if not instance.signs:
        raise ValueError(
            "sampled_local_entropy: patterns must be +-1, given real numbers"
        )
    distance = check.distance("sampled_local_entropy", distance)
    check.integer("sampled_local_entropy", "nodes", nodes, 4, 10_000)
    check.integer("sampled_local_entropy", "sweeps", sweeps, BLOCKS, 1 << 31)
    check.choice("sampled_local_entropy", "weights", weights, ("binary", "continuous"))
    beta = check.number("sampled_local_entropy", "beta", beta, "> 0", lambda x: x > 0)
    name = "sampled_local_entropy", "reference"
    reference = weights_array(name[0], reference, instance.K, instance.n, name[1])
    (reference,) = starting_points(*name, instance, reference, weights, beta, 1)
    rng = check.generator("sampled_local_entropy", rng)
    check.flag("sampled_local_entropy", "progress", progress)
    if instance.errors(reference):
        raise ValueError(
            "sampled_local_entropy: reference must be a solution, "
            f"given one with {instance.errors(reference)} errors"
        )
    start = _anchor(instance, reference, distance.min() / 2, weights, rng)
    # overlaps that the fields would give without patterns, even in sqrt(1 - overlap)
    # as the curve is
    furthest = max(0.0, 1 - 4 * distance.max())
    root = np.linspace(np.sqrt(1 - start[0]), np.sqrt(1 - furthest), nodes)
    q, noise = np.empty((2, nodes))
    last = reference
    for j in tqdm(range(nodes), desc="fields", disable=not progress, leave=False):
        free = 1 - root[j] ** 2
        chain = metropolis(
            instance,
            last,
            weights=weights,
            reference=reference,
            beta=beta,
            field=_field(free, weights),
            sweeps=sweeps,
            burn=sweeps // 10,
            rotation=min(0.5, 2 * np.sqrt(1 - free**2)),
            rng=rng,
        )
        last = chain.weights[0]
        q[j], noise[j] = _mean_of_solutions(chain)
    away, normalised, error = _points(root, q, noise, start, instance.N, weights)
    d, shape = distance.ravel(), distance.shape
    inside = d <= away.max()
    value, spread = np.full((2, d.size), np.nan)
    if inside.any():
        curve = PchipInterpolator(np.sqrt(away), normalised)
        value[inside] = curve(np.sqrt(d[inside]))
        spread[inside] = np.interp(d[inside], away, error)
    entropy = value + _sphere(1 - 2 * d, weights)
    message = np.where(inside, "", "the chains stayed nearer, or met no solution there")
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
        message=message.astype(object).reshape(shape)[()],
    )


def _points(root, q, noise, start, N, weights):
    """Distances, normalised entropies and errors, beginning with those of 0: (LN15).

    As far as all chains met solutions; start : what `_anchor` returns.
    """
    met = len(q) if np.isfinite(q).all() else int(np.argmin(np.isfinite(q)))
    if met < 4:
        return np.zeros((3, 1))
    root, q, noise, free = root[:met], q[:met], noise[:met], 1 - root[:met] ** 2
    fields, slope = _field(free, weights), 2 * root * _field_slope(free, weights)
    excess = (q - _free_overlap(fields, N, weights)) * slope
    loss, error = _integrals(root, excess, noise * slope)
    # noise of q moves a point along the tangent of the curve: only the loss feels it
    normalised = _sphere(free, weights) - _sphere(q, weights) + start[1] - loss
    normalised += fields * (free - q)
    away, error = (1 - q) / 2, np.hypot(error, start[2])
    # further than at all stronger fields, which noise may spoil
    kept = away > np.concatenate([[0.0], np.maximum.accumulate(away)[:-1]])
    return np.array([np.append(0.0, x[kept]) for x in (away, normalised, error)])


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


def _anchor(instance, reference, distance, weights, rng):
    """Where a good share of all weights are solutions: log share / N, and its error.

    The weights are those of a field along the reference without patterns, which gives
    the overlap returned first.
    """
    while True:
        overlap = 1 - 2 * distance
        field = _field(overlap, weights)
        drawn = _free_weights(reference, field, weights, rng)
        share = np.mean([instance.errors(w) == 0 for w in drawn])
        if share > 0.02:
            doubt = np.sqrt((1 - share) / (share * DRAWN)) / instance.N
            return overlap, np.log(share) / instance.N, doubt
        distance /= 2


def _free_weights(reference, field, weights, rng):
    """Independent weights in a field along the reference, (DRAWN, K, n)."""
    shape = (DRAWN, *reference.shape)
    if weights == "binary":
        same = rng.random(shape) < 0.5 * (1 + np.tanh(field))
        return np.where(same, reference, -reference)
    radius = np.sqrt(reference.size)
    drawn = vonmises_fisher.rvs(
        reference.ravel() / radius, reference.size * field, DRAWN, random_state=rng
    )
    return radius * drawn.reshape(shape)


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


def _free_overlap(field, N, weights):
    """Mean overlap without patterns: on the sphere I_{N/2}(N field)/I_{N/2-1}."""
    if weights == "binary":
        return np.tanh(field)
    x, order = N * field, N / 2 + 1000
    # the recurrence of the ratio, downwards, forgets where it started
    ratio = x / (order + np.sqrt(order**2 + x**2))
    while order > N / 2:
        order -= 1
        ratio = x / (2 * order + x * ratio)
    return ratio


def _integrals(root, excess, noise):
    """(LN16): integrals of the excess from the first root, and their errors."""
    spline = CubicSpline(root, excess).antiderivative()
    fine = spline(root) - spline(root[0])
    width = np.diff(root)
    steps = np.append(0.0, np.cumsum(0.5 * (excess[1:] + excess[:-1]) * width))
    weight = 0.5 * (np.append(width, 0.0) + np.append(0.0, width))
    statistical = np.sqrt(np.cumsum((weight * noise) ** 2))
    return fine, statistical + np.abs(fine - steps)
