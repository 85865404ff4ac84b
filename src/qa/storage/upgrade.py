"""The progress of an index that is built beside an older one, for the page, commands and probes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from qa.storage.locks import is_being_written
from qa.system.disk import write_whole

PROGRESS_FILE = "upgrade.json"

MIN_PAUSE_S = 1.0
"""Seconds between two notes. The process waits until a note is on the disk."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The number of files that the new index has already, of all files."""

    done: int
    total: int


@contextmanager
def noting_upgrade(index_dir: Path) -> Iterator[Callable[[int, int], None]]:
    """A function that notes the files done and all files, unless it did so a moment ago.

    The note goes at the end. A note that a killed run left goes at the start.
    """
    path = index_dir / PROGRESS_FILE
    noted_at = -math.inf

    def note(done: int, total: int) -> None:
        nonlocal noted_at
        if time.monotonic() - noted_at >= MIN_PAUSE_S:
            noted_at = time.monotonic()
            write_whole(path, json.dumps([done, total]))

    path.unlink(missing_ok=True)
    try:
        yield note
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def read_upgrade(index_dir: Path) -> Upgrade | None:
    """The progress of the new index; None where no process builds one."""
    try:
        done, total = map(int, json.loads((index_dir / PROGRESS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return Upgrade(done, total) if is_being_written(index_dir) else None
