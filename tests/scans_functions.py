"""Functions that the tests of scans run, importable by worker processes."""

import os
import time
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Point:
    """A result with an echo of a parameter, as solvers return it."""

    x: float
    order: dict
    entropy: float
    success: bool
    message: str
    spectrum: np.ndarray


def point(x, k, scale=1.0):
    """Some numbers; fails at x = 3, k = "b"."""
    if x == 3 and k == "b":
        raise ArithmeticError("no saddle here")
    order = {"q": scale * x, "eps": 1 - x}
    return Point(x, order, -x / 7, x != 1, "", np.arange(3) * x)


@dataclass(frozen=True)
class Machine:
    """An argument to scan over."""

    units: int
    rule: object = abs


def size(machine, x):
    return machine.units * machine.rule(x)


def line(x, d):
    """A curve by continuation along d: every entry depends on those before."""
    if x == 2:
        raise ArithmeticError("no curve here")
    return {"d": d, "total": np.cumsum(d) + x, "slope": x}


def logged(x, y, log, wait=0.0):
    """x + y/3 after a while; every call leaves a line in the file `log`."""
    line = f"{x} {y} {os.environ.get('SCAN_RUN', '')}".strip()
    with open(log, "ab", buffering=0) as file:
        file.write(f"{line}\n".encode())
    time.sleep(wait)
    return {"total": x + y / 3, "name": f"{x}/{y}"}


def number(x):
    return x / 3


def deadly(x):
    """Kills its process at x = 5."""
    if x == 5:
        os._exit(9)
    return x


def flaky(x, log):
    """Raises at the first two calls for each x."""
    with open(log, "ab", buffering=0) as file:
        file.write(f"{x}\n".encode())
    with open(log) as file:
        calls = file.read().split().count(str(x))
    if calls < 3:
        raise OSError(f"call {calls}")
    return x


def threads(x):
    """What a worker is told about its threads."""
    return int(os.environ["OPENBLAS_NUM_THREADS"])


def forever(x):
    time.sleep(600 if x else 0)
    return x


def stubborn(x):
    """Computes for minutes without letting another thread of Python run."""
    open(f"started{x}", "w").close()
    return 3 ** (10**9 + x) % 2
