"""How far the index that is built beside an older one is, for whoever asks: the page, commands, probes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from qa.storage.locks import is_being_written
from qa.system.disk import write_whole

PROGRESS_FILE = "upgrade.json"

MIN_PAUSE_S = 1.0
"""Seconds between two notes: each is waited for until it is on the disk."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """So many of the files are in the index that takes the place of the one that answers."""

    done: int
    total: int


@dataclass(slots=True)
class UpgradeNote:
    """Where the one process that builds the index notes how far it is."""

    index_dir: Path
    noted_at: float = -math.inf

    def write(self, done: int, total: int) -> None:
        """Note it, unless that was done a moment ago."""
        if time.monotonic() - self.noted_at >= MIN_PAUSE_S:
            self.noted_at = time.monotonic()
            write_whole(self.index_dir / PROGRESS_FILE, json.dumps([done, total]))


@contextmanager
def noting_upgrade(index_dir: Path) -> Iterator[UpgradeNote]:
    """A note that is there only as long as this is open; one that a killed run left is removed."""
    path = index_dir / PROGRESS_FILE
    path.unlink(missing_ok=True)
    try:
        yield UpgradeNote(index_dir)
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def read_upgrade(index_dir: Path) -> Upgrade | None:
    """How far the new index is; None where no process builds one."""
    try:
        done, total = map(int, json.loads((index_dir / PROGRESS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return Upgrade(done, total) if is_being_written(index_dir) else None
