"""A scan of a store as labelled arrays: xarray, netCDF, CSV, npz."""

import contextlib
import csv
import itertools
import json
import os

import numpy as np

from scans import check
from scans.result import decode

__all__ = ["require_xarray", "to_csv", "to_netcdf", "to_npz", "to_xarray"]

MISSING = "not computed"


def require_xarray():
    """The module xarray, or ImportError that says how to get it."""
    try:
        import xarray
    except ImportError:
        raise ImportError(
            "scans needs xarray for its datasets: pip install 'wideflat[scan]'"
        ) from None
    return xarray


def to_xarray(store, info):
    """Dataset over the axes; `failure` says why a point has no result."""
    xarray = require_xarray()
    names = list(info.grid.axes)
    variables = {}
    for name, array in arrays(store, info).items():
        extra = array.ndim - len(names)
        dims = (*names, *(f"{name}_dim{i}" for i in range(extra)))
        variables[name] = xarray.Variable(dims, array, _units(info, name))
    coords = {
        name: xarray.Variable((name,), np.array(values), _units(info, name))
        for name, values in info.grid.axes.items()
    }
    return xarray.Dataset(variables, coords, provenance(info))


def to_netcdf(store, info, path):
    """Through SciPy's netCDF 3 writer."""
    data = to_xarray(store, info)
    with _replacing(path) as name:
        data.to_netcdf(name, engine="scipy")


def to_npz(store, info, path):
    axes = {name: np.array(values) for name, values in info.grid.axes.items()}
    record = json.dumps(provenance(info))
    with _replacing(path) as name, open(name, "wb") as file:
        np.savez_compressed(file, **axes, **arrays(store, info), provenance=record)


def to_csv(store, info, path):
    """One row a point; entries of an array result get columns name_0, name_1, ..."""
    columns = {}
    for name, array in arrays(store, info).items():
        array = array.reshape(info.grid.size, -1)
        if array.shape[1] == 1:
            columns[name] = array[:, 0]
        else:
            columns |= {f"{name}_{i}": array[:, i] for i in range(array.shape[1])}
    with (
        _replacing(path) as part,
        open(
            part, "w", newline="", encoding="utf-8", errors="backslashreplace"
        ) as file,
    ):
        for name, value in provenance(info).items():
            file.write(f"# {name}: {value}\n")
        for name, unit in info.units.items():
            file.write(f"# unit of {name}: {unit}\n")
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*info.grid.axes, *columns])
        points = itertools.product(*info.grid.axes.values())
        values = (column.tolist() for column in columns.values())
        for point, row in zip(points, zip(*values, strict=True), strict=True):
            table.writerow([_cell(x) for x in (*point, *row)])


def provenance(info):
    """Where the numbers come from; the same for a scan that was interrupted."""
    return {
        "function": info.function,
        "function_code": info.code,
        "wideflat_version": info.version,
        "along": info.grid.along or "",
        **{f"fixed_{name}": text for name, text in info.fixed.items()},
    }


def arrays(store, info):
    """name -> array over the grid, and beyond it for results that are arrays.

    Without a result a number is nan, a string "", a bool False; `failure` is the
    message of the exception, "not computed", or "". Arrays of unlike lengths, a number
    among them, are filled up with nan.
    """
    size = info.grid.size
    stored = {
        key: (result, failure) for key, result, failure in store.rows(info.family)
    }
    columns, failures = {}, []
    for i, key in enumerate(info.grid.keys()):
        result, failure = stored.get(key, (None, MISSING))
        failures.append(failure or "")
        for name, value in decode(result).items() if result else ():
            columns.setdefault(name, ([], []))
            columns[name][0].append(i)
            columns[name][1].append(value)
    whole = {name: _column(name, *column, size) for name, column in columns.items()}
    whole["failure"] = np.array(failures)
    return {name: a.reshape(info.grid.shape + a.shape[1:]) for name, a in whole.items()}


def _column(name, where, values, size):
    shapes = {np.shape(value) for value in values}
    ndim = max(map(len, shapes))
    if any(len(shape) not in (0, ndim) for shape in shapes):
        raise ValueError(
            f"scan: the result {name} must have as many dimensions at all points, "
            f"given the shapes {', '.join(map(str, sorted(shapes)))}"
        )
    if ndim and () in shapes:  # a number among arrays is an array of one entry
        values = [np.reshape(v, np.shape(v) or (1,) * ndim) for v in values]
        shapes = {np.shape(value) for value in values}
    shape = tuple(np.max(list(shapes), axis=0).astype(int))
    if len(shapes) == 1:
        entries = np.array(values)
    else:
        kind = np.result_type(*values)
        kind = kind if kind.kind == "U" else np.dtype(float)
        entries = np.full((len(values), *shape), _blank(kind), dtype=kind)
        for i, value in enumerate(values):
            entries[(i, *(slice(n) for n in value.shape))] = value
    if len(where) == size:
        return entries
    blank = _blank(entries.dtype)
    kind = np.result_type(entries.dtype, type(blank))
    whole = np.full((size, *shape), blank, dtype=kind)
    whole[where] = entries
    return whole


def _blank(dtype):
    return {"U": "", "b": False}.get(dtype.kind, np.nan)


def _units(info, name):
    return {"units": info.units[name]} if name in info.units else {}


def _cell(value):
    if isinstance(value, str):
        return " ".join(value.split())
    return repr(value) if isinstance(value, float) else value


@contextlib.contextmanager
def _replacing(path):
    """A name beside `path` to write to; it becomes `path` once all is written."""
    path = check.path("Store", path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} cannot be written: it is a folder")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"{path} cannot be written: {reason}") from error
    finally:
        part.unlink(missing_ok=True)
