"""Capacities and instability lines of tree machines."""

import numpy as np

import replicas as rp
from figures import curves, style
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Phase diagram of tree machines"
SOURCES = ("docs/capacity.md", "docs/rs.md")
COMMITTEES, PARITIES = (1, 3, 5, 7, 9), (2, 3)
RS, RSB, AT = "rs capacity", "1rsb capacity", "instability"
LOOKS = {
    RS: {"color": style.COLOURS[0], "marker": "s", "ls": "-"},
    RSB: {"color": style.COLOURS[1], "marker": "o", "ls": "-"},
    AT: {"color": style.COLOURS[2], "marker": "^", "ls": "-"},
}
LABELS = {RS: "RS capacity", RSB: "1-RSB capacity", AT: "RS unstable above"}


def tasks(quick):
    """Each tree on its own; each line of the perceptron in one piece."""
    pieces = [task(curves.at_line, channels=(rp.Wide("sign"),))]
    trees = [rp.Tree(K, "majority") for K in COMMITTEES]
    for tree in [*trees, *(rp.Tree(K, "parity") for K in PARITIES)]:
        for ansatz in ("rs", "1rsb"):
            pieces.append(
                task(curves.capacity, channels=(tree,), ansatz=ansatz, cost=tree.K)
            )
        # the perceptron is stable up to capacity, the parity of 3 at q = 0 always
        if tree not in (rp.Tree(1, "majority"), rp.Tree(3, "parity")):
            pieces.append(task(curves.at_line, channels=(tree,), cost=tree.K))
    margins = np.linspace(-1, 1, 41 if quick else 161).round(6)
    machines = tuple(rp.Perceptron(float(kappa)) for kappa in margins)
    negative = tuple(machine for machine in machines if machine.kappa < 0)
    n = len(machines)
    return [
        *pieces,
        task(curves.capacity, channels=machines, ansatz="rs", points=n),
        task(curves.at_line, channels=negative, points=len(negative), cost=1),
    ]


@style.styled
def draw(dataset):
    """Loads against K; loads of the perceptron against its margin."""
    figure, (trees, margin) = style.panels(2)
    for quantity, look in LOOKS.items():
        for model, face in (("committee", look["color"]), ("parity", "white")):
            _draw_trees(trees, dataset, quantity, model, {**look, "mfc": face})
        for line in dataset.select(curve=quantity, model="perceptron"):
            style.curve(margin, line["kappa"], line["alpha"], color=look["color"])
    limit = dataset.one(curve=AT, K=np.inf)
    trees.axhline(limit["alpha"][0], color=LOOKS[AT]["color"], ls=":")
    style.note(
        trees,
        r"instability, $K\to\infty$",
        *(9.4, limit["alpha"][0]),
        ha="right",
        va="bottom",
        xytext=(0, 1),
    )
    trees.set(xlabel="number of units $K$", xlim=(0.5, 9.5), ylim=(0, None))
    trees.set_xticks(range(1, 10))
    trees.xaxis.minorticks_off()
    trees.set_ylabel(r"load $\alpha$ (patterns per weight)")
    margin.set(xlabel=r"margin $\kappa$", xlim=(-1, 1), yscale="log")
    margin.set_yticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
    margin.tick_params(axis="y", which="minor", labelleft=False)
    style.key(trees, {LABELS[q]: look for q, look in LOOKS.items()}, loc="upper right")
    machines = {
        "committee": {"color": "0.3", "marker": "o"},
        "parity": {"color": "0.3", "marker": "o", "mfc": "white"},
    }
    style.key(trees, machines, loc="lower right")
    lines = {LABELS[q]: {"color": LOOKS[q]["color"]} for q in (RS, AT)}
    style.key(margin, lines, loc="upper right")
    style.letters((trees, margin), ["tree machines", "perceptron with a margin"])
    return figure


def _draw_trees(ax, dataset, quantity, model, look):
    lines = dataset.select(curve=quantity, model=model)
    finite = [line for line in lines if np.isfinite(line.parameters["K"])]
    K = [line.parameters["K"] for line in finite]
    ax.plot(K, [line["alpha"][0] for line in finite], lw=0.8, **look)


def caption(dataset):
    return (
        "(a) Loads of tree machines against the number of units K, committee (filled) "
        "and parity (open): replica-symmetric capacity, capacity with one step of "
        "replica-symmetry breaking, and the load above which the replica-symmetric "
        "solution is unstable. The instability of the committee tends to the dotted "
        "line as K &rarr; &infin;; the perceptron (K = 1) is stable up to its capacity "
        "2, the parity machine of three units, at zero overlap, at every load. "
        "(b) The perceptron against its margin &kappa;: capacity and, for "
        "&kappa; &lt; 0, the instability below it; the replica-symmetric capacity is "
        "then only an upper bound."
    )
