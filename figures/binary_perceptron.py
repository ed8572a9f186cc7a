"""Binary perceptron: local entropy of typical solutions and of dense regions."""

import numpy as np

import replicas as rp
from figures import style
from figures.dataset import Series
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Binary perceptron: isolated solutions and dense regions"
SOURCES = (
    "docs/franz_parisi.md",
    "docs/binary_local_entropy.md (BL1)-(BL24)",
    "docs/binary_rsb_centre.md (BR15)",
)
LOADS = (0.4, 0.7, 0.77)
REPLICAS = (5.0, 20.0, np.inf)
LOOKS = {5.0: "#56B4E9", 20.0: "#009E73", np.inf: "#0072B2"}
BEST, TYPICAL, BROKEN = "#D55E00", "0.35", "#CC79A7"


def tasks(quick):
    """The curves of each load."""
    distance = tuple(np.geomspace(0.005, 0.4, 20 if quick else 80))
    pieces = []
    for alpha in LOADS:
        common = {"alpha": alpha, "distance": distance, "points": len(distance)}
        pieces.append(task(typical, **common, cost=0.01))
        pieces.append(task(best, **common, cost=0.1))
        pieces.append(task(broken, **common, cost=0.1))
        pieces += [task(dense, y=y, **common) for y in REPLICAS]
    return pieces


def model():
    return rp.Model(rp.Binary(), rp.Perceptron())


def typical(*, alpha, distance):
    """Around typical solutions."""
    curve = rp.franz_parisi(model(), alpha, np.asarray(distance))
    return _series("typical", {"alpha": alpha}, curve)


def dense(*, alpha, distance, y):
    """Phi/y around free references."""
    curve = rp.local_entropy(
        model(), alpha, np.asarray(distance), y=y, between="centre"
    )
    return _series("dense", {"alpha": alpha, "y": y}, curve)


def best(*, alpha, distance):
    """The envelope over y."""
    curve = rp.envelope(model(), alpha=alpha, distance=np.asarray(distance))
    return _series("envelope", {"alpha": alpha}, curve)


def broken(*, alpha, distance):
    """Around free references at y = infinity, 1-RSB."""
    curve = rp.local_entropy(
        model(), alpha, np.asarray(distance), between="centre", centre="1rsb"
    )
    return _series("broken", {"alpha": alpha}, curve)


def _series(name, parameters, curve):
    names = ("distance", "entropy", "normalised", "stability", "error", "residual")
    columns = {key: getattr(curve, key) for key in names}
    if name == "envelope":
        columns["best y"] = np.broadcast_to(curve.y, curve.distance.shape)
    # successful points may carry a remark
    messages = tuple(np.where(curve.success, "", curve.message))
    label = ", ".join(f"{key} = {value:g}" for key, value in parameters.items())
    return Series(f"{name}, {label}", {"curve": name, **parameters}, columns, messages)


@style.styled
def draw(dataset):
    """Entropy less that of all weights at the distance, one panel a load."""
    figure, axes = style.panels(len(LOADS))
    for ax, alpha in zip(axes, LOADS, strict=True):
        for y, color in LOOKS.items():
            _line(ax, dataset.one(curve="dense", alpha=alpha, y=y), color=color, lw=1.0)
        _line(ax, dataset.one(curve="envelope", alpha=alpha), color=BEST, lw=1.8)
        _line(ax, dataset.one(curve="broken", alpha=alpha), color=BROKEN, lw=1.2)
        line = dataset.one(curve="typical", alpha=alpha)
        _line(ax, line, color=TYPICAL, lw=1.0)
        isolated = line["entropy"] < 0
        if isolated.any():
            # no solutions: the annealed number is below 1
            ax.axvspan(0, line["distance"][isolated].max(), color="0.92", lw=0)
        ax.set(xlabel="distance $d$", xscale="log", xlim=(0.005, 0.4))
    axes[0].set(ylabel="local entropy (nats per weight)")
    for ax, top in zip(axes, (0.45, 0.16, 0.09), strict=True):
        ax.set_ylim(-0.12 * top, top)
        ax.axhline(0, color="0.6", lw=0.5)
    style.letters(axes, [rf"$\alpha={alpha:g}$" for alpha in LOADS])
    lines = {rf"$y={y:g}$": {"color": LOOKS[y], "lw": 1.0} for y in REPLICAS[:2]}
    lines[r"$y=\infty$"] = {"color": LOOKS[np.inf], "lw": 1.0}
    lines["$V^*$, largest"] = {"color": BEST, "lw": 1.8}
    lines[r"$y=\infty$, 1-RSB"] = {"color": BROKEN, "lw": 1.2}
    lines["typical"] = {"color": TYPICAL, "lw": 1.0}
    style.key(axes[0], lines, loc="upper left")
    look = {"color": "0.3", "lw": 1.0}
    style.key(
        axes[1], {"stable": look, "unstable": {**look, "ls": "--"}}, loc="upper left"
    )
    return figure


def _line(ax, series, **look):
    style.curve(
        ax,
        series["distance"],
        series["entropy"],
        stable=series["stability"] < 1,
        **look,
    )


def caption(dataset):
    return (
        "Local entropy of binary weights against the Hamming distance d per weight. "
        "Grey: around typical solutions (Franz&ndash;Parisi), which are isolated: "
        "negative, no solution, in the shaded range. Colours: &Phi;/y of y replicas "
        "around free references, an upper bound on the local entropy of any "
        "reference for each y within the ansatz; y &rarr; &infin; overestimates where "
        "the external entropy is negative. Orange: the envelope over y, the largest "
        "local entropy of references that exist; it is missing where there are none "
        "at any y. Pink: y &rarr; &infin; with a 1-RSB centre, below the envelope. "
        "Dashed: the ansatz is unstable, the curve is an "
        "approximation; gaps of the y = &infin; curve: it would fall with distance."
    )
