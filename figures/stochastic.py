"""Stochastic binary weights: likelihood and error of the binarised weights."""

import numpy as np

import replicas as rp
from figures import style
from figures.dataset import Series
from figures.likelihood import instance
from figures.tasks import task

__all__ = ["SOURCES", "TITLE", "caption", "draw", "tasks"]

TITLE = "Stochastic binary weights: likelihood and binarised error"
SOURCES = ("docs/stochastic.md (ST1)-(ST10)",)
LOADS = (0.3, 0.4, 0.55, 0.75)
SIZE, NUMBER = 1000, 8


def tasks(quick):
    """Theory along q*, and instances at a few q*, for each load."""
    q_star = tuple(np.linspace(0.02, 0.98, 40 if quick else 160))
    points = (0.2, 0.4, 0.6) if quick else (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    number = NUMBER if quick else 5 * NUMBER
    pieces = []
    for alpha in LOADS:
        pieces.append(task(theory, alpha=alpha, q_star=q_star, points=len(q_star)))
        pieces.append(
            task(
                instances,
                alpha=alpha,
                q_star=points,
                number=number,
                points=len(points),
                cost=0.1 * number,
            )
        )
    return pieces


def theory(*, alpha, q_star):
    """The replica symmetric maximum."""
    model = rp.Model(rp.Binary(), rp.Perceptron())
    s = rp.stochastic(model, alpha, q_star)
    columns = {
        "q_star": np.asarray(q_star),
        "log-likelihood": s.value,
        "binarised error": s.order["binarised_error"],
        "stability": s.order["stability"],
        "lam": s.order["lam"],
        "error": s.error,
    }
    failed = np.where(s.success, "", s.message)
    return Series(
        f"theory, alpha = {alpha:g}", {"alpha": alpha}, columns, tuple(failed)
    )


def instances(*, alpha, q_star, number):
    """Means and standard errors over `number` instances, seeded by their order."""
    rows = []
    for i, q in enumerate(q_star):
        seeds = [[round(1000 * alpha), i, k] for k in range(number)]
        rngs = map(np.random.default_rng, seeds)
        found = np.array([instance(alpha, q, size=SIZE, rng=rng) for rng in rngs])
        spread = found.std(axis=0, ddof=1) / np.sqrt(number)
        rows.append([q, *found.mean(axis=0), *spread])
    names = ("q_star", "log-likelihood", "binarised error")
    names += ("spread of log-likelihood", "spread of binarised error")
    columns = dict(zip(names, np.array(rows).T, strict=True))
    parameters = {"alpha": alpha, "size": float(SIZE), "number": float(number)}
    name = f"instances, alpha = {alpha:g}"
    return Series(name, parameters, columns, ("",) * len(rows))


@style.styled
def draw(dataset):
    """Both quantities against q*, dashed where replica symmetry is unstable."""
    figure, axes = style.panels(2)
    quantities = ("log-likelihood", "binarised error")
    for alpha, color in zip(LOADS, style.COLOURS, strict=False):
        lines = dataset.select(alpha=alpha)
        line = next(s for s in lines if "stability" in s.columns)
        dots = next(s for s in lines if "stability" not in s.columns)
        for ax, quantity in zip(axes, quantities, strict=True):
            x, y = line["q_star"], line[quantity]
            if quantity == "binarised error":
                y = np.where(y > 1e-7, y, np.nan)
            log = quantity == "binarised error"
            style.curve(ax, x, y, stable=line["stability"] < 1, color=color)
            spread = dots[f"spread of {quantity}"]
            ax.errorbar(
                dots["q_star"], dots[quantity], spread, fmt="o", ms=3, color=color
            )
            ax.set_yscale("log" if log else "linear")
            ax.set(xlabel="mean square $q_*$ of the means", xlim=(0, 1))
    axes[0].set(ylabel="log-likelihood (nats per weight)", ylim=(None, 0))
    axes[1].set(ylabel=r"errors of $\mathrm{sign}(m)$", ylim=(1e-6, 0.5))
    style.letters(axes, ["maximum", "binarised weights"])
    loads = zip(LOADS, style.COLOURS, strict=False)
    style.key(axes[0], {rf"$\alpha={a:g}$": {"color": c} for a, c in loads})
    look = {"color": "0.3"}
    key = {"theory": look, "unstable": {**look, "ls": "--"}}
    key[f"$N={SIZE}$"] = {**look, "ls": "", "marker": "o", "ms": 3}
    style.key(axes[1], key, loc="lower left")
    return figure


def caption(dataset):
    number = next(s for s in dataset.series if "number" in s.parameters)
    count = number.parameters["number"]
    return (
        "Independent binary weights of means m<sub>i</sub>, mean square q<sub>*</sub>, "
        "at the maximum of the likelihood of all patterns. (a) Log-likelihood per "
        "weight. (b) Fraction of patterns that the weights sign(m) get wrong. Lines: "
        "replica symmetric theory at N &rarr; &infin;, dashed where its replicon "
        "index exceeds 1 and it is an approximation. Points: projected gradient "
        f"ascent on {count:.0f} instances of N = {SIZE}, with standard errors."
    )
