"""How the figures look: style sheet, sizes, colours and lines they share."""

from functools import wraps
from pathlib import Path

import numpy as np
from matplotlib import colormaps, style
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.interpolate import PchipInterpolator

__all__ = [
    "CENTRE_KEY",
    "COLOURS",
    "DOUBLE",
    "SHEET",
    "SINGLE",
    "bars",
    "curve",
    "key",
    "letters",
    "mark",
    "note",
    "panels",
    "shades",
    "styled",
]

SINGLE, DOUBLE = 3.4, 7.0  # column widths in inches
# Okabe and Ito: told apart with any colour vision
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SHEET = Path(__file__).with_name("style.mplstyle")


# what `curve` and the circles mean in local-entropy curves; for `key`
CENTRE_KEY = {
    "centre stable": {"color": "0.3"},
    "centre unstable": {"color": "0.3", "ls": "--"},
    "typical distance": {"color": "0.3", "ls": "", "marker": "o", "mfc": "white"},
}


def styled(draw):
    """`draw` under the style sheet of this package."""

    @wraps(draw)
    def inside(*arguments):
        with style.context(SHEET):
            return draw(*arguments)

    return inside


def panels(columns, *, width=DOUBLE, height=2.7, **options):
    """Figure and its axes, side by side."""
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots(1, columns, squeeze=False, **options)[0]


def letters(axes, titles):
    """Titles of the panels behind (a), (b), ..."""
    for letter, ax, title in zip("abcdefgh", axes, titles, strict=False):
        ax.set_title(f"({letter}) {title}", loc="left")


def key(ax, lines, **options):
    """Legend from label -> line properties, whatever is drawn in `ax`."""
    handles = [Line2D([], [], label=label, **look) for label, look in lines.items()]
    legend = ax.legend(handles=handles, **options)
    ax.add_artist(legend)


def mark(ax, x, y, *, color):
    """Circle at the end of a curve, whole at the edge of the axes too."""
    ax.plot(x, y, "o", mfc="white", color=color, clip_on=False, zorder=3)


def bars(share, error):
    """Error bars of a share, down and up, between 0 and 1."""
    return np.minimum(error, [share, 1 - share])


def note(ax, text, x, y, *, ha="left", va="center", **options):
    """Small text beside the point x, y; xytext moves it, in points."""
    options = {"textcoords": "offset points", "fontsize": 7.5, **options}
    ax.annotate(text, (x, y), ha=ha, va=va, **options)


def curve(ax, x, y, *, stable=None, log=False, **options):
    """Line through the points, dashed where not `stable`, a gap where y is nan.

    Between points a monotone cubic is drawn, of the logarithms if `log`.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    stable = np.ones(len(x), bool) if stable is None else np.asarray(stable)
    order = np.argsort(x)
    x, y, stable = x[order], y[order], stable[order]
    for part in _runs(np.isfinite(y)):
        if part.stop - part.start == 1:
            ax.plot(x[part], y[part], ".", color=options.get("color"))
            continue
        line = _cubic(x[part], y[part], log)
        for piece in _runs(stable[part]) + _runs(~stable[part]):
            solid = stable[part][piece.start]
            last = min(piece.stop, part.stop - part.start - 1)
            edges = x[part][[piece.start, last]]
            fine = np.geomspace(*edges, 200) if log else np.linspace(*edges, 200)
            ax.plot(fine, line(fine), "-" if solid else "--", **options)


def shades(n):
    """n colours in order of lightness, told apart in grey too."""
    return [colormaps["viridis"](x) for x in np.linspace(0.86, 0.08, n)]


def _cubic(x, y, log):
    if not log:
        return PchipInterpolator(x, y)
    line = PchipInterpolator(np.log(x), np.log(y))
    return lambda fine: np.exp(line(np.log(fine)))


def _runs(mask):
    """Slices of the True stretches of `mask`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return [slice(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
