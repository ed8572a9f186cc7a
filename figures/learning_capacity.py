"""Loads up to which each algorithm solves its instances."""

from figures import style, trained
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Success of the algorithms against load"
SOURCES = ("docs/learners.md (LN1)-(LN5)",)
K = 9


def tasks(quick):
    """A curve for each algorithm."""
    N, seeds, epochs = (297, 4, 800) if quick else (999, 20, 5000)
    loads = (1.0, 1.75, 2.5, 3.25) if quick else tuple(0.25 * i for i in range(3, 15))
    return [
        task(
            trained.success,
            points=len(loads),
            cost=2.0,
            algorithm=algorithm,
            N=N,
            K=K,
            alpha=loads,
            epochs=epochs,
            seeds=tuple(range(200, 200 + 2 * seeds, 2)),
        )
        for algorithm in trained.ALGORITHMS
    ]


@style.styled
def draw(dataset):
    """Fraction solved, shifted a little so that bars do not overlap."""
    figure, (ax,) = style.panels(1, width=style.SINGLE, height=2.6)
    for i, algorithm in enumerate(trained.ALGORITHMS):
        series = dataset.one(curve="success", algorithm=algorithm)
        ax.errorbar(
            series["alpha"] + 0.02 * (i - 2),
            series["solved"],
            style.bars(series["solved"], series["error"]),
            color=trained.COLOURS[algorithm],
            marker="o",
            ms=3,
            lw=1,
            label=algorithm,
        )
    ax.set(
        xlabel=r"load $\alpha$ (patterns per weight)",
        ylabel="fraction of instances solved",
        ylim=(-0.05, 1.05),
    )
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return figure


def caption(dataset):
    starts = trained.EPOCHS_A_START
    return (
        f"Fraction of instances of a tree committee, K = {K}, that each algorithm "
        f"solves: fBP in one run of its protocol, the others within "
        f"{800 if dataset.quick else 5000} epochs (a start of ceSGD: "
        f"{starts['slow']} slow, {starts['fast']} fast). Bars: one standard error of a "
        "fraction (Agresti and Coull). "
        "The parameters are those chosen at &alpha; = 1: other ones may go further."
    )
