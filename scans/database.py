"""The SQLite file behind a store: created whole, checked, opened, written to."""

import os
import sqlite3
import tempfile
from pathlib import Path

__all__ = ["StoreError", "Transaction", "connected"]

MAGIC = b"SQLite format 3\0"
APPLICATION = 0x77664C61  # in the header of every store
FORMAT = 1
BUSY = 60.0  # seconds to wait for the writer of another scan

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


class StoreError(Exception):
    """A store that cannot be read or written; what it holds is left as it is."""


class Transaction:
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


def connected(path, write):
    """Connection to the store at `path`, None for one in memory; or StoreError."""
    try:
        return _memory() if path is None else _opened(path, write)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(f"{path} cannot be opened as a store: {reason}") from error


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
