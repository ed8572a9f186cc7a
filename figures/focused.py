"""Tasks of the figures on focusing: what it finds, and how often."""

import numpy as np

import msgpass as mp
import replicas as rp
from figures.curves import series

__all__ = ["around_focused", "solved", "typical_around", "widest"]

PRIORS = {"continuous": rp.Spherical(), "binary": rp.Binary()}


def widest(*, weights, channel, alpha, distance):
    """Local entropy around a centre of infinitely many replicas."""
    model = rp.Model(PRIORS[weights], channel)
    curve = rp.local_entropy(
        model, alpha=alpha, distance=np.array(distance), between="centre"
    )
    return _curve("widest", weights, channel, alpha, curve)


def typical_around(*, weights, channel, alpha, distance):
    """Local entropy around typical solutions."""
    model = rp.Model(PRIORS[weights], channel)
    curve = rp.franz_parisi(model, alpha=alpha, distance=np.array(distance))
    return _curve("typical", weights, channel, alpha, curve)


def around_focused(*, weights, channel, N, alpha, instances, distance):
    """Local entropy around what focusing finds on random instances, mean and error.

    Instances that focusing does not solve are left out; no mean is of fewer than two.
    """
    K = getattr(channel, "K", 1)
    N -= N % K
    found = []
    for seed in range(instances):
        inst = mp.Instance.random(N, alpha, K, rng=[seed, N, 2])
        r = mp.focusing_bp(inst, weights, until="end", rng=seed)
        if r.solved:
            found.append(mp.local_entropy(inst, r.weights, weights, distance=distance))
    parameters = {"weights": weights, "alpha": alpha, "N": float(N)}
    parameters["instances"] = float(len(found))
    if len(found) < 2:
        nan = np.full(len(distance), np.nan)
        columns = {"distance": distance, "normalised": nan, "spread": nan}
        messages = [f"{len(found)} of {instances} instances solved"] * len(nan)
        return series("focused", channel, parameters, columns, messages)
    # a distance at which AMP fails on an instance has no mean
    values = np.array([curve.normalised for curve in found])
    columns = {"distance": distance, "normalised": values.mean(axis=0)}
    columns["spread"] = values.std(axis=0, ddof=1) / np.sqrt(len(found))
    texts = zip(*(curve.message for curve in found), strict=True)
    messages = ["; ".join(filter(None, text)) for text in texts]
    return series("focused", channel, parameters, columns, messages)


def solved(*, weights, channel, N, alpha, instances, steps):
    """Share of random instances that focusing solves at each load.

    steps : values of rho in pseudo-reinforcement.
    """
    K = getattr(channel, "K", 1)
    N -= N % K
    protocol = mp.PseudoReinforcement(np.arange(1, steps) / steps)
    columns = {"load": [], "solved": [], "spread": []}
    for load in alpha:
        runs = []
        for seed in range(instances):
            inst = mp.Instance.random(N, load, K, rng=[seed, N, round(1000 * load), 3])
            r = mp.focusing_bp(inst, weights, protocol=protocol, rng=seed)
            runs.append(r.solved)
        # the error of a share of n trials, not 0 where all or none succeed
        share = (np.sum(runs) + 1) / (instances + 2)
        columns["load"].append(inst.alpha)
        columns["solved"].append(np.mean(runs))
        columns["spread"].append(np.sqrt(share * (1 - share) / (instances + 3)))
    parameters = {"weights": weights, "N": float(N), "instances": float(instances)}
    return series("solved", channel, parameters, columns, [""] * len(alpha))


def _curve(name, weights, channel, alpha, curve):
    columns = {"distance": curve.distance, "normalised": curve.normalised}
    columns |= {"error": curve.error, "residual": curve.residual}
    parameters = {"weights": weights, "alpha": alpha}
    return series(name, channel, parameters, columns, curve.message)
