"""SQLite files, opened one way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

WAIT_S = 5.0
"""Seconds to wait for another writer. A write takes milliseconds."""


@contextmanager
def open_database(
    path: Path, *, mode: Literal["ro", "rw", "rwc"] = "rwc", wait_s: float = WAIT_S
) -> Iterator[sqlite3.Connection]:
    """The database at `path`, which a `mode` that ends in "c" makes where it is not there.

    Each statement is committed by itself, unless it comes after a BEGIN.
    """
    address = f"{path.absolute().as_uri()}?mode={mode}"
    with closing(sqlite3.connect(address, uri=True, timeout=wait_s, isolation_level=None)) as connection:
        yield connection


def copy_database(source: Path, target: Path, *, mode: Literal["ro", "rw"], wait_s: float = WAIT_S) -> None:
    """Copy a database with SQLite's own means, which keep writers and readers apart."""
    with open_database(source, mode=mode, wait_s=wait_s) as there, open_database(target) as here:
        there.backup(here)
