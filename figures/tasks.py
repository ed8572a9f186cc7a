"""Independent pieces of a figure's computation, as the points of a scan.

A task is one curve, so that continuation along it stays in one process; curves that
several figures share are computed once. What is finished is stored and used again as
long as the code that computed it is the same.
"""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import learners
import msgpass
import replicas
import scans
from figures.dataset import Dataset, Series, version

__all__ = ["Task", "compute", "compute_all", "dataset_of", "task"]


@dataclass(frozen=True)
class Task:
    """A call that returns a `Series`; hashable, and picklable for processes.

    code : fingerprint of the module of `function`; points : number of points of the
    curve; cost : rough seconds a point takes, for the order (so that processes finish
    together) and the progress.
    """

    function: Callable
    arguments: tuple[tuple[str, Any], ...]
    code: str
    points: int = field(compare=False)
    cost: float = field(compare=False)

    @property
    def milliseconds(self):
        return round(1000 * self.points * self.cost)

    def __call__(self):
        return self.function(**dict(self.arguments))


def task(function, *, points=1, cost=0.01, **arguments):
    """`Task` for function(**arguments); the arguments must be hashable."""
    code = _fingerprint([Path(sys.modules[function.__module__].__file__)])
    return Task(function, tuple(sorted(arguments.items())), code, points, cost)


def compute(figure, *, quick=True, progress=None):
    """Dataset of the figure module `figure`, in this process.

    progress : called with each task that is done.
    """
    results = {}
    for piece in figure.tasks(quick):
        results[piece] = piece()
        if progress is not None:
            progress(piece)
    return dataset_of(figure, quick, results)


def dataset_of(figure, quick, results):
    """Dataset of a figure from the results of its tasks."""
    name = figure.__name__.rpartition(".")[2]
    flag = "--quick" if quick else "--full"
    provenance = {
        "wideflat": version(),
        "made by": f"python -m figures make {name} {flag}",
        "units": "entropies in nats per weight; alpha in patterns per weight; "
        "distance = (1 - overlap)/2",
    }
    series = tuple(results[piece] for piece in figure.tasks(quick))
    return Dataset(name, quick, figure.SOURCES, series, provenance)


def compute_all(figures, ready, *, quick, store, executor, retries=0, progress=None):
    """Compute the tasks of figure modules that `store` does not hold yet.

    ready : called with each module and its Dataset, or the message of what stopped
    it, as soon as its tasks are done; store : path of the store; executor : as for
    scans.scan; progress : called with each task that is done.
    """
    waiting = {figure: set(figure.tasks(quick)) for figure in figures}
    pieces = list(dict.fromkeys(p for f in figures for p in f.tasks(quick)))
    if not isinstance(executor, scans.Serial):
        pieces.sort(key=lambda piece: -piece.milliseconds)
    results = {}

    def each(point, result, failure):
        piece = point["piece"]
        results[piece] = failure or _series(result)
        if progress is not None:
            progress(piece)
        for figure in [f for f, need in waiting.items() if need <= results.keys()]:
            del waiting[figure]
            mine = [results[p] for p in figure.tasks(quick)]
            failure = next((x for x in mine if isinstance(x, str)), None)
            ready(figure, failure or dataset_of(figure, quick, results))

    scans.scan(
        curve,
        {"piece": pieces},
        fixed={"solvers": _solvers()},
        store=store,
        executor=executor,
        progress=False,
        retries=retries,
        each=each,
    )


def curve(piece, solvers):
    """The curve of one task; `solvers` tells the store which code computed it."""
    return piece()


def _series(result):
    """`Series` out of the flat names of a scan."""
    parts = {"parameters": {}, "columns": {}}
    for name, value in result.items():
        part, _, key = name.partition("_")
        if part in parts:
            parts[part][key] = value
    return Series(result["name"], **parts, messages=tuple(result["messages"].tolist()))


def _solvers():
    """Fingerprint of the packages that compute."""
    folders = [Path(p.__file__).parent for p in (replicas, msgpass, learners)]
    files = [path for folder in folders for path in folder.rglob("*")]
    kinds = (".py", ".so", ".pyd", ".dylib")
    return _fingerprint(sorted(path for path in files if path.suffix in kinds))


def _fingerprint(paths):
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
