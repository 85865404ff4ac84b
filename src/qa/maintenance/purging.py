"""A document removed for good, also one that was taken out: no link opens it, and no file has its words.

A document is its path, and whatever was taken out that is the same file. Its files go first, so that no run of the
indexer brings it back; then what readers said that quotes it, its passages, and last its texts. By those it is
known: cut off at any moment, the same purge again goes on.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
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
"""Who repeats so many bytes of a document, without blanks, quotes it: some nine English words, or 15 letters of a
Chinese or Khmer text. The centre's name has 39."""
PIECE_BYTES = 22
"""In so many bytes, one of the pieces of this size is whole into which the document is cut: 45 > 2 · 22 - 1."""


def purge(names: Sequence[str], settings: Settings, *, wait_s: float = 0.0) -> PurgeReceipt:
    """What was removed of the documents `names`: paths, in the corpus or from here, those of files that were put
    aside, or addresses.

    Raises `InputError`, before anything is removed, for a name that there is no document of, and what
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
    """The paths of documents that were taken out, and that something is left of."""
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
        """The documents of both, by their versions."""
        return {each.version: each for state in self.by_file.values() for each in state.documents}


class _Known:
    """Every document that something is known of: its files, and its versions that the index has or had."""

    def __init__(self, settings: Settings, states: _States) -> None:
        self.corpus = settings.corpus_dir
        self.records = states.records
        retired = [each for each in kept_versions(settings.index_dir) if each not in self.records]
        texts = {version: read_text(version, settings.index_dir) for version in retired}
        self.unreadable = {version for version, text in texts.items() if text is None}
        self.versions: dict[str, DocumentRecord | Document] = dict(self.records)
        self.versions |= {version: text for version, text in texts.items() if text}
        self.aside = list_aside(self.corpus)
        self.sources = read_sources(self.corpus)
        files = find_files(self.corpus) if self.corpus.is_dir() else ()
        self.files = {path.relative_to(self.corpus).as_posix() for path in files}
        self.live = self.files.union(each.path for each in states.live)
        self.paths = self.live.union(self.aside, self.sources, (each.path for each in self.versions.values()))

    def resolve(self, name: str) -> str:
        """The path of the document that `name` stands for. Raises `InputError` where there is none."""
        for path, source in self.sources.items():
            if source.url == name:
                return path
        for each in self.versions.values():
            if each.url == name:
                return each.path
        for candidate in (name, *self._inside(self.corpus / name), *self._inside(Path(name))):
            if candidate in self.paths:
                return candidate
        raise InputError(Reason("why_no_document", name=f"{name!r}", folder=str(self.corpus)))

    def _inside(self, path: Path) -> Iterable[str]:
        """The document that the file at `path` is, or was before it was put aside."""
        with suppress(ValueError):
            parts = path.resolve().relative_to(self.corpus.resolve()).parts
            yield "/".join(parts[2:] if parts[:1] == (ASIDE_FOLDER,) else parts)


class _Purge:
    """One purge; what is to go is settled when it is made."""

    def __init__(self, settings: Settings, states: _States, names: Sequence[str]) -> None:
        self._settings = settings
        self._states = states
        known = _Known(settings, states)
        self.paths = {known.resolve(name) for name in names}
        hashes = {each.sha256 for each in known.versions.values() if each.path in self.paths}
        own = [*(known.corpus / path for path in self.paths & known.files)]
        own += [file for path in self.paths for file in known.aside.get(path, ())]
        hashes |= set(map(_hash, own))
        self.aside = [
            file
            for path, files in known.aside.items()
            for file in files
            if path in self.paths or _hash(file) in hashes
        ]
        self.also_in = sorted(
            each.path for each in states.live if each.path not in self.paths and each.sha256 in hashes
        )
        kept = {each.version for each in states.live if each.path not in self.paths}
        self.versions = {
            version: each
            for version, each in known.versions.items()
            if version not in kept and (each.path in self.paths or each.sha256 in hashes)
        }
        # What cannot be read, nobody can open, and it may be of the same document.
        self._unreadable = known.unreadable
        self._quoted = self.paths | {
            each.path for each in self.versions.values() if each.path not in known.live
        }

    def run(self) -> PurgeReceipt:
        """What was removed."""
        index_dir = self._settings.index_dir
        if MANIFEST_FILE in self._states.by_file:  # before anything is removed: it says what is in the way
            check_store(self._states.by_file[MANIFEST_FILE], self._settings)
        texts = [read_text(version, index_dir) for version in self.versions]
        words = _Words([text.text for text in texts if text])
        files = delete_for_good(self.paths, self.aside, self._settings.corpus_dir)
        forget_names(index_dir, self._quoted)
        feedback, refused = forget_documents(index_dir, self._quoted, words.are_quoted_in)
        states = self._states.by_file.values()
        having = [state for state in states if not self.versions.keys().isdisjoint(state.versions)]
        gone = [each for version, each in self._states.records.items() if version in self.versions]
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
        """How many vectors went from the cache, after both states were committed without what is purged, and their
        builds without its records."""
        settings, states = self._settings, self._states
        if PREVIOUS_FILE not in states.by_file:
            (settings.index_dir / PREVIOUS_FILE).unlink(missing_ok=True)  # it cannot be read, and may name it
        builds = self._copy_builds()
        for file, state in states.by_file.items():
            documents = tuple(each for each in state.documents if each.version not in self.versions)
            new = dataclasses.replace(state, documents=documents, build=builds[state.build].name)
            if file == MANIFEST_FILE:  # so that every page opens it, also where it had the document no more
                new = dataclasses.replace(new, generation=state.generation + 1)
                note_checked(new, settings)
            write_manifest(new, settings.index_dir, file=file)
        remove_builds(settings, keep={build.name for build in builds.values()})
        keys: set[str] = set()
        for build in builds.values():
            store = open_store(settings, build=build.name, fingerprint=build.fingerprint, create=False)
            store.delete_except(build.versions)
            store.vacuum()
            keys |= store.list_keys()
        return keep_vectors_of(keys, settings.index_dir)

    def _copy_builds(self) -> Mapping[str, _Build]:
        """By the name of each build of a state, the one that takes its place."""
        states = self._states.by_file.values()
        builds: dict[str, _Build] = {}
        for name, fingerprint in {(state.build, state.fingerprint) for state in states}:
            versions = {v for state in states if state.build == name for v in state.versions} - {
                *self.versions
            }
            copy = copy_build(self._settings, build=name, fingerprint=fingerprint, keep=versions)
            builds[name] = _Build(copy, fingerprint, frozenset(versions))
        return builds


@dataclasses.dataclass(frozen=True, slots=True)
class _Build:
    """A build by its name, what it was made with, and the versions that it is to keep."""

    name: str
    fingerprint: str
    versions: Collection[str]


class _Words:
    """The words of texts, to tell what quotes them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._words = b"\0".join(map(_fold, texts))
        starts = range(0, len(self._words), PIECE_BYTES)
        self._pieces = {self._words[start : start + PIECE_BYTES] for start in starts}

    def are_quoted_in(self, text: str) -> bool:
        """True if `text` repeats `QUOTED_BYTES` of them."""
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
