"""Local entropy with a centre beyond replica symmetry, y = infinity."""

import numpy as np

import replicas as rp
from figures import curves, style
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "The centre beyond replica symmetry"
SOURCES = ("docs/large_y.md (L3), (L10)", "docs/rsb_centre.md (RC5), (RC14)")
LOOKS = {
    "rs": {"ls": "--"},
    "1rsb": {"ls": "-"},
    "frsb": {"ls": "", "marker": "o", "ms": 2.5},
}
LABELS = {"rs": "RS", "1rsb": "1-RSB", "frsb": "full RSB"}
POINTS = {"rs": 80, "1rsb": 80, "frsb": 24}
WIDE_LOADS, MARGIN, LOADS = (1.0, 1.5, 2.5), -1.0, (8.0, 10.0, 11.5)


def tasks(quick):
    """Each load with each centre, from large distance to small."""
    soft = rp.Perceptron(MARGIN)
    curves_of = [(rp.Wide("sign"), a, 0.2) for a in WIDE_LOADS]
    curves_of += [(soft, a, 0.12) for a in LOADS]
    pieces = []
    for channel, alpha, largest in curves_of:
        for centre, points in POINTS.items():
            points = points // 2 if quick else points
            distance = np.geomspace(largest, 5e-4, points)
            pieces.append(_curve(channel, alpha, tuple(distance), centre))
    return pieces


def _curve(channel, alpha, distance, centre):
    return task(
        curves.broken_centre,
        channel=channel,
        alpha=alpha,
        distance=distance,
        centre=centre,
        points=len(distance),
        cost={"rs": 0.002, "1rsb": 0.03, "frsb": 0.5}[centre],
    )


@style.styled
def draw(dataset):
    """The wide committee in both scales, the perceptron at negative margin."""
    figure, axes = style.panels(3, height=2.6)
    for ax, model, loads in zip(
        axes,
        ("committee", "committee", "perceptron"),
        (WIDE_LOADS, WIDE_LOADS, LOADS),
        strict=True,
    ):
        for alpha, color in zip(loads, style.COLOURS, strict=False):
            for centre in LABELS:
                line = dataset.one(model=model, alpha=alpha, centre=centre)
                x, y = line["distance"], -line["normalised"]
                ax.plot(x, y if ax is axes[1] else -y, color=color, **LOOKS[centre])
        if ax is not axes[1]:
            shown = zip(loads, style.COLOURS, strict=False)
            style.key(ax, {rf"$\alpha={a:g}$": {"color": c} for a, c in shown})
        ax.set_xlabel("distance $d$ between solutions")
    axes[0].set(xlim=(0, 0.2), ylim=(-1.2, 0))
    axes[1].set(xscale="log", yscale="log", ylim=(1e-10, 3))
    axes[2].set(xscale="log", ylim=(None, 0))
    axes[0].set_ylabel(r"normalised local entropy $\varphi$ (nats per weight)")
    axes[1].set_ylabel(r"$-\varphi$")
    styles = {name: {"color": "0.3", **LOOKS[c]} for c, name in LABELS.items()}
    style.key(axes[1], styles, loc="lower right")
    wide, soft = r"committee, $K\to\infty$", rf"perceptron, $\kappa={MARGIN:g}$"
    style.letters(axes, [wide, wide, soft])
    return figure


def caption(dataset):
    return (
        "Normalised local entropy around the best centres for y &rarr; &infin; with a "
        "replica symmetric, a 1-RSB and a full-RSB centre: tree committee machine with "
        "K &rarr; &infin; in linear (a) and logarithmic (b) scale, and perceptron with "
        "margin &kappa; = &minus;1 (c). Each centre's curve ends at its own typical "
        "distance. Full RSB (circles) differs from 1-RSB by less than the width of a "
        "line except at small distance. Between the points lines are straight."
    )
