"""The durable store: an SQLite file with one row a finished point.

A store holds scans. Scans of one function, version, fixed parameters and axis names
are one family and share their points; a family of another version or another code of
the same function is kept apart.
"""

import json
import sqlite3
import time
from dataclasses import dataclass

from scans import check, dataset
from scans.database import StoreError, Transaction, connected
from scans.grid import Grid

__all__ = ["ScanInfo", "Store", "StoreError"]

RECENT = 100  # points whose pace gives the time left

INSERT = """
INSERT INTO point (family, at, result, failure, attempts, seconds, finished)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (family, at) DO UPDATE SET
    result = excluded.result, failure = excluded.failure,
    attempts = excluded.attempts, seconds = excluded.seconds,
    finished = excluded.finished
WHERE point.failure IS NOT NULL
"""


@dataclass(frozen=True)
class ScanInfo:
    """A scan of a store.

    fixed : name -> JSON text; code : fingerprint of the function's source; done,
    failed : numbers of points, of `grid.size`; seconds : mean time of a recent point;
    left : seconds until it is done at the pace of the recent points, nan if unknown.
    """

    id: int
    family: int
    function: str
    code: str
    version: str
    fixed: dict[str, str]
    grid: Grid
    units: dict[str, str]
    done: int
    failed: int
    seconds: float
    left: float


class Store:
    """An SQLite file of finished points; created where there is none.

    path : file, or None for a store in memory. write : False opens an existing file
    for reading only. A file that is not a store, is damaged or comes from a later
    format is refused with StoreError and not touched. Use as a context manager or
    call close().

    Points survive the death of the process at any moment; after a power cut the last
    ones may be missing, none is damaged. Not for network file systems without locks.
    """

    def __init__(self, path, *, write=True):
        self.path = None if path is None else check.path("Store", path)
        self.latest = None  # id of the scan begun last through this object
        self._db = connected(self.path, write)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._db.close()

    def begin(self, identity, grid, units):
        """Id of the scan with this identity and grid, added if it is new.

        identity : dict of function, code, version and fixed (a dict of JSON texts).
        """
        line = "" if grid.along is None else json.dumps(grid.axes[grid.along])
        family = {
            **identity,
            "fixed": json.dumps(identity["fixed"], sort_keys=True),
            "names": json.dumps([list(grid.axes), grid.along]),
            "line": line,
        }
        columns, marks = ", ".join(family), ", ".join("?" * len(family))
        where = " AND ".join(f"{name} = ?" for name in family)
        values = tuple(family.values())
        with self._transaction():
            self._db.execute(
                f"INSERT OR IGNORE INTO family ({columns}) VALUES ({marks})", values
            )
            (id_,) = self._one(f"SELECT id FROM family WHERE {where}", values)
            scan = (id_, json.dumps(grid.axes), grid.along, json.dumps(units))
            self._db.execute(
                "INSERT OR IGNORE INTO scan (family, axes, along, units) "
                "VALUES (?, ?, ?, ?)",
                scan,
            )
            (scan_id,) = self._one(
                "SELECT id FROM scan WHERE family = ? AND axes = ?", scan[:2]
            )
        self.latest = scan_id
        return scan_id

    def others(self, identity):
        """Points of the same function from another version or code: their number."""
        (count,) = self._one(
            "SELECT count(*) FROM point JOIN family ON family.id = point.family "
            "WHERE function = ? AND (version != ? OR code != ?)",
            (identity["function"], identity["version"], identity["code"]),
        )
        return count

    def add(self, family, outcomes, attempts):
        """Store finished points in one transaction; a success is never overwritten.

        attempts : key -> how often a point was tried, 1 where it is not given.
        """
        now = time.time()
        rows = [
            (family, o.key, o.result, o.failure, attempts.get(o.key, 1), o.seconds, now)
            for o in outcomes
        ]
        with self._transaction():
            self._db.executemany(INSERT, rows)

    def finished(self, family):
        """key -> number of attempts of a failed point, 0 of one that succeeded."""
        return dict(
            self._all(
                "SELECT at, iif(failure IS NULL, 0, attempts) FROM point "
                "WHERE family = ?",
                (family,),
            )
        )

    def rows(self, family):
        """Triples (key, result, failure) of a family."""
        return self._all(
            "SELECT at, result, failure FROM point WHERE family = ?", (family,)
        )

    def scans(self):
        """The scans of the store, as `ScanInfo`, oldest first."""
        return [
            self.info(id_) for (id_,) in self._all("SELECT id FROM scan ORDER BY id")
        ]

    def info(self, scan=None):
        """`ScanInfo` of the scan with this id; None: of the only one."""
        ids = [id_ for (id_,) in self._all("SELECT id FROM scan ORDER BY id")]
        if scan is None and len(ids) != 1:
            raise ValueError(
                f"{self._name} holds {len(ids)} scans; say which by its number"
                + (f", {ids[0]} to {ids[-1]}" if ids else "")
            )
        scan = ids[0] if scan is None else scan
        if scan not in ids:
            raise ValueError(f"{self._name} has no scan {scan!r}, only {ids}")
        id_, axes, along, units, function, code, version, fixed = self._one(
            "SELECT family, axes, along, units, function, code, version, fixed "
            "FROM scan JOIN family ON family.id = scan.family WHERE scan.id = ?",
            (scan,),
        )
        grid = Grid(json.loads(axes), along)
        done, failed = self._counts(id_, grid)
        seconds, left = self._pace(id_, grid.size - done)
        return ScanInfo(
            id=scan,
            family=id_,
            function=function,
            code=code,
            version=version,
            fixed=json.loads(fixed),
            grid=grid,
            units=json.loads(units),
            done=done,
            failed=failed,
            seconds=seconds,
            left=left,
        )

    def to_xarray(self, scan=None):
        """xarray.Dataset of a scan; None: of the only one. nan where not computed."""
        return dataset.to_xarray(self, self.info(scan))

    def to_netcdf(self, path, scan=None):
        """Write a scan as netCDF (version 3)."""
        dataset.to_netcdf(self, self.info(scan), path)

    def to_csv(self, path, scan=None):
        """Write a scan as CSV, one row a point; lines of provenance start with #."""
        dataset.to_csv(self, self.info(scan), path)

    def to_npz(self, path, scan=None):
        """Write a scan as NumPy arrays: the axes, the results, `provenance`."""
        dataset.to_npz(self, self.info(scan), path)

    def _counts(self, family, grid):
        (sharing,) = self._one("SELECT count(*) FROM scan WHERE family = ?", (family,))
        if sharing == 1:
            return self._one(
                "SELECT count(*), count(nullif(failure IS NULL, 1)) "
                "FROM point INDEXED BY state WHERE family = ?",
                (family,),
            )
        mine = self.finished(family)
        attempts = [mine[key] for key in grid.keys() if key in mine]
        return len(attempts), sum(n > 0 for n in attempts)

    def _pace(self, family, missing):
        recent = list(
            self._all(
                "SELECT seconds, finished FROM point WHERE family = ? "
                "ORDER BY id DESC LIMIT ?",
                (family, RECENT),
            )
        )
        if len(recent) < 2:
            return float("nan"), float("nan") if missing else 0.0
        seconds = sum(s for s, _ in recent) / len(recent)
        pace = (recent[0][1] - recent[-1][1]) / (len(recent) - 1)
        return seconds, missing * pace

    @property
    def _name(self):
        return str(self.path or "the store")

    def _all(self, sql, values=()):
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self._name} cannot be read: {error}") from error

    def _one(self, sql, values=()):
        (row,) = self._all(sql, values)
        return row

    def _transaction(self):
        return Transaction(self._db, self._name)
