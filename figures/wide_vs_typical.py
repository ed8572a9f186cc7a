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
MACHINES = {"perceptron": rp.Perceptron(), "committee": rp.Wide("sign")}
LABELS = {"perceptron": "perceptron", "committee": r"committee $K\to\infty$"}
WIDE = {"perceptron": style.COLOURS[0], "committee": style.COLOURS[5]}
TYPICAL = {"perceptron": style.COLOURS[1], "committee": style.COLOURS[4]}


def tasks(quick):
    """Both curves of both machines, on distances even in log and in d, and laws."""
    half = 24 if quick else 80
    distance = np.concatenate(
        [np.geomspace(1e-4, 0.03, half), np.linspace(0.04, 0.49, half)]
    )
    fractions = np.concatenate(
        [np.geomspace(2e-3, 0.1, half), np.linspace(0.11, 0.9995, half)]
    )
    pieces = []
    for channel in MACHINES.values():
        common = {"channel": channel, "alpha": ALPHA}
        around = {"distance": tuple(distance), **common}
        law = {"distance": tuple(np.geomspace(1e-4, 0.03, 40)), **common}
        within = {"fractions": tuple(fractions), "between": "centre", **common}
        pieces += [
            task(curves.local_entropy, points=2 * half, cost=1, **within),
            task(curves.typical, between="centre", **common),
            task(curves.franz_parisi, points=2 * half, cost=5, **around),
            task(asymptotics.wide_law, points=40, **law),
            task(asymptotics.typical_law, points=40, **law),
        ]
    return pieces


@style.styled
def draw(dataset):
    """phi linear in d; -phi against d, both logarithmic, with the laws dotted."""
    figure, (linear, log) = style.panels(2)
    for model in MACHINES:
        wide = dataset.one(curve="local entropy", model=model)
        end = dataset.one(curve="typical distance", model=model)
        typical = dataset.one(curve="Franz-Parisi", model=model)
        stable = wide["stability"] < 1
        x, y = wide["distance"], wide["normalised"]
        style.curve(linear, x, y, stable=stable, color=WIDE[model])
        style.mark(linear, end["distance"], end["normalised"], color=WIDE[model])
        style.curve(log, x, -y, stable=stable, color=WIDE[model], log=True)
        x, y = typical["distance"], typical["normalised"]
        style.curve(linear, x, y, color=TYPICAL[model])
        style.curve(log, x, -y, color=TYPICAL[model], log=True)
        for law in ("densest law", "typical law"):
            line = dataset.one(curve=law, model=model)
            log.plot(line["distance"], -line["normalised"], ":", color="k", lw=0.9)
    linear.set(xlim=(0, 0.5), ylim=(None, 0), xlabel="distance $d$ to the centre")
    linear.set_ylabel(r"normalised local entropy $\varphi$ (nats per weight)")
    log.set(xscale="log", yscale="log", xlim=(1e-4, 0.5), ylim=(1e-10, 2))
    log.set(xlabel="distance $d$ to the centre", ylabel=r"$-\varphi$ (nats per weight)")
    style.letters((linear, log), [rf"$\alpha={ALPHA:g}$", "small distances"])
    style.key(
        linear,
        {f"densest, {LABELS[m]}": {"color": WIDE[m]} for m in MACHINES}
        | {f"typical, {LABELS[m]}": {"color": TYPICAL[m]} for m in MACHINES},
        loc="upper right",
    )
    style.key(log, {"small-$d$ law": {"color": "k", "ls": ":"}}, loc="lower right")
    return figure


def caption(dataset):
    return (
        "Normalised local entropy against the distance to the centre at load "
        f"&alpha; = {ALPHA:g}: around the best centre (densest, y &rarr; &infin;) and "
        "around a typical solution (Franz&ndash;Parisi potential), perceptron and "
        "committee with K &rarr; &infin;. Close to the centre of a densest region "
        "almost every point is a solution: &minus;&phi; vanishes faster than any power "
        "of d. Around a typical solution &minus;&phi; vanishes as d<sup>1/2</sup> "
        "(perceptron) or d<sup>1/4</sup> (committee). Dotted: these laws with their "
        "prefactors. Dashed: the centre is unstable, the curve is an approximation. "
        "Circles: where the densest curve ends."
    )
