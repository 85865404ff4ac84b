"""Text as the program keeps it: in one form of Unicode, without characters that nobody sees."""

from __future__ import annotations

import re
import unicodedata

UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""Control characters, and marks that turn the direction of writing, with which text can be made to look
like other text. The zero-width space stays: Khmer and Thai break lines at it."""


def normalise(text: str) -> str:
    """`text` in NFC, with line feeds only, without control characters and blanks at the ends of lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = unicodedata.normalize("NFC", UNWANTED.sub("", text))
    return "\n".join(line.rstrip() for line in text.split("\n"))


def normalise_line(text: str) -> str:
    """`text` as `normalise` makes it, on one line."""
    return " ".join(normalise(text).split())


def fold_case(text: str) -> str:
    """`text` without capitals, and with compatibility forms (Ａ, ①, ㎞) made plain."""
    return unicodedata.normalize("NFKC", text).casefold()


def fold_letters(text: str) -> str:
    """`text` as `fold_case` makes it, and without diacritics."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def fold_blanks(text: str) -> str:
    """`text` without capitals, and with one blank for any number of them."""
    return " ".join(text.casefold().split())
