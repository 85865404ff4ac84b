"""The facts that a sentence has and its quotes lack, as texts: for the writer, and for the last check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from qa import facts
from qa.cities import CityCatalogue


class FindMissing(Protocol):
    """Gives the facts in a sentence that none of the quotes has; empty if all are there."""

    def __call__(self, sentence: str, quotes: Sequence[str], *, question: str = "") -> Sequence[str]:
        """See `find_missing_with`."""


def find_missing_with(catalogue: CityCatalogue | None) -> FindMissing:
    """What finds the numbers, dates, units and names in a sentence that stand in none of its quotes.

    Names may also stand in the question; cities of `catalogue` are known by all their names. A name that cannot be
    compared across scripts counts as missing: what is not shown is not said.

    >>> find_missing_with(None)("Kitakyushu sent 76 experts.", ["Kitakyushu sent 67 experts."])
    ('76',)
    """

    def find(sentence: str, quotes: Sequence[str], *, question: str = "") -> tuple[str, ...]:
        found = facts.missing_facts(sentence, quotes, question=question, catalogue=catalogue)
        return tuple(dict.fromkeys(fact.text for fact in found))

    return find


missing_facts = find_missing_with(None)
"""The same without a catalogue: cities are compared like other names."""
