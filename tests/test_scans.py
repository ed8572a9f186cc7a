"""Scans: axes, results, continuation, failures, executors, bad input."""

import functools
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
import pytest
from scans_functions import (
    Machine,
    deadly,
    flaky,
    line,
    logged,
    number,
    point,
    size,
    threads,
)

import replicas as rp
import scans

pytest.importorskip("xarray")
AXES = {"x": [0.5, 3.0, 1.0], "k": ["a", "b"]}
HERE = os.path.dirname(__file__)


def serial(function, axes, **options):
    options = {"executor": scans.Serial(), "progress": False} | options
    return scans.scan(function, axes, **options)


def test_scan_labels_results_by_axes_and_drops_echoes():
    data = serial(point, AXES, fixed={"scale": 2.0}, units={"entropy": "nats"})
    assert data.entropy.dims == ("x", "k")
    assert data.x.values.tolist() == AXES["x"] and data.k.values.tolist() == ["a", "b"]
    assert "x" not in data.data_vars
    assert data.order_q.sel(x=0.5, k="b") == 1.0
    assert data.spectrum.sel(x=0.5, k="a").values.tolist() == [0, 0.5, 1]
    assert data.success.dtype == bool and not data.success.sel(x=1.0).any()
    assert data.entropy.attrs["units"] == "nats"
    assert data.attrs["function"] == "scans_functions.point"
    assert data.attrs["fixed_scale"] == "2.0"


def test_scan_records_a_failing_point_and_goes_on():
    data = serial(point, AXES)
    assert data.failure.sel(x=3.0, k="b") == "ArithmeticError: no saddle here"
    assert np.isnan(data.entropy.sel(x=3.0, k="b"))
    assert (data.failure != "").sum() == np.isnan(data.entropy).sum() == 1


@pytest.mark.parametrize(("value", "kind"), [(1.5, "f"), (2, "i"), ("s", "U")])
def test_scan_takes_bare_values(value, kind):
    data = serial(lambda x: value, {"x": [1, 2]})
    assert data["value"].dtype.kind == kind and (data["value"] == value).all()


def test_scan_takes_what_solvers_return():
    models = [rp.Model(rp.Binary(), c) for c in (rp.Perceptron(), rp.Wide("relu", 0.1))]
    data = serial(rp.rs, {"model": models, "alpha": [0.2, 0.4]})
    assert data.entropy[1, 1] == rp.rs(models[1], 0.4).entropy
    assert {"order_q", "error", "message"} <= set(data)
    assert not {"model", "model_channel_kappa", "alpha"} & set(data.data_vars)
    axes = {"alpha": [0.2, 0.4], "distance": [0.1, 0.3]}
    data = serial(surroundings, axes, along="distance")
    assert data.model_channel_kappa.values.tolist() == [[0.1, 0.1]] * 2
    curve = rp.franz_parisi(models[1], 0.4, axes["distance"])
    assert data.normalised[1].values.tolist() == curve.normalised.tolist()
    assert not (data.failure != "").any()


def surroundings(alpha, distance):
    model = rp.Model(rp.Binary(), rp.Wide("relu", 0.1))
    return rp.franz_parisi(model, alpha, distance)


def test_scan_fills_up_arrays_of_unlike_lengths():
    data = serial(lambda x: np.arange(x), {"x": [1, 3]})
    expected = [[0, np.nan, np.nan], [0, 1, 2]]
    assert np.array_equal(data["value"], expected, equal_nan=True)


def test_scan_takes_a_number_where_other_points_have_arrays():
    data = serial(lambda x: np.arange(x) if x else np.nan, {"x": [0, 1, 2]})
    expected = [[np.nan, np.nan], [0, np.nan], [0, 1]]
    assert np.array_equal(data["value"], expected, equal_nan=True)
    with pytest.raises(ValueError, match=r"as many dimensions.*\(1,\), \(1, 1\)"):
        serial(lambda x: np.ones((1,) * x), {"x": [1, 2]})


@pytest.mark.parametrize(
    "value", [1j, [1.0, 2j], [1, [2, 3]], {1}, 2**70, np.datetime64("2020-01-01")]
)
def test_scan_of_an_unsupported_result_is_a_failing_point(value):
    data = serial(lambda x: value if x else 0.0, {"x": [0, 1]})
    message = str(data.failure.values[1])
    assert "the result value must be made of real numbers" in message
    assert message.endswith(f"given {value!r}")


def test_scan_stores_messages_of_any_text(tmp_path):
    with scans.Store(tmp_path / "s.db") as store:
        data = serial(refuses, {"text": ["größe ≤ 0", "\udc80"]}, store=store)
        store.to_csv(tmp_path / "s.csv")
    assert data.failure.values.tolist() == [
        "ValueError: größe ≤ 0",
        "ValueError: \\udc80",
    ]


def test_scan_goes_on_after_an_exception_without_a_text():
    class Silent(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    def silent(x):
        if x:
            raise Silent

    assert serial(silent, {"x": [0, 1]}).failure.values.tolist() == ["", "Silent"]


def refuses(text):
    raise ValueError(text)


def test_scan_over_dataclasses_labels_them(tmp_path):
    machines = [Machine(3), Machine(5, number)]
    axes = {"machine": machines, "x": [-3.0, 6.0]}
    with scans.processes(1) as executor:
        data = serial(size, axes, store=tmp_path / "s.db", executor=executor)
    assert data.machine.values.tolist() == [
        "Machine(units=3, rule=builtins.abs)",
        "Machine(units=5, rule=scans_functions.number)",
    ]
    assert data["value"].values.tolist() == [[9, 18], [-5, 10]]
    with scans.Store(tmp_path / "s.db", write=False) as store:
        assert store.info().done == 4 and store.to_xarray().identical(data)
    with pytest.raises(ValueError, match=r"Machine\(units=3, .* given 2 times"):
        serial(size, {"machine": [Machine(3), Machine(3)]})
    with pytest.raises(TypeError, match="axis machine must be made of"):
        serial(size, {"machine": [Machine(3, lambda x: x)]})
    with pytest.raises(TypeError, match="numbers, strings or bools, or dataclasses"):
        serial(size, {"machine": [Machine(3), 5]})


def test_each_sees_stored_points_first_and_others_once_stored(tmp_path):
    calls = []

    def each(point, result, failure):
        with scans.Store(tmp_path / "s.db", write=False) as store:
            calls.append((point, result and result["order_q"], failure, store.info()))

    options = {"store": tmp_path / "s.db", "each": each}
    serial(point, {"x": [3.0, 1.0], "k": ["a"]}, **options)
    assert [c[0] for c in calls] == [{"x": 3.0, "k": "a"}, {"x": 1.0, "k": "a"}]
    assert [c[3].done for c in calls] == [1, 2]
    calls.clear()
    options["each"] = lambda *call: calls.append(call)
    serial(point, AXES, **options)
    assert [c[0]["x"] for c in calls[:2]] == [3.0, 1.0]
    assert len(calls) == 6 and all(c[1]["order_q"] == c[0]["x"] for c in calls if c[1])
    failed = ({"x": 3.0, "k": "b"}, None, "ArithmeticError: no saddle here")
    assert failed in calls


def test_an_exception_of_each_ends_the_scan_and_keeps_the_points(tmp_path):
    with pytest.raises(ZeroDivisionError):
        serial(number, {"x": [1, 2]}, store=tmp_path / "s.db", each=lambda *_: 1 / 0)
    with scans.Store(tmp_path / "s.db", write=False) as store:
        assert store.info().done == 1


def test_scan_along_an_axis_calls_once_a_line():
    axes = {"d": np.array([0.1, 0.2, 0.4]), "x": [0, 1, 2]}
    data = serial(line, axes, along="d")
    assert data.total.dims == ("d", "x")
    expected = np.cumsum(axes["d"])[:, None] + [0, 1, np.nan]
    assert np.array_equal(data.total, expected, equal_nan=True)
    assert data.slope.sel(x=1).values.tolist() == [1, 1, 1]
    assert (data.failure.sel(x=2) == "ArithmeticError: no curve here").all()


def test_scan_along_refuses_a_line_of_another_length():
    data = serial(lambda d: d[1:], {"d": [0.1, 0.2]}, along="d")
    assert "length 1" in str(data.failure.values[0])


def test_scan_tries_failed_points_again_in_this_run_and_in_a_later_one(tmp_path):
    options = {"fixed": {"log": str(tmp_path / "log")}, "store": tmp_path / "s.db"}
    data = serial(flaky, {"x": [4, 7]}, retries=1, **options)
    assert (data.failure == "OSError: call 2").all()
    data = serial(flaky, {"x": [4, 7]}, retries=1, **options)
    assert (data.failure == "OSError: call 2").all()
    data = serial(flaky, {"x": [4, 7]}, retries=2, **options)
    assert data["value"].values.tolist() == [4, 7]
    assert len((tmp_path / "log").read_text().split()) == 6


def test_executors_give_the_serial_dataset(tmp_path):
    expected = serial(point, AXES)
    with ThreadPoolExecutor(2) as executor:
        assert expected.identical(serial(point, AXES, executor=executor))
    with scans.processes(2) as executor:
        assert expected.identical(serial(point, AXES, executor=executor, chunk=4))
        lines = {"x": [0, 1, 2], "d": [0.1, 0.2, 0.4]}
        curves = serial(line, lines, along="d", executor=executor)
        assert curves.identical(serial(line, lines, along="d"))
        one = serial(threads, {"x": [0, 1]}, executor=executor)
    assert (one["value"] == 1).all(), "BLAS threads of the workers are limited"
    assert os.environ.get("WIDEFLAT_SCAN_WORKER") is None


def test_scan_survives_a_call_that_kills_its_worker(tmp_path):
    axes = {"x": list(range(9))}
    data = serial(deadly, axes, executor=None, store=tmp_path / "s.db")
    assert np.flatnonzero(data.failure != "").tolist() == [5]
    assert "worker process died" in str(data.failure.values[5])
    # what is stored is not tried again: that would kill this process
    assert data.identical(serial(deadly, axes, store=tmp_path / "s.db"))


class Flat(Executor):
    """Breaks as soon as it is used."""

    def submit(self, *_, **__):
        from concurrent.futures import BrokenExecutor

        raise BrokenExecutor("no cluster")


def test_scan_says_when_an_executor_breaks():
    with pytest.raises(RuntimeError, match=r"no cluster.*scan again"):
        serial(point, AXES, executor=Flat())


def script(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(text)
    paths = os.pathsep.join([os.path.dirname(HERE), HERE])
    return subprocess.Popen(
        [sys.executable, path],
        env={**os.environ, "PYTHONPATH": paths},
        cwd=tmp_path,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.full
def test_scan_in_a_script_without_main_guard_says_so(tmp_path):
    text = "import scans\ndef f(x): return x\nscans.scan(f, {'x': [1, 2]})"
    _, stderr = script(tmp_path, text).communicate()
    assert 'if __name__ == "__main__":' in stderr.strip().splitlines()[-1]
    assert "2/2" not in stderr


def test_keyboard_interrupt_stores_what_is_finished_and_ends_workers(tmp_path):
    process = script(
        tmp_path,
        """
import scans, threading, os, signal, time
from scans_functions import forever
def interrupt():
    while True:
        time.sleep(0.1)
        if os.path.exists("s.db"):
            with scans.Store("s.db", write=False) as store:
                if store.scans() and store.info().done:
                    break
    os.kill(os.getpid(), signal.SIGINT)
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells may ignore it
    threading.Thread(target=interrupt, daemon=True).start()
    scans.scan(forever, {"x": [0, 1, 2]}, store="s.db")
""",
    )
    # returns only when the workers, who share stderr, have ended too
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT, stderr
    assert stderr.strip().endswith("KeyboardInterrupt")
    with scans.Store(tmp_path / "s.db", write=False) as store:
        assert store.info().done == 1
        data = store.to_xarray()
    assert data.failure.values.tolist() == ["", "not computed", "not computed"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a signal of closed pipes")
def test_workers_die_at_once_with_a_killed_scan(tmp_path):
    process = script(
        tmp_path,
        """
import scans
from scans_functions import stubborn
if __name__ == "__main__":
    scans.scan(stubborn, {"x": [0, 1]}, executor=scans.processes(2))
""",
    )
    while not all((tmp_path / f"started{x}").exists() for x in (0, 1)):
        time.sleep(0.01)
        assert process.poll() is None
    process.kill()
    # returns when the workers, who share stderr, have died too
    process.communicate(timeout=10)


def test_processes_ask_for_a_function_that_can_be_sent():
    with pytest.raises(TypeError, match=r"<lambda> cannot be sent.*ThreadPoolExecutor"):
        serial(lambda x: x, {"x": [1]}, executor=None)
    with pytest.raises(TypeError, match=r"parameter f .*recognise"):
        serial(point, AXES, fixed={"f": lambda: 0})


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({}, "at least one axis"),
        ([1, 2], "mapping"),
        ({"x": []}, "x must not be empty"),
        ({"x": [1, 2, 1]}, "x must be distinct, 1 is given 2 times"),
        ({"x": [0.0, -0.0]}, "distinct"),
        ({"x": [1.0, np.nan]}, "nan"),
        ({"x": 3}, "a list or an array of one dimension"),
        ({"x": "abc"}, "one dimension"),
        ({"x": [[1, 2]]}, "one dimension"),
        ({"x": [[1], [2, 3]]}, "one dimension"),
        ({"z": [1.0]}, r"point must take the axes and fixed parameters scale, z"),
        ({"x": [1, "a"]}, "numbers, strings or bools"),
        ({"x": [1j]}, "numbers, strings or bools"),
        ({"x": [None]}, "numbers, strings or bools"),
        ({"a b": [1]}, "identifiers"),
        ({"failure": [1]}, "may be called 'failure'"),
        ({"scale": [1]}, "scale must be an axis or fixed"),
    ],
)
def test_scan_refuses_axes(axes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        serial(point, axes, fixed={"scale": 1.0})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"along": "y"}, "along must be one of the axes x"),
        ({"along": ["x"]}, "along must be one of the axes x"),
        ({"fixed": "y"}, "fixed must be a mapping"),
        ({"units": {"x": 1}}, "units must map names to str"),
        ({"store": 3}, "Store: path must be a path, given 3"),
        ({"progress": "no"}, "progress must be True or False"),
        ({"chunk": 0}, "chunk must be in"),
        ({"chunk": 1.5}, "chunk must be an integer"),
        ({"retries": -1}, "retries must be in"),
        ({"executor": 4}, "executor must have submit"),
        ({"executor": ThreadPoolExecutor}, "executor must have submit"),
        ({"each": 4}, "each must be callable"),
        ({"fixed": {"f": object()}}, "fixed parameter f must be made of"),
    ],
)
def test_scan_refuses_options(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        serial(number, {"x": [1]}, **options)


def test_scan_refuses_functions_without_a_lasting_name(tmp_path):
    with pytest.raises(TypeError, match="callable"):
        serial(3, {"x": [1]})
    with pytest.raises(TypeError, match="pass bound arguments in fixed"):
        serial(functools.partial(number), {"x": [1]})
    with pytest.raises(ValueError, match="scan without a store"):
        serial(lambda x: x, {"x": [1]}, store=tmp_path / "s.db")
    assert not (tmp_path / "s.db").exists()


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"x": 7}, "result x has the name of a parameter"),
        ({"scale": 7}, "scale has the name of a parameter, but is 7 for 1.0; rename"),
        ({"failure": ""}, "called failure"),
        ({"a": {"b": 1}, "a_b": 2}, "two results are called a_b"),
    ],
)
def test_scan_refuses_a_result_named_like_a_parameter(result, message):
    with pytest.raises(ValueError, match=message):
        serial(lambda x, scale: result, {"x": [1, 2]}, fixed={"scale": 1.0})


def test_scan_without_xarray_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r"wideflat\[scan\]"):
        serial(number, {"x": [1]})


def test_scan_shows_progress_on_stderr(capsys, tmp_path):
    axes = {"x": [1, 2], "y": [3]}
    fixed = {"log": str(tmp_path / "log")}
    serial(logged, axes, fixed=fixed, progress=True)
    assert "2/2" in capsys.readouterr().err
