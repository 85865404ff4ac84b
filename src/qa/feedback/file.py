"""`index/feedback.sqlite3`, opened: its tables, brought up from an older program's, and its errors.

The file is a SQLite database with the plain journal: one file, which is copied like any other file. Each call
opens and closes it, so that any thread and any process may call. Whatever goes wrong with it is a `QAError`.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from qa.errors import DiskError, IndexBusy, QAError
from qa.storage.manifest import make_index_folder
from qa.system.disk import explaining_disk
from qa.system.sqlite import WAIT_S, open_database

FEEDBACK_FILE = "feedback.sqlite3"
VERSION = 2

REFUSED = (
    "CREATE TABLE refused (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, "
    "times INTEGER NOT NULL, last_time TEXT NOT NULL, language TEXT NOT NULL, question TEXT NOT NULL)"
)
INDEXES = (
    "CREATE INDEX feedback_by_time ON feedback (time)",
    "CREATE INDEX refused_by_times ON refused (times, last_time)",
    "CREATE INDEX refused_by_time ON refused (last_time)",
)
TABLES = (
    "CREATE TABLE feedback (number INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, "
    "verdict TEXT NOT NULL CHECK (verdict IN ('good', 'bad')), language TEXT NOT NULL, "
    "refused INTEGER NOT NULL, reason TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL, "
    "citations TEXT NOT NULL)",
    REFUSED,
    *INDEXES,
)
FROM_VERSION_1 = (
    "DROP INDEX refused_by_times",
    "ALTER TABLE refused RENAME TO unnumbered",
    REFUSED,
    "INSERT INTO refused SELECT rowid, key, times, last_time, language, question FROM unnumbered",
    "DROP TABLE unnumbered",
    *INDEXES,
)
"""The statements that make a file of version 1 one of version 2. Version 1 numbers refused questions by their rows
only, and these become the numbers. Reading asks both versions for `rowid`."""

_write_lock = threading.Lock()
"""Lets the threads of this process queue. SQLite lets them sleep and try again, which one may lose for seconds."""


def is_there(index_dir: Path) -> bool:
    """True if the file is there."""
    path = index_dir / FEEDBACK_FILE
    with explaining_disk(path):
        return path.exists()


@contextmanager
def reading(index_dir: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection for reading; None where the file has no tables yet."""
    path = index_dir / FEEDBACK_FILE
    if not is_there(index_dir):
        yield None
        return
    with _connection(path, mode="rw") as connection:
        yield connection if _version(connection, path) else None


@contextmanager
def writing(index_dir: Path) -> Iterator[sqlite3.Connection]:
    """A connection for writing: all that is written is kept, or nothing where something is raised.

    Deleted words are overwritten, so that nobody reads them in the file.
    """
    path = index_dir / FEEDBACK_FILE
    with explaining_disk(index_dir):
        make_index_folder(index_dir)
    if not _write_lock.acquire(timeout=WAIT_S):
        raise _busy(path)
    try:
        with _connection(path, mode="rwc") as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("BEGIN IMMEDIATE")
            version = _version(connection, path)
            if version != VERSION:
                for statement in FROM_VERSION_1 if version else TABLES:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
            yield connection
            connection.execute("COMMIT")
    finally:
        _write_lock.release()


def damaged(path: Path, reason: str) -> DiskError:
    """The error for a file that is not ours, or not any more."""
    return DiskError(f"{path} cannot be used as feedback ({reason}); move it away: a new one is then begun")


@contextmanager
def _connection(path: Path, *, mode: Literal["rw", "rwc"]) -> Iterator[sqlite3.Connection]:
    try:
        with open_database(path, mode=mode, wait_s=WAIT_S) as connection:
            yield connection
    except sqlite3.Error as error:
        raise _explain(error, path) from error


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the tables; 0 for a new file.

    Raises `DiskError` for a file that is not ours, or of a newer program.
    """
    # Asked at once: between two questions another process may make the tables.
    version, tables = connection.execute(
        "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_master)"
    ).fetchone()
    if version > VERSION:
        raise DiskError(
            f"{path} is of a newer program (version {version}); update this one, or move the file away: "
            "a new one is then begun"
        )
    if not version and tables:
        raise damaged(path, "it holds something else")
    return int(version)


def _explain(error: sqlite3.Error, path: Path) -> QAError:
    """The error of SQLite as an error that names the file and the next step."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the rest says more exactly where
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return _busy(path)
    if code == sqlite3.SQLITE_FULL:
        return DiskError(f"there is no room left for {path}; free some, then try again")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return DiskError(f"{path}: {error}; check its permissions and its folder's")
    if code == sqlite3.SQLITE_IOERR:
        return DiskError(f"{path}: {error}; check the disk, and the room on it")
    return damaged(path, str(error))


def _busy(path: Path) -> IndexBusy:
    return IndexBusy(f"{path} is being written to by another process; try again in a moment")
