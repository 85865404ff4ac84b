"""What is left in files of words that were deleted."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

WORDS = (
    *("Quittenbaum", "4,815,162", "velociraptor", "555-0100", "umbrella stands", "gazebo"),
    *("紫水晶委員会", "錬金術師", "គម្រោង", "Zwetschgenmus", "555-0199", "secret"),
)


@cache
def spellings(word: str) -> Sequence[bytes]:
    """The bytes that a word can be kept as: in any form of Unicode, in UTF-8 and 16, escaped in JSON."""
    return tuple(_spell(word))


def _spell(word: str) -> Iterator[bytes]:
    for form in ("NFC", "NFD", "NFKC"):
        for text in {unicodedata.normalize(form, word), unicodedata.normalize(form, word).casefold()}:
            yield text.encode()
            yield text.encode("utf-16-le")
            yield text.encode("utf-16-be")
            yield json.dumps(text)[1:-1].encode()


def found_in(folder: Path, words: tuple[str, ...] = WORDS) -> list[tuple[str, str]]:
    """Where in the folder which of the words stand, also in the names of files."""
    found = []
    for path in sorted(folder.rglob("*")):
        data = str(path.relative_to(folder)).encode() + (path.read_bytes() if path.is_file() else b"")
        found += [(path.name, word) for word in words if any(each in data for each in spellings(word))]
    return found
