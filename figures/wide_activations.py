"""Wide committees with several activations: capacity, local entropy, robustness."""

import numpy as np

import replicas as rp
from figures import style
from figures.dataset import Series
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Wide committees: sign against smooth activations"
SOURCES = (
    "docs/channels.md (C10)-(C12)",
    "docs/capacity.md (K10), (K11)",
    "docs/binary.md (BN8)",
    "docs/binary_local_entropy.md (BL1)",
    "docs/robustness.md (RO2)-(RO5)",
)
ACTIVATIONS = ("sign", "relu", "erf", "tanh", "linear", "quadratic")
SHOWN = ("sign", "relu", "erf")
LOAD, DENSE = 0.6, 0.05
CAPACITIES = {
    "binary": {"ls": "", "marker": "o", "color": style.COLOURS[6]},
    "spherical, RS": {"ls": "", "marker": "s", "color": style.COLOURS[5]},
    "spherical, 1-RSB": {"ls": "", "marker": "^", "color": style.COLOURS[0]},
    "spherical, 2-RSB": {"ls": "", "marker": "v", "color": style.COLOURS[1]},
}
ANSATZ = {"RS": "rs", "1-RSB": "1rsb", "2-RSB": "2rsb"}


def tasks(quick):
    """Capacities; a local entropy and two flip errors for each activation shown."""
    points = 30 if quick else 120
    fractions = tuple(np.geomspace(0.02, 0.998, points))
    noise = tuple(np.geomspace(1e-4, 0.4, points))
    pieces = [
        task(capacities, kind=kind, points=len(_with(kind)), cost=0.3)
        for kind in CAPACITIES
    ]
    for name in SHOWN:
        pieces.append(
            task(
                local_entropy,
                activation=name,
                fractions=fractions,
                points=points,
                cost=0.05,
            )
        )
        for solutions in ("typical", "dense"):
            pieces.append(
                task(
                    flip_error,
                    activation=name,
                    noise=noise,
                    solutions=solutions,
                    points=points,
                    cost=0.02,
                )
            )
    return pieces


def _with(kind):
    """Activations of finite capacity."""
    return ACTIVATIONS if kind == "binary" else ACTIVATIONS[1:]


def capacities(*, kind):
    """Capacity of each activation; `place` is that in ACTIVATIONS."""
    prior, _, ansatz = kind.partition(", ")
    weights = rp.Binary() if prior == "binary" else rp.Spherical()
    names = _with(kind)
    found = [
        rp.capacity(rp.Model(weights, rp.Wide(name)), ansatz=ANSATZ.get(ansatz, "rs"))
        for name in names
    ]
    columns = {
        "place": np.array([float(ACTIVATIONS.index(name)) for name in names]),
        "capacity": np.array([estimate.value for estimate in found]),
        "error": np.array([estimate.error for estimate in found]),
    }
    messages = tuple(estimate.message for estimate in found)
    return Series(f"capacity, {kind}", {"curve": kind}, columns, messages)


def _binary(activation):
    return rp.Model(rp.Binary(), rp.Wide(activation))


def local_entropy(*, activation, fractions):
    """y = infinity curve of binary weights at fractions of the typical distance."""
    model = _binary(activation)
    typical = 0.5 * (1 - rp.rs(model, alpha=LOAD).order["q"])
    distance = typical * np.asarray(fractions)
    e = rp.local_entropy(model, alpha=LOAD, distance=distance)
    names = ("distance", "normalised", "stability", "error")
    columns = {name: np.asarray(getattr(e, name), float) for name in names}
    parameters = {"curve": "local entropy", "activation": activation, "alpha": LOAD}
    return Series(f"local entropy, {activation}", parameters, columns, tuple(e.message))


def flip_error(*, activation, noise, solutions):
    """Flip error against the fraction of flipped inputs, p = (1 - tau)/2."""
    p, distance = np.asarray(noise), DENSE if solutions == "dense" else None
    f = rp.flip_error(
        _binary(activation), LOAD, 1 - 2 * p, solutions=solutions, distance=distance
    )
    columns = {"noise": p, "flip_error": f.flip_error, "error": f.error}
    # an instability is said, but is no failure
    said = zip(f.success, f.message, strict=True)
    messages = tuple("" if success else message for success, message in said)
    parameters = {
        "curve": "flip error",
        "activation": activation,
        "solutions": solutions,
    }
    return Series(
        f"flip error, {activation}, {solutions}", parameters, columns, messages
    )


@style.styled
def draw(dataset):
    """Capacities by activation; local entropy and flip error, a colour each."""
    figure, axes = style.panels(3, height=2.8)
    for kind, look in CAPACITIES.items():
        line = dataset.one(curve=kind)
        axes[0].plot(line["capacity"], line["place"], mfc="none", **look)
    axes[0].set(xlabel=r"capacity $\alpha_c$ (patterns per weight)", xlim=(0.5, 5.8))
    axes[0].set_yticks(range(len(ACTIVATIONS)), ACTIVATIONS)
    axes[0].invert_yaxis()
    style.note(axes[0], r"spherical: $\infty$", 4.0, 0, xytext=(0, 0))
    looks = {kind: look | {"mfc": "none"} for kind, look in CAPACITIES.items()}
    at = {"loc": "center right", "bbox_to_anchor": (1, 0.225)}
    style.key(axes[0], looks, fontsize=6.5, frameon=True, **at)
    colours = dict(zip(SHOWN, style.COLOURS, strict=False))
    for name, color in colours.items():
        line = dataset.one(curve="local entropy", activation=name)
        x, y, stable = line["distance"], line["normalised"], line["stability"] < 1
        style.curve(axes[1], x, y, stable=stable, color=color)
        for kind, dashes in (("typical", "-"), ("dense", ":")):
            line = dataset.one(curve="flip error", activation=name, solutions=kind)
            axes[2].plot(line["noise"], line["flip_error"], dashes, color=color)
    axes[1].set(xlabel="distance $d$ between solutions", xlim=(0, None), ylim=(None, 0))
    axes[1].set_ylabel(r"normalised local entropy (nats per weight)")
    style.key(axes[1], {name: {"color": c} for name, c in colours.items()})
    axes[2].set(xscale="log", yscale="log", xlabel="flipped inputs $p$")
    axes[2].set(ylabel=r"flip error $\epsilon$", ylim=(2e-3, 0.6))
    lines = {"typical": {"color": "0.3"}, "dense": {"color": "0.3", "ls": ":"}}
    style.key(axes[2], lines, loc="lower right")
    at = rf"$\alpha={LOAD:g}$"
    style.letters(axes, ["capacity", f"binary, {at}", f"binary, {at}"])
    return figure


def caption(dataset):
    return (
        "Tree committees with K &rarr; &infin; units. (a) Capacity by activation: "
        "binary weights (zero of the RS entropy) and spherical weights with zero, one "
        "and two steps of replica symmetry breaking; that of the sign grows without "
        "bound with K for spherical weights. For the linear activation, the "
        "perceptron, the three coincide. (b) Binary weights at &alpha; = 0.6: "
        "normalised local entropy of the densest regions, y &rarr; &infin;, against "
        "the distance of two of their solutions, up to the typical one; dashed where "
        "the replica-symmetric centre is unstable. Near solutions smooth activations "
        "are denser than the sign, far away the order changes. (c) Fraction of "
        "patterns whose output flips when a fraction p of the inputs, or of the "
        "weights, is flipped: typical solutions (solid; for the sign it falls as "
        f"p<sup>1/4</sup>) and those of the densest regions at d = {DENSE:g} (dotted)."
    )
