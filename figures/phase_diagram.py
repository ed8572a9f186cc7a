"""Capacities and instability lines of tree machines."""

import numpy as np

import replicas as rp
from figures import curves, style
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Phase diagram of tree machines"
SOURCES = ("docs/capacity.md (K1)-(K8)", "docs/rs.md (R13)-(R19)")
COMMITTEES, PARITIES = (1, 3, 5, 7, 9), (2, 3, 4, 5, 6, 7, 8, 9)
LOOKS = {
    "rs capacity": {"color": style.COLOURS[0], "marker": "s"},
    "1rsb capacity": {"color": style.COLOURS[1], "marker": "o"},
    "instability": {"color": style.COLOURS[2], "marker": "^", "ms": 5, "mfc": "none"},
    "static transition": {"color": style.COLOURS[3], "marker": "D"},
    "dynamical transition": {"color": style.COLOURS[4], "marker": "v"},
}
LABELS = {
    "rs capacity": "RS capacity",
    "1rsb capacity": "1-RSB capacity",
    "instability": "RS instability",
    "static transition": "static",
    "dynamical transition": "dynamical",
}


def tasks(quick):
    """The larger committees on their own, the rest a line a task."""
    pieces = [task(curves.at_line, channels=(rp.Wide("sign"),))]
    for K in COMMITTEES:
        one = {"channels": (rp.Tree(K, "majority"),), "cost": 0.01 * K**3}
        pieces += [task(curves.capacity, ansatz=a, **one) for a in ("rs", "1rsb")]
        if K > 1:  # the perceptron is stable up to its capacity
            pieces.append(task(curves.at_line, **one))
    trees = tuple(rp.Tree(K, "parity") for K in PARITIES)
    line = {"channels": trees, "points": len(trees)}
    pieces += [task(curves.capacity, ansatz=a, **line) for a in ("rs", "1rsb")]
    for which in ("dynamical", "static"):
        pieces.append(task(curves.parity_transition, which=which, **line))
    # of more than two units the parity is stable at zero overlap at every load
    pieces.append(task(curves.at_line, channels=trees[:1]))
    margins = np.linspace(-1, 1, 41 if quick else 161).round(6)
    machines = tuple(rp.Perceptron(float(kappa)) for kappa in margins)
    soft = tuple(machine for machine in machines if machine.kappa < 0)
    every = {"channels": machines, "points": len(machines)}
    negative = {"channels": soft, "points": len(soft)}
    return [
        *pieces,
        task(curves.capacity, ansatz="rs", **every),
        task(curves.capacity, ansatz="1rsb", **negative),
        task(curves.at_line, **negative),
    ]


@style.styled
def draw(dataset):
    """Loads of the trees against K, of the perceptron against its margin."""
    figure, axes = style.panels(3, height=2.6)
    for quantity, look in LOOKS.items():
        for ax, model in zip(axes, ("committee", "parity"), strict=False):
            lines = dataset.select(curve=quantity, model=model)
            units = _column(lines, "units")
            finite = np.isfinite(units)
            loads = _column(lines, "alpha")
            ax.plot(units[finite], loads[finite], lw=0.9, **look)
        for line in dataset.select(curve=quantity, model="perceptron"):
            margin, load = line["margin"], line["alpha"]
            style.curve(axes[2], margin, load, color=look["color"])
    limit = dataset.one(curve="instability", K=np.inf)["alpha"][0]
    axes[0].axhline(limit, color=LOOKS["instability"]["color"], ls=":")
    style.note(
        axes[0], r"$K\to\infty$", 9.3, limit, ha="right", va="bottom", xytext=(0, 1)
    )
    axes[0].set(xlim=(0.4, 9.6), ylim=(0, 9.5), xticks=COMMITTEES)
    axes[0].set_ylabel(r"load $\alpha$ (patterns per weight)")
    axes[1].set(xlim=(1.4, 9.6), yscale="log", ylim=(1, 120), xticks=PARITIES)
    axes[2].set(xlim=(-1, 1), yscale="log", xlabel=r"margin $\kappa$")
    for ax in axes[:2]:
        ax.set_xlabel("number of units $K$")
        ax.xaxis.minorticks_off()
    for ax, ticks in (
        (axes[1], (1, 2, 5, 10, 20, 50, 100)),
        (axes[2], (0.5, 1, 2, 5, 10)),
    ):
        ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.tick_params(axis="y", which="minor", labelleft=False)
    solid = list(LOOKS)[:3]
    style.key(axes[0], _key(solid), loc="upper left")
    style.key(axes[1], _key(LOOKS), loc="upper left", fontsize=6.5)
    style.key(axes[2], _key(solid, marker=""), loc="upper right")
    style.letters(axes, ["committee", "parity", "perceptron"])
    return figure


def _column(lines, name):
    """The column of all `lines` in the order of their units."""
    order = np.argsort(np.concatenate([[], *(line["units"] for line in lines)]))
    return np.concatenate([[], *(line[name] for line in lines)])[order]


def _key(quantities, **options):
    return {LABELS[q]: {**LOOKS[q], **options} for q in quantities}


def caption(dataset):
    return (
        "Loads of the committee (a) and the parity machine (b) against the number of "
        "units K: replica-symmetric (RS) capacity, capacity with one step of "
        "replica-symmetry breaking (1-RSB), and the load above which the "
        "replica-symmetric saddle is unstable; the dotted line is its limit for the "
        "committee with K &rarr; &infin;. The perceptron (K = 1) is stable up to its "
        "capacity 2. Parity machines of more than two units are stable at zero overlap "
        "at every load; instead their solutions shatter into clusters at the dynamical "
        "load, and a few clusters take over at the static load (K = 2: both are the "
        "instability). Lines guide the eye. "
        "(c) The perceptron against its margin &kappa;: for &kappa; &lt; 0 it becomes "
        "unstable below capacity and the 1-RSB capacity is below the RS one. "
        "Capacities with unstable saddles are upper bounds."
    )
