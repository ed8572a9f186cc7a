"""Scans: what a point costs beside its computation, processes, a large store."""

import itertools
import tempfile
import time
from pathlib import Path

import numpy as np

import replicas as rp
import scans
from benchmarks.table import Row
from scans.grid import Grid
from scans.result import Outcome

SMALL = {"a": np.linspace(0, 1, 100), "b": np.linspace(0, 1, 100)}
LARGE = {"a": list(range(1000)), "b": list(range(1000))}
COMMITTEE = rp.Model(rp.Spherical(), rp.Tree(3, "majority"))
CURVES = {"alpha": np.linspace(0.3, 1.1, 32), "distance": np.linspace(0.02, 0.3, 10)}


def trivial(a, b):
    return a * b


def curve(alpha, distance):
    return {"phi": rp.franz_parisi(COMMITTEE, alpha, distance).normalised}


def rows():
    with tempfile.TemporaryDirectory() as folder:
        yield from _overhead(Path(folder))
        yield _processes()
        yield _status(Path(folder) / "large.db")


def _overhead(folder):
    """10^4 trivial points into a new store on disk, by wall clock."""
    names = map(str, itertools.count())

    def scanned(executor):
        path = folder / f"{next(names)}.db"
        data = scans.scan(
            trivial, SMALL, store=path, executor=executor(), progress=False
        )
        return data["value"].values.ravel()

    for name, executor in (("in process", scans.Serial), ("processes", lambda: None)):
        yield Row(
            f"scan of 10^4 trivial points, {name}",
            [a * b for a, b in itertools.product(*SMALL.values())],
            lambda executor=executor: scanned(executor),
            lambda: [trivial(a, b) for a, b in itertools.product(*SMALL.values())],
            None,
            limit=1e-3,
            points=10**4,
            clock=time.perf_counter,
            note="wall clock a point, store on disk; twin is a bare loop",
        )


def _processes():
    """Real curves on two processes, their start included, against a bare loop."""

    def loop():
        return [curve(a, CURVES["distance"])["phi"] for a in CURVES["alpha"]]

    def scanned():
        with scans.processes(2) as executor:
            options = {"along": "distance", "executor": executor, "progress": False}
            return scans.scan(curve, CURVES, **options).phi.values

    return Row(
        "32 curves K=3, two processes",
        loop(),
        scanned,
        loop,
        None,
        target=1.8,
        points=len(CURVES["alpha"]),
        seconds=60.0,
        clock=time.perf_counter,
        note="wall clock a curve; twin is a bare loop in one process",
    )


def _status(path):
    """Open a store of 10^6 points and count."""
    grid = Grid(LARGE)
    subject = {"function": "trivial", "code": "", "version": "", "fixed": {}}
    with scans.Store(path) as store:
        store.begin(subject, grid, {})
        result = '{"entropy": -0.8558205967147617, "error": 1.2e-13, "success": true}'
        keys = grid.keys()
        while batch := list(itertools.islice(keys, 10**4)):
            store.add(1, [Outcome(key, result, None, 0.0) for key in batch], {})

    def done():
        with scans.Store(path, write=False) as store:
            return store.info().done

    return Row(
        "store of 10^6 points, reopen for status",
        10**6,
        done,
        None,
        None,
        limit=2.0,
        clock=time.perf_counter,
        note="wall clock",
    )
