"""One run of the indexer, which brings the index up to the corpus.

New records are written first. Then the manifest is replaced, which is the commit. Then old records are deleted
that neither the new state nor the state before the run has. After a kill at any moment, the next run removes what
is not committed and goes on.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qa.cities import parse_cities, read_table
from qa.config import Settings
from qa.corpus.files import check_name, list_files, read_bytes
from qa.corpus.receipts import IndexReport, Outcome, Progress, Receipt, refused
from qa.corpus.web_sources import read_sources
from qa.domain import Chunk, Document
from qa.errors import LoadError
from qa.i18n.reasons import Reason
from qa.indexing.build import open_build
from qa.indexing.chunking import chunk_document
from qa.indexing.outcomes import receipt_of, record_of
from qa.indexing.read_ahead import Arrival, reading_ahead
from qa.indexing.vector_writer import VectorWriter
from qa.loaders import Read, document_version, parse_document
from qa.loaders.sandbox import shared_sandbox
from qa.storage.integrity import note_checked
from qa.storage.locks import lock_index
from qa.storage.manifest import (
    PREVIOUS_FILE,
    DocumentRecord,
    Manifest,
    kept_versions,
    make_index_folder,
    read_previous,
    read_text,
    remove_texts,
    retire_texts,
    write_manifest,
    write_text,
)
from qa.storage.records import Vectors
from qa.storage.store import remove_builds
from qa.storage.upgrade import noting_upgrade
from qa.storage.vector_cache import VectorCache
from qa.system.disk import explaining_disk

if TYPE_CHECKING:
    from qa.models import Embedder

logger = logging.getLogger(__name__)

COMMIT_CHUNKS = 512
"""New chunks between two commits, about. A kill costs what was written, not vectors."""

FIRST_CHUNKS, MAX_EMBED_CHUNKS = 8, 64
"""Chunks that are embedded together, about: few at first, then twice as many, for no core should wait long."""

Cut = tuple[Document, tuple[Chunk, ...]]
"""A document with its chunks."""


def index_corpus(
    settings: Settings,
    embedder: Embedder,
    *,
    rebuild: bool = False,
    wait_s: float = 0.0,
    read: Read | None = None,
    on_progress: Progress | None = None,
) -> IndexReport:
    """The report of one run, which brings the index at `settings.index_dir` up to `settings.corpus_dir`.

    `read` reads files, by default in a process of their own. An index of an older format, or of another model or
    chunking, answers until the new index, built beside it, takes its place. Raises `IndexMismatch` if the state of
    the index cannot be read and `rebuild` is not set, `IndexTooNew` if a newer program made it, `IndexBusy` if
    another process still writes to it after `wait_s` seconds, and `DiskError` if it cannot be written.
    """
    started = time.perf_counter()
    with explaining_disk(settings.index_dir):
        make_index_folder(settings.index_dir)
        with lock_index(settings.index_dir, wait_s=wait_s), noting_upgrade(settings.index_dir) as note:
            run = _Run(settings, embedder, rebuild=rebuild, read=read, note=note, on_progress=on_progress)
            with run.writer:
                report = run.bring_up_to_date()
    return dataclasses.replace(report, seconds=time.perf_counter() - started)


class _Run:
    """One run of the indexer. A build beside another is committed at its end only: the other serves until then."""

    def __init__(
        self,
        settings: Settings,
        embedder: Embedder,
        *,
        rebuild: bool,
        read: Read | None,
        note: Callable[[int, int], None],
        on_progress: Progress | None,
    ) -> None:
        self.settings, self.embedder = settings, embedder
        self.read, self.note, self.on_progress = read, note, on_progress
        self.table = read_table(settings.cities_path())
        self.catalogue = parse_cities(self.table, where=str(settings.cities_path()))
        self.build = open_build(settings, embedder, rebuild=rebuild)
        self.manifest = self.build.manifest  # it grows with each commit
        cache = VectorCache(settings.index_dir, identity=embedder.identity, dimension=embedder.dimension)
        self.writer = VectorWriter(self.build.store, embedder, cache)
        self.notes = list(self.build.notes)
        before = self.build.before
        self.known = {record.path: record for record in before.documents} if before else {}
        self.records = {} if self.build.is_beside else dict(self.known)
        self.urls = {path: source.url for path, source in read_sources(settings.corpus_dir).items()}
        self.receipts: dict[str, Receipt] = {}
        self.waiting: list[Cut] = []  # documents that have been read
        self.enough = FIRST_CHUNKS  # waiting chunks that are embedded together
        self.embedded: list[Cut] = []  # documents whose vectors are being made, but are not yet committed
        self.has_kept_before = False
        self.earlier: set[str] = set()  # versions that were in the build when the run began

    def bring_up_to_date(self) -> IndexReport:
        self._remove_leftovers()
        known, corpus = self.known, self.settings.corpus_dir
        listing = list_files(corpus)
        closed = [folder.relative_to(corpus).as_posix() for folder in listing.closed_folders]
        self.notes += [Reason("why_folder_closed", folder=folder) for folder in closed]
        self._take_files(listing.files)
        for name in known.keys() - self.receipts.keys():
            if any(name.startswith(f"{folder}/") for folder in closed):
                self._keep(known[name])
                self.receipts[name] = receipt_of(known[name], "unchanged")
            else:
                self.records.pop(name, None)
                self.receipts[name] = Receipt(path=name, outcome="removed", title=known[name].title)
        if known and not (self.records or self.waiting or self.embedded):
            self.notes.append(Reason("why_nothing_left", folder=str(corpus)))
        self._commit(done=len(listing.files), total=len(listing.files), is_last=True)
        self._tell(len(listing.files), len(listing.files), "")
        return IndexReport(
            receipts=tuple(self.receipts[name] for name in sorted(self.receipts)),
            chunks=sum(record.chunks for record in self.records.values()),
            notes=tuple(self.notes),
        )

    def _take_files(self, files: Sequence[Path]) -> None:
        """Put new files of `files` in line, and embed and commit them in parts."""
        with reading_ahead(files, self._read_file, abort=self._stop_reading) as arriving:
            for number, (path, coming) in enumerate(arriving):
                name = path.relative_to(self.settings.corpus_dir).as_posix()
                self._tell(number, len(files), name)
                arrived = coming.result()
                if arrived.document:
                    self.waiting.append((arrived.document, arrived.chunks))
                    self.receipts[name] = arrived.receipt
                else:
                    self._note(arrived.receipt, self.known.get(name))
                if _count(self.waiting) + _count(self.embedded) >= COMMIT_CHUNKS:
                    self._commit(done=number + 1, total=len(files))
                elif _count(self.waiting) >= self.enough:
                    self._embed(done=number + 1, total=len(files))
                    self.enough = min(2 * self.enough, MAX_EMBED_CHUNKS)

    def _read_file(self, path: Path) -> Arrival:
        """What became of the file at `path`. Its errors are told in the receipt."""
        name = path.relative_to(self.settings.corpus_dir).as_posix()
        known, url = self.known.get(name), self.urls.get(name)
        try:
            check_name(path, self.settings.corpus_dir)
            data = read_bytes(path)
            version = document_version(data, path=name, catalogue=self.catalogue, url=url)
            is_same = known is not None and known.version == version
            if known and is_same and not self.build.is_beside:
                return Arrival(receipt_of(known, "unchanged"))
            # A build with another model or chunking takes the kept text: its file need not be read again.
            kept = read_text(version, self.settings.index_dir) if self.build.is_upgrade else None
            read = self.read or shared_sandbox().read
            document = kept or parse_document(data, path=name, catalogue=self.catalogue, url=url, read=read)
            chunks = self._chunk(document)
        except LoadError as error:
            return Arrival(refused(name, error))
        except Exception:  # the outermost edge of reading: one bad file must never stop the others
            logger.exception("reading %s failed", name)
            message = Reason("why_file_unreadable", file=name)
            return Arrival(Receipt(path=name, outcome="failed", message=message))
        record = record_of(document, chunks=len(chunks))
        outcome: Outcome = "unchanged" if kept and is_same else "updated" if known else "added"
        return Arrival(receipt_of(record, outcome), document, chunks)

    def _tell(self, done: int, total: int, name: str) -> None:
        if self.build.is_beside:
            self.note(done, total)
        if self.on_progress:
            self.on_progress(done, total, name)

    def _stop_reading(self) -> None:
        if self.read is None:
            shared_sandbox().close()

    def _note(self, receipt: Receipt, known: DocumentRecord | None) -> None:
        """Note that a file was not read, and keep its indexed document: a bad copy loses nothing."""
        if known and receipt.outcome != "unchanged":
            self._keep(known)
            receipt = dataclasses.replace(receipt, message=Reason("why_kept", reason=receipt.message))
        self.receipts[receipt.path] = receipt

    def _keep(self, known: DocumentRecord) -> None:
        """Keep the document as it is. A new build makes it from its kept text."""
        if known.path in self.records:
            return
        document = read_text(known.version, self.settings.index_dir)
        if document:
            self.waiting.append((document, self._chunk(document)))

    def _chunk(self, document: Document) -> tuple[Chunk, ...]:
        return chunk_document(
            document,
            count_tokens=self.embedder.count_tokens,
            chunk_tokens=self.settings.chunk_tokens,
            catalogue=self.catalogue,
        )

    def _remove_leftovers(self) -> None:
        """Remove records of neither this state nor the state before: never committed, or long gone."""
        previous = read_previous(self.settings.index_dir)
        states = (self.manifest, self.build.before, previous)
        builds = {state.build for state in states if state}
        remove_builds(self.settings, keep=builds)
        if self.build.is_beside:
            return
        own = [state.documents for state in states if state and state.build == self.manifest.build]
        kept = {record.version: record for documents in own for record in documents}
        expected = sum(record.chunks for record in kept.values())
        # Records of earlier states are found at once. Where more is left over, all of the store is read.
        if self.build.store.count_passages() != expected:
            self.build.store.delete(self.earlier - kept.keys())
            if self.build.store.count_passages() != expected:
                self.build.store.delete_except(kept.keys())
        self.earlier |= kept.keys()

    def _embed(self, *, done: int, total: int) -> None:
        reusable: dict[str, Vectors] = {}
        for document, _ in self.waiting:
            if document.path in self.records:
                reusable.update(self.build.store.fetch_by_key(self.records[document.path].version))

        def show(embedded: int, texts: int) -> None:
            self._tell(done, total, Reason("why_embedding", done=embedded, count=texts))

        self.writer.take(self.waiting, reusable, show)
        self.embedded += self.waiting
        self.waiting = []

    def _commit(self, *, done: int, total: int, is_last: bool = False) -> None:
        """Write all that was read, and then the manifest that says so."""
        self._embed(done=done, total=total)
        for document, _ in self.embedded:  # before vectors are waited for: they are still being made
            write_text(document, self.settings.index_dir)
        self.writer.finish()
        for document, chunks in self.embedded:
            self.records[document.path] = record_of(document, chunks=len(chunks))
        self.embedded = []
        if self.build.is_beside and not is_last:
            return
        new = dataclasses.replace(
            self.manifest,
            documents=tuple(self.records[path] for path in sorted(self.records)),
            cities=self.table,
            is_complete=is_last,
        )
        if new != self.manifest or self.build.is_beside or self.build.before is None:
            self._replace_manifest(new)
            if is_last:
                self._remove_leftovers()  # where nothing was replaced, the start of the run has done it
                note_checked(self.manifest, self.settings)
        if is_last:
            states = (self.manifest, read_previous(self.settings.index_dir))
            kept = [state.versions for state in states if state]
            remove_texts(self.settings.index_dir, keep=frozenset().union(*kept))

    def _replace_manifest(self, new: Manifest) -> None:
        # `previous.json` is the state before the run, not a commit on its way, nor one of a run that was killed.
        if self.build.before and self.build.before.is_complete and not self.has_kept_before:
            write_manifest(self.build.before, self.settings.index_dir, file=PREVIOUS_FILE)
            self.has_kept_before = True
        # Where the state before is lost, any text may belong to it.
        old = self.manifest.versions.union(
            self.build.before.versions if self.build.before else kept_versions(self.settings.index_dir)
        )
        self.manifest = dataclasses.replace(new, generation=new.generation + 1)
        write_manifest(self.manifest, self.settings.index_dir)
        retire_texts(self.settings.index_dir, old - new.versions)


def _count(documents: Iterable[Cut]) -> int:
    return sum(len(chunks) for _, chunks in documents)
