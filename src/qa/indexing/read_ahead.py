"""The files of the corpus, read and cut into chunks in their order, ahead of what is done with them.

Another process reads (`qa.loaders.sandbox`), and threads of this process embed: while some documents are embedded,
the next documents are read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qa.corpus.receipts import Receipt
from qa.domain import Chunk, Document

MAX_AHEAD_FILES, MAX_AHEAD_BYTES = 256, 16 * 2**20
"""Limits the files, and their bytes together, that are read before they are wanted. One file always is."""

LET_END_S = 1.0
"""Seconds to wait for the file that is being read where nobody wants its text any more."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that arrived: its receipt, and its document and chunks where it was read."""

    receipt: Receipt
    document: Document | None = None
    chunks: tuple[Chunk, ...] = ()


@contextmanager
def reading_ahead(
    paths: Sequence[Path], read: Callable[[Path], Arrival], *, abort: Callable[[], None]
) -> Iterator[Iterator[tuple[Path, Future[Arrival]]]]:
    """The files at `paths` in their order, each with its arrival, which may be still to come.

    Where the context is left before its end, also by an interruption, `abort` is called if a file takes long: it
    makes `read` come back.
    """
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading")
    begun: deque[Future[Arrival]] = deque()
    try:
        yield _read_on(paths, pool, begun, read)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        running = [arrival for arrival in begun if not arrival.done()]
        if wait(running, LET_END_S).not_done:
            abort()


def _read_on(
    paths: Sequence[Path],
    pool: ThreadPoolExecutor,
    begun: deque[Future[Arrival]],
    read: Callable[[Path], Arrival],
) -> Iterator[tuple[Path, Future[Arrival]]]:
    sizes = [_size_of(path) for path in paths]
    ahead, submitted = 0, 0
    for number, path in enumerate(paths):
        while submitted < len(paths) and (
            submitted == number
            or (len(begun) < MAX_AHEAD_FILES and ahead + sizes[submitted] <= MAX_AHEAD_BYTES)
        ):
            begun.append(pool.submit(read, paths[submitted]))
            ahead += sizes[submitted]
            submitted += 1
        yield path, begun[0]
        begun.popleft()
        ahead -= sizes[number]


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # reading it says what is wrong
        return 0
