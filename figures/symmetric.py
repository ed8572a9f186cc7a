"""Bounds on the existence of pairs of solutions of the symmetric perceptron."""

import numpy as np

import replicas as rp
from figures import style
from figures.dataset import Series
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Symmetric perceptron: pairs and groups of solutions at a distance"
SOURCES = ("docs/symmetric.md (SY7)-(SY12), (SY16)-(SY20)",)
MARGINS = (0.5, 1.0, 1.25)
SIZES = (2, 3, 5, 10, 30)
KINDS = ("limit", "shared", "equal", "interior")


def tasks(quick):
    """Both bounds for each margin; first moments of groups at kappa = 1."""
    few = tuple(np.geomspace(0.001, 0.03, 6)) + tuple(np.linspace(0.05, 0.48, 14))
    some = tuple(np.geomspace(0.001, 0.03, 10)) + tuple(np.linspace(0.035, 0.49, 40))
    dense = tuple(np.geomspace(5e-4, 0.4995, 80))
    pairs = few if quick else some
    pieces = []
    for kappa in MARGINS:
        pieces.append(
            task(
                second,
                kappa=kappa,
                distance=pairs,
                starts=3 if quick else 24,
                points=len(pairs),
                cost=0.15 if quick else 0.8,
            )
        )
        pieces.append(task(first, kappa=kappa, distance=dense, y=2, points=len(dense)))
    for y in SIZES[1:]:
        pieces.append(
            task(first, kappa=1.0, distance=dense, y=y, points=len(dense), cost=0.004)
        )
    return pieces


def _model(kappa):
    return rp.Model(rp.Binary(), rp.Symmetric(kappa))


def first(*, kappa, distance, y):
    """First-moment bound of y solutions at a mutual distance."""
    bound = rp.first_moment(_model(kappa), distance, y)
    return _series("first moment", kappa, distance, y, bound, {})


def second(*, kappa, distance, starts):
    """Second-moment bound of pairs, with the least values of each kind of type."""
    bound = rp.second_moment(_model(kappa), distance, starts=starts)
    kinds = {kind: bound.order[kind] for kind in (*KINDS, "family")}
    return _series("second moment", kappa, distance, 2, bound, kinds)


def _series(curve, kappa, distance, y, bound, more):
    columns = {
        "distance": np.asarray(distance),
        "load": bound.value,
        "over capacity": bound.value / rp.capacity(_model(kappa)).value,
        "error": bound.error,
        **more,
    }
    parameters = {"curve": curve, "kappa": kappa, "y": float(y)}
    name = f"{curve}, kappa = {kappa:g}, y = {y}"
    return Series(name, parameters, columns, tuple(bound.message))


@style.styled
def draw(dataset):
    """Pairs for some margins; what attains the bound; groups at one margin."""
    figure, axes = style.panels(3, height=2.6)
    pairs, kinds, groups = axes
    for kappa, color in zip(MARGINS, style.COLOURS, strict=False):
        for curve, look in (("first moment", "-"), ("second moment", "--")):
            line = dataset.one(curve=curve, kappa=kappa, y=2.0)
            pairs.semilogx(line["distance"], line["over capacity"], look, color=color)
        x, y = line["distance"], line["family"] / line["load"] * line["over capacity"]
        pairs.plot(x, np.where(y < 1.02, y, np.nan), ":", color=color)
    pairs.set(ylim=(0.68, 1.01), xlim=(1e-3, 0.5))
    pairs.set_ylabel(r"load, in units of $\alpha_c$")
    _draw_kinds(kinds, dataset)
    for y, color in zip(SIZES, style.shades(len(SIZES)), strict=True):
        line = dataset.one(curve="first moment", kappa=1.0, y=float(y))
        groups.semilogx(line["distance"], line["load"], color=color)
    groups.set(ylim=(1.6, 2.6), xlim=(5e-4, 0.5))
    _capacity(groups, 5e-4)
    for ax in axes:
        ax.set_xlabel("distance $d$")
    style.letters(axes, ["pairs", r"pairs, $\kappa=1$", r"$y$ solutions, $\kappa=1$"])
    colours = zip(MARGINS, style.COLOURS, strict=False)
    key = {rf"$\kappa={kappa:g}$": {"color": c} for kappa, c in colours}
    key |= {"none above": {"color": "0.3"}, "exist below": {"color": "0.3", "ls": "--"}}
    key |= {"equal overlaps": {"color": "0.3", "ls": ":"}}
    style.key(pairs, key, loc="lower left")
    shades = zip(SIZES, style.shades(len(SIZES)), strict=True)
    style.key(
        groups,
        {f"$y={y}$": {"color": c} for y, c in shades},
        loc="upper left",
        fontsize=6,
    )
    return figure


def _draw_kinds(ax, dataset):
    """The four candidates for the infimum over types of two pairs."""
    line = dataset.one(curve="second moment", kappa=1.0)
    names = ("independent pairs", "one shared", "equal pairs", "others")
    looks = ("-.", ":", "-", "-")
    key = {}
    for kind, name, look, color in zip(
        KINDS, names, looks, style.COLOURS, strict=False
    ):
        value = np.where(np.isfinite(line[kind]), line[kind], np.nan)
        options = {"color": color, "ls": look}
        ax.plot(line["distance"], value, **options)
        key[name] = options
    ax.plot(line["distance"], line["load"], "ko", ms=2.5)
    key["least: exist below"] = {"color": "k", "ls": "", "marker": "o", "ms": 2.5}
    _capacity(ax, 1e-3)
    ax.set(ylim=(1.5, 2.05), xlim=(1e-3, 0.5), xscale="log", ylabel=r"load $\alpha$")
    style.key(ax, key, loc="upper center", ncols=2, fontsize=6, columnspacing=1)


def _capacity(ax, left):
    value = rp.capacity(_model(1.0)).value
    ax.axhline(value, color="0.6", lw=0.8, zorder=0)
    style.note(ax, r"$\alpha_c$", left, value, va="bottom", xytext=(2, 1))


def caption(dataset):
    return (
        "Binary weights, fields within &kappa; on both sides. (a) Pairs of solutions "
        "at distance d: above the solid line none exist with high probability (first "
        "moment), below the dashed one they exist with positive probability (second "
        "moment over all joint types of two pairs), in units of the capacity "
        "&alpha;<sub>c</sub> = &minus;ln 2/ln P<sub>1</sub>. Where the lines meet the "
        "bound is sharp. Dotted: the second moment over types with four equal overlaps "
        "only, which misses the infimum where it lies above. (b) The kinds of types "
        "that compete for the second-moment bound at &kappa; = 1: pairs that "
        "are independent (in the limit), that share "
        "one weight, that are equal (the first-moment bound), and the minimum over "
        "all others, which has four equal overlaps. (c) First-moment "
        "bounds for y solutions at mutual distance d; values above "
        "&alpha;<sub>c</sub> bound nothing beyond the capacity itself."
    )
