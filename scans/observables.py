"""The library's own observables as functions of plain numbers, for the command line.

replicas is imported when an observable is called: scans itself needs none of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["MODELS", "OBSERVABLES", "Observable"]

MODELS = {
    "perceptron": ("kappa",),
    "wide": ("kappa",),
    "majority": ("K",),
    "parity": ("K",),
}


@dataclass(frozen=True)
class Observable:
    """A function to scan.

    needs : parameters without a default; options : those with one; along : axis of
    continuation, if it is an axis; results : name -> unit.
    """

    function: Callable
    needs: tuple[str, ...]
    options: tuple[str, ...] = ()
    along: str | None = None
    results: dict[str, str] = field(default_factory=dict)


def capacity(model, K=1, kappa=0.0, ansatz="rs"):
    """Largest load with solutions."""
    import replicas as rp

    return rp.capacity(_model(model, K, kappa), ansatz=ansatz)


def stability(model, K=1, kappa=0.0):
    """Load at which replica symmetry becomes unstable."""
    import replicas as rp

    return rp.at_line(_model(model, K, kappa))


def entropy(model, alpha, K=1, kappa=0.0):
    """Replica symmetric entropy of the solutions."""
    import replicas as rp

    return _columns(rp.rs(_model(model, K, kappa), alpha), "entropy")


def local_entropy(model, alpha, distance, K=1, kappa=0.0, y=float("inf")):
    """Local entropy of y replicas at mutual distance `distance`."""
    import replicas as rp

    curve = rp.local_entropy(_model(model, K, kappa), alpha, distance, y=y)
    return _columns(curve, "entropy", "normalised")


def franz_parisi(model, alpha, distance, K=1, kappa=0.0):
    """Local entropy around typical solutions."""
    import replicas as rp

    curve = rp.franz_parisi(_model(model, K, kappa), alpha, distance)
    return _columns(curve, "entropy", "normalised")


def _model(model, K, kappa):
    import replicas as rp

    if model in ("majority", "parity"):
        channel = rp.Tree(K, model)
    elif model == "wide":
        channel = rp.Wide(kappa=kappa)
    else:
        channel = rp.Perceptron(kappa)
    return rp.Model(rp.Spherical(), channel)


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
        local_entropy, ("alpha", "distance"), ("y",), "distance", VOLUME
    ),
    "franz_parisi": Observable(
        franz_parisi, ("alpha", "distance"), (), "distance", VOLUME
    ),
}
