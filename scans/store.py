"""The durable store: an SQLite file with one row a finished point.

A store holds scans. Scans of one function, version, fixed parameters and axis names
are one family and share their points; a family of another version or another code of
the same function is kept apart.
"""

import json
import os
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from scans import dataset
from scans.grid import Grid

__all__ = ["ScanInfo", "Store", "StoreError"]

MAGIC = b"SQLite format 3\0"
APPLICATION = 0x77664C61  # in the header of every store
FORMAT = 1
BUSY = 60.0  # seconds to wait for the writer of another scan
RECENT = 100  # points whose pace gives the time left

SCHEMA = """
CREATE TABLE family (
    id INTEGER PRIMARY KEY,
    function TEXT NOT NULL, code TEXT NOT NULL, version TEXT NOT NULL,
    fixed TEXT NOT NULL, names TEXT NOT NULL, line TEXT NOT NULL,
    UNIQUE (function, code, version, fixed, names, line)
);
CREATE TABLE scan (
    id INTEGER PRIMARY KEY, family INTEGER NOT NULL REFERENCES family,
    axes TEXT NOT NULL, along TEXT, units TEXT NOT NULL, UNIQUE (family, axes)
);
CREATE TABLE point (
    id INTEGER PRIMARY KEY, family INTEGER NOT NULL REFERENCES family,
    at TEXT NOT NULL, result TEXT, failure TEXT, attempts INTEGER NOT NULL,
    seconds REAL NOT NULL, finished REAL NOT NULL, UNIQUE (family, at)
);
CREATE INDEX state ON point (family, (failure IS NULL));
"""

INSERT = """
INSERT INTO point (family, at, result, failure, attempts, seconds, finished)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (family, at) DO UPDATE SET
    result = excluded.result, failure = excluded.failure,
    attempts = excluded.attempts, seconds = excluded.seconds,
    finished = excluded.finished
WHERE point.failure IS NOT NULL
"""


class StoreError(Exception):
    """A store that cannot be read or written; what it holds is left as it is."""


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
        self.path = None if path is None else Path(path)
        self.latest = None  # id of the scan begun last through this object
        try:
            self._db = _memory() if path is None else _opened(self.path, write)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path} cannot be opened as a store: {error}") from error

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
        return _Transaction(self._db, self._name)


class _Transaction:
    """All of it or nothing; a failure to write says what is kept."""

    def __init__(self, db, name):
        self.db, self.name = db, name

    def __enter__(self):
        try:
            if self.db.in_transaction:  # interrupted on its way out
                self.db.execute("ROLLBACK")
            self.db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self._refusal(error) from error

    def __exit__(self, kind, error, _):
        try:
            if kind is None:
                self.db.execute("COMMIT")
        except sqlite3.Error as failure:
            error = failure
        if error is not None and self.db.in_transaction:
            self.db.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise self._refusal(error) from error
        return False

    def _refusal(self, error):
        return StoreError(
            f"{self.name} cannot be written: {error}; the points stored before are "
            "kept, scan again to go on"
        )


def _memory():
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(SCHEMA)
    return db


def _opened(path, write):
    """Connection to the store at `path`, checked before anything can be written."""
    if write and not path.exists():
        _create(path)
    _require_store(path)
    reader = _reader(path)
    if not write:
        return reader
    try:
        ((state,), *_) = reader.execute("PRAGMA quick_check(1)").fetchall()
    finally:
        reader.close()
    if state != "ok":
        raise StoreError(f"{path} is damaged and left as it is: {state}")
    if not os.access(path, os.W_OK):
        raise PermissionError("the file is read-only")
    db = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    return db


def _reader(path):
    """Read-only connection, also on a medium where no lock file can be made."""
    uri = path.absolute().as_uri()
    db = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=BUSY, isolation_level=None)
    try:
        db.execute("SELECT count(*) FROM scan").fetchall()
    except sqlite3.OperationalError:
        db.close()
        if Path(f"{path}-wal").exists():
            raise
        db = sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)
        db.execute("SELECT count(*) FROM scan").fetchall()
    return db


def _require_store(path):
    """Refuse a file that is not a store of this format, by its header alone."""
    with open(path, "rb") as file:
        header = file.read(100)
    if header[:16] != MAGIC or int.from_bytes(header[68:72]) != APPLICATION:
        raise StoreError(f"{path} is not a store of scans; it is left as it is")
    given = int.from_bytes(header[60:64])
    if given != FORMAT:
        raise StoreError(
            f"{path} has format {given}, this version reads {FORMAT}; left as it is"
        )


def _create(path):
    """An empty store, complete before it gets its name."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    try:
        db = sqlite3.connect(name, isolation_level=None)
        db.executescript(
            f"BEGIN; PRAGMA application_id = {APPLICATION}; "
            f"PRAGMA user_version = {FORMAT}; {SCHEMA} COMMIT; "
            "PRAGMA journal_mode = WAL"
        )
        db.close()
        os.chmod(name, 0o666 & ~_umask())
        try:
            os.link(name, path)  # fails where another scan was faster
        except FileExistsError:
            pass
    finally:
        os.unlink(name)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
