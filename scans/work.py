"""One scan at work: calls to the executor, outcomes to the store as they come."""

import contextlib
import itertools
import os
import queue
from collections import deque
from concurrent.futures import BrokenExecutor, CancelledError
from dataclasses import dataclass

from tqdm import tqdm

from scans.executors import GUARD, Processes, processes
from scans.result import Outcome, compute, decode
from scans.store import StoreError

__all__ = ["Work"]

WINDOW = 1000  # tasks an executor holds; own processes hold 4 each
DEATH = "the worker process died in this call: killed, out of memory or crashed"


@dataclass
class _Task:
    """Calls that travel together; deaths : workers that died of them alone."""

    calls: tuple
    deaths: int = 0

    @property
    def keys(self):
        return [key for _, keys in self.calls for key in keys]


class Work:
    """Computes the points of a grid that a store does not hold yet."""

    def __init__(self, function, fixed, grid, store, family, chunk, retries, each):
        self.function, self.fixed, self.grid = function, fixed, grid
        self.store, self.family = store, family
        self.chunk, self.retries = chunk, retries
        self.each = each
        self.points = dict(grid.points()) if each else {}
        self.attempts = {}  # of points that failed and are tried again
        self.again = deque()
        self.suspects = deque()  # in flight when a worker died; tried one by one
        self.flying = {}  # future -> task

    def run(self, executor, owned, progress):
        """Compute and store what is missing; `owned` executors are ended."""
        stored = self.store.finished(self.family)
        missing = [c for c in self.grid.calls() if self._missing(c, stored)]
        self.attempts = {key: n for key, n in stored.items() if n}
        del stored
        points = sum(len(keys) for _, keys in missing)
        if self.each:
            self._tell_stored({key for _, keys in missing for key in keys})
        self.executor, self.owned = executor, owned
        size = self.grid.size
        bar = contextlib.nullcontext()
        if progress:
            bar = tqdm(total=size, initial=size - points, unit="point")
        with bar as self.bar:
            try:
                self._connect()
                self._loop(map(_Task, _batches(missing, self.chunk)))
            except BaseException as error:
                self._stop(error)
                raise
            if self.owned:
                self.executor.shutdown()

    def _missing(self, call, stored):
        for key in call[1]:
            attempts = stored.get(key)
            if attempts is None or 0 < attempts <= self.retries:
                return True
        return False

    def _connect(self):
        """Fresh books for a fresh executor."""
        self.flying, self.landed = {}, queue.SimpleQueue()
        own = isinstance(self.executor, Processes)
        self.window = 4 * self.executor.workers if own else WINDOW
        self.first = self.executor.submit(os.getpid) if own else None

    def _loop(self, tasks):
        while True:
            self.alone = bool(self.suspects)
            source = self.suspects if self.alone else self.again
            limit = 1 if self.alone else self.window
            while len(self.flying) < limit:
                task = source.popleft() if source else None
                if task is None and not self.alone:
                    task = next(tasks, None)
                if task is None:
                    break
                self._submit(task)
                if not self.landed.empty():
                    self._receive()
            if self.flying:
                self._receive()
            elif not (self.suspects or self.again):
                return

    def _submit(self, task):
        names, along = tuple(self.grid.axes), self.grid.along
        future = None
        try:
            future = self.executor.submit(
                compute, self.function, self.fixed, names, along, task.calls
            )
        except BrokenExecutor as error:
            self._mourn([task], error)
        else:
            self.flying[future] = task
            future.add_done_callback(self.landed.put)

    def _receive(self):
        """Store what has landed; wait for the first."""
        futures = [self.landed.get()]
        while not self.landed.empty():
            futures.append(self.landed.get())
        outcomes, dead, error = [], [], None
        for future in futures:
            task = self.flying.pop(future)
            try:
                outcomes += self._judged(task, future.result())
            except BrokenExecutor as broken:
                dead.append(task)
                death = broken
            except (Exception, CancelledError) as raised:
                error = raised
        self._keep(outcomes)
        if error is not None:
            raise error
        if dead:
            self._mourn(dead, death)

    def _keep(self, outcomes):
        if outcomes:
            self.store.add(self.family, outcomes, self.attempts)
            if self.bar is not None:
                self.bar.update(len(outcomes))
        for o in outcomes if self.each else ():
            self._tell(o.key, o.result, o.failure)

    def _tell_stored(self, missing):
        for key, result, failure in self.store.rows(self.family):
            if key in self.points and key not in missing:
                self._tell(key, result, failure)

    def _tell(self, key, result, failure):
        self.each(self.points[key], decode(result) if result else None, failure or "")

    def _judged(self, task, outcomes):
        """Outcomes to store; calls that failed and may be tried again are queued."""
        failed = {o.key for o in outcomes if o.failure is not None}
        for key in failed:
            self.attempts[key] = self.attempts.get(key, 0) + 1
        hopeful = {key for key in failed if self.attempts[key] <= self.retries}
        for call in task.calls:
            if hopeful.intersection(call[1]):
                self.again.append(_Task((call,)))
        return [o for o in outcomes if o.key not in hopeful]

    def _mourn(self, dead, error):
        """A worker died: replace the processes, look for the call that did it."""
        if not isinstance(self.executor, Processes):
            raise RuntimeError(
                f"scan: the executor broke ({error}); finished points are stored, "
                "scan again with a new executor to go on"
            ) from error
        if not self.first.done() or self.first.exception() is not None:
            raise RuntimeError(
                "scan: the worker processes could not start, see what they print; "
                + GUARD
            ) from error
        outcomes = []
        for future, task in self.flying.items():
            try:
                outcomes += self._judged(task, future.result())
            except BrokenExecutor:
                dead.append(task)
        self._keep(outcomes)
        workers = self.executor.workers
        if self.owned:
            self.executor.shutdown()
        self.executor, self.owned = processes(workers), True
        alone = self.alone
        self._connect()
        for task in dead:
            if len(task.calls) > 1:
                self.suspects.extend(_Task((call,)) for call in task.calls)
            elif alone and task.deaths >= self.retries:
                self.attempts |= dict.fromkeys(task.keys, task.deaths + 1)
                self._keep([Outcome(key, None, DEATH, 0.0) for key in task.keys])
            else:
                self.suspects.append(_Task(task.calls, task.deaths + alone))

    def _stop(self, error):
        """Give up: what is finished is stored, the rest is not waited for."""
        flying, outcomes = self.flying, []
        self.flying = {}
        for future, task in flying.items():
            if not future.cancel() and future.done() and future.exception() is None:
                outcomes += self._judged(task, future.result())
        if self.owned and isinstance(self.executor, Processes):
            self.executor.terminate()
        if outcomes and not isinstance(error, StoreError):
            self.store.add(self.family, outcomes, self.attempts)


def _batches(items, size):
    items = iter(items)
    while batch := tuple(itertools.islice(items, size)):
        yield batch
