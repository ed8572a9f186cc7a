"""What a stored point belongs to: function, its code, fixed parameters, version."""

import ast
import dataclasses
import hashlib
import inspect
import json
import sys
import textwrap
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import numpy as np

__all__ = ["code_of", "described", "label", "name_of", "package_version"]


def name_of(function):
    """module.qualname; a script's module is called by its file name."""
    if not callable(function):
        raise TypeError(f"scan: function must be callable, given {function!r}")
    if not hasattr(function, "__qualname__"):
        raise TypeError(
            f"scan: function must be a function with a name, given {function!r}; "
            "pass bound arguments in fixed"
        )
    module = function.__module__
    if module == "__main__":
        module = Path(getattr(sys.modules["__main__"], "__file__", "__main__")).stem
    return f"{module}.{function.__qualname__}"


def require_lasting_name(function):
    """Refuse a function whose name does not tell it from others."""
    name = name_of(function)
    if "<" in name or inspect.ismethod(function):
        raise ValueError(
            f"scan: {name} cannot be recognised when the store is opened again; "
            "define it with def at the top level of a module, or scan without a store"
        )


def require_callable_with(function, names):
    """Refuse a function that does not take exactly these parameters, if it says so."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # written in C
        return
    try:
        signature.bind(**dict.fromkeys(names))
    except TypeError as error:
        raise TypeError(
            f"scan: {name_of(function)} must take the axes and fixed parameters "
            f"{', '.join(names)}, given {signature}: {error}"
        ) from None


def code_of(function):
    """Fingerprint of the function's own source, comments and layout left out.

    "" where there is no source; functions it calls are not part of it.
    """
    try:
        source = textwrap.dedent(inspect.getsource(function))
        text = ast.unparse(ast.parse(source))
    except (OSError, TypeError, SyntaxError):
        return ""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def package_version():
    """Version of the installed distribution."""
    try:
        return metadata.version("wideflat")
    except metadata.PackageNotFoundError:
        return "source tree, not installed"


def label(name, value):
    """Text that tells a value of an axis from others: Tree(K=3, rule='majority')."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(label(name, x) for x in value)}]"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [f.name for f in dataclasses.fields(value) if f.init and f.compare]
        parts = (f"{field}={label(name, getattr(value, field))}" for field in fields)
        return f"{type(value).__qualname__}({', '.join(parts)})"
    if callable(value) and "<" not in name_of(value):
        return name_of(value)
    raise TypeError(
        f"scan: dataclasses on axis {name} must be made of numbers, strings, arrays, "
        f"lists, dataclasses and functions of a module, given {value!r}"
    )


def described(name, value):
    """A fixed parameter as JSON text that is the same in every run."""
    return json.dumps(_plain(name, value), sort_keys=True)


def _plain(name, value):
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiubU":
        return {"array": value.tolist(), "dtype": value.dtype.str}
    if isinstance(value, (list, tuple)):
        return [_plain(name, x) for x in value]
    if isinstance(value, Mapping):
        return {"mapping": [[_plain(name, x) for x in pair] for pair in value.items()]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        given = [f.name for f in dataclasses.fields(value) if f.init]
        parts = {f: _plain(name, getattr(value, f)) for f in given}
        return {"class": type(value).__qualname__, **parts}
    raise TypeError(
        f"scan: fixed parameter {name} must be made of numbers, strings, arrays, "
        "lists, dicts and dataclasses, so that a store can recognise it, "
        f"given {value!r}"
    )
