"""The library's own observables as functions of plain numbers, for the command line.

replicas is imported when an observable is called: scans itself needs none of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["MODELS", "OBSERVABLES", "PRIORS", "Observable", "load"]

PRIORS = ("spherical", "binary")
MODELS = {
    "perceptron": ("kappa",),
    "wide": ("kappa", "activation"),
    "majority": ("K",),
    "parity": ("K",),
    "cross-entropy": ("gamma",),
}
CONSTRAINTS = ("perceptron", "wide", "majority", "parity")


@dataclass(frozen=True)
class Observable:
    """A function to scan.

    needs : parameters without a default; options : those with one; along : axis of
    continuation, if it is an axis; results : name -> unit; models : for which it is
    defined, the default first.
    """

    function: Callable
    needs: tuple[str, ...]
    options: tuple[str, ...] = ()
    along: str | None = None
    results: dict[str, str] = field(default_factory=dict)
    models: tuple[str, ...] = CONSTRAINTS


def load():
    """Import what computes; a call takes no longer than its computation then."""
    import replicas  # noqa: F401


def capacity(model, prior, K=1, kappa=0.0, activation="sign", ansatz="rs"):
    """Largest load with solutions."""
    import replicas as rp

    return rp.capacity(_model(model, prior, K, kappa, activation), ansatz=ansatz)


def stability(model, prior, K=1, kappa=0.0, activation="sign"):
    """Load at which replica symmetry becomes unstable."""
    import replicas as rp

    return rp.at_line(_model(model, prior, K, kappa, activation))


def entropy(model, prior, alpha, K=1, kappa=0.0, activation="sign"):
    """Replica symmetric entropy of the solutions."""
    import replicas as rp

    return _columns(rp.rs(_model(model, prior, K, kappa, activation), alpha), "entropy")


def local_entropy(
    model,
    prior,
    alpha,
    distance,
    K=1,
    kappa=0.0,
    activation="sign",
    y=float("inf"),
    between="replicas",
    centre="rs",
    levels=2,
):
    """Local entropy of y replicas at a distance."""
    import replicas as rp

    model = _model(model, prior, K, kappa, activation)
    curve = rp.local_entropy(model, alpha, distance, y, between, centre, levels=levels)
    return _columns(curve, "entropy", "normalised")


def franz_parisi(
    model, prior, alpha, distance, K=1, kappa=0.0, activation="sign", gamma=None
):
    """Local entropy around typical solutions, or minimisers of the cross-entropy."""
    import replicas as rp

    reference = None
    if gamma is not None:
        reference = rp.Model(_prior(prior), rp.Loss("cross-entropy", gamma))
    model = _model(model, prior, K, kappa, activation)
    curve = rp.franz_parisi(model, alpha, distance, reference=reference)
    return _columns(curve, "entropy", "normalised")


def freezing(model, prior, alpha, gamma):
    """Temperature at which the entropy vanishes; loss and errors of the minimisers."""
    import replicas as rp

    return rp.freezing(rp.Model(_prior(prior), rp.Loss(model, gamma)), alpha)


def _model(model, prior, K, kappa, activation):
    import replicas as rp

    if model in ("majority", "parity"):
        channel = rp.Tree(K, model)
    elif model == "wide":
        channel = rp.Wide(activation, kappa)
    else:
        channel = rp.Perceptron(kappa)
    return rp.Model(_prior(prior), channel)


def _prior(prior):
    import replicas as rp

    return {"spherical": rp.Spherical, "binary": rp.Binary}[prior]()


def _columns(result, *names):
    names = (*names, "order", "stability", "error", "residual", "success", "message")
    return {name: getattr(result, name) for name in names}


LOAD = {"value": "patterns per weight", "error": "patterns per weight"}
VOLUME = dict.fromkeys(("entropy", "normalised", "error"), "nats per weight")
OBSERVABLES = {
    "capacity": Observable(capacity, (), ("ansatz",), results=LOAD),
    "stability": Observable(stability, (), results=LOAD),
    "entropy": Observable(entropy, ("alpha",), along="alpha", results=VOLUME),
    "local_entropy": Observable(
        local_entropy,
        ("alpha", "distance"),
        ("y", "between", "centre", "levels"),
        "distance",
        VOLUME,
    ),
    "franz_parisi": Observable(
        franz_parisi, ("alpha", "distance"), ("gamma",), "distance", VOLUME
    ),
    "freezing": Observable(
        freezing,
        ("alpha", "gamma"),
        models=("cross-entropy",),
    ),
}
