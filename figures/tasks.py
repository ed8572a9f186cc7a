"""Independent pieces of a figure's computation, run here or by processes.

A task is one curve, so that continuation along it stays in one process; curves that
several figures share are computed once.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from figures.dataset import Dataset, version

__all__ = ["Task", "compute", "dataset_of", "datasets", "task"]


@dataclass(frozen=True)
class Task:
    """A call that returns a `Series`; hashable, and picklable for processes.

    points : number of points of the curve; cost : rough seconds a point takes, for
    the order (so that processes finish together) and the progress.
    """

    function: Callable
    arguments: tuple[tuple[str, Any], ...]
    points: int
    cost: float

    @property
    def milliseconds(self):
        return round(1000 * self.points * self.cost)

    def __call__(self):
        return self.function(**dict(self.arguments))


def task(function, *, points=1, cost=0.01, **arguments):
    """`Task` for function(**arguments); the arguments must be hashable."""
    return Task(function, tuple(sorted(arguments.items())), points, cost)


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


def datasets(figures, *, quick, jobs, progress):
    """Yield (figure, Dataset or the exception that stopped it) as they get ready.

    figures : modules; jobs : processes, 1 for this one; progress as in `compute`.
    """
    waiting = {figure: set(figure.tasks(quick)) for figure in figures}
    pieces = list(dict.fromkeys(p for f in figures for p in f.tasks(quick)))
    results = {}
    for piece, outcome in _outcomes(pieces, jobs):
        progress(piece)
        results[piece] = outcome
        for figure in [f for f, need in waiting.items() if need <= results.keys()]:
            del waiting[figure]
            errors = [
                results[p]
                for p in figure.tasks(quick)
                if isinstance(results[p], Exception)
            ]
            yield figure, errors[0] if errors else dataset_of(figure, quick, results)


def _outcomes(pieces, jobs):
    """Yield (task, its result or the exception it raised) as they finish.

    One curve that cannot be computed does not take the other figures with it.
    """
    if jobs == 1:
        for piece in pieces:
            try:
                outcome = piece()
            except Exception as error:
                outcome = error
            yield piece, outcome
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        longest_first = sorted(pieces, key=lambda piece: -piece.milliseconds)
        futures = {pool.submit(piece): piece for piece in longest_first}
        try:
            for future in as_completed(futures):
                error = future.exception()
                yield futures[future], future.result() if error is None else error
        finally:
            pool.shutdown(cancel_futures=True)
