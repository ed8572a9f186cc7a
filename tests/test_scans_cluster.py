"""Scans on a real local Dask cluster and on real MPI ranks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scans_functions import line, point

import scans

xarray = pytest.importorskip("xarray")
HERE = Path(__file__).parent
PATHS = os.pathsep.join([str(HERE.parent), str(HERE)])
AXES = {"x": [0.5, 3.0, 1.0, 2.0], "k": ["a", "b"]}
LINES = {"x": [0, 1, 2], "d": [0.1, 0.2, 0.4]}


def serial():
    options = {"executor": scans.Serial(), "progress": False}
    points = scans.scan(point, AXES, **options)
    return points, scans.scan(line, LINES, along="d", **options)


def test_a_dask_cluster_gives_the_serial_dataset(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="no Dask: extra dask")
    monkeypatch.setenv("PYTHONPATH", PATHS)  # workers import the functions
    cluster = distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=None,
        local_directory=str(tmp_path),
    )
    options = {"store": tmp_path / "s.db", "progress": False}
    with cluster, distributed.Client(cluster) as client:
        executor = client.get_executor()
        points = scans.scan(point, AXES, executor=executor, **options)
        lines = scans.scan(line, LINES, along="d", executor=executor, **options)
        local = scans.scan(lambda x: 2 * x, {"x": [1, 2]}, executor=executor)
    expected = serial()
    assert points.identical(expected[0])
    assert lines.identical(expected[1])
    assert local["value"].values.tolist() == [2, 4]


MPI = """
import sys
from mpi4py.futures import MPIPoolExecutor
import scans
from scans_functions import line, point
from test_scans_cluster import AXES, LINES
if __name__ == "__main__":
    with MPIPoolExecutor() as executor:
        options = {"store": sys.argv[1], "executor": executor, "progress": False}
        scans.scan(point, AXES, **options)
        scans.scan(line, LINES, along="d", **options)
"""


def test_mpi_ranks_give_the_serial_dataset(tmp_path):
    pytest.importorskip("mpi4py", reason="mpi4py is not installed: extra mpi")
    beside = Path(sys.executable).with_name("mpiexec")
    mpiexec = str(beside) if beside.exists() else shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("mpiexec is not installed: extra mpi")
    path = tmp_path / "script.py"
    path.write_text(MPI)
    subprocess.run(
        [mpiexec, "-n", "2", sys.executable, "-m", "mpi4py.futures", path, "s.db"],
        env={**os.environ, "PYTHONPATH": PATHS},
        cwd=tmp_path,
        check=True,
        timeout=120,
    )
    with scans.Store(tmp_path / "s.db", write=False) as store:
        found = [store.to_xarray(number) for number in (1, 2)]
    assert all(a.identical(b) for a, b in zip(found, serial(), strict=True))
