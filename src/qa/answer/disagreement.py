"""Quotes of different documents that say the same with other numbers, so that a person must see both."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from qa.domain import Citation
from qa.text.normalise import fold_case

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
SAME_WORDS = 75.0
"""From this share of common letters on (`rapidfuzz.fuzz.ratio`, 0 to 100), numbers aside, two sentences are
taken to say the same."""


def find_disagreements(citations: Sequence[Citation]) -> tuple[tuple[int, int], ...]:
    """The numbers of the pairs of citations that say the same in different documents, but for their figures."""
    return tuple(
        (one.number, other.number)
        for one, other in itertools.combinations(citations, 2)
        if one.source.doc_id != other.source.doc_id
        # The same sentence about another city has its own figures.
        and set(one.source.cities) == set(other.source.cities)
        and _disagree(one.quote, other.quote)
    )


def _disagree(one: str, other: str) -> bool:
    one, other = map(fold_case, (one, other))
    figures, others = set(NUMBER.findall(one)), set(NUMBER.findall(other))
    # A quote that only says more than the other contradicts nothing.
    if figures <= others or others <= figures:
        return False
    return fuzz.ratio(NUMBER.sub("0", one), NUMBER.sub("0", other)) >= SAME_WORDS
