"""Solutions of high margin of the binary perceptron, and what surrounds them."""

import numpy as np

from figures import around, style
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Solutions of high margin"
SOURCES = ("docs/franz_parisi.md (F21)-(F27)", "docs/binary.md (BN1)-(BN9)")
ALPHA = 0.4
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
LOADS = (0.7, 0.729, 0.7477, 0.77)
# loads at which the entropy around the largest margin is no longer monotonic, and at
# which its least value is zero
MARKS = (0.72903281, 0.74773565)
MARKED = ("not monotonic", "gap")
CAPACITY = 0.83307859973958
FADES = style.shades(len(SHARES))


def tasks(quick):
    """Largest margins; surroundings of several margins at one load; of the largest."""
    loads = np.append(
        np.geomspace(0.02, 0.7, 30 if quick else 90), np.linspace(0.72, 0.83, 12)
    )
    distance = tuple(np.geomspace(1e-3, 0.3, 30 if quick else 80).tolist())
    close = tuple(np.geomspace(5e-4, 0.2, 40 if quick else 100).tolist())
    wide = {"alpha": ALPHA, "distance": distance, "points": len(distance)}
    return [
        task(around.largest_margins, alpha=tuple(loads.tolist()), points=len(loads)),
        *(task(around.around_margin, share=share, **wide) for share in SHARES),
        *(
            task(
                around.around_margin,
                alpha=load,
                distance=close,
                share=1.0,
                points=len(close),
            )
            for load in LOADS
        ),
    ]


@style.styled
def draw(dataset):
    """Largest margin against load; entropies around margins; gaps at high loads."""
    figure, axes = style.panels(3, height=2.6)
    line = dataset.one(curve="largest margin")
    color = style.COLOURS[0]
    ends = np.append(line["load"], CAPACITY), np.append(line["largest margin"], 0.0)
    style.curve(axes[0], *ends, color=color)
    notes = {"ha": "center", "xytext": (-6, 18)}, {"ha": "left", "xytext": (4, 5)}
    for load, label, where in zip(MARKS, MARKED, notes, strict=True):
        margin = np.interp(load, *ends)
        style.mark(axes[0], load, margin, color=color)
        style.note(axes[0], label, load, margin, **where)
    for share, shade in zip(SHARES, FADES, strict=True):
        line = dataset.one(curve="around margin", alpha=ALPHA, share=share)
        shown = line["normalised"] < -1e-12
        x, y = line["distance"][shown], -line["normalised"][shown]
        style.curve(axes[1], x, y, log=True, color=shade)
    for load, color in zip(LOADS, style.COLOURS, strict=False):
        line = dataset.one(curve="around margin", alpha=load, share=1.0)
        stable = line["stability"] < 1
        x, y = np.log10(line["distance"]), line["entropy"]
        style.curve(axes[2], x, y, color=color, stable=stable)
    axes[0].set(xlim=(0, 0.9), ylim=(0, 3), xlabel=r"load $\alpha$")
    axes[0].set_ylabel(r"largest margin $\kappa_{\max}$")
    axes[1].set(xscale="log", yscale="log", xlim=(1e-3, 0.3), ylim=(0.5, 1e-8))
    axes[1].set(xlabel="distance $d$", ylabel="$h(d)-V$ (nats per weight)")
    axes[2].axhline(0, color="0.6", lw=0.7)
    axes[2].set(xlim=np.log10([5e-4, 0.1]), ylim=(-0.006, 0.034))
    axes[2].set_xticks(np.log10([1e-3, 1e-2, 0.1]), ["$10^{-3}$", "$10^{-2}$", "0.1"])
    axes[2].set(xlabel="distance $d$", ylabel="$V$ (nats per weight)")
    titles = ["largest margin", rf"$\alpha={ALPHA:g}$", r"around $\kappa_{\max}$"]
    style.letters(axes, titles)
    shares = {
        rf"$\kappa/\kappa_{{\max}}={share:g}$": {"color": shade}
        for share, shade in zip(SHARES, FADES, strict=True)
    }
    style.key(axes[1], shares, loc="upper right")
    loads = {
        rf"$\alpha={load:g}$": {"color": color}
        for load, color in zip(LOADS, style.COLOURS, strict=False)
    }
    style.key(axes[2], loads, loc="upper left")
    return figure


def caption(dataset):
    return (
        "Binary perceptron. (a) Margin &kappa;<sub>max</sub> at which the entropy of "
        "solutions vanishes, against the load. (b) Entropy V of solutions (without "
        "margin) at distance d from a typical solution of margin &kappa;, less the "
        f"logarithm h(d) of the number of weights there, at &alpha; = {ALPHA:g}, on a "
        "scale that increases downwards: "
        "without margin it falls as &radic;d, with one faster than any power. (c) V "
        "around solutions of the largest margin at high loads: it ceases to be "
        "monotonic at &alpha; = 0.72903, and from &alpha; = 0.74774 on (circles in "
        "(a)) there are no solutions at some distances: where V &lt; 0."
    )
