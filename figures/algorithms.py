"""Local entropy around the solutions of five algorithms, and the theory."""

import numpy as np

from figures import style, trained
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "How wide are the minima that algorithms find"
SOURCES = (
    "docs/focusing.md (FB11)-(FB22)",
    "docs/learners.md (LN1)-(LN5)",
    "docs/large_y.md (L3)",
)
ALPHA, K = 1.0, 9
DISTANCE = (0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3)


def tasks(quick):
    """A curve for each algorithm and instance; the theory at K = infinity."""
    N, instances = (495, 4) if quick else (999, 10)
    pieces = [
        task(
            trained.solution_entropy,
            points=len(DISTANCE),
            cost=0.1,
            algorithm=algorithm,
            N=N,
            K=K,
            alpha=ALPHA,
            seed=100 + 2 * i,
            distance=DISTANCE,
        )
        for algorithm in trained.ALGORITHMS
        for i in range(instances)
    ]
    fractions = tuple(np.linspace(0.02, 0.995, 30 if quick else 80))
    pieces.append(
        task(trained.wide_centre, points=30, alpha=ALPHA, fractions=fractions)
    )
    return pieces


@style.styled
def draw(dataset):
    """Mean over instances with its standard error; small distances magnified."""
    figure, axes = style.panels(2)
    for ax, factor in zip(axes, (1.0, 0.25), strict=True):
        for algorithm in trained.ALGORITHMS:
            found = dataset.select(curve="local entropy", algorithm=algorithm)
            x = found[0]["distance"]
            all_y = np.array([series["normalised"] for series in found])
            solved = np.isfinite(all_y).all(axis=1)
            if not solved.any():
                continue
            y = all_y[solved].mean(axis=0)
            spread = all_y[solved].std(axis=0) / np.sqrt(max(1, solved.sum() - 1))
            color = trained.COLOURS[algorithm]
            ax.errorbar(
                x, y, 2 * spread, color=color, marker=".", ms=4, lw=1, label=algorithm
            )
        theory = dataset.one(curve="local entropy", model="committee", alpha=ALPHA)
        style.curve(
            ax,
            theory["distance"],
            theory["normalised"],
            stable=theory["stability"] < 1,
            color="k",
            lw=1,
        )
        ax.set(xlim=(0, 0.32 * factor), xlabel="distance $d$ from the solution")
    axes[0].set_ylabel(r"normalised local entropy $\varphi$ (nats per weight)")
    axes[0].set_ylim(-0.75, 0.01)
    axes[1].set_ylim(-0.45, 0.006)
    theory_key = {
        r"theory, $K\to\infty$": {"color": "k"},
        "unstable centre": {"color": "k", "ls": "--"},
    }
    look = {
        algorithm: {"color": trained.COLOURS[algorithm], "marker": "."}
        for algorithm in trained.ALGORITHMS
    }
    style.key(axes[0], look | theory_key, loc="upper right", fontsize=6.5)
    style.letters(axes, ("all distances", "small distances"))
    return figure


def caption(dataset):
    count = len(dataset.select(curve="local entropy", algorithm="LAL"))
    return (
        "Normalised local entropy, by belief propagation, around the solutions that "
        f"five algorithms find for the same {count} instances of a tree committee, "
        f"K = {K}, at load &alpha; = {ALPHA:g}; bars: two standard errors over the "
        "instances. Black: theory for K &rarr; &infin; and the widest minima "
        "(y &rarr; &infin;), dashed where its centre is unstable and the curve an "
        "upper estimate. Focusing BP (fBP) is run on to strong coupling; the others "
        "stop at their first solution; ceSGD starts again where it stalls."
    )
