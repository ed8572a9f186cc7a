"""Parity machines beside committee machines, y = infinity."""

import numpy as np

import replicas as rp
from figures import curves, style
from figures.committee import draw_curve, tree_tasks, wide_tasks
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Local entropy of committee and parity machines"
SOURCES = (
    "docs/large_y.md (L3), (L4), (L10)",
    "docs/large_y_trees.md (LT1)",
    "docs/figures.md (G1)",
)
LOADS = (0.5, 1.0, 2.0)
MODELS = ("committee", "parity")
COLOURS = {2.0: style.COLOURS[2], 3.0: style.COLOURS[0], np.inf: style.COLOURS[1]}


def tasks(quick):
    """A curve for each machine and load."""
    pieces = []
    for alpha in LOADS:
        for tree in (
            rp.Tree(3, "majority"),
            rp.Tree(2, "parity"),
            rp.Tree(3, "parity"),
        ):
            pieces += tree_tasks(tree, alpha, quick)
        pieces += wide_tasks(alpha, quick)
        pieces.append(task(curves.wide_parity, alpha=alpha))
    return pieces


@style.styled
def draw(dataset):
    """Committee and parity side by side, a colour for each K."""
    figure, axes = style.panels(2, sharex=True, sharey=True)
    for alpha in LOADS:
        for ax, model, sizes in zip(
            axes, MODELS, ((3.0, np.inf), (2.0, 3.0)), strict=True
        ):
            for K in sizes:
                draw_curve(ax, dataset, COLOURS[K], model=model, K=K, alpha=alpha)
        load = rf"$\alpha={alpha:g}$"
        flat = dataset.one(model="parity", K=np.inf, alpha=alpha)
        x, y = flat["distance"], flat["normalised"]
        style.curve(axes[1], x, y, color=COLOURS[np.inf])
        style.note(axes[1], load, 0.49, y[0], ha="right", va="top", xytext=(0, -2))
        end = dataset.one(
            curve="typical distance", model="committee", K=np.inf, alpha=alpha
        )
        x, y = end["distance"][0], end["normalised"][0]
        style.note(axes[0], load, x, y, xytext=(5, 0))
    axes[0].set(xlim=(0, 0.5), ylim=(-1.55, 0))
    axes[0].set_ylabel(r"normalised local entropy $\varphi$ (nats per weight)")
    for ax in axes:
        ax.set_xlabel("distance $d$ between solutions")
    style.letters(axes, MODELS)
    labels = {2.0: "$K=2$", 3.0: "$K=3$", np.inf: r"$K\to\infty$"}
    key = {labels[K]: {"color": color} for K, color in COLOURS.items()}
    style.key(axes[0], key | style.CENTRE_KEY, loc="lower right")
    return figure


def caption(dataset):
    loads = ", ".join(f"{alpha:g}" for alpha in LOADS)
    return (
        "Normalised local entropy against distance, y &rarr; &infin;, of committee (a) "
        f"and parity machines (b) at loads &alpha; = {loads}. For the parity machine "
        "with K &rarr; &infin; it is &minus;&alpha; ln 2 at every distance, exactly: "
        "no solution has more neighbours than a random point. At finite K the curve "
        "lies above that line, which it meets only where typical solutions are "
        "uncorrelated (distance 1/2): wide flat minima exist at finite K. "
        "Solid: stable centre. Dashed: unstable, so the curve is an approximation "
        "(everywhere for K = 2, 3). Circles: the typical distance, where a curve ends. "
        "Below the first computed point curves are drawn as exp(&minus;B/d)."
    )
