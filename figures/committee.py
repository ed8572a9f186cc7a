"""Local entropy of tree committee machines against distance, y = infinity."""

import numpy as np

import replicas as rp
from figures import curves, style
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Local entropy of committee machines"
SOURCES = ("docs/large_y.md (L3), (L4), (L10)", "docs/large_y_trees.md (LT1)")
SOURCES += ("docs/rsb_centre.md (RC5)",)
LOADS = (0.5, 1.0, 1.5, 2.0, 2.5)


def tasks(quick):
    """A curve for each load and K, and where it ends."""
    pieces = []
    for alpha in LOADS:
        pieces += tree_tasks(rp.Tree(3, "majority"), alpha, quick)
        pieces += wide_tasks(alpha, quick)
        pieces.append(broken_task(alpha, quick))
    return pieces


def tree_tasks(tree, alpha, quick):
    """The y = infinity curve of `tree` and its end, the typical distance.

    It starts where the entropy is still visible, about -0.003: closer to 0 a point
    takes longest.
    """
    first, points = max(0.035, 0.1 / alpha**1.2), 10 if quick else 40
    fractions = np.linspace(first ** (2 / 3), 0.9995, points) ** 1.5
    return _curve(
        tree,
        alpha,
        fractions,
        cost=0.4 if tree.K == 3 else 0.04,
        tol=1e-6 if quick else 1e-8,
    )


def wide_tasks(alpha, quick):
    """The same for K -> infinity."""
    fractions = np.linspace(0.05, 0.9995, 60 if quick else 200) ** 1.5
    return _curve(rp.Wide("sign"), alpha, fractions, cost=0.01)


def broken_task(alpha, quick):
    """K -> infinity with a 1-RSB centre, from where the symmetric one is stable."""
    distance = np.geomspace(0.185, 5e-4, 30 if quick else 100)
    return task(
        curves.broken_centre,
        channel=rp.Wide("sign"),
        alpha=alpha,
        distance=tuple(distance),
        centre="1rsb",
        points=len(distance),
        cost=0.02,
    )


def _curve(channel, alpha, fractions, *, cost, **accuracy):
    return [
        task(
            curves.local_entropy,
            channel=channel,
            alpha=alpha,
            fractions=tuple(fractions),
            points=len(fractions),
            cost=cost,
            **accuracy,
        ),
        task(curves.typical, channel=channel, alpha=alpha),
    ]


def draw_curve(ax, dataset, color, *, label=None, **parameters):
    """One curve from distance 0 to the typical distance, dashed where unstable."""
    line = dataset.one(curve="local entropy", **parameters)
    end = dataset.one(curve="typical distance", **parameters)
    start_x, start_y = _towards_zero(line["distance"], line["normalised"])
    x = np.concatenate([start_x, line["distance"], end["distance"]])
    y = np.concatenate([start_y, line["normalised"], end["normalised"]])
    stability = line["stability"]
    # either end is as the point it joins
    stable = np.pad(stability < 1, (len(start_x), 1), mode="edge")
    style.curve(ax, x, y, stable=stable, color=color)
    style.mark(ax, end["distance"], end["normalised"], color=color)


def _towards_zero(x, y):
    """Points below the first two computed ones: -phi goes as exp(-B/d), B theirs."""
    slope = np.log(y[1] / y[0]) / (1 / x[0] - 1 / x[1])
    start = x[0] * np.array([0.2, 0.4, 0.6, 0.8])
    start_y = y[0] * np.exp(-slope * (1 / start - 1 / x[0]))
    return np.append(0, start), np.append(0, start_y)


@style.styled
def draw(dataset):
    """K = 3 and K infinite side by side, a colour a load."""
    figure, axes = style.panels(2, sharey=True)
    for ax, K in zip(axes, (3.0, np.inf), strict=True):
        for alpha, color in zip(LOADS, style.COLOURS, strict=False):
            draw_curve(ax, dataset, color, K=K, alpha=alpha)
        ax.set(xlabel="distance $d$ between solutions", xlim=(0, None), ylim=(None, 0))
    axes[0].set_ylabel(r"normalised local entropy $\varphi$ (nats per weight)")
    for alpha, color in zip(LOADS, style.COLOURS, strict=False):
        line = dataset.one(curve="broken centre", alpha=alpha)
        x, y = (np.append(line[key], 0) for key in ("distance", "normalised"))
        style.curve(axes[1], x, y, color=color, lw=0.8)
    style.letters(axes, ["committee, $K=3$", r"committee, $K\to\infty$"])
    loads = zip(LOADS, style.COLOURS, strict=False)
    style.key(axes[0], {rf"$\alpha={a:g}$": {"color": c} for a, c in loads})
    style.key(axes[1], style.CENTRE_KEY | {"1-RSB centre": {"color": "0.3", "lw": 0.8}})
    return figure


def caption(dataset):
    return (
        "Normalised local entropy of the densest regions of solutions of the tree "
        "committee machine, K = 3 (a) and K &rarr; &infin; (b), against the distance "
        "between solutions in the region, for y &rarr; &infin; replicas. "
        "Solid: the replica-symmetric centre is stable. Dashed: it is unstable "
        "(replicon index at least 1), so the curve is an approximation; for K = 3 that "
        "is so at every distance, because the inner maximum switches branches. "
        "Thin lines in (b), where the symmetric centre is unstable: 1-RSB centre; "
        "full RSB is lower by less than the width of a line. "
        "Circles: the typical distance, where the curve ends and the region becomes "
        "that of typical solutions. Lines between computed points are monotone cubics; "
        "below the first of them, exp(&minus;B/d)."
    )
