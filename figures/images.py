"""Committees trained on images: flatness, test error, robustness to noise."""

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

from figures import style, trained
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Flatness and generalisation on images"
SOURCES = ("docs/learners.md (LN8)-(LN12)",)
ALGORITHMS = ("ceSGD-slow", "eLAL", "ceSGD-fast", "LAL")
DISTANCE = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
FLIP = 0.05


def tasks(quick):
    """Local energies and single measures of each algorithm, data and seed."""
    seeds, per_class = (5, 60) if quick else (20, 100)
    pieces = []
    for algorithm in ALGORITHMS:
        for randomised in (False, True):
            for seed in range(seeds):
                same = {
                    "algorithm": algorithm,
                    "randomised": randomised,
                    "per_class": per_class,
                    "seed": seed,
                }
                pieces.append(
                    task(
                        trained.flatness_of_images,
                        points=len(DISTANCE),
                        cost=0.05,
                        distance=DISTANCE,
                        **same,
                    )
                )
                pieces.append(
                    task(trained.noise_of_images, cost=0.3, flip=FLIP, **same)
                )
    return pieces


@style.styled
def draw(dataset):
    """Local energy; test error against flatness; noise of both kinds."""
    figure, axes = style.panels(3, height=2.6)
    for algorithm in ALGORITHMS:
        color = trained.COLOURS[algorithm]
        for data, look in (("real", "-"), ("randomised", ":")):
            found = dataset.select(curve="local energy", algorithm=algorithm, data=data)
            energies = np.array([series["energy"] for series in found])
            mean, error = _mean(energies)
            axes[0].errorbar(
                found[0]["distance"], mean, error, color=color, ls=look, lw=1
            )
        real = dataset.select(curve="image", algorithm=algorithm, data="real")
        trace = np.array([series["trace"][0] for series in real])
        test = np.array([series["test error"][0] for series in real])
        axes[1].plot(trace, test, "o", color=color, ms=3, label=algorithm)
        for place, data in enumerate(("real", "randomised")):
            found = dataset.select(curve="image", algorithm=algorithm, data=data)
            for shift, (kind, marker) in enumerate(
                (("noise", "o"), ("coloured noise", "s"))
            ):
                mean, error = _mean(np.array([series[kind] for series in found]))
                x = place + 0.16 * (ALGORITHMS.index(algorithm) - 1.5) + 0.06 * shift
                axes[2].errorbar(
                    x, mean[0], error[0], color=color, marker=marker, ms=3, lw=1
                )
    axes[0].set(xlabel="distance $d$", ylabel="training error at $d$", xlim=(0, 0.31))
    axes[0].set_ylim(0, None)
    axes[1].set(xlabel="trace of the Hessian", ylabel="test error", xscale="log")
    axes[1].set_ylim(0, None)
    axes[1].xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes[1].xaxis.set_major_formatter("{x:g}")
    axes[1].xaxis.set_minor_formatter(NullFormatter())
    axes[2].set(ylabel=f"training error, {FLIP:.0%} of inputs flipped")
    axes[2].set_xticks([0, 1], ["real", "randomised"])
    axes[2].set_ylim(0, None)
    lines = {"real": {"color": "0.3"}, "randomised": {"color": "0.3", "ls": ":"}}
    short = {"fontsize": 6, "handlelength": 1.6, "borderaxespad": 0.3}
    style.key(axes[0], lines, loc="lower right", **short)
    axes[1].legend(loc="upper left", fontsize=6)
    kinds = {
        "white noise": {"color": "0.3", "ls": "", "marker": "o"},
        "coloured": {"color": "0.3", "ls": "", "marker": "s"},
    }
    style.key(axes[2], kinds, loc="upper left", fontsize=6)
    style.letters(axes, ("local energy", "test error", "input noise"))
    return figure


def _mean(samples):
    """Mean over seeds with its standard error; unsolved ones are left out."""
    solved = samples[np.isfinite(samples).all(axis=1)]
    if len(solved) < 2:
        return np.full(samples.shape[1], np.nan), np.full(samples.shape[1], np.nan)
    return solved.mean(axis=0), solved.std(axis=0, ddof=1) / np.sqrt(len(solved))


def caption(dataset):
    seeds = len(dataset.select(curve="image", algorithm="LAL", data="real"))
    return (
        "Fully connected committees, K = 9, trained on two classes of images (digits "
        "3 and 8 of scikit-learn, or dresses and coats where Fashion-MNIST is at "
        f"hand), {seeds} random splits; randomised: each pixel shuffled across the "
        "patterns. (a) Training error at distance d, with standard errors. (b) Test "
        "error against the trace of the Hessian of the cross-entropy, a point for "
        f"each split, real data. (c) Training error when {FLIP:.0%} of the inputs are "
        "flipped, all alike (white) or as they vary (coloured)." + _unsolved(dataset)
    )


def _unsolved(dataset):
    """What the caption says of splits that an algorithm did not learn."""
    gaps = []
    for data in ("real", "randomised"):
        for algorithm in ALGORITHMS:
            found = dataset.select(curve="image", algorithm=algorithm, data=data)
            solved = sum(bool(np.isfinite(series["trace"][0])) for series in found)
            if solved < len(found):
                gaps.append(f"{algorithm} learns {solved} of {len(found)} {data} ones")
    if not gaps:
        return " Every split is learnt."
    return f" Means are over the splits that were learnt: {', '.join(gaps)}."
