"""Path → `Document`: a table from suffix to the function that reads that type."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from qa.cities import CITIES_FILE, CityCatalogue
from qa.domain import Document
from qa.errors import LoadError, UnsupportedType
from qa.languages import detect_language
from qa.loaders.html import read_html
from qa.loaders.markdown import read_markdown
from qa.loaders.parsed import Parsed, normalise_line
from qa.loaders.text import read_text

READER_VERSION = 1
"""Raise this when the same file would be read differently: documents are then read again."""

MAX_FILE_BYTES = 100 * 2**20
"""Larger files are refused: they are not documents that an office writes."""

READERS: dict[str, Callable[[bytes], Parsed]] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_text,
    ".html": read_html,
    ".htm": read_html,
}

IGNORED_NAMES = frozenset({CITIES_FILE})
"""Files of the corpus that are settings, not documents."""


def find_files(corpus: Path) -> tuple[Path, ...]:
    """Every file under `corpus` that could be a document, sorted; hidden ones and settings are left out.

    Links that lead out of the corpus are left out too: what they show is not the corpus' own.
    """
    if not corpus.is_dir():
        raise LoadError(f"{corpus} is not a folder; name the folder with the documents with --corpus")
    root = corpus.resolve()
    return tuple(
        sorted(
            path
            for path in corpus.rglob("*")
            if path.is_file()
            and path.name not in IGNORED_NAMES
            and not any(part.startswith((".", "~$")) for part in path.relative_to(corpus).parts)
            and path.resolve().is_relative_to(root)
        )
    )


def read_bytes(path: Path) -> bytes:
    """The bytes of the file at `path`. Raises `LoadError` where it is too large or cannot be opened."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise LoadError(
                f"{path.name} has {size / 2**20:.0f} MiB, more than {MAX_FILE_BYTES // 2**20}; split it"
            )
        return path.read_bytes()
    except OSError as error:
        raise LoadError(f"{path.name} cannot be opened: {error.strerror}; check its permissions") from error


def load_document(path: Path, *, corpus: Path, catalogue: CityCatalogue) -> Document:
    """The document that the file at `path` holds.

    Raises `UnsupportedType` for a suffix without a reader, and `LoadError` for a file that cannot be read.
    """
    check_type(path)
    return parse_document(read_bytes(path), path=path.relative_to(corpus).as_posix(), catalogue=catalogue)


def check_type(path: Path) -> None:
    """Raise `UnsupportedType` unless there is a reader for the suffix of `path`."""
    try:
        path.name.encode("utf-8")
    except UnicodeEncodeError as error:
        shown = path.name.encode("utf-8", "backslashreplace").decode()
        raise LoadError(f"{shown}: its name is not UTF-8; rename it") from error
    if path.suffix.lower() not in READERS:
        known = ", ".join(sorted(READERS))
        raise UnsupportedType(
            f"{path.name}: files of type {path.suffix or 'none'!r} are not read, only {known}"
        )


def parse_document(data: bytes, *, path: str, catalogue: CityCatalogue) -> Document:
    """The document in `data`, the bytes of the file at `path` (relative to the corpus)."""
    suffix = Path(path).suffix.lower()
    try:
        parsed = READERS[suffix](data)
    except LoadError as error:
        raise LoadError(f"{path}: {error}") from error
    if not parsed.text.strip():
        raise LoadError(f"{path} has no text in it; open it and check that it is not empty")
    title = _clean(parsed.title)
    return Document(
        doc_id=document_id(path),
        path=path,
        title=title or _title_from_name(path),
        text=parsed.text,
        sha256=hashlib.sha256(data).hexdigest(),
        version=document_version(data, path=path, catalogue=catalogue),
        cities=_find_cities(parsed, catalogue),
        language=parsed.language or detect_language(parsed.text[:4000]),
        date=_clean(parsed.date),
        url=_clean(parsed.url),
        source_title=_clean(parsed.source_title),
        pages=parsed.pages,
        sections=parsed.sections,
        is_titled=title is not None,
    )


def document_id(path: str) -> str:
    """16 hex digits that stand for the document at `path`, whatever it holds."""
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def document_version(data: bytes, *, path: str, catalogue: CityCatalogue) -> str:
    """32 hex digits that change with whatever could change how the file at `path` is read."""
    digest = hashlib.sha256(data)
    digest.update(f"\0{path}\0{READER_VERSION}\0{catalogue.cities!r}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


def _find_cities(parsed: Parsed, catalogue: CityCatalogue) -> tuple[str, ...]:
    """The cities that the whole document is about: as it says itself, else by its title, else its only one."""
    if parsed.cities is not None:
        known = (catalogue.get(name) for name in parsed.cities)
        return tuple(city.name if city else name for city, name in zip(known, parsed.cities, strict=True))
    in_title = catalogue.find(parsed.title or "")
    if in_title:
        return in_title
    in_text = catalogue.find(parsed.text)
    return in_text if len(in_text) == 1 else ()


def _clean(value: str | None) -> str | None:
    return (normalise_line(value) or None) if value is not None else None


def _title_from_name(path: str) -> str:
    return re.sub(r"[-_\s]+", " ", Path(path).stem).strip() or path
