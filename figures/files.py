"""Output files: checked before any computing, written aside, then renamed."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

__all__ = ["replacing", "require_writable"]


def require_writable(folder, names):
    """Make `folder` if need be; OSError if `names` cannot be written to it."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder):
        pass
    for name in names:
        if (folder / name).is_dir():
            raise IsADirectoryError(f"{folder / name} is a folder")


@contextmanager
def replacing(folder, names):
    """Paths to write `names` to; they replace those of `folder` all at the end.

    An exception inside the block leaves `folder` as it was.
    """
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as aside:
        paths = [Path(aside) / name for name in names]
        yield paths
        for path in paths:
            os.replace(path, Path(folder) / path.name)
