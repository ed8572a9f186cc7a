"""Parisi functions of the centres, and where their ansatz is stable."""

import numpy as np

import replicas as rp
from figures import curves, style
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Overlaps of the centres and their phases"
SOURCES = ("docs/large_y.md (L10)", "docs/rsb_centre.md (RC2), (RC5)")
LOAD, DISTANCES, LEVELS = 1.5, (0.1, 0.05, 0.025, 0.01), 8


def tasks(quick):
    """A profile a distance; both boundaries at each load."""
    wide = rp.Wide("sign")
    loads = np.linspace(0.5, 2.75, 6 if quick else 26)
    profiles = [
        task(
            curves.centre_profile,
            channel=wide,
            alpha=LOAD,
            distance=d,
            levels=LEVELS,
            cost=1,
        )
        for d in DISTANCES
    ]
    lines = [
        task(
            curves.centre_boundary,
            channel=wide,
            alpha=tuple(loads),
            centre=centre,
            points=len(loads),
            cost=4,
        )
        for centre in ("rs", "1rsb")
    ]
    return profiles + lines


@style.styled
def draw(dataset):
    """mu(q) over its largest value, and the plane of load and distance."""
    figure, (left, right) = style.panels(2)
    for d, color in zip(DISTANCES, style.COLOURS, strict=False):
        line = dataset.one(curve="centre profile", at_distance=d)
        q = np.concatenate([[0], line["overlap"], [1 - 2 * d]])
        mu = np.concatenate([[0], line["mu"]])
        left.stairs(mu / mu.max(), q, color=color, baseline=None)
    shown = zip(DISTANCES, style.COLOURS, strict=False)
    style.key(left, {f"$d={d:g}$": {"color": c} for d, c in shown}, loc="lower right")
    left.set(xlim=(0.55, 1), ylim=(0, 1.05), xlabel="overlap $q$ of two centres")
    left.set_ylabel(r"$\mu(q)/\mu(q_1)$")
    for centre, color in (("rs", style.COLOURS[0]), ("1rsb", style.COLOURS[1])):
        line = dataset.one(curve="centre boundary", centre=centre)
        style.curve(right, line["load"], line["distance"], color=color)
    right.set(xlim=(0, 3), ylim=(0.13, 0.2), xlabel=r"load $\alpha$")
    right.set_ylabel("distance $d$ between solutions")
    right.text(0.5, 0.193, "symmetric centre stable", fontsize=7.5)
    right.text(1.0, 0.164, "1-RSB centre stable", fontsize=7.5)
    right.text(1.0, 0.14, "all levels broken", fontsize=7.5)
    style.letters([left, right], [rf"$\alpha={LOAD:g}$", r"committee, $K\to\infty$"])
    return figure


def caption(dataset):
    return (
        "Tree committee machine, K &rarr; &infin;, y &rarr; &infin;. (a) Parisi "
        "function &mu;(q) of the overlap between centres at &alpha; = 1.5, with "
        f"{LEVELS} levels, over its largest value, which is finite because the "
        "Parisi parameter of the replicas is &mu;/y; it jumps from 0 and ends at the "
        "overlap of the replicas. (b) Where the symmetric centre and the 1-RSB centre "
        "(both replicons) are stable; below, &mu;(q) rises continuously."
    )
