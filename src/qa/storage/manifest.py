"""`index/manifest.json`: the documents that the index holds. Replacing this one file commits a change.

Beside it, `previous.json` is the state before the last run that changed something. `texts/` keeps each document as
it was read, so that a citation opens on the very text that its offsets count in, even when the file has changed.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.domain import Document, PageKind, PageStart, Section, Span
from qa.errors import IndexMismatch, IndexMissing, IndexTooNew, IndexUnreadable
from qa.i18n.reasons import Reason, from_json, to_json
from qa.system.disk import make_private, write_whole

FORMAT = 2
"""Raise this when the index is kept in another way. In an older format, new fields take their defaults, and the
index answers as far as it can until the new index is built beside it. A newer format is left alone."""
MANIFEST_FILE = "manifest.json"
PREVIOUS_FILE = "previous.json"
TEXTS_FOLDER = "texts"

KEEP_TEXTS_DAYS = 90
"""Days that the text of a changed or removed document is kept, for the citations of old conversations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """A document that the index holds. `version` stands for its file, its readers and the table of cities."""

    path: str
    doc_id: str
    title: str
    sha256: str
    version: str
    chunks: int
    characters: int
    language: str
    cities: tuple[str, ...] = ()
    date: str | None = None
    url: str | None = None
    pages: int = 0
    page_kind: PageKind = "page"
    empty_pages: tuple[int, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The committed state of an index: the `build` of its vectors, what they were made with, the documents.

    `generation` rises by one with every commit; `is_complete` is False for a commit before the end of a run;
    `cities` is the table of cities that the documents were read with, as TOML.
    """

    build: str
    fingerprint: str
    generation: int = 0
    is_complete: bool = False
    cities: str = ""
    documents: tuple[DocumentRecord, ...] = ()
    format: int = FORMAT

    @property
    def model(self) -> str:
        """The identity of the embedder that made the vectors."""
        return self.fingerprint.rpartition(" / ")[0]

    def is_made_with(self, fingerprint: str) -> bool:
        """True if this program, with the settings of `fingerprint`, would make the index in the same way."""
        return (self.format, self.fingerprint) == (FORMAT, fingerprint)

    @property
    def versions(self) -> frozenset[str]:
        """The versions whose vectors are live. Vectors of other versions are left-overs."""
        return frozenset(record.version for record in self.documents)


def make_index_folder(index_dir: Path) -> None:
    """Make the folder of an index, for its owner only; see `qa.system.disk.make_private`."""
    make_private(index_dir, known_by=MANIFEST_FILE)


def read_manifest(index_dir: Path, *, file: str = MANIFEST_FILE) -> Manifest | None:
    """The committed state of the index (or, in `PREVIOUS_FILE`, the state before); None if there is none yet.

    Raises `IndexTooNew` where a newer program made it, and `IndexUnreadable` where it cannot be read.
    """
    path = index_dir / file
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise IndexUnreadable(
            f"{path} cannot be read ({error}); build it anew with: qa index --rebuild"
        ) from error
    try:
        if table["format"] > FORMAT:
            raise IndexTooNew(
                f"{path} is of a newer program (format {table['format']}, this one knows {FORMAT}); install that "
                "program again, or set index_dir to another folder"
            )
        return Manifest(**{**table, "documents": tuple(map(_to_record, table["documents"]))})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise IndexUnreadable(
            f"{path} is of another version; build it anew with: qa index --rebuild"
        ) from error


def read_previous(index_dir: Path) -> Manifest | None:
    """The state before the committed state; None where there is none that can be read."""
    try:
        return read_manifest(index_dir, file=PREVIOUS_FILE)
    except IndexMismatch:
        return None


def read_state(index_dir: Path, *, may_be_lost: bool) -> Manifest | None:
    """The committed state, or the state before if the manifest cannot be read and `may_be_lost`."""
    try:
        return read_manifest(index_dir)
    except IndexUnreadable:
        if not may_be_lost:
            raise
    return read_previous(index_dir)


def state_of(index_dir: Path) -> tuple[int, int, int]:
    """Numbers of the manifest's file that change whenever the file is replaced; zeros where there is none."""
    try:
        status = (index_dir / MANIFEST_FILE).stat()
    except OSError:
        return 0, 0, 0
    return status.st_ino, status.st_mtime_ns, status.st_size


def require_manifest(index_dir: Path) -> Manifest:
    """The committed state of the index. Raises `IndexMissing` if there is none yet."""
    manifest = read_manifest(index_dir)
    if manifest is None:
        raise IndexMissing(Reason("why_no_index", folder=str(index_dir)))
    return manifest


def write_manifest(manifest: Manifest, index_dir: Path, *, file: str = MANIFEST_FILE) -> None:
    """Commit `manifest`: at one moment it becomes the state of the index."""
    documents = [_with_reasons(record) for record in manifest.documents]
    table = {"format": manifest.format, **dataclasses.asdict(manifest), "documents": documents}
    write_whole(index_dir / file, json.dumps(table, ensure_ascii=False, indent=1) + "\n")


def write_text(document: Document, index_dir: Path) -> None:
    """Keep `document` as it was read, under its version."""
    path = _text_path(document.version, index_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(_with_reasons(document), ensure_ascii=False))


def read_text(version: str, index_dir: Path) -> Document | None:
    """The document as it was read when it was indexed; None if it is not kept any more."""
    try:
        return _to_document(json.loads(_text_path(version, index_dir).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # gone, damaged, or of an older program
        return None


def has_text(version: str, index_dir: Path) -> bool:
    """True if the text of this version is kept."""
    return _text_path(version, index_dir).exists()


def kept_versions(index_dir: Path) -> list[str]:
    """The versions whose texts are kept."""
    return [path.stem for path in sorted((index_dir / TEXTS_FOLDER).glob("[!.]*.json"))]


def delete_texts(index_dir: Path, versions: Collection[str]) -> int:
    """The number of deleted texts of these versions. The files of broken writes are deleted, too."""
    paths = [path for path in (_text_path(version, index_dir) for version in versions) if path.exists()]
    for path in (*paths, *_broken_writes(index_dir)):
        path.unlink(missing_ok=True)
    return len(paths)


def retire_texts(index_dir: Path, versions: Collection[str]) -> None:
    """Begin to count the days that the texts of `versions`, which are live no more, are kept."""
    for version in versions:
        with suppress(FileNotFoundError):
            os.utime(_text_path(version, index_dir))


def remove_texts(index_dir: Path, *, keep: Collection[str]) -> None:
    """Remove texts that were retired long ago, except those of the versions to `keep`, and broken writes."""
    oldest = time.time() - KEEP_TEXTS_DAYS * 86400
    for path in (index_dir / TEXTS_FOLDER).glob("*.json"):
        if path.stem not in keep and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
    for path in _broken_writes(index_dir):
        path.unlink(missing_ok=True)


def _broken_writes(index_dir: Path) -> Iterator[Path]:
    yield from index_dir.glob(".*.part")
    yield from (index_dir / TEXTS_FOLDER).glob(".*.part")


def _text_path(version: str, index_dir: Path) -> Path:
    return index_dir / TEXTS_FOLDER / f"{version}.json"


def _with_reasons(kept: DocumentRecord | Document) -> dict[str, Any]:
    """`kept` for JSON, with its warnings as reasons. An older program kept English texts."""
    return {**dataclasses.asdict(kept), "warnings": list(map(to_json, kept.warnings))}


def _to_record(table: dict[str, Any]) -> DocumentRecord:
    lists = {name: tuple(table.get(name, ())) for name in ("cities", "empty_pages")}
    lists["warnings"] = tuple(map(from_json, table.get("warnings", ())))
    origins = tuple((str(fact), str(origin)) for fact, origin in table.get("origins", ()))
    return DocumentRecord(**{**table, **lists, "origins": origins})


def _to_document(table: dict[str, Any]) -> Document:
    for name in ("cities", "empty_pages"):
        table[name] = tuple(table[name])
    table["warnings"] = tuple(map(from_json, table["warnings"]))
    table["origins"] = tuple((str(fact), str(origin)) for fact, origin in table["origins"])
    table["pages"] = tuple(PageStart(**page) for page in table["pages"])
    table["sections"] = tuple(
        Section(section["heading"], section["level"], Span(**section["span"]))
        for section in table["sections"]
    )
    return Document(**table)
