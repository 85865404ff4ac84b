"""Text → spans of sentences, in any language."""

from __future__ import annotations

import re
from collections.abc import Iterator

import sentencex

from qa.domain import Span
from qa.text.lang import PACKS, any_of

LIST_MARKS = "-*•・●○■◆–"
"""The marks before the items of a list, to be put into a class of characters."""

PARAGRAPH_BREAK = re.compile(
    rf"\n[ \t\u3000]*\n\s*|\n(?=[ \t]*(?:[{LIST_MARKS}]|\(?\d{{1,2}}[.)])[ \t\u3000])"
)
"""A blank line, or a line break before a list item."""

EXTRA_STOPS = re.compile(
    r"(?<=[។៕])[\s\u200b]+(?!។)|(?<=៖)[ \t\u200b]*\n\s*|(?<=[។៕])(?=[^\s\u200b»”\"')])(?!ល។)"
    r"|(?<=[。！？])(?=[0-9０-９])"
)
"""Khmer's full stops, which sentencex (1.0.32) does not know, and its colon at the end of a line; `។ល។` is "etc.".
A Japanese or Chinese full stop before a figure, which it takes for one of a number."""

JOINS_NEXT = re.compile(rf"(?:^|\s)(?:{any_of(lambda pack: pack.joins_next)})\.\s*$")
"""Abbreviations ("TP. Hồ Chí Minh") that sentencex takes for the end of a sentence."""

JOINS_NUMBER = re.compile(rf"(?:^|[\s(])(?:{any_of(lambda pack: pack.joins_number)})\.\s*$")
"""Abbreviations that sentencex takes for the end of a sentence; a number follows them."""

NUMBER_START = re.compile(r"[+(]?\d")

MARK_INSIDE = re.compile(r"^\([a-zA-Z]{1,2}\)")
"""A unit in brackets ("Tons by year (t) 2014"). Sentencex takes it for the mark of a list item."""

MARK_BEFORE = re.compile(r"\([^\W_]{1,3}\)\s+")

STOPS = "".join(dict.fromkeys("".join(pack.stops for pack in PACKS)))
"""Signs that end a sentence without a blank behind, to be put into a class of characters."""

ENDS = re.compile(rf"[.!?{STOPS}．៖:;：；…]['\"”’」』)）\]]*$")

CONTENTS_LINE = re.compile(
    r"(?:(?:[.․‥·・]\s?){4,}|(?:…\s?){2,})\s*\(?(\d{1,4}|[ivxlcdm]{1,8})\)?\s*"
    rf"(?:{any_of(lambda pack: pack.page_words)})?$"
)

MAX_LEADER_CHARS = 250
"""Limits the end of a line in which a page number is looked for: a line of dots is not longer."""

OPENING, CLOSING = "「『（(", "」』）)"

JOINS_QUOTE = re.compile(rf"^(?:{any_of(lambda pack: pack.goes_on_after_quote)})")
"""The words with which a sentence goes on behind a quotation: 「はい。」と言った。"""

ENUMERATOR = re.compile(rf"^\(?(?:\d{{1,2}}|[a-zA-Z]|[ivxIVX]{{1,4}})[.)]$|^[{LIST_MARKS}]$")
"""The mark of a list item, which belongs to the sentence after it."""


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
            for cut in _split_outside_brackets(text, piece)
            if (trimmed := trim(text, cut))
        ]
        spans.extend(_mend(text, pieces))
    return tuple(spans)


def contents_number(line: str) -> str | None:
    """The page number at the end of a line of a table of contents ("Waste ..... 12"); None for other lines."""
    match = CONTENTS_LINE.search(line[-MAX_LEADER_CHARS:])
    return match[1] if match else None


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
        yield from _split_item(text, Span(start, start + len(piece)), language)
        start += len(piece)
    if start < span.end:
        yield Span(start, span.end)


def _split_item(text: str, span: Span, language: str) -> Iterator[Span]:
    """The sentences of a piece: sentencex does not split a piece that it takes for an item of a list."""
    mark = MARK_BEFORE.match(text, span.start, span.end)
    start = span.start
    for piece in sentencex.segment(language, text[mark.end() : span.end]) if mark else ():
        end = (mark.end() if mark and start == span.start else start) + len(piece)
        if not text.startswith(piece, end - len(piece)):
            break
        yield Span(start, end)
        start = end
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


def _split_outside_brackets(text: str, piece: Span) -> Iterator[Span]:
    """`piece` cut at the stops that sentencex does not know, but not inside of brackets that are closed again."""
    start, depth = piece.start, 0
    last_closed = max(text.rfind(bracket, piece.start, piece.end) for bracket in CLOSING)
    for cut in _split_at(EXTRA_STOPS, text, piece):
        part = cut.cut(text)
        depth += sum(map(part.count, OPENING)) - sum(map(part.count, CLOSING))
        if depth > 0 and cut.end <= last_closed:
            continue
        yield Span(start, cut.end)
        start, depth = cut.end, 0
    if start < piece.end:
        yield Span(start, piece.end)


MAX_ENDING_CHARS = 40
"""Limits the end of a piece that tells whether it goes on: longer than any abbreviation or list mark."""


def _mend(text: str, pieces: list[Span]) -> list[Span]:
    mended: list[Span] = []
    for piece in pieces:
        last = mended[-1] if mended else Span(0, 0)
        # Only the end of a piece decides: to look at a whole piece that grows and grows would take hours.
        previous = text[max(last.start, last.end - MAX_ENDING_CHARS) : last.end]
        current = piece.cut(text)
        if mended and (
            JOINS_NEXT.search(previous)
            or (JOINS_NUMBER.search(previous) and NUMBER_START.match(current))
            or (MARK_INSIDE.match(current) and _is_open(text, mended[-1], piece))
            or (len(last) <= MAX_ENDING_CHARS and ENUMERATOR.match(previous))
            or (previous.endswith(("」", "』")) and JOINS_QUOTE.match(current))
            or not any(character.isalnum() for character in current)
        ):
            mended[-1] = Span(last.start, piece.end)
        else:
            mended.append(piece)
    return mended


def _is_open(text: str, before: Span, after: Span) -> bool:
    """True if `before` does not end as a sentence does, and `after` follows on the same line."""
    ending = text[max(before.start, before.end - MAX_ENDING_CHARS) : before.end]
    return not ENDS.search(ending) and "\n" not in text[before.end : after.start]
