"""Files of instances: text with one pattern a line, and npz without pickling."""

import gzip
import zipfile
import zlib
from contextlib import contextmanager

import numpy as np

from replicas import check

__all__ = [
    "kind",
    "opened",
    "read_arrays",
    "read_npz",
    "read_text",
    "write_npz",
    "write_text",
]

ENTRIES = ("patterns", "labels", "K", "tree", "rule", "kappa")
# what reading a wrong npz file may raise
WRONG = (
    ValueError, TypeError, OSError, EOFError, NotImplementedError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def kind(function, path):
    """Format of the file by its name: "text", "gzip" or "npz"."""
    name = check.path(function, "path", path).name
    for suffix, format_ in ((".txt", "text"), (".txt.gz", "gzip"), (".npz", "npz")):
        if name.endswith(suffix):
            return format_
    raise ValueError(
        f"{function}: path must end in .txt, .txt.gz or .npz, given {str(path)!r}"
    )


def _open(path, mode):
    if kind("Instance", path) == "gzip":
        return gzip.open(path, mode + "t", encoding="ascii")
    return open(path, mode, encoding="ascii")


def read_text(path):
    """Patterns of a text file; int8 if they are all +-1, else float64."""
    rows = []
    with _open(path, "r") as lines:
        try:
            for line in lines:
                rows.append(_row(path, len(rows) + 1, line, rows))
        except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
            raise _wrong(path, len(rows) + 1, error) from None
    if not rows:
        raise _wrong(path, 1, "no pattern, the file is empty")
    patterns = np.stack(rows)
    patterns.flags.writeable = False
    return patterns


def _row(path, number, line, rows):
    """One line as an array of the first one's length."""
    try:
        row = np.array(line.split(), dtype=float)
    except ValueError as error:
        raise _wrong(path, number, error) from None
    if not np.isfinite(row).all():
        raise _wrong(path, number, "a nan or infinity")
    if len(row) == 0 or (rows and len(row) != len(rows[0])):
        expected = len(rows[0]) if rows else "at least one"
        raise _wrong(path, number, f"{len(row)} numbers, expected {expected}")
    return row.astype(np.int8) if (np.abs(row) == 1).all() else row


def _wrong(path, number, what):
    return ValueError(f"Instance.load: {path}, line {number}: {what}")


def write_text(path, patterns):
    """One pattern a line; reals with as many digits as they need."""
    with _open(path, "w") as lines:
        for row in patterns:
            lines.write(" ".join(map(str, row.tolist())) + "\n")


@contextmanager
def opened(function, path):
    """An open npz file; what is found wrong in it raises ValueError with its name."""
    with open(path, "rb") as file:
        try:
            yield file
        except WRONG as error:
            what = str(error) or "it ends too early"
            raise ValueError(f"{function}: {path}: {what}") from None


def read_arrays(file, names):
    """The arrays of those names in an open npz file."""
    if not zipfile.is_zipfile(file):
        raise ValueError("not a .npz file, or its end is missing")
    file.seek(0)
    with np.load(file, allow_pickle=False) as data:
        missing = [name for name in names if name not in data]
        if missing:
            raise ValueError(f"it has no {', '.join(missing)}")
        return {name: data[name] for name in names}


def read_npz(file):
    """The arguments of `Instance` from an open npz file."""
    arguments = read_arrays(file, ENTRIES)
    for name in ENTRIES[2:]:
        if arguments[name].ndim:
            raise ValueError(f"{name} must be one value, given {arguments[name]}")
        arguments[name] = arguments[name].item()
    for name in ENTRIES[:2]:
        arguments[name].flags.writeable = False
    return arguments


def write_npz(path, instance):
    """All that `Instance` takes, compressed."""
    np.savez_compressed(path, **{name: getattr(instance, name) for name in ENTRIES})
