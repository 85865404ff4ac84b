"""Facts of a drafted sentence that its quotes do not have: what no sentence may say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from qa import facts


class FindMissing(Protocol):
    """Gives the facts in a sentence that none of the quotes has; empty if all are there."""

    def __call__(self, sentence: str, quotes: Sequence[str], *, question: str = "") -> Sequence[str]:
        """See `missing_facts`."""


def missing_facts(sentence: str, quotes: Sequence[str], *, question: str = "") -> tuple[str, ...]:
    """The numbers, dates, units and names in `sentence` that stand in none of `quotes`; names may also stand in
    `question`. Names that cannot be compared across scripts are left to the models (`qa.drafting.support`).

    >>> missing_facts("Kitakyushu sent 76 experts.", ["Kitakyushu sent 67 experts."])
    ('76',)
    """
    found = facts.missing_facts(sentence, quotes, question=question)
    return tuple(dict.fromkeys(fact.text for fact in found if fact.kind != "unjudged"))
