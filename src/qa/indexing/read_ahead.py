"""The files of the corpus, read and cut into chunks in their order, ahead of what is done with them.

Reading is the work of another process (`qa.loaders.sandbox`), embedding that of threads of this one: while some
documents are embedded, the next ones are read.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qa.cities import CityCatalogue
from qa.corpus.files import check_name, read_bytes
from qa.corpus.receipts import Outcome, Receipt
from qa.domain import Chunk, Document
from qa.errors import LoadError, UnsupportedType
from qa.i18n.reasons import Reason
from qa.indexing.outcomes import receipt_of, record_of
from qa.loaders import Read, document_version, parse_document
from qa.storage.manifest import DocumentRecord

logger = logging.getLogger(__name__)

AHEAD_FILES, AHEAD_BYTES = 256, 16 * 2**20
"""So many files, of so many bytes together, are read before they are wanted at most; one always is."""

LET_END_S = 1.0
"""Seconds to wait for the file that is being read where nobody wants its text any more."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of a file: its document and chunks, where it was read, and its receipt."""

    receipt: Receipt
    document: Document | None = None
    chunks: tuple[Chunk, ...] = ()


@dataclass(frozen=True, slots=True)
class CorpusReader:
    """Reads one file of the corpus after the other."""

    corpus_dir: Path
    catalogue: CityCatalogue
    urls: Mapping[str, str]
    """Addresses that files were fetched from, by their paths."""
    known: Mapping[str, DocumentRecord]
    """The documents that the index has, by their paths."""
    kept: Collection[str]
    """Paths of those that need not be read again unless they have changed."""
    read: Read
    chunk: Callable[[Document], tuple[Chunk, ...]]
    read_text: Callable[[str], Document | None] = lambda version: None
    """The document of a version, where its text is kept and need not be read from its file again."""

    def name_of(self, path: Path) -> str:
        """The name of a file in the index."""
        return path.relative_to(self.corpus_dir).as_posix()

    def read_file(self, path: Path) -> Arrival:
        """What the file at `path` is; nothing that is wrong with it is raised."""
        name = self.name_of(path)
        known = self.known.get(name)
        url = self.urls.get(name)
        try:
            check_name(path, self.corpus_dir)
            data = read_bytes(path)
            version = document_version(data, path=name, catalogue=self.catalogue, url=url)
            if known and name in self.kept and known.version == version:
                return Arrival(receipt_of(known, "unchanged"))
            document = self.read_text(version)
            is_kept = document is not None and known is not None and known.version == version
            document = document or parse_document(
                data, path=name, catalogue=self.catalogue, url=url, read=self.read
            )
            chunks = self.chunk(document)
        except UnsupportedType as error:
            return Arrival(Receipt(path=name, outcome="skipped", message=error.message))
        except LoadError as error:
            return Arrival(Receipt(path=name, outcome="failed", message=error.message))
        except Exception:  # the outermost edge of reading: one bad file must never stop the others
            logger.exception("reading %s failed", name)
            return Arrival(
                Receipt(path=name, outcome="failed", message=Reason("why_file_unreadable", file=name))
            )
        record = record_of(document, chunks=len(chunks))
        outcome: Outcome = "unchanged" if is_kept else "updated" if known else "added"
        return Arrival(receipt_of(record, outcome), document, chunks)


@contextmanager
def reading_ahead(
    paths: Sequence[Path], read: Callable[[Path], Arrival], *, abort: Callable[[], None]
) -> Iterator[Iterator[tuple[Path, Future[Arrival]]]]:
    """The files at `paths` in their order, each with what is or will be found in it.

    Where it is left before its end, also by an interruption, `abort` is called if a file takes long: it makes
    `read` come back.
    """
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading")
    begun: deque[Future[Arrival]] = deque()
    try:
        yield _read_on(paths, pool, begun, read)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        running = [each for each in begun if not each.done()]
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
            submitted == number or (len(begun) < AHEAD_FILES and ahead + sizes[submitted] <= AHEAD_BYTES)
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
