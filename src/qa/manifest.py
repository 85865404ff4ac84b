"""`index/manifest.json`: which documents the index holds. Replacing this one file is what commits a change.

Beside it, `texts/` keeps each document as it was read, so that a citation opens on the very text that its
offsets count in, even when the file has changed since.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.domain import Document, PageStart, Section, Span
from qa.errors import IndexMismatch, IndexMissing

FORMAT = 1
MANIFEST_FILE = "manifest.json"
TEXTS_FOLDER = "texts"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The committed state of an index: the collections' `build`, what they were made with, the documents.

    `generation` rises by one with every commit.
    """

    build: str
    fingerprint: str
    generation: int = 0
    documents: tuple[DocumentRecord, ...] = ()

    @property
    def versions(self) -> frozenset[str]:
        """The versions whose records are live; all others are left-overs."""
        return frozenset(record.version for record in self.documents)


def read_manifest(index_dir: Path) -> Manifest | None:
    """The committed state of the index; None if there is none yet."""
    path = index_dir / MANIFEST_FILE
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise IndexMismatch(
            f"{path} cannot be read ({error}); build it anew with: qa index --rebuild"
        ) from error
    try:
        if table["format"] != FORMAT:
            raise ValueError(f"format {table['format']}")
        records = tuple(
            DocumentRecord(**{**record, "cities": tuple(record["cities"])}) for record in table["documents"]
        )
        return Manifest(
            build=table["build"],
            fingerprint=table["fingerprint"],
            generation=table["generation"],
            documents=records,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise IndexMismatch(
            f"{path} is of another version; build it anew with: qa index --rebuild"
        ) from error


def require_manifest(index_dir: Path) -> Manifest:
    """The committed state of the index. Raises `IndexMissing` if there is none yet."""
    manifest = read_manifest(index_dir)
    if manifest is None:
        raise IndexMissing(f"there is no index in {index_dir}; build it with: qa index")
    return manifest


def check_fingerprint(manifest: Manifest, fingerprint: str, index_dir: Path) -> None:
    """Raise `IndexMismatch` unless the index was made with what `fingerprint` stands for."""
    if manifest.fingerprint != fingerprint:
        raise IndexMismatch(
            f"{index_dir} was built with another model or chunking ({manifest.fingerprint}) than is "
            f"set now ({fingerprint}); set it back, or build it anew with: qa index --rebuild"
        )


def write_manifest(manifest: Manifest, index_dir: Path) -> None:
    """Commit `manifest`: from one moment to the next it is the state of the index."""
    table = {"format": FORMAT, **dataclasses.asdict(manifest)}
    write_whole(index_dir / MANIFEST_FILE, json.dumps(table, ensure_ascii=False, indent=1) + "\n")


def write_text(document: Document, version: str, index_dir: Path) -> None:
    """Keep `document` as it was read."""
    path = _text_path(version, index_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(dataclasses.asdict(document), ensure_ascii=False))


def read_text(version: str, index_dir: Path) -> Document | None:
    """The document as it was read when it was indexed; None if it is not kept any more."""
    try:
        table = json.loads(_text_path(version, index_dir).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return _to_document(table)


def remove_texts(index_dir: Path, *, keep: Collection[str]) -> None:
    """Remove the kept texts of all versions but those to keep, and what a broken write left."""
    for path in (index_dir / TEXTS_FOLDER).glob("*"):
        if path.suffix != ".json" or path.stem not in keep:
            path.unlink(missing_ok=True)
    for path in index_dir.glob(".*.part"):
        path.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all, whenever the machine stops."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _text_path(version: str, index_dir: Path) -> Path:
    return index_dir / TEXTS_FOLDER / f"{version}.json"


def _to_document(table: dict[str, Any]) -> Document:
    table["cities"] = tuple(table["cities"])
    table["pages"] = tuple(PageStart(**page) for page in table["pages"])
    table["sections"] = tuple(
        Section(section["heading"], section["level"], Span(**section["span"]))
        for section in table["sections"]
    )
    return Document(**table)
