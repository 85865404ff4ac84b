"""What one process at a time may do: write to an index, and read or write the files of its graphs.

Whoever has such a right lets go of it however it ends.
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
"""Who only looks whether somebody writes has the lock for a moment, too; that is waited for."""

GRAPHS_LOCK_FILE = ".graphs.lock"
GRAPHS_WAIT_S, GRAPHS_TRY_EVERY_S = 60.0, 0.005
"""Who wants to open graphs waits this long for one who is writing to them: a batch takes a second or so."""
AT_WORK, WHOLE = b"1", b"0"
"""What stands in the file while somebody is at the graphs, and when they are done."""

CANNOT_WRITE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT})
"""How the system says that a folder takes no new file, and a file no change."""

CHANGES_LOCK_FILE = ".changes.lock"
CHANGES_WAIT_S, CHANGES_TRY_EVERY_S = 5.0, 0.005
"""Who notes a change waits this long for one who is noting another: that takes some milliseconds."""

HOLDER = re.compile(r"process (\d{1,10}) on (.+) since ([\d: -]+)")
"""What stands in the file; older programs wrote the same."""


@contextmanager
def lock_index(index_dir: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the right to write to the index.

    Raises `IndexBusy`, which names the holder, where another one has it for `wait_s` seconds more.
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
    """Be alone with the files in which changes are noted. Raises `IndexBusy` where another one does not let go."""
    with (index_dir / CHANGES_LOCK_FILE).open("ab") as stream:
        if not _wait_for(stream, CHANGES_WAIT_S, CHANGES_TRY_EVERY_S):
            raise IndexBusy(Reason("why_busy", folder=str(index_dir), holder=_holder("")))
        yield


@contextmanager
def lock_graphs(folder: Path, *, only_copies: bool = False) -> Iterator[None]:
    """Be alone with the graphs' files in `folder`.

    Chroma writes several files one after the other, and whoever opens them in the meantime gets wrong vectors or
    crashes. It writes when it opens them, too. The lock's file says whether somebody was cut off in between, see
    `was_cut_off`; who `only_copies` them damages nothing. Raises `IndexBusy` where another one does not let go.

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
    """True if who last was at the graphs' files in `folder` was cut off: they may be damaged."""
    try:
        with (folder / GRAPHS_LOCK_FILE).open("rb") as stream:
            return stream.read(1) == AT_WORK and _try(stream.fileno())
    except FileNotFoundError:
        return False


def note_whole(folder: Path) -> None:
    """Note that the graphs in `folder` have been found whole, whatever was cut off before."""
    path = folder / GRAPHS_LOCK_FILE
    path.touch()
    with path.open("r+b", buffering=0) as stream:
        if _try(stream.fileno()):
            stream.write(WHOLE)


def _holder(written: str) -> str:
    """Who holds the lock, by what that process has `written` into its file."""
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
