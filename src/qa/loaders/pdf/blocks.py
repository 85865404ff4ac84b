"""Columns of lines → headings, paragraphs, lists and tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import quantiles
from typing import Literal

from qa.loaders.pdf.layout import BULLET, HEADING_RATIO, Column
from qa.loaders.pdf.lines import UNSPACED_SCRIPTS, Line, is_cjk, join_lines
from qa.loaders.pdf.tables import Table
from qa.loaders.text import SENTENCE_END
from qa.text.sentences import contents_number

PARAGRAPH_GAP = 1.3
"""The share of the usual distance of lines from which they belong to two paragraphs. Producers use 1.4 and
more."""

USUAL_PITCH = 1.25
"""The distance of lines, as a share of the size, where a document has too few lines to tell."""

INDENT = 0.8
"""The indent of a line that begins a paragraph, as a share of the size."""

MAX_HEADING_CHARS = 200
"""Limits a heading. Longer text in large letters is a summary."""

MAX_BOLD_HEADING_CHARS = 90
"""Limits a bold heading. Bold text as large as the rest is a heading only if it is short and stands alone."""

MAX_FIRST_WORD_CHARS = 12
"""Limits the characters that a line could have taken in from the next line."""

MAX_KHMER_WORD_CHARS = 20
"""Limits the same in Khmer, Thai, Lao and Burmese: their lines end with a word, and no blank tells how long the
next word is. A syllable alone takes five."""

FULL = 5.0
"""The room for a word at the end of a line, as a share of the size. A line with less room is full."""

NUMBERED = re.compile(r"^\(?(?:\d{1,2}|[a-z])[.)]\s+\S")

Kind = Literal["heading", "paragraph", "list", "table"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a page's text with its role. The size of its letters tells a heading's level.

    `is_full` tells that its last line goes to the end of its column, so that the text may go on elsewhere.
    """

    kind: Kind
    text: str
    size: float = 0.0
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Typography:
    """The typesetting of a document: the body's size, the usual distance of lines (a share of the size), its
    words."""

    size: float
    pitch: float
    words: frozenset[str]


def measure(columns: Iterable[Sequence[Line]], words: frozenset[str], *, size: float) -> Typography:
    """The typography of the document whose columns hold these lines."""
    pitches = [
        (after.top - before.top) / after.size
        for lines in columns
        for before, after in pairwise(lines)
        if before.size == after.size and 0.9 < (after.top - before.top) / after.size < 3
    ]
    # The lower quarter: in slides most distances are those between paragraphs.
    pitch = quantiles(pitches, n=4)[0] if len(pitches) >= 4 else USUAL_PITCH
    return Typography(size, pitch, words)


def body_size(lines: Iterable[Line]) -> float:
    """The size of letters that most of the text has; 10 if there is none."""
    counts: Counter[float] = Counter()
    for line in lines:
        counts[line.size] += len(line.text)
    return max(counts, key=lambda size: counts[size], default=10.0)


def build_blocks(column: Column, typography: Typography) -> Iterator[Block]:
    """The blocks of a column, from the top down."""
    items: list[str] = []
    right = max((element.x1 for element in column if isinstance(element, Line)), default=0.0)
    for part in _paragraphs(column, typography):
        block = part if isinstance(part, Block) else _block(part, typography, right=right)
        if block.kind == "list":
            items.append(block.text)
            continue
        if items:
            yield Block("list", "\n".join(items))
            items = []
        yield block
    if items:
        yield Block("list", "\n".join(items))


def _block(lines: Sequence[Line], typography: Typography, *, right: float) -> Block:
    text = join_lines(lines, typography.words)
    first = lines[0]
    # A heading in a table of contents stands above nothing there.
    has_letters = any(character.isalpha() for character in text) and not contents_number(text)
    if _is_large(first, typography):
        is_heading = has_letters and len(text) <= MAX_HEADING_CHARS
        return Block("heading" if is_heading else "paragraph", text, first.size)
    if BULLET.match(text):
        return Block("list", f"- {BULLET.sub('', text, count=1)}")
    if NUMBERED.match(text) and not (first.is_bold and len(lines) == 1):
        return Block("list", text)
    is_bold_heading = (
        has_letters
        and all(line.is_bold for line in lines)
        and len(text) <= MAX_BOLD_HEADING_CHARS
        and not SENTENCE_END.search(text)
    )
    is_full = len(lines) > 1 and right - lines[-1].x1 < FULL * first.size
    return Block("heading" if is_bold_heading else "paragraph", text, first.size, is_full)


def _paragraphs(column: Column, typography: Typography) -> Iterator[list[Line] | Block]:
    """The lines of the column, paragraph by paragraph, and its tables as blocks."""
    lines: list[Line] = []
    for number, element in enumerate(column):
        if isinstance(element, Table):
            if lines:
                yield lines
            lines = []
            yield from (Block("table", text) for text in element.blocks)
            continue
        near = [e for e in column[max(number - 4, 0) : number + 4] if isinstance(e, Line)]
        right = max(line.x1 for line in near)
        if lines and _begins_paragraph(lines, element, typography, right=right):
            yield lines
            lines = []
        lines.append(element)
    if lines:
        yield lines


def _is_large(line: Line, typography: Typography) -> bool:
    return line.size >= HEADING_RATIO * typography.size


def _begins_paragraph(lines: Sequence[Line], line: Line, typography: Typography, *, right: float) -> bool:
    """True if the line begins a paragraph after that of `lines`, in a column that reaches to `right`."""
    first, last = lines[0], lines[-1]
    pitch = (line.top - last.top) / line.size
    if abs(line.size - last.size) > 0.08 * last.size or pitch < 0 or contents_number(last.text):
        return True
    if _is_large(line, typography):
        return pitch > 2 * typography.pitch or line.is_bold != last.is_bold
    if (
        line.is_bold != last.is_bold
        and (first.is_bold or line.is_bold)
        and len(lines) == 1
        and last.x1 < right - line.size
    ):
        return True
    if pitch > PARAGRAPH_GAP * typography.pitch or BULLET.match(line.text):
        return True
    if NUMBERED.match(line.text) and (NUMBERED.match(first.text) or _has_room(last, line, right)):
        return True
    if BULLET.match(first.text) or NUMBERED.match(first.text):
        return line.x0 < first.x0 + 0.5 * line.size or _has_room(last, line, right)
    if line.x0 > last.x0 + INDENT * line.size:
        return True
    is_outdented = line.x0 < last.x0 - INDENT * line.size and len(lines) > 1
    return is_outdented or _has_room(last, line, right)


def _has_room(last: Line, line: Line, right: float) -> bool:
    """True if the last line had room for the line's first word."""
    if line.text[0].islower():
        return False
    width = (line.x1 - line.x0) / len(line.text)
    word = re.split(r"[\s\u200b]", line.text, maxsplit=1)[0]
    most = (
        2
        if is_cjk(word[0])
        else MAX_KHMER_WORD_CHARS
        if UNSPACED_SCRIPTS.match(word)
        else MAX_FIRST_WORD_CHARS
    )
    count = min(len(word), 2 if SENTENCE_END.search(last.text) and UNSPACED_SCRIPTS.match(word) else most)
    return right - last.x1 > count * width * 1.15 + line.size


def heading_levels(blocks: Iterable[Block]) -> dict[float, int]:
    """The level, 1 at the top, of each size that headings have. Sizes that nearly agree share a level."""
    levels: dict[float, int] = {}
    last, level = 0.0, 0
    for size in sorted({block.size for block in blocks if block.kind == "heading"}, reverse=True):
        if not last or size < 0.94 * last:
            last, level = size, level + 1
        levels[size] = min(level, 6)
    return levels
