"""Glyphs → lines of text as they stand on the page, in pieces where a wide gap parts them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from qa.loaders.pdf.khmer import place_marks
from qa.loaders.pdf.page import Glyph
from qa.text.languages import detect_script

PART_GAP = 0.8
"""The widest gap inside of a piece, as a share of the letters' size. A wider gap may part columns. Few blanks in
justified text are wider."""

SAME_LINE = 0.3
"""The distance of base lines, as a share of the letters' size, below which letters are on the same line."""

TOUCH = 0.25
"""The overlap, as a share of the letters' size, above that of letters (kerning) and below that of marks."""

WORD_GAP = 0.18
"""The least blank, as a share of the letters' size. Fonts have blanks of 0.22 to 0.33; kerning stays below 0.1."""

EVEN = 0.25
"""The most by which blanks of a stretched line differ, as a share of the letters' size."""

MIN_STRETCHED_WORDS = 4
"""Limits the words of a stretched line. Three may stand at the same distance by chance."""

MIN_SPREAD = 1.0
"""Limits the difference in length of the words of a line, as a share of the letters' size."""

WORD_GAP_UNSPACED = 0.6
"""The least blank between Japanese and Khmer letters, which are spread to fill a line."""

RAISED = 0.85
"""The largest size of raised figures, as a share of the letters' size: marks of notes, and exponents."""

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

COMPATIBILITY = re.compile(r"[\u2e80-\u2fdf\ufb00-\ufb06]")
"""Radicals in the place of Han characters, and ligatures. No keyboard types them, so nobody would find them."""

UNSPACED_SCRIPTS = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]"
)

MAX_WORD_CHARS = 60
"""Limits the end of a text in which a word that a line end parts is looked for."""

HYPHENATED = re.compile(r"([^\W\d_]+)[-\u00ad\u2010]$")
WORD_START = re.compile(r"[^\W\d_]+")

CJK = re.compile(r"[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")

GARBAGE = re.compile(r"[\ue000-\uf8ff\ufffd\x00-\x08\x0e-\x1f\x7f-\x9f]")
"""Private-use characters, and characters for unknown letters."""


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of a line: its words and its place, in points, y growing downwards."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    is_bold: bool = False
    ends_in_blank: bool = False


def build_lines(glyphs: Iterable[Glyph]) -> list[Line]:
    """The lines of the glyphs, from the top down and from left to right.

    Inside of a word, glyphs stay in the order in which they are drawn: a Khmer vowel to the left of its consonant
    is written after it. Letters of another font, and sometimes blanks, which producers draw after the rest of a
    line, are put in their places.
    """
    rows: list[list[list[Glyph]]] = []
    for piece in sorted(_pieces(glyphs), key=lambda piece: _base(piece)):
        if rows and abs(_base(piece) - _base(rows[-1][0])) < SAME_LINE * piece[0].size:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [
        line
        for row in rows
        for line in join_stretched([_line(piece) for piece in _merge(row) if _has_ink(piece)])
    ]


def _pieces(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    """Pieces of glyphs that are drawn one after the other and stand so, too."""
    pieces: list[list[Glyph]] = []
    for glyph in glyphs:
        if glyph.text.isspace() and glyph.x1 <= glyph.x0:
            continue  # Pdfium made it up.
        if pieces and _continues(pieces[-1], glyph):
            pieces[-1].append(glyph)
        else:
            pieces.append([glyph])
    return pieces


def _base(piece: Sequence[Glyph]) -> float:
    return max(piece, key=lambda glyph: glyph.size).base


def _continues(piece: Sequence[Glyph], glyph: Glyph) -> bool:
    last = piece[-1]
    if (
        glyph.base == last.base
        and glyph.size == last.size
        and 0 <= glyph.x0 - last.x1 <= PART_GAP * glyph.size
    ):
        return True  # for most letters, quickly
    end = max(drawn.x1 for drawn in piece[-4:])
    overlap = min(last.bottom, glyph.bottom) - max(last.top, glyph.top)
    size = max(last.size, glyph.size)
    # A mark reaches back over its letter, and in Khmer before it; a new line or column reaches back further.
    is_on = glyph.x1 > last.x0 + TOUCH * size or glyph.x0 >= last.x0
    is_before = bool(UNSPACED_SCRIPTS.match(glyph.text)) and glyph.x0 >= last.x0 - 1.2 * size
    return (
        overlap >= 0.5 * min(last.size, glyph.size)
        and glyph.x0 - end <= PART_GAP * size
        and (is_on or is_before)
    )


def _merge(row: Sequence[list[Glyph]]) -> list[list[Glyph]]:
    """The pieces from left to right, as one where they overlap or stand close to each other."""
    merged: list[list[Glyph]] = []
    ends: list[float] = []
    is_mixed: list[bool] = []
    for piece in sorted(row, key=lambda piece: min(glyph.x0 for glyph in piece)):
        start, end = min(glyph.x0 for glyph in piece), max(glyph.x1 for glyph in piece)
        if merged and start - ends[-1] <= PART_GAP * max(piece[0].size, merged[-1][-1].size):
            is_mixed[-1] = is_mixed[-1] or start < ends[-1] - TOUCH * piece[0].size
            merged[-1] += piece
            ends[-1] = max(ends[-1], end)
        else:
            merged.append(list(piece))
            ends.append(end)
            is_mixed.append(False)
    whole = [_in_place(piece) if mixed else piece for piece, mixed in zip(merged, is_mixed, strict=True)]
    is_khmer = [any("\u1780" <= glyph.text <= "\u17ff" for glyph in piece) for piece in whole]
    return [place_marks(piece) if khmer else piece for piece, khmer in zip(whole, is_khmer, strict=True)]


def _in_place(piece: Sequence[Glyph]) -> list[Glyph]:
    """The glyphs from left to right. Glyphs over or under a letter come after it, as drawn."""
    clusters: list[list[Glyph]] = []
    end = 0.0
    for glyph in piece:
        is_mark = unicodedata.category(glyph.text)[0] == "M"
        if clusters and (is_mark or clusters[-1][0].x0 <= glyph.x0 < end - TOUCH * glyph.size):
            clusters[-1].append(glyph)
            end = max(end, glyph.x1)
        else:
            clusters.append([glyph])
            end = glyph.x1
    return [glyph for cluster in sorted(clusters, key=lambda cluster: cluster[0].x0) for glyph in cluster]


def _has_ink(glyphs: Sequence[Glyph]) -> bool:
    return any(not glyph.text.isspace() for glyph in glyphs)


def _line(glyphs: Sequence[Glyph]) -> Line:
    """The line of the glyphs, which are not all blanks."""
    letters = [glyph for glyph in glyphs if not glyph.text.isspace()]
    # The size of most letters: a raised figure or a large first letter does not count.
    size = Counter(glyph.size for glyph in letters).most_common(1)[0][0]
    body = [glyph for glyph in letters if glyph.size == size]
    return Line(
        text=_text(glyphs, size),
        x0=min(glyph.x0 for glyph in letters),
        x1=max(glyph.x1 for glyph in letters),
        top=min(glyph.top for glyph in body),
        bottom=max(glyph.bottom for glyph in body),
        size=round(size * 2) / 2,
        is_bold=sum(glyph.style.is_bold for glyph in letters) * 10 >= len(letters) * 9,
        ends_in_blank=glyphs[-1].text.isspace(),
    )


def join_stretched(parts: Sequence[Line]) -> list[Line]:
    """The parts of a row from left to right. Words of a line that is stretched to fill its column are joined.

    A stretched line has the same wide blank between all of its words, however long they are. The cells of a table
    begin or end at the same distances, so there is more room between short cells than between long cells.
    """
    joined: list[Line] = []
    run: list[Line] = []
    for part in parts:
        gaps = [after.x0 - before.x1 for before, after in pairwise([*run, part])]
        if run and (" " in part.text or " " in run[-1].text or max(gaps) - min(gaps) > EVEN * part.size):
            joined += _stretched(run)
            # The word before the gap that differs may begin a line of its own.
            run = []
        run.append(part)
    return joined + _stretched(run)


def _stretched(run: list[Line]) -> list[Line]:
    """The parts, which stand at equal distances, as one line if they are words of different lengths."""
    widths = [part.x1 - part.x0 for part in run]
    if len(run) < MIN_STRETCHED_WORDS or any(
        max(some) - min(some) < MIN_SPREAD * run[0].size for some in (widths[:-1], widths[1:])
    ):
        return run
    return [join_row([replace(part, ends_in_blank=True) for part in run])]


def _text(glyphs: Sequence[Glyph], size: float) -> str:
    base = next(glyph.base for glyph in glyphs if glyph.size == size)
    parts: list[str] = []
    end: float | None = None
    for glyph in glyphs:
        character = glyph.text
        if character.isspace():
            parts.append(" ")
            end = None
            continue
        is_unspaced = UNSPACED_SCRIPTS.match(character) or (parts and is_cjk(parts[-1]))
        gap = WORD_GAP_UNSPACED if is_unspaced else WORD_GAP
        if end is not None and glyph.x0 - end > gap * glyph.size:
            parts.append(" ")
        is_raised = glyph.size <= RAISED * size and base - glyph.base > 0.15 * size
        parts.append(character.translate(SUPERSCRIPTS) if is_raised else character)
        end = max(end or glyph.x1, glyph.x1)
    return clean("".join(parts))


def clean(text: str) -> str:
    """`text` on one line in NFC, with the characters that people write in the place of fonts' look-alikes."""
    text = COMPATIBILITY.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    # A surrogate pair comes as two characters.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unicodedata.normalize("NFC", " ".join(text.split()))


def garbage_share(glyphs: Sequence[Glyph]) -> float:
    """The share of unknown letters, 0 to 1, which their font does not tell."""
    letters = [glyph for glyph in glyphs if not glyph.text.isspace()]
    bad = sum(
        bool(GARBAGE.match(glyph.text)) or glyph.is_unmapped or glyph.style.is_legacy for glyph in letters
    )
    return bad / len(letters) if letters else 0.0


def join_row(parts: Sequence[Line]) -> Line:
    """The line of parts that stand beside each other, in any order."""
    ordered = sorted(parts, key=lambda part: part.x0)
    text = ordered[0].text
    for before, after in pairwise(ordered):
        is_apart = before.ends_in_blank or after.x0 - before.x1 > WORD_GAP * after.size
        text += (" " if is_apart else "") + after.text
    longest = max(ordered, key=lambda part: len(part.text))
    return Line(
        text=text,
        x0=ordered[0].x0,
        x1=max(part.x1 for part in ordered),
        top=min(part.top for part in ordered),
        bottom=max(part.bottom for part in ordered),
        size=longest.size,
        is_bold=all(part.is_bold for part in ordered),
        ends_in_blank=ordered[-1].ends_in_blank,
    )


def group_rows(lines: Iterable[Line]) -> list[list[Line]]:
    """The lines in rows from the top down. Lines beside each other share a row."""
    rows: list[list[Line]] = []
    bottom = height = 0.0
    for line in sorted(lines, key=lambda line: (line.top + line.bottom) / 2):
        own = line.bottom - line.top
        if rows and bottom - line.top > 0.5 * min(height, own):
            rows[-1].append(line)
            bottom, height = max(bottom, line.bottom), min(height, own)
        else:
            rows.append([line])
            bottom, height = line.bottom, own
    return rows


def join_lines(lines: Sequence[Line], words: frozenset[str]) -> str:
    """The running text of the lines. Words parted at line ends are joined.

    `words` are the document's, in lower case, with their hyphens. They tell whether a hyphen at the end of a line
    belongs to the word.
    """
    text = ""
    blank = False
    for line in lines:
        text = join_text(text, line.text, blank=blank, words=words)
        blank = line.ends_in_blank
    return text.replace("\u00ad", "")


def join_text(before: str, after: str, *, blank: bool = False, words: frozenset[str]) -> str:
    """The text `before` with that of the next line, `after`. `blank` tells that a blank ends the first line."""
    if not before:
        return after
    hyphenated, start = HYPHENATED.search(before[-MAX_WORD_CHARS:]), WORD_START.match(after)
    if hyphenated and start and start[0][0].islower() and detect_script(before[-9:]) == "en":
        whole = (hyphenated[1] + start[0]).lower()
        parted = f"{hyphenated[1]}-{start[0]}".lower()
        keeps = parted in words and whole not in words and not before.endswith("\u00ad")
        return (before[:-1] + "-" if keeps else before[:-1]) + after
    if hyphenated and start and before[-1] != "\u00ad":
        return before + after  # "Asia-" and "Pacific": the hyphen belongs there, and no blank after it.
    is_unspaced = bool(UNSPACED_SCRIPTS.match(before[-1]) and UNSPACED_SCRIPTS.match(after[0]))
    # Between a Japanese character and a Latin letter or a figure no blank is written either.
    is_joined = is_unspaced or is_cjk(before[-1]) or is_cjk(after[0])
    return before + after if is_joined and not blank else f"{before} {after}"


def is_cjk(character: str) -> bool:
    """True for Han characters, kana, their punctuation and full-width forms."""
    return bool(CJK.match(character))


def find_words(lines: Iterable[Line]) -> frozenset[str]:
    """The words of the lines, in lower case, with their inner hyphens."""
    pattern = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
    return frozenset(word.lower() for line in lines for word in pattern.findall(line.text.removesuffix("-")))
