"""Solutions found by focusing: how wide their surroundings are, how often it works."""

import numpy as np

import replicas as rp
from figures import style
from figures.focused import around_focused, solved, typical_around, widest
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Focusing on wide flat minima of instances"
SOURCES = (
    "docs/focusing.md (FB11)-(FB20)",
    "docs/message_passing.md (MP19)-(MP22)",
    "docs/large_y.md (L3), (L10)",
)
PERCEPTRON = rp.Perceptron()
ALPHA = {"continuous": 1.0, "binary": 0.5}
DISTANCE = {
    "continuous": (0.002, 0.005, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08, 0.1),
    "binary": (0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16),
}
LOADS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)


def tasks(quick):
    """Theory and instances for both priors; success against load at two sizes."""
    size, instances = (501, 3) if quick else (2001, 10)
    sizes, trials, steps = ((101, 301), 15, 200) if quick else ((501, 1001), 40, 1000)
    pieces = []
    for weights, alpha in ALPHA.items():
        last = DISTANCE[weights][-1]
        fine = tuple(np.linspace(0.002, last, 25 if quick else 80).round(5))
        common = {"weights": weights, "channel": PERCEPTRON, "alpha": alpha}
        for theory in (widest, typical_around):
            pieces.append(task(theory, distance=fine, points=len(fine), **common))
        pieces.append(
            task(
                around_focused,
                N=size,
                instances=instances,
                distance=DISTANCE[weights],
                points=instances,
                cost=2e-6 * size**2,
                **common,
            )
        )
    for N in sizes:
        pieces.append(
            task(
                solved,
                weights="binary",
                channel=PERCEPTRON,
                N=N,
                alpha=LOADS,
                instances=trials,
                steps=steps,
                points=len(LOADS) * trials,
                cost=1e-9 * N**2 * steps,
            )
        )
    return pieces


@style.styled
def draw(dataset):
    """Local entropy around solutions for both priors; share of solved instances."""
    figure, axes = style.panels(3, width=style.DOUBLE)
    blue, red = style.COLOURS[:2]
    for ax, weights in zip(axes, ALPHA, strict=False):
        for name, color in (("widest", blue), ("typical", "0.5")):
            line = dataset.one(curve=name, weights=weights)
            style.curve(ax, line["distance"], line["normalised"], color=color)
        found = dataset.one(curve="focused", weights=weights)
        ax.errorbar(
            found["distance"],
            found["normalised"],
            yerr=found["spread"],
            fmt="o",
            ms=3.5,
            mfc="white",
            lw=1,
            capsize=1.5,
            color=red,
        )
        ax.set(xlabel="distance $d$", xlim=(0, None))
        ax.set_ylim(top=-0.02 * ax.get_ylim()[0])
    axes[0].set_ylabel(r"local entropy $\varphi$ (nats per weight)")
    runs = dataset.select(curve="solved")
    for line, color in zip(runs, style.shades(len(runs)), strict=True):
        axes[2].errorbar(
            line["load"],
            line["solved"],
            yerr=style.bars(line["solved"], line["spread"]),
            fmt="o-",
            ms=3.5,
            mfc="white",
            lw=1,
            capsize=1.5,
            color=color,
            label=f"$N={line.parameters['N']:g}$",
        )
    axes[2].set(xlabel=r"load $\alpha$", ylim=(-0.05, 1.05))
    axes[2].set_ylabel("share of instances solved")
    axes[2].legend(loc="lower left")
    key = {
        r"centre, $y\to\infty$": {"color": blue},
        "focusing": {"color": red, "ls": "", "marker": "o", "mfc": "white"},
        "typical": {"color": "0.5"},
    }
    style.key(axes[1], key, loc="lower left")
    titles = [rf"{name}, $\alpha={load:g}$" for name, load in ALPHA.items()]
    style.letters(axes, (*titles, "binary"))
    return figure


def caption(dataset):
    found = dataset.one(curve="focused", weights="binary")
    N, count = found.parameters["N"], found.parameters["instances"]
    trials = dataset.select(curve="solved")[0].parameters["instances"]
    return (
        "Perceptrons, weights on the sphere (a) and &plusmn;1 (b): local entropy at "
        "distance d from the solutions that focusing belief propagation finds (marks, "
        f"N = {N:g}, mean and standard error over {count:g} instances), around the "
        "centre of infinitely many replicas (blue, the widest regions of the theory) "
        "and around typical solutions (grey), all less the entropy without patterns. "
        "Focusing ends where the theory's wide flat minima are; binary solutions, "
        "being points of the centre's neighbourhood, lie a little below at small d. "
        f"(c) Share of {trials:g} random instances of the binary perceptron that "
        "pseudo-reinforcement solves, and its standard error."
    )
