"""Sentences that cannot be understood alone: they take the sentence before them along."""

from __future__ import annotations

import re

from qa.domain import Chunk, Span
from qa.text.lang import any_of

MAX_TAKEN_ALONG = 1
"""How many sentences are taken along at most: longer quotes bury what was asked for."""

LEANS_BACK = re.compile(rf"^\W*(?:{any_of(lambda pack: pack.opens_pointing_back)})", re.IGNORECASE)
"""How a sentence opens that points back, in the languages of the page."""


def extend_to_context(span: Span, chunk: Chunk) -> Span:
    """`span`, a sentence of `chunk`, or from an earlier sentence on to its end if it leans on what is before."""
    number = chunk.sentences.index(span)
    start = number
    while (
        start > 0 and number - start < MAX_TAKEN_ALONG and LEANS_BACK.match(chunk.cut(chunk.sentences[start]))
    ):
        start -= 1
    return Span(chunk.sentences[start].start, span.end)
