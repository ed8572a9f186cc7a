"""Validation of arguments: the error names function, parameter, rule and value."""

import numbers as _numbers
from pathlib import Path

import numpy as np

__all__ = [
    "broadcast",
    "callback",
    "choice",
    "distance",
    "finite",
    "flag",
    "generator",
    "inside",
    "integer",
    "number",
    "numbers",
    "path",
    "positive",
    "positive_number",
]


def numbers(function, parameter, value):
    """`value` as a float array; every entry a number, none nan."""
    if type(value) is float and value == value:
        return np.array(value)
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiu":
            raise TypeError
        array = array.astype(float)
    except (TypeError, ValueError):
        raise TypeError(
            f"{function}: {parameter} must be a number or an array of numbers, "
            f"given {value!r}"
        ) from None
    if np.isnan(array).any() or np.ma.is_masked(value):
        what = "masked" if np.ma.is_masked(value) else "nan"
        raise ValueError(f"{function}: {parameter} must not be {what}, given {value!r}")
    return array


def inside(function, parameter, value, rule, test):
    """`value` as a float array for which `test` holds everywhere; else state `rule`."""
    array = numbers(function, parameter, value)
    if array.size == 0:
        raise ValueError(f"{function}: {parameter} must not be empty, given {value!r}")
    # a float is tested some microseconds faster than an array
    if not np.all(test(array)) if array.ndim else not test(array.item()):
        raise ValueError(f"{function}: {parameter} must be {rule}, given {value!r}")
    return array


def positive(function, parameter, value):
    """`value` as an array of finite numbers > 0."""
    return inside(
        function, parameter, value, "finite and > 0", lambda x: (x > 0) & (x < np.inf)
    )


def distance(function, value):
    """`value` as an array of distances in (0, 1/2)."""
    return inside(
        function, "distance", value, "in (0, 1/2)", lambda d: (d > 0) & (d < 0.5)
    )


def number(function, parameter, value, rule, test):
    """One number, as a float, for which `test` holds; else state `rule`."""
    if isinstance(value, bool) or not isinstance(value, _numbers.Real):
        raise TypeError(f"{function}: {parameter} must be a number, given {value!r}")
    try:
        x = float(value)
    except OverflowError:
        x = np.inf if value > 0 else -np.inf
    if not test(x):
        raise ValueError(f"{function}: {parameter} must be {rule}, given {value!r}")
    return x


def finite(function, parameter, value):
    """One finite number, as a float."""
    return number(function, parameter, value, "finite", np.isfinite)


def positive_number(function, parameter, value):
    """One finite number > 0, as a float."""
    return number(
        function, parameter, value, "finite and > 0", lambda x: 0 < x < np.inf
    )


def generator(function, rng):
    """A numpy Generator: `rng` itself, or one of that seed."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise TypeError(
            f"{function}: rng must be a numpy Generator or a seed, given {rng!r}"
        ) from None


def flag(function, parameter, value):
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(
            f"{function}: {parameter} must be True or False, given {value!r}"
        )


def callback(function, value):
    """A function, or None."""
    if value is not None and not callable(value):
        raise TypeError(
            f"{function}: callback must be a function or None, given {value!r}"
        )


def path(function, parameter, value):
    """The path of a file or a folder, as a `Path`."""
    try:
        return Path(value)
    except TypeError:
        raise TypeError(
            f"{function}: {parameter} must be a path, given {value!r}"
        ) from None


def broadcast(function, **arrays):
    """Arrays of one shape."""
    try:
        return np.broadcast_arrays(*arrays.values())
    except ValueError:
        shapes = ", ".join(f"{name} {x.shape}" for name, x in arrays.items())
        raise ValueError(
            f"{function}: shapes must broadcast against each other, given {shapes}"
        ) from None


def integer(function, parameter, value, low, high):
    """One integer in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, _numbers.Integral):
        raise TypeError(f"{function}: {parameter} must be an integer, given {value!r}")
    if not low <= value <= high:
        raise ValueError(
            f"{function}: {parameter} must be in [{low}, {high}], given {value!r}"
        )


def choice(function, parameter, value, choices):
    """One of a few names."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(
            f"{function}: {parameter} must be one of {', '.join(choices)}, "
            f"given {value!r}"
        )
