"""Minimisers of the cross-entropy lie in dense regions: binary perceptron."""

import numpy as np

from figures import around, style
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "The landscape around minimisers of the cross-entropy"
SOURCES = (
    "docs/franz_parisi.md (F21)-(F31)",
    "docs/binary.md (BN13), (BN14)",
    "docs/binary_local_entropy.md (BL24)",
)
ALPHA = 0.4
DISTANCES = (0.02, 0.05, 0.1)
SLOPES = {1.0: style.COLOURS[4], 2.0: style.COLOURS[0], 4.0: style.COLOURS[2]}
SHADES = style.shades(len(DISTANCES))


def tasks(quick):
    """A scan of the slope, and curves against the distance."""
    slopes = np.geomspace(0.6, 8, 37 if quick else 121).round(5).tolist()
    distance = np.geomspace(0.01, 0.28, 14 if quick else 40).round(6).tolist()
    common = {"alpha": ALPHA, "distance": tuple(distance), "points": len(distance)}
    fixed = {"alpha": ALPHA, "distance": DISTANCES}
    return [
        task(
            around.minimiser_scan,
            gamma=tuple(slopes),
            points=len(slopes),
            cost=0.05,
            **fixed,
        ),
        task(around.best_weights, points=3, cost=0.1, **fixed),
        task(around.around_margin, share=1.0, points=3, **fixed),
        task(around.around_margin, share=0.0, **common),
        *(
            task(around.around_minimisers, gamma=gamma, cost=0.02, **common)
            for gamma in SLOPES
        ),
        task(around.best_weights, cost=0.1, **common),
    ]


@style.styled
def draw(dataset):
    """Errors against the slope; entropy below its bound; entropy against distance."""
    figure, axes = style.panels(3, height=2.6)
    scan = dataset.one(curve="minimisers")
    stable = scan["reference_stability"] < 1
    errors = scan["log_errors"] / np.log(10)
    style.curve(axes[0], scan["slope"], errors, stable=stable, color=style.COLOURS[0])
    fixed, best = sorted(
        dataset.select(curve="best weights"), key=lambda line: len(line.messages)
    )
    margin, typical = sorted(
        dataset.select(curve="around margin"), key=lambda line: len(line.messages)
    )
    for i, color in enumerate(SHADES):
        gap = fixed["entropy"][i] - scan[f"entropy {i}"]
        gap[~(gap > 0)] = np.nan
        look = {"color": color, "stable": stable, "log": True}
        style.curve(axes[1], scan["slope"], gap, **look)
        end = fixed["entropy"][i] - margin["entropy"][i]
        axes[1].axhline(end, color=color, ls=":", lw=0.8)
    style.curve(
        axes[2], typical["distance"], -typical["normalised"], log=True, color="0.3"
    )
    for gamma, color in SLOPES.items():
        line = dataset.one(curve="around minimisers", gamma=gamma)
        look = {"color": color, "stable": line["reference_stability"] < 1, "log": True}
        style.curve(axes[2], line["distance"], -line["normalised"], **look)
    x, y = best["distance"], -best["normalised"]
    style.curve(axes[2], x, y, log=True, color="k", lw=0.9)
    axes[0].set(xscale="log", xlabel=r"slope $\gamma$ of the cross-entropy")
    axes[0].set(ylim=(-150, 5), ylabel=r"$\log_{10}$ of the share of errors")
    axes[1].set(xscale="log", yscale="log", xlabel=r"slope $\gamma$", ylim=(1e-6, 1e-1))
    axes[1].set_ylabel(r"$V^*-V$ (nats per weight)")
    axes[2].set(xscale="log", yscale="log", xlabel="distance $d$")
    axes[2].set(xlim=(0.01, 0.28), ylim=(0.4, 3e-5))
    axes[2].set_ylabel(r"$h(d)-V$ (nats per weight)")
    for ax in axes[:2]:
        ax.set_xlim(0.6, 8)
        ax.set_xticks([1, 2, 4, 8], ["1", "2", "4", "8"])
        ax.xaxis.minorticks_off()
    axes[2].set_xticks([0.01, 0.03, 0.1, 0.28], ["0.01", "0.03", "0.1", "0.28"])
    axes[2].xaxis.minorticks_off()
    style.letters(axes, [rf"$\alpha={ALPHA:g}$", "around minimisers", "surroundings"])
    kinds = {
        "stable": {"color": style.COLOURS[0]},
        "RS unstable": {"color": style.COLOURS[0], "ls": "--"},
    }
    style.key(axes[0], kinds, loc="lower left")
    distances = {
        f"$d={d:g}$": {"color": color}
        for d, color in zip(DISTANCES, SHADES, strict=True)
    }
    style.key(axes[1], distances, loc="lower left")
    lines = {"bound $V^*$": {"color": "k", "lw": 0.9}}
    lines |= {rf"$\gamma={g:g}$": {"color": color} for g, color in SLOPES.items()}
    lines |= {"typical": {"color": "0.3"}}
    style.key(axes[2], lines, loc="upper right")
    return figure


def caption(dataset):
    return (
        f"Binary perceptron at load &alpha; = {ALPHA:g}. (a) Share of patterns that "
        "minimisers of the cross-entropy log(1 + exp(&minus;2&gamma;x))/(2&gamma;) get "
        "wrong, against its slope &gamma;. (b) By how much the entropy V of solutions "
        "around minimisers is below the largest one around any weights, V*, at three "
        "distances; dotted: around solutions of the largest margin (&gamma; &rarr; "
        "&infin;). The best slope decreases with the distance. (c) Entropy less the "
        "logarithm h(d) of the number of weights at distance d, on a scale that "
        "increases downwards: typical solutions are isolated, minimisers are almost as "
        "good as the best weights. Dashed: the replica symmetric measure of the "
        "minimisers is unstable, the curve is an approximation."
    )
