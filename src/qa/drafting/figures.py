"""Figures and names of a sentence that its quotes do not have: a strict check of their letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Protocol

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
GROUPED = re.compile(r"^\d{1,3}(?:[.,]\d{3})+$")
NUMBER_WORD = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundreds?|thousands?|millions?|billions?|dozens?|half|twice|"
    r"first|second|third|january|february|march|april|may|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
NAME = re.compile(r"\b[A-ZĐÀ-Þ][\w'’-]+")


class FindMissing(Protocol):
    """Gives the facts in a sentence that none of the quotes has; empty if all are there."""

    def __call__(self, sentence: str, quotes: Sequence[str], *, question: str = "") -> Sequence[str]:
        """See `missing_facts`."""


def missing_facts(sentence: str, quotes: Sequence[str], *, question: str = "") -> tuple[str, ...]:
    """The numbers, number words and names in `sentence` that stand in none of `quotes`; names may also stand in
    `question`. The first word of a sentence has a capital of its own and counts as a name only elsewhere.

    >>> missing_facts("Kitakyushu sent 76 experts.", ["Kitakyushu sent 67 experts."])
    ('76',)
    """
    said, quoted = _folded(sentence), _folded(" ".join(quotes))
    known = {_plain(number) for number in NUMBER.findall(quoted)}
    missing = [number for number in NUMBER.findall(said) if _plain(number) not in known]
    words = {word.casefold() for word in NUMBER_WORD.findall(quoted)}
    missing += [word for word in NUMBER_WORD.findall(said) if word.casefold() not in words]
    named = f"{quoted} {_folded(question)}".casefold()
    names = [found[0] for found in NAME.finditer(said) if said[: found.start()].strip()]
    missing += [name for name in names if name.casefold().removesuffix("'s") not in named]
    return tuple(dict.fromkeys(missing))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _plain(number: str) -> str:
    return re.sub(r"[.,]", "", number) if GROUPED.match(number) else number.replace(",", ".")
