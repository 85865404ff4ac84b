"""Bytes → `Parsed`: a table from what a file is to the function that reads that."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable

from qa.errors import LoadError, UnsupportedType
from qa.i18n.reasons import Reason
from qa.loaders.kinds import Kind, describe_mismatch, find_kind
from qa.loaders.parsed import Parsed

READERS: dict[Kind, str] = {
    "pdf": "qa.loaders.pdf:read_pdf",
    "word": "qa.loaders.office.word:read_word",
    "powerpoint": "qa.loaders.office.powerpoint:read_powerpoint",
    "excel": "qa.loaders.office.excel:read_excel",
    "html": "qa.loaders.html:read_html",
    "email": "qa.loaders.email:read_email",
    "markdown": "qa.loaders.markdown:read_markdown",
    "text": "qa.loaders.text:read_text",
}
"""Module and function, imported when the first such file comes: some bring half a second of libraries."""

MAX_CHARS = 5_000_000
"""A text with more is refused: it is ten times the longest novel, and would take hours to embed."""


def read_parsed(data: bytes, name: str) -> Parsed:
    """What the file `name` with these bytes says, whatever it is named.

    Raises `UnsupportedType` for a kind without a reader, and `LoadError` for a file that cannot be read.
    """
    kind = find_kind(data, name)
    if kind not in READERS:
        raise UnsupportedType(Reason("why_opendocument"))
    parsed = find_reader(kind)(data)
    if not parsed.text.strip():
        if parsed.warnings:
            raise LoadError(Reason("why_no_text_because", reasons=parsed.warnings))
        raise LoadError(Reason("why_no_text"))
    if len(parsed.text) > MAX_CHARS:
        raise LoadError(Reason("why_text_too_long", count=len(parsed.text), limit=MAX_CHARS))
    mismatch = describe_mismatch(kind, name)
    return dataclasses.replace(parsed, warnings=(mismatch, *parsed.warnings)) if mismatch else parsed


def find_reader(kind: Kind) -> Callable[[bytes], Parsed]:
    """The function that reads files of this kind."""
    module, _, function = READERS[kind].partition(":")
    reader: Callable[[bytes], Parsed] = getattr(importlib.import_module(module), function)
    return reader
