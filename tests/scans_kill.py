"""Run a scan in forked children and SIGKILL them at random moments.

python scans_kill.py STORE LOG KILLS SEED WORKERS: prints one JSON line a run, with the
points stored and the number of its calls logged when it ended; the last run is not
killed. Each line of the log ends with the number of its run. Forking keeps a run at
some milliseconds instead of the seconds that imports take.
"""

import faulthandler
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


def run(number, store, log, workers):
    os.environ["SCAN_RUN"] = str(number)
    faulthandler.dump_traceback_later(60, exit=True)  # rather than wait for ever
    executor = scans.processes(workers) if workers else scans.Serial()
    fixed = {"log": log, "wait": 0.01 if workers else 0.001}
    scans.scan(
        logged, AXES, fixed=fixed, store=store, executor=executor, progress=False
    )
    executor.shutdown()


def state(number, store, log):
    """Keys stored, read without our code, and number of calls logged by this run."""
    stored = []
    if os.path.exists(store):
        db = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
        stored = [at for (at,) in db.execute("SELECT at FROM point")]
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.close()
    mine = [line for line in lines_of(log) if line.split()[-1] == str(number)]
    return {"stored": stored, "calls": len(mine)}


def lines_of(log):
    if not os.path.exists(log):
        return []
    with open(log) as file:
        return file.read().splitlines()


def wait(log, moments, kills):
    """Until a random moment of the run: of its start-up or after some more calls."""
    if moments.random() < 0.3:
        time.sleep(moments.uniform(0, 0.05))
        return
    lines = len(lines_of(log)) + moments.randrange(1 + 300 // kills)
    end = time.monotonic() + 10
    while len(lines_of(log)) < lines and time.monotonic() < end:
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
            run(i, store, log, workers)
            os._exit(0)
        if i < int(kills):
            wait(log, moments, int(kills))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"status": status, **state(i, store, log)}), flush=True)
        if status == 0:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
