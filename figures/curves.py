"""Tasks of the figures: one call of a solver, its answer as a `Series`."""

import numpy as np

import replicas as rp
from figures.dataset import Series

__all__ = [
    "at_line",
    "broken_centre",
    "capacity",
    "centre_boundary",
    "centre_profile",
    "franz_parisi",
    "largest_overlap",
    "local_entropy",
    "model_of",
    "parity_transition",
    "replica_scan",
    "series",
    "typical",
    "wide_parity",
]


def model_of(channel):
    """Spherical weights behind `channel`."""
    return rp.Model(rp.Spherical(), channel)


def local_entropy(*, channel, alpha, fractions, y=np.inf, between="replicas", tol=1e-8):
    """Large-deviation local entropy at `fractions` of the typical distance.

    The saddle exists below the typical distance, where q1 is the overlap of the
    replica-symmetric saddle.
    """
    model = model_of(channel)
    q = rp.rs(model, alpha=alpha).order["q"]
    distance = np.asarray(fractions) * _distance(q, between)
    curve = rp.local_entropy(
        model, alpha=alpha, distance=distance, y=y, between=between, tol=tol
    )
    parameters = {"alpha": alpha, "y": y, "between": between}
    return _curve_series("local entropy", channel, parameters, curve)


def broken_centre(*, channel, alpha, distance, centre):
    """Large-deviation local entropy at y = infinity, the centre by an ansatz."""
    curve = rp.local_entropy(
        model_of(channel), alpha=alpha, distance=np.asarray(distance), centre=centre
    )
    parameters = {"alpha": alpha, "centre": centre}
    return _curve_series("broken centre", channel, parameters, curve)


def centre_profile(*, channel, alpha, distance, levels):
    """mu(q) of the centres at one distance: a step a level."""
    point = rp.local_entropy(
        model_of(channel), alpha=alpha, distance=distance, centre="krsb", levels=levels
    )
    q, mu = point.order["levels_q"], point.order["levels_mu"]
    columns = {"overlap": q, "mu": mu, "error": np.full(len(q), point.error)}
    parameters = {"alpha": alpha, "at_distance": distance}
    messages = [point.message] * len(q)
    return series("centre profile", channel, parameters, columns, messages)


def centre_boundary(*, channel, alpha, centre):
    """Distance below which the centre is unstable, by bisection, for each load."""
    found = []
    for load in alpha:
        q = rp.rs(model_of(channel), alpha=load).order["q"]
        low, high = 0.05, 0.999 * _distance(q, "replicas")
        while high - low > 1e-7:
            middle = 0.5 * (low + high)
            point = rp.local_entropy(
                model_of(channel), alpha=load, distance=middle, centre=centre
            )
            low, high = (low, middle) if point.stability < 1 else (middle, high)
        found.append(low)
    columns = {"load": alpha, "distance": found}
    messages = [""] * len(found)
    return series("centre boundary", channel, {"centre": centre}, columns, messages)


def replica_scan(*, channel, alpha, distance, replicas):
    """Local entropy at one distance for each y of `replicas` and for y = infinity."""
    points = [
        rp.local_entropy(model_of(channel), alpha=alpha, distance=distance, y=y)
        for y in (*replicas, np.inf)
    ]
    names = ("normalised", "entropy", "stability", "error", "residual")
    columns = {key: [getattr(point, key) for point in points] for key in names}
    columns = {"replicas": [*replicas, np.inf], **columns}
    parameters = {"alpha": alpha, "at_distance": distance}
    messages = [point.message for point in points]
    return series("replica scan", channel, parameters, columns, messages)


def franz_parisi(*, channel, alpha, distance):
    """Local entropy around typical solutions."""
    curve = rp.franz_parisi(
        model_of(channel), alpha=alpha, distance=np.asarray(distance)
    )
    return _curve_series("Franz-Parisi", channel, {"alpha": alpha}, curve)


def typical(*, channel, alpha, between="replicas"):
    """End of the y = infinity curve, at the overlap q of typical solutions.

    There c = 0 and the normalised entropy is S - log(1 - q)/2.
    """
    s = rp.rs(model_of(channel), alpha=alpha)
    q = s.order["q"]
    columns = {
        "distance": _distance(q, between),
        "normalised": s.entropy - 0.5 * np.log1p(-q),
        "entropy": s.entropy,
        "stability": s.stability,
        "error": s.error,
        "residual": s.residual,
    }
    parameters = {"alpha": alpha, "between": between}
    return series("typical distance", channel, parameters, columns, [s.message])


def largest_overlap(*, channel, alpha, ansatz):
    """1 - q_EA of typical solutions at each load: where y = infinity curves end."""
    model = model_of(channel)
    if ansatz == "rs":
        found = [rp.rs(model, alpha=load) for load in alpha]
    else:
        found = [rp.equilibrium(model, load, ansatz) for load in alpha]
    columns = {
        "alpha": alpha,
        "gap": [s.order.get("eps", np.nan) for s in found],
        "entropy": [s.entropy for s in found],
        "error": [s.error for s in found],
    }
    messages = [s.message for s in found]
    return series("largest overlap", channel, {"ansatz": ansatz}, columns, messages)


def wide_parity(*, alpha):
    """Parity machine with K -> infinity: flat at -alpha log 2, exactly.

    A pattern is satisfied with probability 1/2 at every overlap below 1;
    docs/figures.md (G1).
    """
    distance = np.array([1e-9, 0.5])
    flat = np.full(2, -alpha * np.log(2))
    columns = {
        "distance": distance,
        "normalised": flat,
        "stability": np.zeros(2),
        "error": np.spacing(-flat),
    }
    parameters = {"model": "parity", "K": np.inf, "alpha": alpha, "y": np.inf}
    return _series("local entropy", parameters, columns, [""] * 2)


def capacity(*, channels, ansatz):
    """Load above which no solution is left, for each of `channels`."""
    estimates = [rp.capacity(model_of(c), ansatz=ansatz) for c in channels]
    return _estimates(f"{ansatz} capacity", channels, estimates)


def at_line(*, channels):
    """Load above which the replica-symmetric saddle is unstable."""
    estimates = [rp.at_line(model_of(c)) for c in channels]
    return _estimates("instability", channels, estimates)


def parity_transition(*, channels, which):
    """Load at which solutions shatter into many clusters or condense into few."""
    index = ("dynamical", "static").index(which)
    estimates = [rp.parity_transitions(model_of(c))[index] for c in channels]
    return _estimates(f"{which} transition", channels, estimates)


def _distance(q, between):
    return (1 - (np.sqrt(q) if between == "centre" else q)) / 2


def _describe(channel):
    """Parameters that name the model of `channel`."""
    if isinstance(channel, rp.Tree):
        rule = {"majority": "committee", "parity": "parity"}[channel.rule]
        return {"model": rule, "K": float(channel.K)}
    if isinstance(channel, rp.Wide):
        return {"model": "committee", "K": np.inf}
    return {"model": "perceptron", "K": 1.0}


def series(name, channel, parameters, columns, messages):
    """`Series` of a curve of `channel`; its name states all parameters."""
    parameters = {**_describe(channel), **parameters}
    return _series(name, parameters, columns, messages)


def _curve_series(name, channel, parameters, curve):
    names = ("distance", "normalised", "entropy", "stability", "error", "residual")
    columns = {key: getattr(curve, key) for key in names}
    return series(name, channel, parameters, columns, curve.message)


def _estimates(name, channels, estimates):
    """A load for each channel; what they have in common are the parameters."""
    described = [_describe(channel) for channel in channels]
    columns = {
        "units": [d["K"] for d in described],
        "margin": [getattr(channel, "kappa", 0.0) for channel in channels],
        "alpha": [estimate.value for estimate in estimates],
        "error": [estimate.error for estimate in estimates],
        "residual": [estimate.residual for estimate in estimates],
    }
    common = {
        k: v for k, v in described[0].items() if all(d[k] == v for d in described)
    }
    return _series(name, common, columns, [e.message for e in estimates])


def _series(name, parameters, columns, messages):
    arrays = {key: np.atleast_1d(np.asarray(v, float)) for key, v in columns.items()}
    title = ", ".join([name, *(f"{k}={_short(v)}" for k, v in parameters.items())])
    return Series(title, {"curve": name, **parameters}, arrays, tuple(messages))


def _short(value):
    return value if isinstance(value, str) else f"{value:g}"
