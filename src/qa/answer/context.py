"""Sentences that cannot be understood alone: they take the sentence before them along."""

from __future__ import annotations

import re

from qa.domain import Chunk, Span
from qa.text.lang import any_of

MAX_TAKEN_ALONG = 1
"""Limits the sentences that are taken along: longer quotes bury the answer."""

LEANS_BACK = re.compile(rf"^\W*(?:{any_of(lambda pack: pack.opens_pointing_back)})", re.IGNORECASE)
"""The openings of sentences that point back, in the languages of the page."""


def extend_to_context(span: Span, chunk: Chunk) -> Span:
    """The place of the sentence `span` of `chunk`, with the sentence before it where `span` points back."""
    number = chunk.sentences.index(span)
    start = number
    while (
        start > 0 and number - start < MAX_TAKEN_ALONG and LEANS_BACK.match(chunk.cut(chunk.sentences[start]))
    ):
        start -= 1
    return Span(chunk.sentences[start].start, span.end)
