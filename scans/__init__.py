"""Many solver calls over named axes, on any executor, never losing a point.

`scan` calls a function at every point of a grid, writes each point to a `Store` as it
finishes and returns an xarray.Dataset; run again, it goes on where it stopped.
docs/scans.md is the tutorial.
"""

from scans.executors import Serial, processes
from scans.run import scan
from scans.store import Store, StoreError

__all__ = ["Serial", "Store", "StoreError", "processes", "scan"]
