"""Where the calls run: executors shaped like concurrent.futures."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess

try:
    import fcntl
except ImportError:  # not POSIX
    fcntl = None

from scans import check

__all__ = ["Serial", "default", "processes", "require_picklable", "require_started"]

WORKER = "WIDEFLAT_SCAN_WORKER"
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    WORKER: "1",
}


GUARD = 'in a script, call scan under if __name__ == "__main__":'


class Serial(Executor):
    """Runs each call when it is submitted, in the calling thread."""

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class _Context(SpawnContext):
    """Spawned processes with one thread each, remembered so that they can be ended."""

    def __init__(self):
        super().__init__()
        self.started = []

    def Process(self, *args, **kwargs):
        process = _Process(*args, **kwargs)
        self.started.append(process)
        return process


class _Process(SpawnProcess):
    def start(self):
        # BLAS reads these when it is loaded, before any initializer runs
        with _environment(ONE_THREAD):
            super().start()


class Processes(ProcessPoolExecutor):
    """Spawned worker processes that end with their parent; see `processes`."""

    def __init__(self, workers):
        self._context = _Context()
        super().__init__(workers, mp_context=self._context, initializer=_begin)
        self.workers = workers

    def __exit__(self, kind, *_):
        """Wait for the calls; where an exception leaves the block, end them."""
        if kind is None:
            self.shutdown()
        else:
            self.terminate()

    def terminate(self):
        """End the workers now, in the middle of their calls."""
        self.shutdown(wait=False, cancel_futures=True)
        for process in self._context.started:
            if process.pid is not None:
                process.terminate()
        for process in self._context.started:
            if process.pid is not None:
                process.join()


def processes(workers=None):
    """Executor of `workers` spawned processes; None: one for each usable core.

    BLAS and OpenMP are held to one thread in each; the processes end when the
    process that started them dies.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    workers = (cores or os.cpu_count() or 1) if workers is None else workers
    check.count("processes", "workers", workers, 1, 1 << 16)
    return Processes(workers)


def default():
    """Processes; inside a worker of another scan, the calling thread."""
    return Serial() if os.environ.get(WORKER) else processes()


def require_started():
    """Refuse to scan in a worker that is still importing the script it came from."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RuntimeError(f"scan: called while a worker process starts; {GUARD}")


def require_picklable(function, fixed):
    """Refuse what cannot be sent to another process, and say what to do."""
    advice = (
        "define it with def at the top level of a module that the workers can import, "
        "or pass executor=ThreadPoolExecutor(n) or scans.Serial()"
    )
    name = getattr(function, "__qualname__", repr(function))
    main = sys.modules["__main__"]
    nowhere = getattr(main, "__spec__", None) is None and not hasattr(main, "__file__")
    if getattr(function, "__module__", None) == "__main__" and nowhere:
        raise TypeError(
            f"scan: {name} is defined in an interactive session, where other processes "
            f"cannot find it; {advice}"
        )
    try:
        pickle.dumps(function)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"scan: {name} cannot be sent to other processes ({error}); {advice}"
        ) from None
    for key, value in fixed.items():
        try:
            pickle.dumps(value)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise TypeError(
                f"scan: parameter {key} cannot be sent to other processes: {error}"
            ) from None


@contextlib.contextmanager
def _environment(values):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin():
    """In a new worker: the parent handles Ctrl-C; die when the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sentinel = multiprocessing.parent_process().sentinel
    if fcntl is not None:
        # the kernel ends us, also in a call that keeps the interpreter lock
        fcntl.fcntl(sentinel, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(sentinel, fcntl.F_GETFL)
        fcntl.fcntl(sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)

    def watch():  # where there is no such signal, or where it is ignored
        wait([sentinel])
        os._exit(1)

    if wait([sentinel], timeout=0):  # it died while we were starting
        os._exit(1)
    threading.Thread(target=watch, daemon=True).start()
