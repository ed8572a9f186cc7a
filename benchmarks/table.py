"""Measure rows of the benchmark and print them as a table."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Row", "header", "measure"]

WIDTHS = (36, 8, 8, 8, 10, 10, 7, 10, 7, 7)


@dataclass(frozen=True)
class Row:
    """One task, solved by us and by NumPy twins.

    exact : its value (or values) to more digits than any of them reaches.
    ours, plain, tuned : functions that return the value; plain is the textbook twin
    (fixed Gauss-Legendre panels, a SciPy root), tuned has the best grid we found.
    target : what ours over plain must reach; None if only reported. against : the
    twin the target is about. points : solved in one call. seconds : spent on the row.
    """

    task: str
    exact: Any
    ours: Callable
    plain: Callable | None
    tuned: Callable | None
    target: float | None = None
    against: str = "plain"
    points: int = 1
    seconds: float = 3.0
    note: str = ""


def measure(row):
    """The printed line of a row: errors against exact, medians, ratios."""
    functions = {
        name: getattr(row, name)
        for name in ("ours", "plain", "tuned")
        if getattr(row, name) is not None
    }
    error, calls = {}, {}
    for name, function in functions.items():
        start = time.perf_counter()
        error[name] = np.max(np.abs(function() - np.asarray(row.exact)))
        calls[name] = max(1, int(0.02 / (time.perf_counter() - start)))
    times = {name: [] for name in functions}
    end = time.perf_counter() + row.seconds
    while time.perf_counter() < end or len(times["ours"]) < 1:
        # interleaved, so that a slow spell of the machine hits all alike
        for name, function in functions.items():
            start = time.perf_counter()
            for _ in range(calls[name]):
                function()
            times[name].append((time.perf_counter() - start) / calls[name])
    median = {name: np.median(times[name]) / row.points for name in functions}
    cells = [row.task]
    for name in ("ours", "plain", "tuned"):
        cells.append(f"{error[name]:.0e}" if name in error else "")
    cells.append(_seconds(median["ours"]))
    for name in ("plain", "tuned"):
        done = name in median
        ratio = median[name] / median["ours"] if done else None
        cells.append(_seconds(median[name]) if done else "")
        text = f"{ratio:.3g}x" if done else ""
        if done and row.target is not None and row.against == name:
            text += "" if ratio >= row.target else " !"
        cells.append(text)
    cells.append("" if row.target is None else f"{row.target:g}x")
    return _line(cells) + (f"  {row.note}" if row.note else "")


def header():
    """The head of the table."""
    names = "task", "error", "plain", "tuned", "ours", "plain", "ratio"
    return _line([*names, "tuned", "ratio", "target"])


def _line(cells):
    first, *rest = (
        text.ljust(width) if i == 0 else text.rjust(width)
        for i, (text, width) in enumerate(zip(cells, WIDTHS, strict=True))
    )
    return first + " " + " ".join(rest)


def _seconds(t):
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if t >= scale:
            return f"{t / scale:.3g} {unit}"
    return f"{t * 1e6:.3g} us"
