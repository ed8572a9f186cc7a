"""Tasks of the figures on finite instances: averages over random ones, with errors."""

import numpy as np

import msgpass as mp
import replicas as rp
from figures.curves import series

__all__ = ["belief_entropy", "typical_entropy"]

PRIORS = {"continuous": rp.Spherical(), "binary": rp.Binary()}


def typical_entropy(*, weights, channel, alpha):
    """Replica symmetric entropy at each load, where state evolution ends."""
    model = rp.Model(PRIORS[weights], channel)
    ends = [mp.state_evolution(model, load, tol=1e-10) for load in alpha]
    columns = {"alpha": alpha}
    for name in ("entropy", "error", "residual"):
        columns[name] = [getattr(end, name) for end in ends]
    messages = [end.message for end in ends]
    return series("theory", channel, {"weights": weights}, columns, messages)


def belief_entropy(*, weights, channel, N, alpha, instances):
    """Entropy that AMP finds, its mean over instances and the error of that mean.

    N : number of weights, less what K does not divide. A load at which AMP does not
    converge on every instance has no mean.
    """
    K = getattr(channel, "K", 1)
    N -= N % K
    columns = {"alpha": [], "entropy": [], "spread": [], "q": [], "sweeps": []}
    messages = []
    for load in alpha:
        found = []
        for seed in range(instances):
            # no two means share an instance, or the patterns of one
            stream = [seed, N, K, round(1000 * load), len(weights)]
            inst = mp.Instance.random(N, load, K, rng=stream)
            found.append(mp.amp(inst, weights, tol=1e-7))
        failed = [b.message for b in found if not b.success]
        entropy = np.array([b.entropy for b in found])
        columns["alpha"].append(inst.alpha)
        columns["entropy"].append(entropy.mean())
        columns["spread"].append(entropy.std(ddof=1) / np.sqrt(instances))
        columns["q"].append(np.mean([b.q for b in found]))
        columns["sweeps"].append(np.mean([b.sweeps for b in found]))
        messages.append(f"{len(failed)} failed: {failed[0]}" if failed else "")
    parameters = {"weights": weights, "N": float(N), "instances": float(instances)}
    return series("instances", channel, parameters, columns, messages)
