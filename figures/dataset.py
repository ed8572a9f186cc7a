"""What a figure is drawn from, and its CSV file.

A `Series` is one curve: its parameters (constants of the curve) and its columns
(arrays of one length). The CSV file is one long table, a row a point; lines of
provenance start with `#`. Numbers are written so that they are read back exactly.
"""

import csv
from dataclasses import dataclass, field
from importlib import metadata

import numpy as np

__all__ = ["Dataset", "Series", "read_csv", "version", "write_csv"]


@dataclass(frozen=True)
class Series:
    """One curve.

    name : unique in its dataset; parameters : numbers and strings that hold along
    the curve; columns : float arrays of one length, nan where a point failed;
    messages : a string a point, why it failed or "".
    """

    name: str
    parameters: dict[str, str | float]
    columns: dict[str, np.ndarray]
    messages: tuple[str, ...]

    def __post_init__(self):
        lengths = {len(column) for column in self.columns.values()}
        if lengths != {len(self.messages)}:
            raise ValueError(
                f"Series: columns of {self.name} must have one length, given {lengths}"
            )

    def __getitem__(self, column):
        return self.columns[column]

    @property
    def failed(self):
        """Number of points that failed."""
        return sum(message != "" for message in self.messages)


@dataclass(frozen=True)
class Dataset:
    """All series of a figure, and where they come from.

    quick : the quick set of points, not the full one; sources : equations behind
    the numbers; provenance : further name-value pairs for the header.
    """

    figure: str
    quick: bool
    sources: tuple[str, ...]
    series: tuple[Series, ...]
    provenance: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        names = [series.name for series in self.series]
        if len(set(names)) != len(names):
            raise ValueError(f"Dataset: names of series must be unique, given {names}")
        parameters = {key for series in self.series for key in series.parameters}
        columns = {key for series in self.series for key in series.columns}
        if both := sorted(parameters & columns):
            raise ValueError(
                f"Dataset: a name must be a parameter or a column in all series of "
                f"{self.figure}, given both for {both}"
            )

    def select(self, **parameters):
        """Series whose parameters have all the given values."""
        return [
            series
            for series in self.series
            if all(series.parameters.get(k) == v for k, v in parameters.items())
        ]

    def one(self, **parameters):
        """The only series with these parameters."""
        found = self.select(**parameters)
        if len(found) != 1:
            raise ValueError(
                f"Dataset: {self.figure} has {len(found)} series with {parameters}"
            )
        return found[0]

    @property
    def largest_error(self):
        """Largest error estimate of a point that did not fail; nan without any."""
        errors = [s.columns["error"] for s in self.series if "error" in s.columns]
        errors = np.concatenate([*errors, [np.nan]])
        finite = errors[np.isfinite(errors)]
        return float(finite.max()) if finite.size else np.nan

    @property
    def points(self):
        return sum(len(series.messages) for series in self.series)

    @property
    def failed(self):
        return sum(series.failed for series in self.series)


def version():
    """Version of the installed distribution."""
    try:
        return metadata.version("wideflat")
    except metadata.PackageNotFoundError:
        return "source tree, not installed"


def write_csv(dataset, path):
    """Write `dataset` to `path`; header lines start with `# name: value`."""
    parameters = _union(series.parameters for series in dataset.series)
    columns = _union(series.columns for series in dataset.series)
    header = {
        "figure": dataset.figure,
        "points": "quick" if dataset.quick else "full",
        **{f"source {i}": s for i, s in enumerate(dataset.sources, 1)},
        **dataset.provenance,
        "largest error estimate": repr(dataset.largest_error),
        "failed points": f"{dataset.failed} of {dataset.points}",
        "parameter columns": ", ".join(parameters),
    }
    with open(path, "w", newline="", encoding="utf-8") as file:
        for name, value in header.items():
            file.write(f"# {name}: {value}\n")
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["series", *parameters, *columns, "message"])
        for series in dataset.series:
            table.writerows(_rows(series, parameters, columns))


def read_csv(path):
    """The dataset that `write_csv` wrote to `path`; ValueError where it cannot be."""
    with open(path, newline="", encoding="utf-8") as file:
        lines = file.read().splitlines()
    header = dict(
        line[2:].split(": ", 1) for line in lines if line[:2] == "# " and ": " in line
    )
    table = list(csv.reader(line for line in lines if line[:1] != "#"))
    try:
        names = [n for n in header["parameter columns"].split(", ") if n]
        columns = table[0][1 + len(names) : -1]
        groups = {}
        for number, row in enumerate(table[1:], len(lines) - len(table) + 2):
            if len(row) != len(table[0]):
                raise ValueError(f"line {number} has {len(row)} cells")
            groups.setdefault(row[0], []).append(row[1:])
        series = [_series(name, rows, names, columns) for name, rows in groups.items()]
        figure, quick = header["figure"], header["points"] == "quick"
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(
            f"read_csv: {path} is not a figure's dataset: {error}"
        ) from None
    own = ("figure", "points", "largest error estimate", "failed points")
    sources = tuple(v for k, v in header.items() if k.startswith("source "))
    provenance = {
        k: v
        for k, v in header.items()
        if k not in (*own, "parameter columns") and not k.startswith("source ")
    }
    return Dataset(figure, quick, sources, tuple(series), provenance)


def _union(dicts):
    """Keys of all dicts, in order of first appearance."""
    return list(dict.fromkeys(key for d in dicts for key in d))


def _rows(series, parameters, columns):
    constants = [_cell(series.parameters.get(name, "")) for name in parameters]
    for i, message in enumerate(series.messages):
        values = [
            _cell(float(series.columns[name][i])) if name in series.columns else ""
            for name in columns
        ]
        yield [series.name, *constants, *values, " ".join(message.split())]


def _cell(value):
    return value if isinstance(value, str) else repr(float(value))


def _series(name, rows, parameters, columns):
    """Rows of one series; a column is empty where the series does not have it."""
    n = len(parameters)
    constants = {
        key: _number(cell)
        for key, cell in zip(parameters, rows[0], strict=False)
        if cell
    }
    arrays = {
        key: np.array([float(row[n + i]) for row in rows])
        for i, key in enumerate(columns)
        if rows[0][n + i] != ""
    }
    return Series(name, constants, arrays, tuple(row[-1] for row in rows))


def _number(cell):
    try:
        return float(cell)
    except ValueError:
        return cell
