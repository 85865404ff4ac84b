"""Bytes → `Parsed`, by the parser for the kind of a file."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable

from qa.errors import LoadError, UnsupportedType
from qa.i18n.reasons import Reason
from qa.loaders.formats import FORMATS, Kind
from qa.loaders.kinds import describe_mismatch, find_kind
from qa.loaders.parsed import Parsed

MAX_CHARS = 5_000_000
"""Limits a text, to ten times the longest novel. A longer text would take hours to embed."""


def read_parsed(data: bytes, name: str) -> Parsed:
    """The content of the file `name` with these bytes. Its kind is told by the bytes.

    Raises `UnsupportedType` for a kind without a parser, and `LoadError` for a file that cannot be read.
    """
    kind = find_kind(data, name)
    if not FORMATS[kind].parser:
        raise UnsupportedType(Reason("why_opendocument"))
    parsed = find_parser(kind)(data)
    if not parsed.text.strip():
        if parsed.warnings:
            raise LoadError(Reason("why_no_text_because", reasons=parsed.warnings))
        raise LoadError(Reason("why_no_text"))
    if len(parsed.text) > MAX_CHARS:
        raise LoadError(Reason("why_text_too_long", count=len(parsed.text), limit=MAX_CHARS))
    mismatch = describe_mismatch(kind, name)
    return dataclasses.replace(parsed, warnings=(mismatch, *parsed.warnings)) if mismatch else parsed


def find_parser(kind: Kind) -> Callable[[bytes], Parsed]:
    """The function that reads files of this kind."""
    module, _, function = FORMATS[kind].parser.partition(":")
    parser: Callable[[bytes], Parsed] = getattr(importlib.import_module(module), function)
    return parser
