"""The tutorial of docs/scans.md runs as written, on fewer points."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("xarray")
ROOT = Path(__file__).parent.parent
FEWER = {"(0.25, 2.25, 9)": "(0.25, 0.75, 3)", "(0.02, 0.4, 16)": "(0.1, 0.3, 3)"}


def run(folder, name, text):
    (folder / name).write_text(text)
    return subprocess.run(
        [sys.executable, "-W", "error", name],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"},
        cwd=folder,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    ).stdout


@pytest.mark.full
@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="docs are not installed")
def test_the_tutorial_runs_as_written(tmp_path):
    page = (ROOT / "docs" / "scans.md").read_text()
    diagram, picture, cluster, store = re.findall(r"```python\n(.*?)```", page, re.S)
    for whole, part in FEWER.items():
        assert whole in diagram
        diagram = diagram.replace(whole, part)
    output = run(tmp_path, "diagram.py", diagram)
    assert "0 of 9 points have no solution" in output
    assert run(tmp_path, "diagram.py", diagram) == output
    run(tmp_path, "picture.py", picture)
    assert (tmp_path / "scans_typical.png").stat().st_size > 10**4
    assert "9 of 9" in run(tmp_path, "store.py", "import scans\n" + store)
    assert (tmp_path / "diagram.nc").exists()
    for name in re.findall(r"!\[.*?\]\((.*?)\)", page):
        assert (ROOT / "docs" / name).exists()
    pytest.importorskip("distributed", reason="no Dask: extra dask")
    assert run(tmp_path, "cluster.py", cluster).endswith("True\n")
