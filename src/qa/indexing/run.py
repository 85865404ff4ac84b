"""What is in the corpus against what is in the index, and the index brought up to it.

New records are written first, then the manifest is replaced (that is the commit), then old records are
deleted: those that neither the new state nor the one before the run has. Killed at any moment, the next run
removes what is not committed and goes on.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qa.cities import CityCatalogue, parse_cities, read_table
from qa.config import Settings
from qa.corpus.files import list_files
from qa.corpus.receipts import IndexReport, Receipt
from qa.corpus.web_sources import read_sources
from qa.domain import Chunk, Document
from qa.i18n.reasons import Reason
from qa.indexing.build import open_build
from qa.indexing.chunking import chunk_document
from qa.indexing.outcomes import receipt_of, record_of
from qa.indexing.read_ahead import CorpusReader, reading_ahead
from qa.indexing.vector_writer import VectorWriter
from qa.loaders import Read
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
from qa.storage.store import VectorStore, remove_builds
from qa.storage.upgrade import noting_upgrade
from qa.storage.vector_cache import VectorCache
from qa.system.disk import explaining_disk

if TYPE_CHECKING:
    from qa.models import Embedder

COMMIT_CHUNKS = 512
"""About how many new chunks are embedded between two commits. A kill costs what was written, not vectors."""

FIRST_CHUNKS, EMBED_CHUNKS = 8, 64
"""About so many are embedded at a time: few at first, then twice as many, for no core should wait long."""

Cut = tuple[Document, tuple[Chunk, ...]]
"""A document with its chunks."""

Progress = Callable[[int, int, str], None]
"""Called with the number of files done, of all files, and the path or the work that is at hand."""


def index_corpus(
    settings: Settings,
    embedder: Embedder,
    *,
    rebuild: bool = False,
    wait_s: float = 0.0,
    read: Read | None = None,
    on_progress: Progress | None = None,
) -> IndexReport:
    """What changed after the index at `settings.index_dir` was brought up to `settings.corpus_dir`.

    Files are read by `read`, by default in a process of their own. An index of an older format, or of another
    model or chunking, answers until the new one, built beside it, takes its place. Raises `IndexMismatch` if the
    state of the index cannot be read and `rebuild` is not set, `IndexTooNew` if it is of a newer program,
    `IndexBusy` if another process is still writing to it after `wait_s` seconds, and `DiskError` if it cannot be
    written.
    """
    started = time.perf_counter()
    with explaining_disk(settings.index_dir):
        make_index_folder(settings.index_dir)
        with lock_index(settings.index_dir, wait_s=wait_s), noting_upgrade(settings.index_dir) as note:
            run = _start_run(settings, embedder, note, rebuild=rebuild, read=read, on_progress=on_progress)
            with run.writer:
                report = run.bring_up_to_date()
    return dataclasses.replace(report, seconds=time.perf_counter() - started)


def _start_run(
    settings: Settings,
    embedder: Embedder,
    note: Callable[[int, int], None],
    *,
    rebuild: bool,
    read: Read | None,
    on_progress: Progress | None,
) -> _Run:
    table = read_table(settings.cities_path())
    catalogue = parse_cities(table, where=str(settings.cities_path()))
    build = open_build(settings, embedder, rebuild=rebuild)

    def tell(done: int, total: int, path: str) -> None:
        if build.is_beside:
            note(done, total)
        if on_progress:
            on_progress(done, total, path)

    cache = VectorCache(settings.index_dir, identity=embedder.identity, dimension=embedder.dimension)
    return _Run(
        settings=settings,
        embedder=embedder,
        catalogue=catalogue,
        table=table,
        store=build.store,
        writer=VectorWriter(build.store, embedder, cache),
        before=build.before,
        manifest=build.manifest,
        commits_early=not build.is_beside,
        takes_texts=build.is_upgrade,
        read=read,
        urls={path: source.url for path, source in read_sources(settings.corpus_dir).items()},
        on_progress=tell,
        notes=list(build.notes),
    )


@dataclass(slots=True)
class _Run:
    """One run of the indexer. A build made anew is committed at its end only, so the old one serves until then."""

    settings: Settings
    embedder: Embedder
    catalogue: CityCatalogue
    table: str
    store: VectorStore
    writer: VectorWriter
    before: Manifest | None
    manifest: Manifest
    commits_early: bool
    takes_texts: bool
    """True if a file of which the very text is kept need not be read again."""
    read: Read | None
    urls: Mapping[str, str]
    on_progress: Progress
    notes: list[str]
    records: dict[str, DocumentRecord] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    waiting: list[Cut] = field(default_factory=list)
    """Documents that have been read."""
    enough: int = FIRST_CHUNKS
    """With so many chunks waiting, they are embedded."""
    embedded: list[Cut] = field(default_factory=list)
    """Those whose vectors are being made and written, but not yet committed."""
    has_kept_before: bool = False
    earlier: set[str] = field(default_factory=set)
    """Versions of documents that were in the build when the run began."""

    def bring_up_to_date(self) -> IndexReport:
        known = {record.path: record for record in self.before.documents} if self.before else {}
        self.records = dict(known) if self.commits_early else {}
        self._remove_leftovers()
        corpus = self.settings.corpus_dir
        listing = list_files(corpus)
        closed = [folder.relative_to(corpus).as_posix() for folder in listing.closed_folders]
        self.notes += [Reason("why_folder_closed", folder=folder) for folder in closed]
        self._take_files(listing.files, known)
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
        self.on_progress(len(listing.files), len(listing.files), "")
        return IndexReport(
            receipts=tuple(self.receipts[name] for name in sorted(self.receipts)),
            chunks=sum(record.chunks for record in self.records.values()),
            notes=tuple(self.notes),
        )

    def _take_files(self, files: Sequence[Path], known: Mapping[str, DocumentRecord]) -> None:
        """Put what is new in `files` in line, and embed and commit it in parts."""
        reader = CorpusReader(
            corpus_dir=self.settings.corpus_dir,
            catalogue=self.catalogue,
            urls=self.urls,
            known=known,
            kept=frozenset(self.records),
            read=self.read or shared_sandbox().read,
            chunk=self._chunk,
            read_text=self._take_text,
        )
        with reading_ahead(files, reader.read_file, abort=self._stop_reading) as arriving:
            for number, (path, coming) in enumerate(arriving):
                name = reader.name_of(path)
                self.on_progress(number, len(files), name)
                arrived = coming.result()
                if arrived.document:
                    self.waiting.append((arrived.document, arrived.chunks))
                    self.receipts[name] = arrived.receipt
                else:
                    self._note(arrived.receipt, known.get(name))
                if _count(self.waiting) + _count(self.embedded) >= COMMIT_CHUNKS:
                    self._commit(done=number + 1, total=len(files))
                elif _count(self.waiting) >= self.enough:
                    self._embed(done=number + 1, total=len(files))
                    self.enough = min(2 * self.enough, EMBED_CHUNKS)

    def _stop_reading(self) -> None:
        if self.read is None:
            shared_sandbox().close()

    def _note(self, receipt: Receipt, known: DocumentRecord | None) -> None:
        """Note that a file was not read, and keep what was indexed of it: nothing is lost by a bad copy."""
        if known and receipt.outcome != "unchanged":
            self._keep(known)
            receipt = dataclasses.replace(receipt, message=Reason("why_kept", reason=receipt.message))
        self.receipts[receipt.path] = receipt

    def _keep(self, known: DocumentRecord) -> None:
        """See to it that the document stays as it is, in a build made anew from the text that was kept of it."""
        if known.path in self.records:
            return
        document = read_text(known.version, self.settings.index_dir)
        if document:
            self.waiting.append((document, self._chunk(document)))

    def _take_text(self, version: str) -> Document | None:
        return read_text(version, self.settings.index_dir) if self.takes_texts else None

    def _chunk(self, document: Document) -> tuple[Chunk, ...]:
        return chunk_document(
            document,
            count_tokens=self.embedder.count_tokens,
            chunk_tokens=self.settings.chunk_tokens,
            catalogue=self.catalogue,
        )

    def _remove_leftovers(self) -> None:
        """Remove what neither this state nor the one before it has: it was never committed, or is long gone."""
        previous = read_previous(self.settings.index_dir)
        builds = {each.build for each in (self.manifest, self.before, previous) if each}
        remove_builds(self.settings, keep=builds)
        if not self.commits_early:
            return
        kept = self._records_in_build(self.manifest, self.before, previous)
        expected = sum(record.chunks for record in kept.values())
        # What earlier states had is found at once; only where more is left over, all of the store is read.
        if self.store.count_passages() != expected:
            self.store.delete(self.earlier - kept.keys())
            if self.store.count_passages() != expected:
                self.store.delete_except(kept.keys())
        self.earlier |= kept.keys()

    def _records_in_build(self, *states: Manifest | None) -> dict[str, DocumentRecord]:
        """The documents of those states that are in the build, by their versions."""
        own = [state.documents for state in states if state and state.build == self.manifest.build]
        return {record.version: record for documents in own for record in documents}

    def _embed(self, *, done: int, total: int) -> None:
        """Begin with the vectors of what is waiting."""
        reusable: dict[str, Vectors] = {}
        for document, _ in self.waiting:
            if document.path in self.records:
                reusable.update(self.store.fetch_by_key(self.records[document.path].version))

        def show(embedded: int, texts: int) -> None:
            self.on_progress(done, total, Reason("why_embedding", done=embedded, count=texts))

        self.writer.take(self.waiting, reusable, show)
        self.embedded += self.waiting
        self.waiting = []

    def _commit(self, *, done: int, total: int, is_last: bool = False) -> None:
        """See to it that all that was read is written, and then the manifest that says so."""
        self._embed(done=done, total=total)
        for document, _ in self.embedded:  # before vectors are waited for: they are still being made
            write_text(document, self.settings.index_dir)
        self.writer.finish()
        for document, chunks in self.embedded:
            self.records[document.path] = record_of(document, chunks=len(chunks))
        self.embedded = []
        if not (self.commits_early or is_last):
            return
        new = dataclasses.replace(
            self.manifest,
            documents=tuple(self.records[path] for path in sorted(self.records)),
            cities=self.table,
            is_complete=is_last,
        )
        if new != self.manifest or not self.commits_early or self.before is None:
            self._replace_manifest(new)
            if is_last:
                self._remove_leftovers()  # where nothing was replaced, the start of the run has done it
                note_checked(self.manifest, self.settings)
        if is_last:
            states = (self.manifest, read_previous(self.settings.index_dir))
            kept = [state.versions for state in states if state]
            remove_texts(self.settings.index_dir, keep=frozenset().union(*kept))

    def _replace_manifest(self, new: Manifest) -> None:
        # The state before the run: neither what it commits on its way, nor what one that was killed did.
        if self.before and self.before.is_complete and not self.has_kept_before:
            write_manifest(self.before, self.settings.index_dir, file=PREVIOUS_FILE)
            self.has_kept_before = True
        # Where the state before is lost, any text may be one of its.
        old = self.manifest.versions.union(
            self.before.versions if self.before else kept_versions(self.settings.index_dir)
        )
        self.manifest = dataclasses.replace(new, generation=new.generation + 1)
        write_manifest(self.manifest, self.settings.index_dir)
        retire_texts(self.settings.index_dir, old - new.versions)


def _count(documents: Iterable[Cut]) -> int:
    return sum(len(chunks) for _, chunks in documents)
