"""A purge removes a document for good, also a document that was taken out: no file has its words any more.

A document is its path, and every file aside with the same bytes. Its files go first, so that no run of the indexer
brings it back. Then feedback that quotes it goes, its passages, and last its texts, by which it is known: after a
cut at any moment, the same purge goes on.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from qa.config import Settings
from qa.corpus.change_log import forget_names
from qa.corpus.files import find_files
from qa.corpus.intake import ASIDE_FOLDER, delete_for_good, list_aside
from qa.corpus.receipts import PurgeReceipt
from qa.corpus.web_sources import read_sources
from qa.domain import Document
from qa.errors import InputError
from qa.feedback import forget_documents
from qa.i18n.reasons import Reason
from qa.storage.integrity import check_store, note_checked
from qa.storage.locks import lock_index
from qa.storage.manifest import (
    MANIFEST_FILE,
    PREVIOUS_FILE,
    DocumentRecord,
    Manifest,
    delete_texts,
    kept_versions,
    make_index_folder,
    read_manifest,
    read_previous,
    read_text,
    write_manifest,
)
from qa.storage.store import copy_build, open_store, remove_builds
from qa.storage.vector_cache import keep_vectors_of
from qa.system.disk import explaining_disk

QUOTED_BYTES = 45
"""The bytes, without blanks, that make a quote: some nine English words, or 15 letters of a Chinese or Khmer text.
The centre's name has 39."""
PIECE_BYTES = 22
"""The bytes of the pieces that texts are cut into. Any quote holds a whole piece: 45 > 2 · 22 - 1."""


def purge(names: Sequence[str], settings: Settings, *, wait_s: float = 0.0) -> PurgeReceipt:
    """The receipt of a purge of the documents `names`: paths in the corpus, from here or aside, or addresses.

    Raises `InputError`, before anything is removed, for a name that no document has, and what
    `qa.indexing.run.index_corpus` raises.
    """
    started = time.perf_counter()
    if not names:
        return PurgeReceipt(documents=())
    with explaining_disk(settings.index_dir):
        make_index_folder(settings.index_dir)
        with lock_index(settings.index_dir, wait_s=wait_s):
            receipt = _Purge(settings, _States(settings.index_dir), names).run()
    return dataclasses.replace(receipt, seconds=time.perf_counter() - started)


def list_taken_out(settings: Settings) -> tuple[str, ...]:
    """The paths of documents that were taken out, but not without a trace."""
    known = _Known(settings, _States(settings.index_dir))
    return tuple(sorted(known.paths - known.live))


class _States:
    """The committed state of an index and the one before, by their files."""

    def __init__(self, index_dir: Path) -> None:
        # The manifest is written last: it is the commit. Nobody can go back to a state that cannot be read.
        states = {PREVIOUS_FILE: read_previous(index_dir), MANIFEST_FILE: read_manifest(index_dir)}
        self.by_file = {file: state for file, state in states.items() if state}

    @property
    def live(self) -> tuple[DocumentRecord, ...]:
        """The documents of the committed state."""
        return self.by_file[MANIFEST_FILE].documents if MANIFEST_FILE in self.by_file else ()

    @property
    def records(self) -> dict[str, DocumentRecord]:
        """The documents of both states, by their versions."""
        return {record.version: record for state in self.by_file.values() for record in state.documents}


class _Known:
    """Every document that left a trace: its files, and its versions that the index has or had."""

    def __init__(self, settings: Settings, states: _States) -> None:
        self.corpus = settings.corpus_dir
        self.records = states.records
        retired = (version for version in kept_versions(settings.index_dir) if version not in self.records)
        texts = {version: read_text(version, settings.index_dir) for version in retired}
        self.unreadable = {version for version, text in texts.items() if text is None}
        self.versions: dict[str, DocumentRecord | Document] = dict(self.records)
        self.versions |= {version: text for version, text in texts.items() if text}
        self.aside = list_aside(self.corpus)
        self.sources = read_sources(self.corpus)
        files = find_files(self.corpus) if self.corpus.is_dir() else ()
        self.files = {path.relative_to(self.corpus).as_posix() for path in files}
        self.live = self.files.union(record.path for record in states.live)
        known = (document.path for document in self.versions.values())
        self.paths = self.live.union(self.aside, self.sources, known)

    def resolve(self, name: str) -> str:
        """The path of the document that `name` stands for. Raises `InputError` where there is none."""
        for path, source in self.sources.items():
            if source.url == name:
                return path
        for document in self.versions.values():
            if document.url == name:
                return document.path
        for candidate in (name, *self._inside(self.corpus / name), *self._inside(Path(name))):
            if candidate in self.paths:
                return candidate
        raise InputError(Reason("why_no_document", name=f"{name!r}", folder=str(self.corpus)))

    def _inside(self, path: Path) -> Iterable[str]:
        """The document's path for the file at `path`, or for a file aside its former path."""
        with suppress(ValueError):
            parts = path.resolve().relative_to(self.corpus.resolve()).parts
            yield "/".join(parts[2:] if parts[:1] == (ASIDE_FOLDER,) else parts)


class _Purge:
    """One purge. It settles what is to go when it is made."""

    def __init__(self, settings: Settings, states: _States, names: Sequence[str]) -> None:
        self._settings = settings
        self._states = states
        known = _Known(settings, states)
        self.paths = {known.resolve(name) for name in names}
        hashes = {known_as.sha256 for known_as in known.versions.values() if known_as.path in self.paths}
        own = [known.corpus / path for path in self.paths & known.files]
        own += [file for path in self.paths for file in known.aside.get(path, ())]
        hashes |= set(map(_hash, own))
        self.aside = [
            file
            for path, files in known.aside.items()
            for file in files
            if path in self.paths or _hash(file) in hashes
        ]
        staying = [record for record in states.live if record.path not in self.paths]
        self.also_in = sorted(record.path for record in staying if record.sha256 in hashes)
        kept = {record.version for record in staying}
        self.versions = {
            version: document
            for version, document in known.versions.items()
            if version not in kept and (document.path in self.paths or document.sha256 in hashes)
        }
        # Nobody can open a text that cannot be read, and it may be of the same document.
        self._unreadable = known.unreadable
        gone = {document.path for document in self.versions.values()}
        self._quoted = self.paths | (gone - known.live)

    def run(self) -> PurgeReceipt:
        """The receipt of what was removed."""
        index_dir = self._settings.index_dir
        if MANIFEST_FILE in self._states.by_file:  # before anything is removed: it says what is in the way
            check_store(self._states.by_file[MANIFEST_FILE], self._settings)
        texts = (read_text(version, index_dir) for version in self.versions)
        words = _Words([text.text for text in texts if text])
        files = delete_for_good(self.paths, self.aside, self._settings.corpus_dir)
        forget_names(index_dir, self._quoted)
        feedback, refused = forget_documents(index_dir, self._quoted, words.are_quoted_in)
        states = self._states.by_file.values()
        having = [state for state in states if not self.versions.keys().isdisjoint(state.versions)]
        gone = [record for version, record in self._states.records.items() if version in self.versions]
        vectors = self._renew_states()
        return PurgeReceipt(
            documents=tuple(sorted(self.paths)),
            files=files,
            texts=delete_texts(index_dir, {*self.versions, *self._unreadable}),
            passages=sum(record.chunks for record in gone),
            states=len(having),
            vectors=vectors,
            feedback=feedback,
            refused=refused,
            also_in=tuple(self.also_in),
        )

    def _renew_states(self) -> int:
        """The number of vectors that went from the cache.

        Both states are committed without the purged documents, and their builds lose the documents' records.
        """
        settings, states = self._settings, self._states
        if PREVIOUS_FILE not in states.by_file:
            # It cannot be read, and may name a document.
            (settings.index_dir / PREVIOUS_FILE).unlink(missing_ok=True)
        kept: dict[str, Manifest] = {}
        builds: dict[tuple[str, str], set[str]] = defaultdict(set)
        for file, state in states.by_file.items():
            documents = tuple(record for record in state.documents if record.version not in self.versions)
            kept[file] = dataclasses.replace(state, documents=documents)
            builds[state.build, state.fingerprint] |= kept[file].versions
        copies = {
            name: copy_build(settings, build=name, fingerprint=fingerprint, keep=versions)
            for (name, fingerprint), versions in builds.items()
        }
        for file, state in kept.items():
            new = dataclasses.replace(state, build=copies[state.build])
            if file == MANIFEST_FILE:  # so that every page opens it, also if it had the document no more
                new = dataclasses.replace(new, generation=state.generation + 1)
                note_checked(new, settings)
            write_manifest(new, settings.index_dir, file=file)
        remove_builds(settings, keep=set(copies.values()))
        keys: set[str] = set()
        for (name, fingerprint), versions in builds.items():
            store = open_store(settings, build=copies[name], fingerprint=fingerprint, create=False)
            store.delete_except(versions)
            store.vacuum()
            keys |= store.list_keys()
        return keep_vectors_of(keys, settings.index_dir)


class _Words:
    """The words of texts, to recognise quotes."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._words = b"\0".join(map(_fold, texts))
        starts = range(0, len(self._words), PIECE_BYTES)
        self._pieces = {self._words[start : start + PIECE_BYTES] for start in starts}

    def are_quoted_in(self, text: str) -> bool:
        """True if `text` repeats `QUOTED_BYTES` of the words."""
        said = _fold(text)
        return any(
            said[start : start + PIECE_BYTES] in self._pieces and self._quotes_around(said, start)
            for start in range(len(said) - PIECE_BYTES + 1)
        )

    def _quotes_around(self, said: bytes, piece: int) -> bool:
        first = max(0, piece + PIECE_BYTES - QUOTED_BYTES)
        last = min(piece, len(said) - QUOTED_BYTES)
        return any(said[start : start + QUOTED_BYTES] in self._words for start in range(first, last + 1))


def _fold(text: str) -> bytes:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split()).encode("utf-8", "surrogatepass")


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
