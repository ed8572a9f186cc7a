"""Tasks of the figures on the surroundings of binary references."""

import numpy as np

import replicas as rp
from figures.curves import series

__all__ = [
    "around_margin",
    "around_minimisers",
    "best_weights",
    "largest_margins",
    "minimiser_scan",
]

PERCEPTRON = rp.Perceptron()


def binary(channel):
    return rp.Model(rp.Binary(), channel)


def around_margin(*, alpha, distance, share):
    """Entropy around typical solutions whose margin is a share of the largest."""
    margin = rp.largest_margin(binary(PERCEPTRON), alpha=alpha).value
    kappa = float(share * margin)
    reference = binary(rp.Perceptron(kappa))
    parameters = {"alpha": alpha, "share": share, "margin": kappa}
    return _curve("around margin", alpha, distance, reference, parameters)


def around_minimisers(*, alpha, distance, gamma):
    """Entropy around minimisers of the cross-entropy of slope gamma."""
    reference = binary(rp.Loss("cross-entropy", gamma))
    parameters = {"alpha": alpha, "gamma": gamma}
    return _curve("around minimisers", alpha, distance, reference, parameters)


def best_weights(*, alpha, distance):
    """The largest local entropy of any weights, V*(d)."""
    curve = rp.envelope(
        binary(PERCEPTRON), alpha=alpha, distance=np.asarray(distance), between="centre"
    )
    columns = _columns(curve)
    parameters = {"alpha": alpha, "points": float(len(distance))}
    return series("best weights", PERCEPTRON, parameters, columns, curve.message)


def minimiser_scan(*, alpha, gamma, distance):
    """Minimisers against gamma: errors, stability, and the entropy around them.

    A column "entropy 0", "entropy 1", ... for each distance.
    """
    names = ("slope", "beta", "log_errors", "energy", "reference_stability", "error")
    columns = {name: [] for name in names}
    columns |= {f"entropy {i}": [] for i in range(len(distance))}
    messages = []
    for slope in gamma:
        reference = binary(rp.Loss("cross-entropy", slope))
        frozen = rp.freezing(reference, alpha=alpha)
        f = rp.franz_parisi(
            binary(PERCEPTRON),
            alpha=alpha,
            distance=np.asarray(distance),
            reference=reference,
        )
        columns["slope"].append(slope)
        columns["beta"].append(frozen.value)
        for name in ("log_errors", "energy"):
            columns[name].append(frozen.order[name])
        columns["reference_stability"].append(frozen.order["stability"])
        columns["error"].append(np.max(f.error))
        for i, value in enumerate(f.entropy):
            columns[f"entropy {i}"].append(value)
        messages.append("; ".join(f.message[~f.success]))
    parameters = {"alpha": alpha}
    return series("minimisers", PERCEPTRON, parameters, columns, messages)


def largest_margins(*, alpha):
    """Margin at which the entropy of solutions vanishes, at each load."""
    found = [rp.largest_margin(binary(PERCEPTRON), alpha=load) for load in alpha]
    columns = {"load": alpha}
    columns["largest margin"] = [estimate.value for estimate in found]
    columns["error"] = [estimate.error for estimate in found]
    messages = [estimate.message for estimate in found]
    return series("largest margin", PERCEPTRON, {}, columns, messages)


def _curve(name, alpha, distance, reference, parameters):
    curve = rp.franz_parisi(
        binary(PERCEPTRON),
        alpha=alpha,
        distance=np.asarray(distance),
        reference=reference,
    )
    columns = _columns(curve)
    columns["reference_stability"] = curve.order["reference_stability"]
    # what is said of unstable references is in that column
    messages = np.where(curve.success, "", curve.message)
    return series(name, PERCEPTRON, parameters, columns, messages.tolist())


def _columns(curve):
    names = ("distance", "normalised", "entropy", "stability", "error", "residual")
    return {key: getattr(curve, key) for key in names}
