"""File → `Document`: the text of a file, and its title, date and cities."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import PurePosixPath

from qa.cities import CityCatalogue
from qa.domain import Document, Origin
from qa.errors import LoadError, UnsupportedType
from qa.i18n.reasons import Reason, map_texts
from qa.loaders.parsed import Parsed
from qa.loaders.registry import read_parsed
from qa.text.languages import detect_language
from qa.text.normalise import normalise_line

READER_VERSION = 4
"""Raise this when the same file would be read differently: documents are then read again."""

Read = Callable[[bytes, str], Parsed]
"""Bytes and name of a file → its content: `read_parsed` in this process, `Sandbox.read` in another."""


def parse_document(
    data: bytes, *, path: str, catalogue: CityCatalogue, url: str | None = None, read: Read = read_parsed
) -> Document:
    """The document in `data`, the bytes of the file at `path` (relative to the corpus), which came from `url`."""
    try:
        parsed = read(data, path)
    except LoadError as error:
        kind = UnsupportedType if isinstance(error, UnsupportedType) else LoadError
        raise kind(Reason("why_of_file", file=path, reason=error.message)) from error
    title, date = _clean(parsed.title), _clean(parsed.date)
    cities, cities_from = _find_cities(parsed, catalogue)
    origins = (
        ("title", parsed.title_from if title else "file_name"),
        *([("date", parsed.date_from)] if date else []),
        *([("cities", cities_from)] if cities else []),
    )
    return Document(
        doc_id=document_id(path),
        path=path,
        title=title or re.sub(r"[-_\s]+", " ", PurePosixPath(path).stem).strip() or path,
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
    """16 hex digits that stand for the document at `path`, whatever its content."""
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def document_version(data: bytes, *, path: str, catalogue: CityCatalogue, url: str | None = None) -> str:
    """32 hex digits that change with anything that could change how the file at `path` is read."""
    digest = hashlib.sha256(data)
    parts = f"\0{path}\0{READER_VERSION}\0{catalogue.cities!r}\0{url or ''}"
    digest.update(parts.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


def _find_cities(parsed: Parsed, catalogue: CityCatalogue) -> tuple[tuple[str, ...], Origin]:
    """The cities of the whole document: as it says itself, else those of its title, else its only city."""
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
