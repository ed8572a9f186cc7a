"""Run a scan in forked children and SIGKILL them at random moments.

python scans_kill.py STORE LOG KILLS SEED WORKERS: prints one JSON line a run, with the
points stored and the calls logged when it ended; the last run is not killed. Forking
keeps a run at some milliseconds instead of the seconds that imports take.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import time

from scans_functions import logged

import scans

AXES = {"x": list(range(8)), "y": [0.5 * i for i in range(25)]}


def run(store, log, workers):
    executor = scans.processes(workers) if workers else scans.Serial()
    fixed = {"log": log, "wait": 0.01 if workers else 0.001}
    scans.scan(
        logged, AXES, fixed=fixed, store=store, executor=executor, progress=False
    )
    executor.shutdown()


def state(store, log):
    """Keys stored, read without our code, and number of lines in the log."""
    stored = []
    if os.path.exists(store):
        db = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
        stored = [at for (at,) in db.execute("SELECT at FROM point")]
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.close()
    return {"stored": stored, "lines": lines_of(log)}


def lines_of(log):
    if not os.path.exists(log):
        return 0
    with open(log) as file:
        return file.read().count("\n")


def wait(log, moments, kills):
    """Until a random moment of the run: of its start-up or after some more calls."""
    if moments.random() < 0.3:
        time.sleep(moments.uniform(0, 0.05))
        return
    lines = lines_of(log) + moments.randrange(1 + 300 // kills)
    end = time.monotonic() + 10
    while lines_of(log) < lines and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(moments.uniform(0, 0.005))


def main(store, log, kills, seed, workers):
    moments = random.Random(int(seed))
    workers = int(workers)
    # all imports happen here, so that a child computes at once
    fixed = {"y": 0, "log": os.devnull}
    scans.scan(logged, {"x": [0]}, fixed=fixed, executor=scans.Serial(), progress=False)
    for i in range(int(kills) + 1):
        child = os.fork()
        if child == 0:
            run(store, log, workers)
            os._exit(0)
        if i < int(kills):
            wait(log, moments, int(kills))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if workers:
            time.sleep(0.3)  # what its workers were doing, they finish or drop
        print(json.dumps({"status": status, **state(store, log)}), flush=True)
        if status == 0:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
