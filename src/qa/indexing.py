"""What is in the corpus against what is in the index, and the index brought up to it.

New records are written first, then the manifest is replaced (that is the commit), then old records are
deleted. Killed at any moment, the next run removes what is not committed and goes on.
"""

from __future__ import annotations

import dataclasses
import fcntl
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qa.chunking import chunk_document, text_to_embed
from qa.cities import CITIES_FILE, CityCatalogue, load_cities
from qa.config import Settings
from qa.domain import Chunk, Document, FailedFile, IndexReport
from qa.errors import IndexBusy, IndexMismatch, LoadError, UnsupportedType
from qa.loaders import check_type, document_version, find_files, parse_document, read_bytes
from qa.manifest import (
    DocumentRecord,
    Manifest,
    check_fingerprint,
    read_manifest,
    remove_texts,
    write_manifest,
    write_text,
    write_whole,
)
from qa.store import VectorRecord, Vectors, VectorStore, text_key

if TYPE_CHECKING:
    from qa.models import Embedder

logger = logging.getLogger(__name__)

LOCK_FILE = ".lock"

COMMIT_CHUNKS = 256
"""About how many new chunks are embedded between two commits: some seconds of work that a kill can cost."""

Progress = Callable[[int, int, str], None]
"""Called with the number of files done, of all files, and the path or the work that is at hand."""


def index_corpus(
    settings: Settings,
    embedder: Embedder,
    *,
    rebuild: bool = False,
    on_progress: Progress | None = None,
) -> IndexReport:
    """What changed after the index at `settings.index_dir` was brought up to `settings.corpus_dir`.

    Raises `IndexMismatch` if the index was built with other settings and `rebuild` is not set, and
    `IndexBusy` if another process is writing to it.
    """
    started = time.perf_counter()
    settings.index_dir.mkdir(parents=True, exist_ok=True)
    with lock_index(settings.index_dir):
        report = _start_run(settings, embedder, rebuild=rebuild, on_progress=on_progress).bring_up_to_date()
    return dataclasses.replace(report, seconds=time.perf_counter() - started)


@contextmanager
def lock_index(index_dir: Path) -> Iterator[None]:
    """Hold the only right to write to the index. The system lets go of it when the process ends, however."""
    with (index_dir / LOCK_FILE).open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            holder = stream.read().strip() or "another process"
            raise IndexBusy(f"{index_dir} is being written to by {holder}; wait until it is done") from None
        stream.truncate(0)
        stream.write(f"process {os.getpid()}")
        stream.flush()
        yield


def index_fingerprint(settings: Settings, embedder: Embedder) -> str:
    """What an index is made with: it can be used only with the same."""
    return f"{embedder.identity} / {settings.fingerprint()}"


def _start_run(
    settings: Settings, embedder: Embedder, *, rebuild: bool, on_progress: Progress | None
) -> _Run:
    fingerprint = index_fingerprint(settings, embedder)
    try:
        manifest = read_manifest(settings.index_dir)
    except IndexMismatch:
        if not rebuild:
            raise
        manifest = None
    if manifest and not rebuild:
        check_fingerprint(manifest, fingerprint, settings.index_dir)
    generation = manifest.generation if manifest else 0
    if manifest is None or rebuild:
        manifest = Manifest(build=uuid.uuid4().hex[:12], fingerprint=fingerprint, generation=generation)
        if not rebuild:
            write_manifest(manifest, settings.index_dir)
    return _Run(
        settings=settings,
        embedder=embedder,
        catalogue=load_cities(settings.cities_path()),
        store=VectorStore(settings.index_dir, build=manifest.build, fingerprint=fingerprint),
        manifest=manifest,
        commits_early=not rebuild,
        on_progress=on_progress or (lambda done, total, path: None),
    )


@dataclass(slots=True)
class _Run:
    """One run of the indexer. A rebuild is committed at its end only, so the old index serves until then."""

    settings: Settings
    embedder: Embedder
    catalogue: CityCatalogue
    store: VectorStore
    manifest: Manifest
    commits_early: bool
    on_progress: Progress
    records: dict[str, DocumentRecord] = field(default_factory=dict)
    waiting: list[tuple[Document, tuple[Chunk, ...]]] = field(default_factory=list)

    def bring_up_to_date(self) -> IndexReport:
        self.records = {record.path: record for record in self.manifest.documents}
        before = dict(self.records)
        if self.commits_early:
            self.store.delete_except(self.manifest.versions)
        paths = find_files(self.settings.corpus_dir)
        report = _Report()
        for number, path in enumerate(paths):
            name = path.relative_to(self.settings.corpus_dir).as_posix()
            self.on_progress(number, len(paths), name)
            self._take(path, name, before, report)
            if sum(len(chunks) for _, chunks in self.waiting) >= COMMIT_CHUNKS:
                self._commit(done=number + 1, total=len(paths))
        # A file that cannot be read any more keeps what was indexed of it: nothing is lost by a bad copy.
        gone = before.keys() - {path.relative_to(self.settings.corpus_dir).as_posix() for path in paths}
        for name in gone:
            del self.records[name]
        self._commit(done=len(paths), total=len(paths), is_last=True)
        self.on_progress(len(paths), len(paths), "")
        return report.freeze(removed=gone, chunks=sum(record.chunks for record in self.records.values()))

    def _take(self, path: Path, name: str, before: Mapping[str, DocumentRecord], report: _Report) -> None:
        """Read the file at `path` unless the index has it as it is, and put it in line for the commit."""
        known = before.get(name)
        try:
            check_type(path)
            data = read_bytes(path)
            if known and known.version == document_version(data, path=name, catalogue=self.catalogue):
                report.unchanged.append(name)
                return
            document = parse_document(data, path=name, catalogue=self.catalogue)
            chunks = chunk_document(
                document,
                count_tokens=self.embedder.count_tokens,
                chunk_tokens=self.settings.chunk_tokens,
                catalogue=self.catalogue,
            )
        except UnsupportedType as error:
            report.skipped.append(FailedFile(name, str(error)))
        except LoadError as error:
            report.failed.append(FailedFile(name, str(error)))
        except Exception:  # the outermost edge of reading: one bad file must never stop the others
            logger.exception("reading %s failed", name)
            report.failed.append(FailedFile(name, f"{name} could not be read; open it and save it again"))
        else:
            self.waiting.append((document, chunks))
            (report.updated if known else report.added).append(name)

    def _commit(self, *, done: int, total: int, is_last: bool = False) -> None:
        reusable: dict[str, Vectors] = {}
        for document, _ in self.waiting:
            if document.path in self.records:
                reusable.update(self.store.fetch_by_key(self.records[document.path].version))

        def show(embedded: int, texts: int) -> None:
            self.on_progress(done, total, f"vectors {embedded}/{texts}")

        self.store.add(embed_chunks(self.waiting, self.embedder, reusable, on_progress=show))
        for document, chunks in self.waiting:
            write_text(document, document.version, self.settings.index_dir)
            self.records[document.path] = _record(document, chunks)
        self.waiting = []
        documents = tuple(self.records[path] for path in sorted(self.records))
        is_changed = documents != self.manifest.documents or not self.commits_early
        self._keep_cities()
        if is_changed and (self.commits_early or is_last):
            self.manifest = dataclasses.replace(
                self.manifest, documents=documents, generation=self.manifest.generation + 1
            )
            write_manifest(self.manifest, self.settings.index_dir)
        if is_last:
            self.store.delete_other_builds()
            remove_texts(self.settings.index_dir, keep=self.manifest.versions)
        if is_changed and self.commits_early:
            self.store.delete_except(self.manifest.versions)

    def _keep_cities(self) -> None:
        table = self.settings.cities_path()
        text = table.read_text(encoding="utf-8") if table.exists() else ""
        write_whole(self.settings.index_dir / CITIES_FILE, text)


@dataclass(slots=True)
class _Report:
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[FailedFile] = field(default_factory=list)
    failed: list[FailedFile] = field(default_factory=list)

    def freeze(self, *, removed: set[str], chunks: int) -> IndexReport:
        return IndexReport(
            added=tuple(self.added),
            updated=tuple(self.updated),
            unchanged=tuple(self.unchanged),
            removed=tuple(sorted(removed)),
            skipped=tuple(self.skipped),
            failed=tuple(self.failed),
            chunks=chunks,
        )


def embed_chunks(
    documents: Sequence[tuple[Document, Sequence[Chunk]]],
    embedder: Embedder,
    reusable: Mapping[str, Vectors],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[VectorRecord]:
    """The chunks of `documents` with their vectors; a text whose key is in `reusable` is not embedded again."""
    texts: dict[str, str] = {}
    keyed: list[tuple[Document, Chunk, tuple[str, ...]]] = []
    for document, chunks in documents:
        for chunk in chunks:
            parts = (text_to_embed(chunk, document), *(chunk.cut(span) for span in chunk.sentences))
            keys = tuple(text_key(part) for part in parts)
            texts.update(zip(keys, parts, strict=True))
            keyed.append((document, chunk, keys))
    missing = [key for key in texts if key not in reusable]
    made = embedder.encode_passages([texts[key] for key in missing], on_progress=on_progress)
    vectors = {**reusable, **dict(zip(missing, made, strict=True))}
    return [
        VectorRecord(
            chunk=chunk,
            version=document.version,
            passage=vectors[keys[0]],
            sentences=np.stack([vectors[key] for key in keys[1:]]),
            keys=keys,
        )
        for document, chunk, keys in keyed
    ]


def _record(document: Document, chunks: Sequence[Chunk]) -> DocumentRecord:
    return DocumentRecord(
        path=document.path,
        doc_id=document.doc_id,
        title=document.title,
        sha256=document.sha256,
        version=document.version,
        chunks=len(chunks),
        characters=len(document.text),
        language=document.language,
        cities=document.cities,
        date=document.date,
        url=document.url,
    )
