"""Validation of arguments: the error names function, parameter, rule and value."""

import numbers
from collections.abc import Mapping
from pathlib import Path

__all__ = ["MOST", "brief", "count", "names", "path"]

MOST = 1 << 31


def count(function, parameter, value, low, high=MOST):
    """One integer in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{function}: {parameter} must be an integer, given {value!r}")
    if not low <= value <= high:
        raise ValueError(
            f"{function}: {parameter} must be in [{low}, {high}], given {value}"
        )


def names(parameter, value, kind=object):
    """A mapping name -> `kind`, or None, as a dict."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"scan: {parameter} must be a mapping, given {value!r}")
    if not all(isinstance(entry, kind) for entry in value.values()):
        raise TypeError(
            f"scan: {parameter} must map names to {kind.__name__}, given {value!r}"
        )
    return dict(value)


def path(function, value):
    """The path of a file, as a `Path`."""
    try:
        return Path(value)
    except TypeError:
        raise TypeError(f"{function}: path must be a path, given {value!r}") from None


def brief(value):
    """A value as an error shows it, its end left out where it is long."""
    text = repr(value)
    return text if len(text) < 80 else f"{text[:77]}..."
