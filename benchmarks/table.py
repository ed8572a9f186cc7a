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
    target : what the ratio of the twin named `against` to ours must reach; limit : the
    seconds ours may take; None if only reported. points : solved in one call.
    seconds : spent on the row. clock : CPU time, or wall clock where processes work.
    """

    task: str
    exact: Any
    ours: Callable
    plain: Callable | None
    tuned: Callable | None
    target: float | None = None
    limit: float | None = None
    against: str = "plain"
    points: int = 1
    seconds: float = 3.0
    clock: Callable = time.process_time
    note: str = ""


def measure(row):
    """The printed line of a row: errors against exact, medians, ratios."""
    functions = {
        name: getattr(row, name)
        for name in ("ours", "plain", "tuned")
        if getattr(row, name) is not None
    }
    error, calls, times = {}, {}, {}
    for name, function in functions.items():
        start = row.clock()
        error[name] = np.max(np.abs(function() - np.asarray(row.exact)))
        first = row.clock() - start
        calls[name] = max(1, int(0.02 / first))
        # a slow twin is not run again for the sake of its first call
        times[name] = [first] if first > 0.5 else []
    end = row.clock() + row.seconds
    while row.clock() < end or not all(times.values()):
        # interleaved, so that a slow spell of the machine hits all alike
        for name, function in functions.items():
            start = row.clock()
            for _ in range(calls[name]):
                function()
            times[name].append((row.clock() - start) / calls[name])
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
    late = bool(row.limit is not None and median["ours"] > row.limit)
    if row.target is not None:
        cells.append(f"{row.target:g}x")
    else:
        cells.append("" if row.limit is None else _seconds(row.limit) + " !" * late)
    return _line(cells) + (f"  {row.note}" if row.note else "")


def header():
    """The head of the table."""
    top = ["", "error:", "", "", "time:", "", "", "", "", ""]
    twins = ["plain", "ratio", "tuned", "ratio"]
    return (
        _line(top)
        + "\n"
        + _line(["", "ours", "plain", "tuned", "ours", *twins, "target"])
    )


def _line(cells):
    first, *rest = (
        text.ljust(width) if i == 0 else text.rjust(width)
        for i, (text, width) in enumerate(zip(cells, WIDTHS, strict=True))
    )
    return first + " " + " ".join(rest)


def _seconds(t):
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if t >= scale:
            return f"{t / scale:.3g} {unit}"
    return f"{t * 1e9:.3g} ns"
