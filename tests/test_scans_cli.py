"""The command line of scans; solvers are replaced where a test says so."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from scans_functions import line

import scans
from scans import observables
from scans.__main__ import main

xarray = pytest.importorskip("xarray")


@pytest.fixture
def here(monkeypatch):
    """Calls run in this process."""
    monkeypatch.setattr(scans, "processes", lambda jobs: Local())


class Local(scans.Serial):
    def terminate(self):
        pass


def run(*arguments):
    return main(["run", *map(str, arguments)])


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("capacity", ["--kappa", "0,0.5"], 2.0),
        ("stability", ["--kappa=-0.5,-1"], None),
        ("entropy", ["--alpha", "1,1.5"], -0.8558205967147617),
        ("local_entropy", ["--alpha", "0.5:1:2", "--distance", "0.1:0.2:3"], None),
        ("local_entropy", ["--alpha=1", "--distance=0.1,0.2", "--y=2,inf"], None),
        ("franz_parisi", ["--alpha", "0.5", "--distance", "0.1:0.2:3"], None),
        (
            "franz_parisi",
            ["--alpha=0.3", "--distance=0.05,0.2", "--gamma=2,3", "--prior=binary"],
            None,
        ),
        ("freezing", ["--alpha", "0.3", "--gamma", "1,2", "--prior", "binary"], None),
        (
            "local_entropy",
            ["--alpha=0.4", "--distance=0.1,0.2", "--centre=rs,1rsb", "--prior=binary"],
            None,
        ),
        # full breaking and its first steps are the RS one without negative margin
        ("capacity", ["--kappa", "0,0.5", "--ansatz", "rs,1rsb,2rsb,frsb"], 2.0),
        # the capacity of the binary perceptron
        ("capacity", ["--kappa", "0,0.1", "--prior", "binary"], 0.8330785997395795),
    ],
)
def test_run_computes_the_observables(here, tmp_path, capsys, name, arguments, value):
    out = tmp_path / "out.nc"
    store = tmp_path / "s.db"
    assert run(name, "--store", store, "--out", out, "--quiet", *arguments) == 0
    assert ", 0 raised, 0 without a solution" in capsys.readouterr().out
    data = xarray.load_dataset(out, engine="scipy")
    column = data["value" if "value" in data else "entropy"]
    assert np.isfinite(column).all()
    if name != "freezing":
        assert column.attrs["units"].endswith("per weight")
    if value is not None:
        assert column.values.flat[0] == pytest.approx(value, abs=1e-10)


def test_run_of_trees_over_integers(here, tmp_path):
    out = tmp_path / "out.csv"
    options = ["--model", "majority", "--K", "1:5:3", "--store", tmp_path / "s.db"]
    assert run("capacity", *options, "--out", out, "--quiet") == 0
    lines = [text for text in out.read_text().splitlines() if text[0] != "#"]
    assert [row["K"] for row in csv.DictReader(lines)] == ["1", "3", "5"]


def test_run_reports_failures_and_resumes(here, tmp_path, capsys, monkeypatch):
    entry = replace(
        observables.OBSERVABLES["entropy"], function=fails_at_two, along=None
    )
    monkeypatch.setitem(observables.OBSERVABLES, "entropy", entry)
    arguments = ["entropy", "--alpha", "1,2,3", "--store", tmp_path / "s.db"]
    assert run(*arguments) == 0
    output = capsys.readouterr()
    assert "3 points, 1 raised, 0 without a solution" in output.out
    assert "for instance ValueError: two" in output.err and "3/3" in output.err
    assert main(["status", str(tmp_path / "s.db")]) == 0
    assert "alpha 3: 3 of 3 points, 1 raised" in capsys.readouterr().out


def fails_at_two(model, prior, alpha):
    if alpha == 2:
        raise ValueError("two")
    return {"value": alpha, "success": True}


def test_status_tells_the_time_left(tmp_path, capsys):
    path = tmp_path / "s.db"
    axes = {"x": [0, 1], "d": [0.1, 0.2, 0.4]}
    with scans.Store(path) as store:
        scans.scan(
            line, axes, along="d", store=store, executor=scans.Serial(), progress=False
        )
        store._db.execute("DELETE FROM point WHERE id > 3")
        store._db.execute("UPDATE point SET seconds = 2, finished = 60 * id")
    assert main(["status", str(path)]) == 0
    output = capsys.readouterr().out
    assert "x 2 x d 3: 3 of 6 points, 0 raised, 2 s each, 0:03:00 left" in output


def test_export_writes_a_scan(tmp_path, capsys):
    path = tmp_path / "s.db"
    axes = {"x": [0, 1], "d": [0.1, 0.2]}
    options = {"executor": scans.Serial(), "progress": False, "store": path}
    data = scans.scan(line, axes, **options, along="d")
    scans.scan(line, axes | {"x": [1, 5]}, **options, along="d")
    out = tmp_path / "out.npz"
    command = ["export", str(path), "--out", str(out)]
    with pytest.raises(SystemExit, match="2"):
        main(command)
    assert "2 scans; say which" in capsys.readouterr().err
    assert main([*command, "--scan", "1"]) == 0
    with np.load(out) as arrays:
        assert arrays["total"].tolist() == data.total.values.tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["entropy"], "needs --alpha"),
        (["entropy", "--alpha", "1"], "must be an axis"),
        (["entropy", "--alpha", "1:2"], "FIRST:LAST:COUNT, given 1:2"),
        (["entropy", "--alpha", "1,1"], "distinct"),
        (["entropy", "--alpha", "a,b"], "FIRST:LAST:COUNT, given a,b"),
        (["entropy", "--alpha", "1,2", "--K", "3"], "--K is no parameter"),
        (["entropy", "--alpha", "1,2", "--ansatz", "rs"], "--ansatz is no parameter"),
        (["freezing", "--model", "wide", "--alpha=1,2"], "needs --model cross-entropy"),
        (["capacity", "--kappa", "0,1", "--gamma", "1"], "--gamma is no parameter"),
        (["capacity", "--model", "parity", "--K", "1:2:3"], "of integers"),
        (["capacity", "--model", "parity"], "capacity of the parity needs --K"),
        (
            ["capacity", "--kappa", "0,1", "--jobs", "0"],
            "in [1, 65536], given 0",
        ),
        (["capacity", "--kappa", "0,1", "--out", "x.txt"], "--out must end with .nc"),
        (
            ["capacity", "--kappa", "0,1", "--out", "no/x.nc"],
            "can be written to, given",
        ),
    ],
)
def test_run_refuses_misuse(tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        run(*arguments, "--store", tmp_path / "s.db")
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["capacity", "--kappa=0,1", "--prior=binary", "--ansatz=1rsb"],
            "capacity: ansatz of binary weights must be one of rs, given '1rsb'",
        ),
        (
            [
                "local_entropy",
                "--alpha=1,2",
                "--distance=0.1",
                "--y=3",
                "--centre=frsb",
            ],
            "local_entropy: centre must be rs at finite y and for trees, given 'frsb'",
        ),
        (["capacity", "--model=majority", "--K=2,4"], "Tree: K must be odd"),
        (["local_entropy", "--alpha=1", "--distance=0.1:0.5:3"], "must be in (0, 1/2)"),
    ],
)
def test_run_tells_what_the_library_refuses(here, tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        run(*arguments, "--store", tmp_path / "s.db")
    assert message in capsys.readouterr().err
    assert not (tmp_path / "s.db").exists()


def test_run_does_not_wait_for_a_slow_first_point(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("scans.__main__.TRIAL", 0.0)
    assert run("capacity", "--kappa", "0,0.5", "--store", tmp_path / "s.db") == 0
    assert "2 points, 0 raised" in capsys.readouterr().out


def test_a_foreign_store_is_an_error_of_one_line(tmp_path, capsys):
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    for command in (["status"], ["export", "--out", "x.csv"]):
        assert main([*command, str(path)]) == 1
    assert run("capacity", "--kappa", "0,1", "--store", path) == 1
    assert path.read_text() == "mine"
    assert capsys.readouterr().err.count("is not a store of scans") == 3
