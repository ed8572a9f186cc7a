"""The store of scans: kill and resume, sharing, exports, damage, full disks."""

import csv
import json
import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scans_functions
from scans_functions import line, logged, number, point

import scans
from scans import identity
from scans.grid import Grid
from scans.result import Outcome

xarray = pytest.importorskip("xarray")
HERE = Path(__file__).parent
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)]),
}
AXES = {"x": [0.5, 3.0, 1.0], "k": ["a", "b"]}


def serial(function, axes, store, **options):
    options = {"executor": scans.Serial(), "progress": False} | options
    return scans.scan(function, axes, store=store, **options)


def killed(tmp_path, kills, seed, workers):
    """Run the kill script and check each run: calls made twice, number of kills."""
    print(f"moments of the kills from seed {seed}")
    store, log = tmp_path / "s.db", tmp_path / "log"
    arguments = [store, log, kills, seed, workers]
    output = subprocess.run(
        [sys.executable, HERE / "scans_kill.py", *map(str, arguments)],
        env={**ENVIRONMENT, "PYTHONWARNINGS": "ignore"},  # of semaphores left behind
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    runs = [json.loads(text) for text in output.splitlines()]
    assert runs[-1]["status"] == 0
    calls = [text.split() for text in log.read_text().splitlines()]
    stored = set()
    in_flight = 4 * workers if workers else 1
    for i, run in enumerate(runs):
        made = [f"[{x}, {y}]" for x, y, by in calls if int(by) == i]
        now = set(run["stored"])
        # a worker's last line may be on its way when the signal reaches it
        assert 0 <= len(made) - run["calls"] <= workers, "workers die with the scan"
        assert len(made) == len(set(made)), "no run computes a point twice"
        assert stored <= now, "no point is lost"
        assert stored.isdisjoint(made), "no stored point is computed again"
        assert now - stored <= set(made)
        assert len(set(made) - now) <= in_flight, "only those in flight are not stored"
        stored = now
    assert len(stored) == 200
    fixed = {"log": str(log), "wait": 0.01 if workers else 0.001}
    axes = {"x": list(range(8)), "y": [0.5 * i for i in range(25)]}
    before = log.read_text()
    resumed = serial(logged, axes, store, fixed=fixed)
    assert log.read_text() == before
    assert resumed.identical(serial(logged, axes, tmp_path / "whole.db", fixed=fixed))
    return len(calls) - len({(x, y) for x, y, _ in calls}), len(runs) - 1


def test_scan_killed_at_random_moments_loses_nothing(tmp_path):
    twice, kills = killed(tmp_path, 40, random.randrange(10**6), 0)
    assert twice <= kills


@pytest.mark.full
def test_scan_on_processes_killed_at_random_moments_loses_nothing(tmp_path):
    twice, kills = killed(tmp_path, 3, random.randrange(10**6), 2)
    assert twice <= 8 * kills


@pytest.mark.full
def test_scan_killed_many_times_loses_nothing(tmp_path):
    for seed in range(5):
        (tmp_path / str(seed)).mkdir()
        killed(tmp_path / str(seed), 200, seed, 0)
    for seed in range(5, 10):
        (tmp_path / str(seed)).mkdir()
        killed(tmp_path / str(seed), 70, seed, 2)


def test_scan_computes_only_what_a_store_lacks(tmp_path):
    store, log = tmp_path / "s.db", tmp_path / "log"
    fixed = {"log": str(log)}
    serial(logged, {"x": [1, 2], "y": [3]}, store, fixed=fixed)
    data = serial(logged, {"x": [2, 5], "y": [4, 3]}, store, fixed=fixed)
    assert log.read_text().splitlines() == ["1 3", "2 3", "2 4", "5 4", "5 3"]
    assert data.total.sel(x=2, y=3) == 3
    with scans.Store(store, write=False) as opened:
        first, second = opened.scans()
        with pytest.raises(
            ValueError, match="2 scans; say which by its number, 1 to 2"
        ):
            opened.to_xarray()
        assert opened.to_xarray(second.id).identical(data)
    assert (first.done, second.done, first.grid.size) == (2, 4, 2)
    # other fixed parameters: other points
    serial(logged, {"x": [1], "y": [3]}, store, fixed=fixed | {"wait": 0.0001})
    assert len(log.read_text().splitlines()) == 6


def test_scan_of_a_longer_line_computes_it_anew(tmp_path):
    store = tmp_path / "s.db"
    serial(line, {"x": [0], "d": [0.1, 0.2]}, store, along="d")
    data = serial(line, {"x": [0], "d": [0.2, 0.3]}, store, along="d")
    assert data.total.values.tolist() == [[0.2, 0.5]]


def test_two_functions_share_a_store(tmp_path):
    with scans.Store(tmp_path / "s.db") as store:
        first = serial(number, {"x": [1, 2]}, store)
        second = serial(point, AXES, store)
        assert [s.function.split(".")[1] for s in store.scans()] == ["number", "point"]
        assert store.to_xarray(1).identical(first)
        assert store.to_xarray(2).identical(second)
        assert [s.failed for s in store.scans()] == [0, 1]


def test_points_of_another_version_are_not_used(tmp_path, monkeypatch):
    store = tmp_path / "s.db"
    serial(number, {"x": [1, 2]}, store)
    monkeypatch.setattr(identity, "package_version", lambda: "99.0")
    with pytest.warns(UserWarning, match="2 points of scans_functions.number from"):
        data = serial(number, {"x": [1, 2]}, store)
    assert data.attrs["wideflat_version"] == "99.0"
    with scans.Store(store, write=False) as opened:
        assert [s.done for s in opened.scans()] == [2, 2]


def test_points_of_a_function_that_was_edited_are_not_used(tmp_path, monkeypatch):
    serial(number, {"x": [1]}, tmp_path / "s.db")
    edited = tmp_path / "scans_functions.py"
    edited.write_text("def number(x):\n    # edited\n    return x / 4\n")
    scope = {}
    exec(compile(edited.read_text(), edited, "exec"), scope)
    scope["number"].__module__ = "scans_functions"
    with pytest.warns(UserWarning, match="1 points"):
        data = serial(scope["number"], {"x": [1]}, tmp_path / "s.db")
    assert data["value"] == 0.25


def test_code_ignores_comments_and_layout(tmp_path):
    codes = []
    for i, body in enumerate(["return x/3", "# why\n    return (x / 3)", "return x/4"]):
        path = tmp_path / f"f{i}.py"
        path.write_text(f"def f(x):\n    {body}\n")
        scope = {}
        exec(compile(path.read_text(), path, "exec"), scope)
        codes.append(identity.code_of(scope["f"]))
    assert codes[0] == codes[1] != codes[2]
    assert identity.code_of(max) == ""


def test_exports_hold_the_same_numbers(tmp_path):
    axes = {"x": [0.1, 3.0, np.inf], "k": ["a", "b"]}
    units = {"x": "1", "entropy": "nats"}
    with scans.Store(tmp_path / "s.db") as store:
        data = serial(point, axes, store, units=units)
        for kind in ("netcdf", "csv", "npz"):
            getattr(store, f"to_{kind}")(tmp_path / f"out.{kind}")
    read = xarray.load_dataset(tmp_path / "out.netcdf", engine="scipy")
    assert read.equals(data) and read.attrs == data.attrs
    assert read.entropy.attrs == {"units": "nats"}
    with np.load(tmp_path / "out.npz") as arrays:
        assert np.array_equal(arrays["order_q"], data.order_q, equal_nan=True)
        assert arrays["failure"].tolist() == data.failure.values.tolist()
        assert arrays["x"].tolist() == axes["x"]
        assert json.loads(str(arrays["provenance"])) == data.attrs
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert "# unit of entropy: nats" in lines
    rows = list(csv.DictReader(text for text in lines if text[0] != "#"))
    assert [float(r["order_q"]) for r in rows] == pytest.approx(
        data.order_q.values.ravel(), nan_ok=True, abs=0
    )
    assert rows[3]["failure"] == "ArithmeticError: no saddle here"
    assert float(rows[0]["spectrum_2"]) == 0.2
    assert not list(tmp_path.glob(".*"))


def test_netcdf_without_any_failure(tmp_path):
    with scans.Store(None) as store:
        data = serial(number, {"x": [1, 2]}, store)
        store.to_netcdf(tmp_path / "out.nc")
    read = xarray.load_dataset(tmp_path / "out.nc", engine="scipy")
    assert read.failure.values.tolist() == ["", ""]
    assert read["value"].values.tolist() == data["value"].values.tolist()


def unchanged(path, **arguments):
    """The refusal of `path`; its bytes must stay as they are."""
    before = path.read_bytes()
    with pytest.raises(scans.StoreError) as refusal:
        scans.Store(path, **arguments).scans()
    assert path.read_bytes() == before
    return str(refusal.value)


@pytest.mark.parametrize("write", [True, False])
def test_store_refuses_foreign_files(tmp_path, write):
    text, empty, other = (tmp_path / n for n in ("notes.txt", "empty", "other.db"))
    text.write_text("not a database, but longer than the hundred bytes of a header" * 3)
    empty.write_bytes(b"")
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE scan (id)")
    db.commit()
    db.close()
    for path in (text, empty, other):
        assert "is not a store of scans" in unchanged(path, write=write)
    with pytest.raises(scans.StoreError, match="No such file"):
        scans.Store(tmp_path / "absent.db", write=False)
    assert not (tmp_path / "absent.db").exists()
    with pytest.raises(scans.StoreError, match="nowhere"):
        scans.Store(tmp_path / "nowhere" / "s.db")


def test_store_refuses_damaged_files_and_later_formats(tmp_path):
    path = tmp_path / "s.db"
    serial(number, {"x": range(2000)}, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-4096])
    assert "damaged" in unchanged(path) or "malformed" in unchanged(path)
    path.write_bytes(whole[:8192] + bytes(20000) + whole[28192:])
    assert "damaged" in unchanged(path) or "malformed" in unchanged(path)
    path.write_bytes(whole[:60] + (7).to_bytes(4) + whole[64:])
    assert "format 7" in unchanged(path)
    path.write_bytes(whole)
    assert len(serial(number, {"x": range(2000)}, path)["value"]) == 2000


FULL = """
import resource, sys
import scans, xarray
from scans_functions import number
path, room = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
try:
    scans.scan(number, {"x": list(range(3000))}, store=path, executor=scans.Serial(),
        progress=False)
except scans.StoreError as error:
    print(error)
"""


def test_a_full_disk_keeps_what_was_stored(tmp_path):
    path = tmp_path / "s.db"
    serial(number, {"x": [10**6]}, path)  # another scan, to be kept as well
    output = subprocess.run(
        [sys.executable, "-c", FULL, path, "400000"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert "cannot be written" in output and "scan again to go on" in output
    with scans.Store(path, write=False) as store:
        first, second = store.scans()
        assert first.done == 1
        assert 10 < second.done < 3000
    data = serial(number, {"x": list(range(3000))}, path)
    assert np.array_equal(data["value"], np.arange(3000) / 3)


def test_a_full_database_says_so(tmp_path):
    with scans.Store(tmp_path / "s.db") as store:
        store._db.execute("PRAGMA max_page_count = 30")
        with pytest.raises(scans.StoreError, match=r"cannot be written: .* full"):
            serial(number, {"x": range(3000)}, store)
        assert 10 < store.info().done < 3000


READ_ONLY = """
import os, sys
import scans
if os.getuid() == 0:
    os.setuid(65534)  # permissions do not bind root
with scans.Store(sys.argv[1], write=False) as store:
    print(store.info().done)
try:
    scans.Store(sys.argv[1])
except scans.StoreError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs POSIX permissions")
def test_a_read_only_store_can_be_read_and_says_why_not_written(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    serial(number, {"x": [0, 3]}, folder / "s.db")
    for place in (tmp_path, *tmp_path.parents[:2]):
        place.chmod(0o755)
    (folder / "s.db").chmod(0o444)
    folder.chmod(0o555)
    try:
        output = subprocess.run(
            [sys.executable, "-c", READ_ONLY, folder / "s.db"],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.splitlines()
    finally:
        folder.chmod(0o755)
    assert output[0] == "2"
    assert "read-only" in output[1]
    with scans.Store(folder / "s.db", write=False) as store:
        assert store.info().done == 2


def test_a_success_is_never_overwritten(tmp_path):
    grid = Grid({"x": [1]})
    with scans.Store(tmp_path / "s.db") as store:
        subject = {"function": "f", "code": "", "version": "1", "fixed": {}}
        store.begin(subject, grid, {})
        good = Outcome("[1]", '{"value": 1}', None, 0.0)
        store.add(1, [good], {})
        store.add(1, [Outcome("[1]", None, "late", 0.0)], {})
        assert store.rows(1) == [("[1]", '{"value": 1}', None)]


def test_a_store_is_readable_while_it_is_written(tmp_path):
    def peek(x):
        with scans.Store(tmp_path / "s.db", write=False) as store:
            return store.info().done

    scans_functions.peek = peek
    peek.__qualname__, peek.__module__ = "peek", "scans_functions"
    data = serial(peek, {"x": [1, 2, 3]}, tmp_path / "s.db")
    assert data["value"].values.tolist() == [0, 1, 2]
