"""File → `Document`: what lies in the corpus, what its files say, and what they are about."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qa.cities import CITIES_FILE, CityCatalogue
from qa.domain import Document, Origin
from qa.errors import LoadError, UnsupportedType
from qa.i18n.reasons import Reason, map_texts
from qa.loaders.parsed import Parsed, normalise_line
from qa.loaders.registry import read_parsed
from qa.text.languages import detect_language

READER_VERSION = 4
"""Raise this when the same file would be read differently: documents are then read again."""

MAX_FILE_BYTES = 100 * 2**20
"""Larger files are refused: they are not documents that an office writes."""

IGNORED_NAMES = frozenset({CITIES_FILE})
"""Files of the corpus that are settings, not documents."""

READ_TRIES = 3
"""How often a file is read that changes while it is."""

Read = Callable[[bytes, str], Parsed]
"""Bytes and name of a file → what it says: `read_parsed` in this process, `Sandbox.read` in another."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a corpus that could be documents, sorted, and the folders in it that cannot be looked into."""

    files: tuple[Path, ...]
    closed_folders: tuple[Path, ...] = ()


def list_files(corpus: Path) -> Listing:
    """What lies in `corpus`. Hidden files and settings are left out, and links that lead out of it: what they show
    is not the corpus' own.

    Raises `LoadError` where `corpus` is no folder, or cannot be looked into.
    """
    if not corpus.is_dir():
        raise LoadError(Reason("why_no_folder", folder=str(corpus)))
    root = corpus.resolve()
    files: list[Path] = []
    closed: list[Path] = []
    for folder, subfolders, names in os.walk(
        corpus, onerror=lambda error: closed.append(Path(error.filename))
    ):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        paths = [Path(folder, name) for name in names if _is_candidate(name)]
        files += [path for path in paths if path.is_file() and path.resolve().is_relative_to(root)]
    if corpus in closed:
        raise LoadError(Reason("why_folder_closed", folder=str(corpus)))
    return Listing(tuple(sorted(files)), tuple(sorted(closed)))


def find_files(corpus: Path) -> tuple[Path, ...]:
    """Every file under `corpus` that could be a document, sorted; see `list_files`."""
    return list_files(corpus).files


def read_bytes(path: Path) -> bytes:
    """The bytes of the file at `path`, as they were at one moment.

    Raises `LoadError` where it is too large, cannot be opened, or goes on changing while it is read.
    """
    try:
        for _ in range(READ_TRIES):
            before = path.stat()
            if before.st_size > MAX_FILE_BYTES:
                size, limit = round(before.st_size / 2**20), MAX_FILE_BYTES // 2**20
                raise LoadError(Reason("why_file_too_large", file=path.name, size=size, limit=limit))
            data = path.read_bytes()
            after = path.stat()
            if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, len(data)):
                return data
    except OSError as error:
        reason = error.strerror or str(error)
        raise LoadError(Reason("why_cannot_open", file=path.name, reason=reason)) from error
    raise LoadError(Reason("why_being_written", file=path.name))


def load_document(path: Path, *, corpus: Path, catalogue: CityCatalogue) -> Document:
    """The document that the file at `path` holds.

    Raises `UnsupportedType` for a kind without a reader, and `LoadError` for a file that cannot be read.
    """
    name = check_name(path, corpus)
    return parse_document(read_bytes(path), path=name, catalogue=catalogue)


def check_name(path: Path, corpus: Path) -> str:
    """The path relative to `corpus`, with forward slashes. Raises `LoadError` unless anybody can be shown it."""
    name = path.relative_to(corpus).as_posix()
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        shown = name.encode("utf-8", "backslashreplace").decode()
        raise LoadError(Reason("why_name_not_utf8", file=shown)) from error
    return name


def parse_document(
    data: bytes, *, path: str, catalogue: CityCatalogue, url: str | None = None, read: Read = read_parsed
) -> Document:
    """The document in `data`, the bytes of the file at `path` (relative to the corpus), which came from `url`."""
    try:
        parsed = read(data, path)
    except UnsupportedType as error:
        raise UnsupportedType(Reason("why_of_file", file=path, reason=error.message)) from error
    except LoadError as error:
        raise LoadError(Reason("why_of_file", file=path, reason=error.message)) from error
    title = _clean(parsed.title)
    date = _clean(parsed.date)
    cities, cities_from = _find_cities(parsed, catalogue)
    origins = (
        ("title", parsed.title_from if title else "file_name"),
        *([("date", parsed.date_from)] if date else []),
        *([("cities", cities_from)] if cities else []),
    )
    return Document(
        doc_id=document_id(path),
        path=path,
        title=title or _title_from_name(path),
        text=parsed.text,
        sha256=hashlib.sha256(data).hexdigest(),
        version=document_version(data, path=path, catalogue=catalogue, url=url),
        cities=cities,
        language=parsed.language or detect_language(parsed.text[:4000]),
        date=date,
        url=_clean(parsed.url) or url,
        source_title=_clean(parsed.source_title),
        pages=parsed.pages,
        sections=parsed.sections,
        is_titled=title is not None,
        page_kind=parsed.page_kind,
        empty_pages=parsed.empty_pages,
        origins=origins,
        warnings=tuple(map_texts(normalise_line, warning) for warning in parsed.warnings),
    )


def document_id(path: str) -> str:
    """16 hex digits that stand for the document at `path`, whatever it holds."""
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def document_version(data: bytes, *, path: str, catalogue: CityCatalogue, url: str | None = None) -> str:
    """32 hex digits that change with whatever could change how the file at `path` is read."""
    digest = hashlib.sha256(data)
    parts = f"\0{path}\0{READER_VERSION}\0{catalogue.cities!r}\0{url or ''}"
    digest.update(parts.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


def _is_candidate(name: str) -> bool:
    return name not in IGNORED_NAMES and not name.startswith((".", "~$"))


def _find_cities(parsed: Parsed, catalogue: CityCatalogue) -> tuple[tuple[str, ...], Origin]:
    """The cities that the whole document is about: as it says itself, else by its title, else its only one."""
    if parsed.cities is not None:
        known = (catalogue.get(name) for name in parsed.cities)
        names = (city.name if city else name for city, name in zip(known, parsed.cities, strict=True))
        return tuple(names), parsed.cities_from
    in_title = catalogue.find(parsed.title or "")
    if in_title:
        return in_title, parsed.title_from
    in_text = catalogue.find(parsed.text)
    return (in_text if len(in_text) == 1 else ()), "text"


def _clean(value: str | None) -> str | None:
    return (normalise_line(value) or None) if value is not None else None


def _title_from_name(path: str) -> str:
    return re.sub(r"[-_\s]+", " ", PurePosixPath(path).stem).strip() or path
