"""From what a function returns to named columns, and to the text that is stored."""

import dataclasses
import json
import numbers
import time
from collections.abc import Mapping

import numpy as np

from scans import check

__all__ = ["NameClash", "Outcome", "compute", "decode"]

KINDS = "real numbers, strings, arrays of them, or dicts and dataclasses of these"


class NameClash(ValueError):
    """A result has the name of an axis and is not its value."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One finished point: the result as JSON, or why there is none."""

    key: str
    result: str | None
    failure: str | None
    seconds: float


def compute(function, fixed, names, along, calls):
    """Outcomes of the calls, each (coordinates, keys); runs in a worker."""
    outcomes = []
    for values, keys in calls:
        point = dict(zip(names, values, strict=True))
        if along is not None:
            point[along] = np.array(point[along])
        results, failure = None, None
        start = time.perf_counter()
        try:
            given = {**fixed, **point}
            columns = _columns(_without_echo(function(**given), given))
            _refuse_namesakes(columns, given)
            if along is None:
                results = [_encoded(columns)]
            else:
                results = [_encoded(c) for c in _points(columns, len(keys))]
        except NameClash:
            raise
        except (Exception, SystemExit) as error:
            failure = _message(error)
        seconds = (time.perf_counter() - start) / len(keys)
        results = results or [None] * len(keys)
        outcomes += [
            Outcome(key, result, failure, seconds)
            for key, result in zip(keys, results, strict=True)
        ]
    return outcomes


def _message(error):
    """Type and text of an exception, as text that any file can hold."""
    try:
        text = f"{type(error).__name__}: {error}".rstrip(": ")
    except Exception:  # of its own __str__
        text = type(error).__name__
    return text.encode(errors="backslashreplace").decode()


def _without_echo(value, parameters):
    """A dict or dataclass without the entries that repeat a parameter."""
    value = _entries(value)
    if not isinstance(value, Mapping):
        return value
    return {
        name: entry
        for name, entry in value.items()
        if name not in parameters or not _equal(entry, parameters[name])
    }


def _entries(value):
    """A dataclass as a dict, without the fields that two equal ones may differ in."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    fields = [f.name for f in dataclasses.fields(value) if f.compare]
    return {name: getattr(value, name) for name in fields}


def _columns(value, name=None):
    """`value` as a flat dict; names of nested entries are joined by _."""
    value = _entries(value)
    if not isinstance(value, Mapping):
        return {name or "value": value}
    flat = {}
    for key, entry in value.items():
        columns = _columns(entry, f"{key}" if name is None else f"{name}_{key}")
        both = sorted(set(flat) & set(columns))
        if both:
            raise NameClash(f"scan: two results are called {', '.join(both)}")
        flat.update(columns)
    return flat


def _refuse_namesakes(columns, parameters):
    """Refuse results that are called like something else."""
    if "failure" in columns:
        raise NameClash("scan: no result may be called failure; rename it")
    for name in columns:
        if name in parameters:
            raise NameClash(
                f"scan: the result {name} has the name of a parameter, but is "
                f"{check.brief(columns[name])} for {check.brief(parameters[name])}; "
                "rename one of them"
            )


def _equal(value, parameter):
    if value is parameter:
        return True
    try:
        return bool(np.all(np.asarray(value) == np.asarray(parameter)))
    except (TypeError, ValueError):
        return False


def _points(columns, n):
    """Columns of a line as columns of its points; a scalar holds for all of them."""
    split = {}
    for name, value in columns.items():
        if np.ndim(value) == 0:
            split[name] = [value] * n
        elif len(value) == n:
            split[name] = list(value)
        else:
            raise ValueError(
                f"the result {name} of a line of {n} points has length {len(value)}"
            )
    return [{name: column[i] for name, column in split.items()} for i in range(n)]


def _encoded(columns):
    return json.dumps({name: _plain(name, x) for name, x in columns.items()})


def _plain(name, value):
    """A JSON value for a number, string or array; None stands for nan."""
    given = value
    if isinstance(value, (list, tuple)):
        try:
            value = np.array(value)
        except ValueError:  # ragged
            raise _refusal(name, given) from None
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "O" and all(isinstance(x, str) for x in value.flat):
            value = value.astype(str)
        if value.dtype.kind in "fiubU":
            return {"shape": value.shape, "values": value.ravel().tolist()}
    elif isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return float("nan")
    if isinstance(value, (bool, str, float)):
        return value
    if isinstance(value, numbers.Integral) and abs(value) < 2**63:
        return int(value)
    raise _refusal(name, given)


def _refusal(name, value):
    return TypeError(
        f"the result {name} must be made of {KINDS}, given {check.brief(value)}"
    )


def decode(text):
    """The columns that `_encoded` wrote."""
    columns = json.loads(text)
    for name, value in columns.items():
        if isinstance(value, dict):
            columns[name] = np.array(value["values"]).reshape(value["shape"])
    return columns
