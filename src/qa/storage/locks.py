"""Rights that one process at a time has: to write to an index, and to read or write the files of its graphs.

A process lets go of its rights however it ends.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from qa.errors import IndexBusy
from qa.i18n.reasons import Reason

LOCK_FILE = ".lock"
TRY_EVERY_S, TRY_AT_LEAST_S = 0.1, 0.3
"""Seconds between tries, and of all tries. A process that only looks for a writer holds the lock for a moment."""

GRAPHS_LOCK_FILE = ".graphs.lock"
GRAPHS_WAIT_S, GRAPHS_TRY_EVERY_S = 60.0, 0.005
"""Seconds to wait for another process at the graphs, and between tries. A batch takes a second or so."""
AT_WORK, WHOLE = b"1", b"0"
"""The content of the file while a process is at the graphs, and afterwards."""

CANNOT_WRITE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT})
"""The system's numbers for a folder that takes no new file, and a file that takes no change."""

CHANGES_LOCK_FILE = ".changes.lock"
CHANGES_WAIT_S, CHANGES_TRY_EVERY_S = 5.0, 0.005
"""Seconds to wait for another note of a change, and between tries. A note takes milliseconds."""

HOLDER = re.compile(r"process (\d{1,10}) on (.+) since ([\d: -]+)")
"""The content of the lock's file, also of older programs."""


@contextmanager
def lock_index(index_dir: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the right to write to the index.

    Raises `IndexBusy`, which names the holder, where another process keeps it for `wait_s` seconds more.
    """
    with (index_dir / LOCK_FILE).open("a+", encoding="utf-8") as stream:
        if not _wait_for(stream, max(wait_s, TRY_AT_LEAST_S), TRY_EVERY_S):
            stream.seek(0)
            raise IndexBusy(Reason("why_busy", folder=str(index_dir), holder=_holder(stream.read())))
        stream.truncate(0)
        stream.write(
            f"process {os.getpid()} on {socket.gethostname()} since {time.strftime('%Y-%m-%d %H:%M')}"
        )
        stream.flush()
        yield


def is_being_written(index_dir: Path) -> bool:
    """True if some process holds the right to write to the index."""
    try:
        with (index_dir / LOCK_FILE).open("rb") as stream:
            return not _try(stream.fileno())
    except FileNotFoundError:
        return False


@contextmanager
def lock_changes(index_dir: Path) -> Iterator[None]:
    """Be alone with the files of noted changes. Raises `IndexBusy` where another process does not let go."""
    with (index_dir / CHANGES_LOCK_FILE).open("ab") as stream:
        if not _wait_for(stream, CHANGES_WAIT_S, CHANGES_TRY_EVERY_S):
            raise IndexBusy(Reason("why_busy", folder=str(index_dir), holder=_holder("")))
        yield


@contextmanager
def lock_graphs(folder: Path, *, only_copies: bool = False) -> Iterator[None]:
    """Be alone with the graphs' files in `folder`.

    Chroma writes several files one after the other, also when it opens them. A process that opens them meanwhile
    gets wrong vectors or crashes. The lock's file says whether a process was cut off in between, see
    `was_cut_off`; a process that `only_copies` damages nothing. Raises `IndexBusy` where another process does not
    let go.

    Where nothing can be written, nobody on this machine writes to the graphs either, and nothing is noted.
    """
    path = folder / GRAPHS_LOCK_FILE
    try:
        path.touch()
        stream = path.open("r+b", buffering=0)
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise
        yield
        return
    with stream:
        if not _wait_for(stream, GRAPHS_WAIT_S, GRAPHS_TRY_EVERY_S):
            raise IndexBusy(Reason("why_busy", folder=str(folder), holder=_holder("")))
        if only_copies:
            yield
            return
        left = stream.read(1)
        os.pwrite(stream.fileno(), AT_WORK, 0)
        yield
        if left != AT_WORK:
            os.pwrite(stream.fileno(), WHOLE, 0)


def was_cut_off(folder: Path) -> bool:
    """True if the last process at the graphs' files in `folder` was cut off: they may be damaged."""
    try:
        with (folder / GRAPHS_LOCK_FILE).open("rb") as stream:
            return stream.read(1) == AT_WORK and _try(stream.fileno())
    except FileNotFoundError:
        return False


def note_whole(folder: Path) -> None:
    """Note that the graphs in `folder` are whole, whatever was cut off before."""
    path = folder / GRAPHS_LOCK_FILE
    path.touch()
    with path.open("r+b", buffering=0) as stream:
        if _try(stream.fileno()):
            stream.write(WHOLE)


def _holder(written: str) -> str:
    found = HOLDER.fullmatch(written.strip())
    if not found:
        return written.strip() or Reason("why_holder_unknown")
    return Reason("why_holder", process=int(found[1]), host=found[2], since=found[3])


def _wait_for(stream: BinaryIO | TextIO, wait_s: float, every_s: float) -> bool:
    deadline = time.monotonic() + wait_s
    while not _try(stream.fileno()):
        if time.monotonic() >= deadline:
            return False
        time.sleep(every_s)
    return True


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
