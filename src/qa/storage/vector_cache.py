"""A cache of vectors by their text and model: `index/vectors.sqlite3`.

With it, a build made anew, a document that was moved or brought back, and a run that goes on after a kill embed
only what is new. Nothing depends on the cache: the program does without a damaged cache, or a cache that cannot be
written, and it may be deleted at any time. The index's lock and SQLite keep its writers apart.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
import zlib
from collections.abc import Collection as AnyCollection
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from qa.storage.records import Vectors
from qa.system.sqlite import open_database

CACHE_FILE = "vectors.sqlite3"

MAX_VECTORS = 500_000
"""Limits the vectors, to those that were wanted last: 0.8 GB with 384 dimensions, for some 80,000 passages."""

SHARE_DROPPED = 0.1
"""The share of vectors that goes when there are too many."""

KEYS_AT_ONCE = 500
"""Keys in one statement. SQLite takes some 32,000 values, and 999 before its release 3.32."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    key TEXT NOT NULL, model TEXT NOT NULL, used REAL NOT NULL, sum INTEGER NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (key, model)
)
"""
"""`vector` is little-endian float32, `sum` the CRC-32 of key and vector, `used` the time when the vector was last
wanted, in seconds since 1970."""

logger = logging.getLogger(__name__)


class VectorCache:
    """The vectors that one model made, by the `text_key` of the embedded text."""

    def __init__(self, index_dir: Path, *, identity: str, dimension: int) -> None:
        self._path = index_dir / CACHE_FILE
        self._model = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._bytes = 4 * dimension

    def fetch(self, keys: Sequence[str]) -> dict[str, Vectors]:
        """The kept vectors of `keys`, by their keys: each of shape (dimension,), float32."""
        found: dict[str, Vectors] = {}
        with self._doing_without(), self._open() as connection:
            for start in range(0, len(keys), KEYS_AT_ONCE):
                some = keys[start : start + KEYS_AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = connection.execute(
                    f"SELECT key, sum, vector FROM vectors WHERE model = ? AND key IN ({marks})",  # noqa: S608
                    (self._model, *some),
                )
                for key, kept_sum, data in rows.fetchall():
                    if isinstance(data, bytes) and len(data) == self._bytes and _sum(key, data) == kept_sum:
                        found[key] = np.frombuffer(data, dtype="<f4")
            connection.executemany(
                "UPDATE vectors SET used = ? WHERE key = ? AND model = ?",
                [(time.time(), key, self._model) for key in found],
            )
        return found

    def keep(self, vectors: Mapping[str, Vectors]) -> None:
        """Keep `vectors` by their keys. If they become too many, those that were wanted longest ago go."""
        rows = []
        for key, vector in vectors.items():
            data = np.asarray(vector, dtype="<f4").tobytes()
            rows.append((key, self._model, time.time(), _sum(key, data), data))
        with self._doing_without(), self._open() as connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?, ?)", rows)
            (count,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
            if count > MAX_VECTORS:
                connection.execute(
                    "DELETE FROM vectors WHERE rowid IN (SELECT rowid FROM vectors ORDER BY used LIMIT ?)",
                    (count - int((1 - SHARE_DROPPED) * MAX_VECTORS),),
                )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The database, made if it is not there, in one transaction."""
        with open_database(self._path) as connection, connection:
            # The writer's lock comes first: later it may be refused at once.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(SCHEMA)
            yield connection

    @contextmanager
    def _doing_without(self) -> Iterator[None]:
        """Logs SQLite's errors and goes on. A file that is no whole database is removed, to be made anew."""
        try:
            yield
        except sqlite3.OperationalError as error:  # locked, full, read-only: it may be well another time
            logger.warning("%s: %s", self._path, error)
        except sqlite3.DatabaseError as error:
            logger.warning("%s is damaged and is made anew: %s", self._path, error)
            with suppress(OSError):
                self._path.unlink(missing_ok=True)


def keep_vectors_of(keys: AnyCollection[str], index_dir: Path) -> int:
    """The number of vectors of other keys that were in the cache, and are not in its file any more.

    A file that cannot be written anew, as on a full disk, is removed.
    """
    path = index_dir / CACHE_FILE
    if not path.exists():
        return 0
    try:
        with open_database(path) as connection:
            connection.execute(SCHEMA)
            connection.execute("CREATE TEMP TABLE kept (key TEXT PRIMARY KEY)")
            connection.executemany("INSERT INTO kept VALUES (?)", [(key,) for key in keys])
            gone = connection.execute("DELETE FROM vectors WHERE key NOT IN (SELECT key FROM kept)").rowcount
            connection.execute("VACUUM")
            return int(gone)
    except sqlite3.Error as error:
        logger.warning("%s is removed: %s", path, error)
        for left in (path, path.with_name(f"{CACHE_FILE}-journal")):
            left.unlink(missing_ok=True)
        return 0


def _sum(key: str, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(key.encode()))
