"""The only right to write to an index: one process at a time has it, and lets go of it however it ends."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qa.errors import IndexBusy
from qa.reasons import Reason

LOCK_FILE = ".lock"
TRY_EVERY_S = 0.1

HOLDER = re.compile(r"process (\d{1,10}) on (.+) since ([\d: -]+)")
"""What stands in the file; older programs wrote the same."""


@contextmanager
def lock_index(index_dir: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the right to write to the index.

    Raises `IndexBusy`, which names the holder, where another one has it for `wait_s` seconds more.
    """
    with (index_dir / LOCK_FILE).open("a+", encoding="utf-8") as stream:
        deadline = time.monotonic() + wait_s
        while not _try(stream.fileno()):
            if time.monotonic() >= deadline:
                stream.seek(0)
                raise IndexBusy(Reason("why_busy", folder=str(index_dir), holder=_holder(stream.read())))
            time.sleep(TRY_EVERY_S)
        stream.truncate(0)
        stream.write(
            f"process {os.getpid()} on {socket.gethostname()} since {time.strftime('%Y-%m-%d %H:%M')}"
        )
        stream.flush()
        yield


def _holder(written: str) -> str:
    """Who holds the lock, by what that process has `written` into its file."""
    found = HOLDER.fullmatch(written.strip())
    if not found:
        return written.strip() or Reason("why_holder_unknown")
    return Reason("why_holder", process=int(found[1]), host=found[2], since=found[3])


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
