"""Spectra of the Hessian at the solutions of five algorithms."""

import numpy as np

from figures import style, trained
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Hessian spectra at the minima that algorithms find"
SOURCES = ("docs/learners.md (LN10)-(LN12)",)
ALPHA, K = 1.0, 9


def tasks(quick):
    """The spectrum of one solution of each algorithm."""
    N, instances = (495, 1) if quick else (999, 5)
    return [
        task(
            trained.solution_spectrum,
            cost=1.0,
            algorithm=algorithm,
            N=N,
            K=K,
            alpha=ALPHA,
            seed=100 + 2 * i,
        )
        for algorithm in trained.ALGORITHMS
        for i in range(instances)
    ]


@style.styled
def draw(dataset):
    """Eigenvalues in descending order, and how their sum builds up."""
    figure, axes = style.panels(2)
    for algorithm in trained.ALGORITHMS:
        found = dataset.select(curve="spectrum", algorithm=algorithm)
        spectra = np.array([series["eigenvalue"][::-1] for series in found])
        mean = np.nanmean(spectra, axis=0)
        rank = np.arange(1, len(mean) + 1)
        color = trained.COLOURS[algorithm]
        positive = mean > 1e-7
        axes[0].loglog(
            rank[positive], mean[positive], color=color, lw=1, label=algorithm
        )
        axes[1].plot(rank / len(mean), np.cumsum(mean), color=color, lw=1)
    axes[0].set(xlabel="rank", ylabel=r"eigenvalue $\lambda$", ylim=(1e-6, None))
    axes[1].set(
        xlabel="rank / number of weights",
        ylabel=r"sum of the largest $\lambda$",
        xlim=(0, 1),
        ylim=(0, None),
    )
    axes[0].legend(loc="lower left")
    style.letters(axes, ("spectrum", "cumulative sum"))
    return figure


def caption(dataset):
    return (
        "Eigenvalues of the Hessian of the mean cross-entropy (&beta; = &gamma; = 3, "
        "units normalised) at the solutions of five algorithms: tree committee, "
        f"K = {K}, &alpha; = {ALPHA:g}. (a) Positive eigenvalues in descending order. "
        "(b) Their cumulative sum, which ends at the trace; the last ones are "
        "negative, since the loss is not at its minimum. Both the largest eigenvalue "
        "and the trace are least for the widest minima."
    )
