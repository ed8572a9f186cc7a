"""Entropies of single instances by message passing, and the replica theory."""

import numpy as np

import replicas as rp
from figures import style
from figures.instances import belief_entropy, typical_entropy
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Entropy of instances and of the theory"
SOURCES = ("docs/message_passing.md (MP7)-(MP14), (MP18)",)
CHANNELS = (rp.Perceptron(), rp.Tree(3))
LOADS = {
    "binary": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
    "continuous": (0.25, 0.5, 0.75, 1.0, 1.25),
}
TREND = 0.5  # load at which sizes are compared
MODELS = {"perceptron": style.COLOURS[0], "committee": style.COLOURS[1]}
MARKS = {"binary": "o", "continuous": "s"}


def tasks(quick):
    """Theory and instances for both priors, and several sizes at one load."""
    size, instances = (1001, 12) if quick else (4001, 20)
    sizes = (501, 1001, 2001, 4001) if quick else (1001, 2001, 4001, 10001)
    pieces = []
    for weights, loads in LOADS.items():
        fine = tuple(np.linspace(0.02, loads[-1], 10 if quick else 30).round(4))
        for channel in CHANNELS:
            model = {"weights": weights, "channel": channel}
            pieces.append(
                task(
                    typical_entropy,
                    alpha=(*fine, TREND),
                    points=len(fine) + 1,
                    cost=0.05,
                    **model,
                )
            )
            for N in {size, *sizes}:
                pieces.append(
                    task(
                        belief_entropy,
                        N=N,
                        alpha=loads if N == size else (TREND,),
                        instances=instances,
                        points=len(loads) if N == size else 1,
                        cost=instances * 3e-8 * N**2,
                        **model,
                    )
                )
    return pieces


@style.styled
def draw(dataset):
    """Entropies against load for both priors; deviation from theory against 1/N."""
    figure, axes = style.panels(3, width=style.DOUBLE)
    for ax, weights in zip(axes, LOADS, strict=False):
        for model, color in MODELS.items():
            theory = dataset.one(curve="theory", weights=weights, model=model)
            style.curve(ax, theory["alpha"][:-1], theory["entropy"][:-1], color=color)
            found = dataset.select(curve="instances", weights=weights, model=model)
            largest = max(found, key=lambda series: len(series["alpha"]))
            _points(ax, largest["alpha"], largest["entropy"], largest, color, weights)
        ax.set(xlabel=r"load $\alpha$", xlim=(0, None))
    axes[0].set_ylabel("entropy (nats per weight)")
    shift = {("binary", "perceptron"): -1.5, ("binary", "committee"): -0.5}
    shift |= {("continuous", "perceptron"): 0.5, ("continuous", "committee"): 1.5}
    for weights in LOADS:
        for model, color in MODELS.items():
            theory = dataset.one(curve="theory", weights=weights, model=model)
            for found in dataset.select(
                curve="instances", weights=weights, model=model
            ):
                at = int(np.argmin(np.abs(found["alpha"] - TREND)))
                gap = found["entropy"][at] - theory["entropy"][-1]
                # alpha of the instances is rounded to whole patterns
                gap -= _slope(theory) * (found["alpha"][at] - TREND)
                x = 1000 / found.parameters["N"] * (1 + 0.03 * shift[weights, model])
                one = {"spread": found["spread"][at : at + 1]}
                _points(axes[2], [x], [gap], one, color, weights)
    axes[2].axhline(0, color="0.6", lw=0.8, zorder=0)
    axes[2].set(xlabel="$1000/N$", xlim=(0, None))
    axes[2].set_ylabel("instances less theory (nats per weight)")
    style.letters(axes, ("binary", "continuous", rf"$\alpha={TREND:g}$"))
    labels = {"perceptron": "$K=1$", "committee": "$K=3$"}
    key = {labels[model]: {"color": color} for model, color in MODELS.items()}
    marks = {
        name: {"color": "0.3", "ls": "", "marker": mark, "mfc": "white"}
        for name, mark in MARKS.items()
    }
    style.key(axes[0], key, loc="upper right")
    style.key(axes[2], marks, loc="upper left")
    return figure


def _points(ax, x, y, series, color, weights):
    look = {"fmt": MARKS[weights], "ms": 3.5, "mfc": "white", "lw": 1, "capsize": 1.5}
    ax.errorbar(x, y, yerr=series["spread"], color=color, **look)


def _slope(theory):
    """dS/dalpha of the theory at the load of the comparison."""
    x, y = theory["alpha"][:-1], theory["entropy"][:-1]
    i = int(np.searchsorted(x, TREND))
    return (y[i] - y[i - 1]) / (x[i] - x[i - 1])


def caption(dataset):
    found = dataset.select(curve="instances", weights="binary", model="perceptron")
    sizes = sorted(int(series.parameters["N"]) for series in found)
    largest = max(found, key=lambda series: len(series["alpha"]))
    N, count = largest.parameters["N"], largest.parameters["instances"]
    return (
        "Entropy of the solutions of random instances, counted by approximate message "
        f"passing (marks, N = {N:g} weights for K = 1, mean and standard error over "
        f"{count:g} instances), and the replica symmetric entropy at N &rarr; &infin; "
        "(lines): perceptron and committee tree of K = 3 units, weights &plusmn;1 (a) "
        "and on the sphere (b). (c) Their difference at &alpha; = "
        f"{TREND:g} for N = {', '.join(map(str, sizes))} (less what K does not "
        "divide), marks moved sideways a little so that they do not hide each other."
    )
