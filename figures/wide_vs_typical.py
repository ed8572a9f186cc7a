"""Wide flat minima against typical minima, with their small-distance laws."""

import numpy as np

import replicas as rp
from figures import asymptotics, curves, style
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Wide flat minima against typical minima"
SOURCES = (
    "docs/large_y.md (L3), (L4), (L10), (L11)",
    "docs/franz_parisi.md (F1)-(F14)",
    "docs/figures.md (G2)-(G6)",
)
ALPHA = 1.0
MACHINES = {1.0: rp.Perceptron(), 3.0: rp.Tree(3, "majority"), np.inf: rp.Wide("sign")}
COLOURS = {1.0: style.COLOURS[3], 3.0: style.COLOURS[0], np.inf: style.COLOURS[1]}
LABELS = {1.0: "$K=1$", 3.0: "$K=3$", np.inf: r"$K\to\infty$"}


def tasks(quick):
    """Both curves of each machine, and their laws."""
    pieces = []
    for K, channel in MACHINES.items():
        common = {"channel": channel, "alpha": ALPHA}
        if K == 3:
            pieces += _tree_curves(common, 10 if quick else 30)
        else:
            pieces += _scalar_curves(common, 24 if quick else 80)
        pieces.append(task(curves.typical, between="centre", **common))
    return pieces


def _scalar_curves(common, half):
    """Distances even in the logarithm, then in d."""
    distance = np.concatenate(
        [np.geomspace(1e-4, 0.03, half), np.linspace(0.04, 0.49, half)]
    )
    fractions = np.concatenate(
        [np.geomspace(2e-3, 0.1, half), np.linspace(0.11, 0.9995, half)]
    )
    law = {"distance": tuple(np.geomspace(1e-4, 0.03, 40)), "points": 40, **common}
    return [
        task(asymptotics.wide_law, **law),
        task(asymptotics.typical_law, **law),
        *_curves(common, fractions, distance, cost=0.01),
    ]


def _tree_curves(common, points):
    """Fewer, and not as close: there a point takes long."""
    distance = np.concatenate(
        [np.geomspace(1e-3, 0.1, points // 2), np.linspace(0.16, 0.49, points // 2)]
    )
    fractions = np.linspace(0.19, 0.9995, points) ** 1.5
    return _curves(common, fractions, distance, cost=0.8)


def _curves(common, fractions, distance, *, cost):
    within = {"fractions": tuple(fractions), "between": "centre", **common}
    around = {"distance": tuple(distance), **common}
    return [
        task(curves.local_entropy, points=len(fractions), cost=cost, **within),
        task(curves.franz_parisi, points=len(distance), cost=cost, **around),
    ]


@style.styled
def draw(dataset):
    """phi linear in d; -phi against d, both logarithmic, with the laws dotted."""
    figure, (linear, log) = style.panels(2)
    for K, color in COLOURS.items():
        wide = dataset.one(curve="local entropy", K=K)
        end = dataset.one(curve="typical distance", K=K)
        typical = dataset.one(curve="Franz-Parisi", K=K)
        look = {"stable": wide["stability"] < 1, "color": color}
        style.curve(linear, wide["distance"], wide["normalised"], **look)
        style.curve(log, wide["distance"], -wide["normalised"], log=True, **look)
        style.mark(linear, end["distance"], end["normalised"], color=color)
        x, y = _from_zero(typical["distance"], typical["normalised"])
        style.curve(linear, x, y, color=color, lw=0.8)
        x, y = typical["distance"], -typical["normalised"]
        style.curve(log, x, y, color=color, lw=0.8, log=True)
    for law in dataset.select(curve="densest law") + dataset.select(
        curve="typical law"
    ):
        log.plot(law["distance"], -law["normalised"], ":k", lw=0.9)
    linear.set(xlim=(0, 0.5), ylim=(-1.3, 0), xlabel="distance $d$ to the centre")
    linear.set_ylabel(r"normalised local entropy $\varphi$ (nats per weight)")
    log.set(xscale="log", yscale="log", xlim=(1e-4, 0.5), ylim=(1e-10, 2))
    log.set(xlabel="distance $d$ to the centre", ylabel=r"$-\varphi$ (nats per weight)")
    style.letters((linear, log), [rf"$\alpha={ALPHA:g}$", "logarithmic scales"])
    style.key(
        linear,
        {LABELS[K]: {"color": color} for K, color in COLOURS.items()},
        loc="upper right",
    )
    kinds = {
        "densest regions": {"color": "0.3"},
        "same, centre unstable": {"color": "0.3", "ls": "--"},
        "typical solutions": {"color": "0.3", "lw": 0.8},
        "small-$d$ laws": {"color": "k", "ls": ":", "lw": 0.9},
    }
    style.key(log, kinds, loc="lower right")
    return figure


def _from_zero(x, y):
    """With points below the first: -phi continues as a power of d."""
    power = np.log(y[1] / y[0]) / np.log(x[1] / x[0])
    start = x[0] * np.geomspace(1e-3, 0.9, 12)
    return np.append(start, x), np.append(y[0] * (start / x[0]) ** power, y)


def caption(dataset):
    return (
        "Normalised local entropy against the distance to the centre at load "
        f"&alpha; = {ALPHA:g}: around the best centre (densest regions, y &rarr; "
        "&infin;, thick) and around a typical solution (Franz&ndash;Parisi potential, "
        "thin), for the perceptron (K = 1) and the committees with K = 3 and K &rarr; "
        "&infin;. Close to the centre of a densest region almost every point is a "
        "solution: &minus;&phi; vanishes faster than any power of d. Around a typical "
        "solution it vanishes as d<sup>1/2</sup>, for K &rarr; &infin; as "
        "d<sup>1/4</sup>. Dotted: these laws with their prefactors, K = 1 and K &rarr; "
        "&infin;. Dashed: the centre is unstable, the curve is an approximation. "
        "Circles: where the curves of the densest regions end."
    )
