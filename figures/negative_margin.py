"""Capacity of the perceptron at negative margin and the end of its curves."""

import numpy as np

import replicas as rp
from figures import curves, style
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Broken symmetry at negative margin"
SOURCES = ("docs/capacity.md (K2), (K6), (K11)", "docs/rsb_centre.md (RC15), (RC16)")
LABELS = {"rs": "RS", "1rsb": "1-RSB", "2rsb": "2-RSB"}
LOOKS = {"rs": "--", "1rsb": "-", "2rsb": ":"}
MARGIN = -1.0


def tasks(quick):
    """The capacities against the margin; the largest overlap against the load."""
    margins = np.linspace(-2, *((-0.2, 10) if quick else (-0.05, 40))).round(6)
    machines = tuple(rp.Perceptron(float(kappa)) for kappa in margins)
    one = rp.Perceptron(MARGIN)
    pieces = [
        task(
            curves.capacity,
            channels=machines,
            ansatz=ansatz,
            points=len(machines),
            cost={"rs": 1e-3, "1rsb": 0.01, "2rsb": 0.5}[ansatz],
        )
        for ansatz in LABELS
    ]
    for ansatz, last in (("rs", 13.25), ("1rsb", 12.25)):
        loads = tuple(np.linspace(6, last, 15 if quick else 60).round(6).tolist())
        pieces.append(
            task(
                curves.largest_overlap,
                channel=one,
                alpha=loads,
                ansatz=ansatz,
                points=len(loads),
                cost=0.1,
            )
        )
    return pieces


@style.styled
def draw(dataset):
    """Capacities over the RS one; 1 - q_EA at one margin down to them."""
    figure, (left, right) = style.panels(2)
    lines = {a: dataset.one(curve=f"{a} capacity") for a in LABELS}
    for (ansatz, line), color in zip(lines.items(), style.COLOURS, strict=False):
        ratio = line["alpha"] / lines["rs"]["alpha"]
        left.plot(line["margin"], ratio, LOOKS[ansatz], color=color)
        end = line["alpha"][line["margin"] == MARGIN][0]
        right.axvline(end, ls=LOOKS[ansatz], color=color, lw=0.7)
        found = dataset.select(curve="largest overlap", ansatz=ansatz)
        for points in found:
            x, y = np.append(points["alpha"], end), np.append(points["gap"], 0)
            style.curve(right, x, y, color=color)
    looks = zip(LABELS.items(), style.COLOURS, strict=False)
    key = {name: {"color": c, "ls": LOOKS[a]} for (a, name), c in looks}
    style.key(left, key, loc="lower right")
    left.set(xlabel=r"margin $\kappa$", ylabel="capacity over the RS one", xlim=(-2, 0))
    right.set(xlabel=r"load $\alpha$", ylabel=r"$1-q_\mathrm{EA}$", ylim=(0, None))
    style.letters([left, right], ["capacity", rf"$\kappa={MARGIN:g}$"])
    return figure


def caption(dataset):
    return (
        "Perceptron with negative margin. (a) Capacity with one and two steps of "
        "replica symmetry breaking over the replica symmetric one. "
        f"(b) At &kappa; = {MARGIN:g}, one minus the largest overlap of typical "
        "solutions, the overlap at which the curve of the local entropy for "
        "y &rarr; &infin; ends: replica symmetric and 1-RSB, which part at the "
        "instability. Vertical lines: capacities, where nothing is left of the curve. "
        "Each value is that of its ansatz; further steps lower the capacity further."
    )
