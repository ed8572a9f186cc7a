"""From few replicas to infinitely many."""

import numpy as np

import replicas as rp
from figures import curves, style
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Convergence in the number of replicas"
SOURCES = ("docs/finite_y.md (FY1)-(FY6)", "docs/large_y.md (L3), (L10)")
ALPHA = 1.0
MACHINES = {"perceptron": rp.Perceptron(), "committee": rp.Wide("sign")}
LABELS = {"perceptron": "perceptron", "committee": r"committee, $K\to\infty$"}
REPLICAS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, np.inf)
DISTANCE = 0.1
SCAN = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


def tasks(quick):
    """A curve for each machine and y, and a scan in y at one distance."""
    points = 40 if quick else 120
    fractions = tuple(np.linspace(0.02, 0.9995, points) ** 1.5)
    pieces = []
    for channel in MACHINES.values():
        common = {"channel": channel, "alpha": ALPHA}
        pieces += [
            task(
                curves.local_entropy,
                fractions=fractions,
                y=y,
                points=points,
                **common,
            )
            for y in REPLICAS
        ]
        scan = {"distance": DISTANCE, "replicas": SCAN, **common}
        pieces.append(task(curves.replica_scan, points=len(SCAN) + 1, **scan))
    return pieces


@style.styled
def draw(dataset):
    """A panel a machine, a colour a y; then the distance from the limit."""
    figure, axes = style.panels(3, height=2.5)
    axes[1].sharey(axes[0])
    colors = dict(zip(REPLICAS, [*style.shades(len(REPLICAS) - 1), "k"], strict=True))
    for ax, model in zip(axes, MACHINES, strict=False):
        for y, color in colors.items():
            line = dataset.one(curve="local entropy", model=model, y=y)
            x, phi, stable = line["distance"], line["normalised"], line["stability"] < 1
            style.curve(ax, x, phi, stable=stable, color=color)
            label = f"${y:g}$" if y < np.inf else r"$\infty$"
            label = f"$y=${label}" if y == 1 else label
            if ax is axes[0]:
                style.note(
                    ax,
                    label,
                    x[-1],
                    phi[-1],
                    color=color,
                    xytext=(3, 2 * (y == np.inf)),
                )
        ax.set(
            xlabel="distance $d$",
            xlim=(0, 0.27 if ax is axes[0] else 0.36),
            ylim=(None, 0),
        )
    axes[0].set_ylabel(r"local entropy $\varphi_y$ (nats per weight)")
    key = {k: v for k, v in style.CENTRE_KEY.items() if "centre" in k}
    style.key(axes[1], key, loc="lower left", ncols=2, fontsize=6.5)
    for model, color in zip(MACHINES, style.COLOURS, strict=False):
        _draw_scan(axes[2], dataset.one(curve="replica scan", model=model), color)
    axes[2].set(xscale="log", yscale="log", xlim=(7e-4, 1.4), xlabel="$1/y$")
    axes[2].set_ylabel(r"$|\varphi_y-\varphi_\infty|$ (nats per weight)")
    machines = {
        LABELS[model]: {"color": color}
        for model, color in zip(MACHINES, style.COLOURS, strict=False)
    }
    kinds = {
        "normalised": {"color": "0.3", "ls": "", "marker": "o", "mfc": "white"},
        "un-normalised": {"color": "0.3", "ls": "", "marker": "o"},
    }
    style.key(axes[2], machines | kinds, loc="upper left", fontsize=6.5)
    titles = [LABELS[m] for m in MACHINES] + [f"$d={DISTANCE:g}$"]
    style.letters(axes, titles)
    return figure


def _draw_scan(ax, scan, color):
    finite, limit = np.isfinite(scan["replicas"]), ~np.isfinite(scan["replicas"])
    x = 1 / scan["replicas"][finite]
    for column, face in (("normalised", "white"), ("entropy", color)):
        gap = np.abs(scan[column][finite] - scan[column][limit])
        ax.plot(x, gap, "-o", color=color, mfc=face, lw=0.8)


def caption(dataset):
    return (
        f"Local entropy at load &alpha; = {ALPHA:g} for y replicas at mutual distance "
        "d, normalised by its value without patterns: perceptron (a) and committee "
        "with K &rarr; &infin; (b, same colours). At y = 1 it is the typical entropy "
        "at every distance; as d &rarr; 0 at fixed y the replicas merge and the curve "
        "tends to 1/y of it; only for y &rarr; &infin; does it vanish. Curves end at "
        f"the typical distance. (c) Distance from y = &infin; at d = {DISTANCE:g}: the "
        "un-normalised local entropy converges as 1/y, the normalised one as "
        "(ln y)/y. Dashed: the centre is unstable, the curve is an approximation."
    )
