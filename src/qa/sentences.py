"""Text → spans of sentences, in any language."""

from __future__ import annotations

import re
from collections.abc import Iterator

import sentencex

from qa.domain import Span

PARAGRAPH_BREAK = re.compile(r"\n[ \t\u3000]*\n\s*|\n(?=[ \t]*(?:[-*•・●○■◆–]|\(?\d{1,2}[.)])[ \t\u3000])")
"""A blank line, or a line break before a list item."""

EXTRA_STOPS = re.compile(r"(?<=[។៕៖])[\s\u200b]+|(?<=[។៕])(?=[^\s\u200b»”\"')])")
"""Khmer's full stops, which sentencex (1.0.32) does not know."""

JOINS_NEXT = re.compile(r"(?:^|\s)(?:TP|Tp|P|Q|H|ThS|TS|PGS|GS)\.\s*$")
"""Vietnamese abbreviations ("TP. Hồ Chí Minh") that sentencex takes for the end of a sentence."""

JOINS_QUOTE = re.compile(r"^(?:と|って|という|との)")
"""In Japanese a quotation in brackets goes on with one of these: 「はい。」と言った。"""

ENUMERATOR = re.compile(r"^\(?(?:\d{1,2}|[a-zA-Z]|[ivxIVX]{1,4})[.)]$|^[-*•・●○■◆–]$")
"""A list item's mark, which belongs to what follows it."""


def split_sentences(text: str, *, language: str = "en", within: Span | None = None) -> tuple[Span, ...]:
    """The spans of the sentences in `text` (in the part `within` it), in order, not overlapping.

    Spans begin and end at characters that are not blank; nothing but blanks lies between them.
    """
    part = Span(0, len(text)) if within is None else within
    spans: list[Span] = []
    for paragraph in _split_at(PARAGRAPH_BREAK, text, part):
        pieces = [
            trimmed
            for piece in _sentencex(text, paragraph, language)
            for cut in _split_at(EXTRA_STOPS, text, piece)
            if (trimmed := trim(text, cut))
        ]
        spans.extend(_mend(text, pieces))
    return tuple(spans)


def trim(text: str, span: Span) -> Span | None:
    """`span` without the blanks at its ends; None if nothing is left."""
    start, end = span.start, span.end
    while start < end and (text[start].isspace() or text[start] == "\u200b"):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] == "\u200b"):
        end -= 1
    return Span(start, end) if start < end else None


def _sentencex(text: str, span: Span, language: str) -> Iterator[Span]:
    start = span.start
    for piece in sentencex.segment(language, span.cut(text)):
        if not text.startswith(piece, start):  # it has changed a character: take the rest as one
            break
        yield Span(start, start + len(piece))
        start += len(piece)
    if start < span.end:
        yield Span(start, span.end)


def _split_at(pattern: re.Pattern[str], text: str, span: Span) -> Iterator[Span]:
    start = span.start
    for match in pattern.finditer(text, span.start, span.end):
        if match.start() > start:
            yield Span(start, match.start())
        start = match.end()
    if start < span.end:
        yield Span(start, span.end)


def _mend(text: str, pieces: list[Span]) -> list[Span]:
    mended: list[Span] = []
    for piece in pieces:
        previous = mended[-1].cut(text) if mended else ""
        current = piece.cut(text)
        if mended and (
            JOINS_NEXT.search(previous)
            or ENUMERATOR.match(previous)
            or (previous.endswith(("」", "』")) and JOINS_QUOTE.match(current))
            or not any(character.isalnum() for character in current)
        ):
            mended[-1] = Span(mended[-1].start, piece.end)
        else:
            mended.append(piece)
    return mended
