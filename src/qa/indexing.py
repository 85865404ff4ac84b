"""What is in the corpus against what is in the index, and the index brought up to it.

New records are written first, then the manifest is replaced (that is the commit), then old records are
deleted: those that neither the new state nor the one before the run has. Killed at any moment, the next run
removes what is not committed and goes on.
"""

from __future__ import annotations

import dataclasses
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qa.checking import check_store, note_checked
from qa.chunking import chunk_document
from qa.cities import CityCatalogue, parse_cities, read_table
from qa.config import Settings
from qa.domain import Chunk, Document
from qa.embedding import embed_chunks
from qa.errors import IndexDamaged, IndexMismatch, IndexMissing, LoadError, UnsupportedType
from qa.loaders import Read, check_name, document_version, list_files, parse_document, read_bytes
from qa.loaders.sandbox import shared_sandbox
from qa.locking import lock_index
from qa.manifest import (
    PREVIOUS_FILE,
    DocumentRecord,
    Manifest,
    check_fingerprint,
    explaining_disk,
    read_manifest,
    read_text,
    remove_texts,
    require_manifest,
    retire_texts,
    write_manifest,
    write_text,
)
from qa.reasons import Reason
from qa.receipts import IndexReport, Receipt, receipt_of, record_of
from qa.records import Vectors
from qa.sources import read_sources
from qa.store import VectorStore, open_store, remove_builds
from qa.vector_cache import VectorCache

if TYPE_CHECKING:
    from qa.models import Embedder

logger = logging.getLogger(__name__)

COMMIT_CHUNKS = 256
"""About how many new chunks are embedded between two commits: some seconds of work that a kill can cost."""

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

    Files are read by `read`, by default in a process of their own. Raises `IndexMismatch` if the index was built
    with other settings and `rebuild` is not set, `IndexBusy` if another process is still writing to it after
    `wait_s` seconds, and `DiskError` if it cannot be written.
    """
    started = time.perf_counter()
    with explaining_disk(settings.index_dir):
        settings.index_dir.mkdir(parents=True, exist_ok=True)
        with lock_index(settings.index_dir, wait_s=wait_s):
            run = _start_run(settings, embedder, rebuild=rebuild, read=read, on_progress=on_progress)
            report = run.bring_up_to_date()
    return dataclasses.replace(report, seconds=time.perf_counter() - started)


def roll_back(settings: Settings, embedder: Embedder) -> Manifest:
    """The state before the last run that changed something, made the index's state again.

    A second time, it is taken back. Raises `IndexMissing` where there is no such state, `IndexMismatch` where it
    was made with other settings than those in force, and `IndexDamaged` where it cannot be read any more.
    """
    require_manifest(settings.index_dir)  # where there is no index, there is nothing to lock
    with explaining_disk(settings.index_dir), lock_index(settings.index_dir):
        manifest = require_manifest(settings.index_dir)
        previous = read_manifest(settings.index_dir, file=PREVIOUS_FILE)
        if previous is None:
            raise IndexMissing(Reason("why_no_previous", folder=str(settings.index_dir)))
        fingerprint = index_fingerprint(settings, embedder)
        check_fingerprint(previous, fingerprint, settings.index_dir)
        store = open_store(settings, build=previous.build, fingerprint=fingerprint, create=False)
        store.check(previous.documents)
        restored = dataclasses.replace(previous, generation=manifest.generation + 1)
        write_manifest(restored, settings.index_dir)
        write_manifest(manifest, settings.index_dir, file=PREVIOUS_FILE)
    return restored


def index_fingerprint(settings: Settings, embedder: Embedder) -> str:
    """What an index is made with: it can be used only with the same."""
    return f"{embedder.identity} / {settings.fingerprint()}"


def _start_run(
    settings: Settings,
    embedder: Embedder,
    *,
    rebuild: bool,
    read: Read | None,
    on_progress: Progress | None,
) -> _Run:
    fingerprint = index_fingerprint(settings, embedder)
    before = _read_state(settings.index_dir, may_be_lost=rebuild)
    if before and not rebuild:
        check_fingerprint(before, fingerprint, settings.index_dir)
    table = read_table(settings.cities_path())
    catalogue = parse_cities(table, where=str(settings.cities_path()))
    notes: list[str] = []
    store = None
    if before and not rebuild:
        try:
            check_store(before, settings)
            store = open_store(
                settings,
                build=before.build,
                fingerprint=fingerprint,
                tokenise=embedder.subwords,
                create=False,
            )
        except IndexDamaged as error:
            logger.warning("%s", error)
            notes.append(Reason("why_vectors_remade", build=before.build))
            store = None
    is_new = store is None
    generation = before.generation if before else 0
    manifest = (
        Manifest(build=uuid.uuid4().hex[:12], fingerprint=fingerprint, generation=generation)
        if is_new or before is None
        else before
    )
    return _Run(
        settings=settings,
        embedder=embedder,
        catalogue=catalogue,
        table=table,
        store=store
        or open_store(settings, build=manifest.build, fingerprint=fingerprint, tokenise=embedder.subwords),
        cache=VectorCache(settings.index_dir, identity=embedder.identity, dimension=embedder.dimension),
        before=before,
        manifest=manifest,
        commits_early=not is_new or before is None,
        read=read or shared_sandbox().read,
        sources={path: source.url for path, source in read_sources(settings.corpus_dir).items()},
        on_progress=on_progress or (lambda done, total, path: None),
        notes=notes,
    )


def _read_state(index_dir: Path, *, may_be_lost: bool) -> Manifest | None:
    """The committed state, or in its stead the one before if the manifest cannot be read and `may_be_lost`."""
    try:
        return read_manifest(index_dir)
    except IndexMismatch:
        if not may_be_lost:
            raise
    try:
        return read_manifest(index_dir, file=PREVIOUS_FILE)
    except IndexMismatch:
        return None


@dataclass(slots=True)
class _Run:
    """One run of the indexer. A build made anew is committed at its end only, so the old one serves until then."""

    settings: Settings
    embedder: Embedder
    catalogue: CityCatalogue
    table: str
    store: VectorStore
    cache: VectorCache
    before: Manifest | None
    manifest: Manifest
    commits_early: bool
    read: Read
    sources: Mapping[str, str]
    on_progress: Progress
    notes: list[str]
    records: dict[str, DocumentRecord] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    waiting: list[tuple[Document, tuple[Chunk, ...]]] = field(default_factory=list)
    has_kept_before: bool = False

    def bring_up_to_date(self) -> IndexReport:
        known = {record.path: record for record in self.before.documents} if self.before else {}
        self.records = dict(known) if self.commits_early else {}
        self._remove_leftovers()
        listing = list_files(self.settings.corpus_dir)
        closed = [
            folder.relative_to(self.settings.corpus_dir).as_posix() for folder in listing.closed_folders
        ]
        self.notes += [Reason("why_folder_closed", folder=folder) for folder in closed]
        for number, path in enumerate(listing.files):
            name = path.relative_to(self.settings.corpus_dir).as_posix()
            self.on_progress(number, len(listing.files), name)
            self._take(path, name, known.get(name))
            if sum(len(chunks) for _, chunks in self.waiting) >= COMMIT_CHUNKS:
                self._commit(done=number + 1, total=len(listing.files))
        for name in known.keys() - self.receipts.keys():
            if any(name.startswith(f"{folder}/") for folder in closed):
                self._keep(known[name])
                self.receipts[name] = receipt_of(known[name], "unchanged")
            else:
                self.records.pop(name, None)
                self.receipts[name] = Receipt(path=name, outcome="removed", title=known[name].title)
        if known and not self.records and not self.waiting:
            self.notes.append(Reason("why_nothing_left", folder=str(self.settings.corpus_dir)))
        self._commit(done=len(listing.files), total=len(listing.files), is_last=True)
        self.on_progress(len(listing.files), len(listing.files), "")
        return IndexReport(
            receipts=tuple(self.receipts[name] for name in sorted(self.receipts)),
            chunks=sum(record.chunks for record in self.records.values()),
            notes=tuple(self.notes),
        )

    def _take(self, path: Path, name: str, known: DocumentRecord | None) -> None:
        """Read the file at `path` unless the index has it as it is, and put it in line for the commit."""
        url = self.sources.get(name)
        try:
            check_name(path, self.settings.corpus_dir)
            data = read_bytes(path)
            version = document_version(data, path=name, catalogue=self.catalogue, url=url)
            if known and name in self.records and known.version == version:
                self.receipts[name] = receipt_of(known, "unchanged")
                return
            document = parse_document(data, path=name, catalogue=self.catalogue, url=url, read=self.read)
            chunks = self._chunk(document)
        except UnsupportedType as error:
            self._refuse(Receipt(path=name, outcome="skipped", message=error.message), known)
        except LoadError as error:
            self._refuse(Receipt(path=name, outcome="failed", message=error.message), known)
        except Exception:  # the outermost edge of reading: one bad file must never stop the others
            logger.exception("reading %s failed", name)
            message = Reason("why_file_unreadable", file=name)
            self._refuse(Receipt(path=name, outcome="failed", message=message), known)
        else:
            self.waiting.append((document, chunks))
            self.receipts[name] = receipt_of(
                record_of(document, chunks=len(chunks)), "updated" if known else "added"
            )

    def _refuse(self, receipt: Receipt, known: DocumentRecord | None) -> None:
        """Note that a file was not read, and keep what was indexed of it: nothing is lost by a bad copy."""
        if known:
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

    def _chunk(self, document: Document) -> tuple[Chunk, ...]:
        return chunk_document(
            document,
            count_tokens=self.embedder.count_tokens,
            chunk_tokens=self.settings.chunk_tokens,
            catalogue=self.catalogue,
        )

    def _remove_leftovers(self) -> None:
        """Remove what neither this state nor the one before it has: it was never committed, or is long gone."""
        previous = self._read_previous()
        builds = {each.build for each in (self.manifest, self.before, previous) if each}
        remove_builds(self.settings, keep=builds)
        if not self.commits_early:
            return
        kept = self._records_in_build(self.manifest, self.before, previous)
        # Where as many passages are there as should be, nothing is left over: the store need not be read.
        if self.store.count_passages() != sum(record.chunks for record in kept.values()):
            self.store.delete_except(kept.keys())

    def _read_previous(self) -> Manifest | None:
        try:
            return read_manifest(self.settings.index_dir, file=PREVIOUS_FILE)
        except IndexMismatch:
            return None

    def _records_in_build(self, *states: Manifest | None) -> dict[str, DocumentRecord]:
        """The documents of those states that are in the build, by their versions."""
        own = [state.documents for state in states if state and state.build == self.manifest.build]
        return {record.version: record for documents in own for record in documents}

    def _commit(self, *, done: int, total: int, is_last: bool = False) -> None:
        """Write what is waiting, and then the manifest that says so."""
        reusable: dict[str, Vectors] = {}
        for document, _ in self.waiting:
            if document.path in self.records:
                reusable.update(self.store.fetch_by_key(self.records[document.path].version))

        def show(embedded: int, texts: int) -> None:
            self.on_progress(done, total, Reason("why_embedding", done=embedded, count=texts))

        records = embed_chunks(self.waiting, self.embedder, reusable, cache=self.cache, on_progress=show)
        self.store.add(records)
        for document, chunks in self.waiting:
            write_text(document, document.version, self.settings.index_dir)
            self.records[document.path] = record_of(document, chunks=len(chunks))
        self.waiting = []
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
            kept = [state.versions for state in (self.manifest, self._read_previous()) if state]
            remove_texts(self.settings.index_dir, keep=frozenset().union(*kept))

    def _replace_manifest(self, new: Manifest) -> None:
        # The state before the run: neither what it commits on its way, nor what one that was killed did.
        if self.before and self.before.is_complete and not self.has_kept_before:
            write_manifest(self.before, self.settings.index_dir, file=PREVIOUS_FILE)
            self.has_kept_before = True
        old = self.manifest.versions.union(self.before.versions if self.before else ())
        self.manifest = dataclasses.replace(new, generation=new.generation + 1)
        write_manifest(self.manifest, self.settings.index_dir)
        retire_texts(self.settings.index_dir, old - new.versions)
