"""Named axes, the points they span, and the key of each point."""

import dataclasses
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from scans import check
from scans.identity import label

__all__ = ["Grid", "require_parameters"]

RESERVED = ("failure",)


@dataclass(frozen=True)
class Grid:
    """The product of named axes, the last axis fastest.

    axes : name -> list of distinct numbers, strings or bools, as Python scalars; for
    an axis of dataclasses their labels.
    along : name of the axis whose lines are one call each, or None.
    values : name -> list of what the function gets.
    """

    axes: dict[str, list]
    along: str | None = None
    values: dict[str, list] = field(init=False, repr=False, compare=False)
    tokens: tuple = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        if not isinstance(self.axes, Mapping) or not self.axes:
            raise ValueError(
                "scan: axes must be a mapping name -> values with at least one axis, "
                f"given {self.axes!r}"
            )
        values = {name: _values(name, given) for name, given in self.axes.items()}
        axes = {name: _labels(name, given) for name, given in values.items()}
        named = isinstance(self.along, str) and self.along in axes
        if self.along is not None and not named:
            raise ValueError(
                f"scan: along must be one of the axes {', '.join(axes)}, "
                f"given {self.along!r}"
            )
        tokens = tuple([json.dumps(x) for x in labels] for labels in axes.values())
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "tokens", tokens)

    @property
    def shape(self):
        return tuple(len(values) for values in self.axes.values())

    @property
    def size(self):
        return int(np.prod(self.shape, dtype=object))

    def keys(self):
        """Keys of all points: their coordinates as JSON, exact for doubles."""
        for point in itertools.product(*self.tokens):
            yield f"[{', '.join(point)}]"

    def points(self):
        """Pairs (key, point), the point as a dict name -> value."""
        for key, point in zip(
            self.keys(), itertools.product(*self.values.values()), strict=True
        ):
            yield key, dict(zip(self.values, point, strict=True))

    def calls(self):
        """Pairs (coordinates, keys), one a call: one point, or one line `along`."""
        if self.along is None:
            points = itertools.product(*self.values.values())
            for point, key in zip(points, self.keys(), strict=True):
                yield point, (key,)
            return
        position = list(self.axes).index(self.along)
        line = self.values[self.along]
        values, tokens = list(self.values.values()), list(self.tokens)
        values[position], tokens[position] = [line], [self.tokens[position]]
        starts = itertools.product(*tokens)
        for point, start in zip(itertools.product(*values), starts, strict=True):
            before, after = start[:position], start[position + 1 :]
            ends = [(*before, token, *after) for token in start[position]]
            yield point, tuple(f"[{', '.join(end)}]" for end in ends)


def require_parameters(axes, fixed):
    """Refuse names that are no parameters, taken twice or reserved."""
    for name in (*axes, *fixed):
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"scan: names must be identifiers, given {name!r}")
        if name in RESERVED:
            raise ValueError(f"scan: no axis or parameter may be called {name!r}")
    both = sorted(set(axes) & set(fixed))
    if both:
        raise ValueError(f"scan: {', '.join(both)} must be an axis or fixed, not both")


def _labels(name, values):
    """What stands for the values in keys and coordinates: themselves, if scalars."""
    if not dataclasses.is_dataclass(values[0]):
        return values
    labels = [label(name, value) for value in values]
    _require_distinct(name, labels)
    return labels


def _require_distinct(name, labels):
    found, counts = np.unique(labels, return_counts=True)
    if found.size < len(labels):
        raise ValueError(
            f"scan: values of axis {name} must be distinct, "
            f"{found[counts > 1][0]} is given {counts.max()} times"
        )


def _values(name, values):
    """An axis as a list of distinct Python scalars, or of dataclasses."""
    if isinstance(values, (list, tuple)) and values:
        if all(dataclasses.is_dataclass(x) and not isinstance(x, type) for x in values):
            return list(values)
    given = check.brief(values)
    try:
        array = np.asarray(values)
    except ValueError:  # ragged
        array = np.empty(())
    if array.ndim != 1:
        raise ValueError(
            f"scan: axis {name} must be a list or an array of one dimension, "
            f"given {given}"
        )
    kinds = {type(x) for x in values} if isinstance(values, (list, tuple)) else set()
    if array.dtype.kind not in "fiubU" or (array.dtype.kind == "U" and kinds - {str}):
        raise TypeError(
            f"scan: axis {name} must hold numbers, strings or bools, or dataclasses, "
            f"given {given}"
        )
    if array.size == 0:
        raise ValueError(f"scan: axis {name} must not be empty")
    if array.dtype.kind == "f":
        if np.isnan(array).any():
            raise ValueError(f"scan: axis {name} must not hold nan, given {given}")
        array = array.astype(float) + 0.0  # -0.0 is 0.0
    _require_distinct(name, array)
    return array.tolist()
