"""Capacity of the perceptron at negative margin and the end of its curves."""

import numpy as np

import replicas as rp
from figures import curves, style
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Broken symmetry at negative margin"
SOURCES = (
    "docs/capacity.md (K2), (K6), (K11), (K13)",
    "docs/rsb_centre.md (RC14)-(RC16)",
)
LABELS = {"rs": "RS", "1rsb": "1-RSB", "2rsb": "2-RSB", "frsb": "full RSB"}
LOOKS = {"rs": "--", "1rsb": "-", "2rsb": ":", "frsb": "-."}
COLORS = dict(zip(LABELS, style.COLOURS, strict=False))
COSTS = {"rs": 1e-3, "1rsb": 0.01, "2rsb": 0.5, "frsb": 2}
MARGIN = -1.0
FULL = -0.4  # the largest margin of full breaking
UNSTABLE, HIGHEST = 7.9, 12.2  # loads between which full breaking is computed


def tasks(quick):
    """The capacities against the margin; the largest overlap against the load."""
    margins = np.linspace(-2, *((-0.2, 10) if quick else (-0.05, 40))).round(6)
    pieces = []
    for ansatz, cost in COSTS.items():
        inside = margins[margins <= FULL] if ansatz == "frsb" else margins
        machines = tuple(rp.Perceptron(float(kappa)) for kappa in inside)
        pieces.append(
            task(
                curves.capacity,
                channels=machines,
                ansatz=ansatz,
                points=len(machines),
                cost=cost,
            )
        )
    for ansatz, first, last, points in (
        ("rs", 6, 13.25, 15 if quick else 60),
        ("1rsb", 6, 12.25, 15 if quick else 60),
        ("frsb", UNSTABLE, HIGHEST, 8 if quick else 30),
    ):
        # denser towards the capacity
        loads = last - (last - first) * np.linspace(1, 0, points) ** 2
        loads = tuple(loads.round(6).tolist())
        pieces.append(
            task(
                curves.largest_overlap,
                channel=rp.Perceptron(MARGIN),
                alpha=loads,
                ansatz=ansatz,
                points=len(loads),
                cost=0.6 if ansatz == "frsb" else 0.05,
            )
        )
    return pieces


@style.styled
def draw(dataset):
    """Capacities over the RS one and over the full one; 1 - q_EA down to them."""
    figure, axes = style.panels(3, height=2.4)
    lines = {a: dataset.one(curve=f"{a} capacity") for a in LABELS}
    _capacities(*axes[:2], lines)
    _overlaps(axes[2], dataset, lines)
    look = {name: {"color": COLORS[a], "ls": LOOKS[a]} for a, name in LABELS.items()}
    style.key(axes[0], look, loc="lower right")
    style.letters(axes, ["capacity", "above full RSB", rf"$\kappa={MARGIN:g}$"])
    return figure


def _capacities(left, middle, lines):
    full = lines["frsb"]
    inside = len(full["margin"])  # full breaking has the first of the margins only
    for ansatz, line in lines.items():
        look = {"ls": LOOKS[ansatz], "color": COLORS[ansatz]}
        ratio = line["alpha"] / lines["rs"]["alpha"][: len(line["alpha"])]
        left.plot(line["margin"], ratio, **look)
        if ansatz != "frsb":
            excess = line["alpha"][:inside] / full["alpha"] - 1
            middle.plot(full["margin"], excess, **look)
    # what the error of the full values leaves open
    middle.fill_between(
        full["margin"], full["error"] / full["alpha"], 1e-7, color="0.85", lw=0
    )
    middle.set(
        yscale="log", ylim=(1e-6, 1), ylabel=r"$\alpha_c/\alpha_c^\mathrm{full}-1$"
    )
    left.set(ylabel=r"$\alpha_c/\alpha_c^\mathrm{RS}$", xlim=(-2, 0))
    middle.set(xlim=(-2, FULL))
    for ax in (left, middle):
        ax.set(xlabel=r"margin $\kappa$")


def _overlaps(ax, dataset, lines):
    for ansatz, line in lines.items():
        end = line["alpha"][line["margin"] == MARGIN][0]
        ax.axvline(end, ls=LOOKS[ansatz], color=COLORS[ansatz], lw=0.7)
        for points in dataset.select(curve="largest overlap", ansatz=ansatz):
            color = COLORS[ansatz]
            style.curve(ax, points["alpha"], points["gap"], log=True, color=color)
    ax.set(xlabel=r"load $\alpha$", ylabel=r"$1-q_\mathrm{EA}$", yscale="log")


def caption(dataset):
    return (
        "Perceptron with negative margin. (a) Capacity with one, two and all steps of "
        "replica symmetry breaking over the replica symmetric one. (b) How far "
        "fewer steps exceed full breaking; grey: below the error of the latter. "
        f"(c) At &kappa; = {MARGIN:g}, one minus the largest overlap of typical "
        "solutions, the overlap at which the curve of the local entropy for "
        "y &rarr; &infin; ends: replica symmetric, 1-RSB and full RSB (eight levels), "
        "which part at the instability. Vertical lines: capacities, where nothing is "
        "left of the curve."
    )
