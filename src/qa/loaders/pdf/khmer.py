"""Khmer marks that are drawn after the rest of their line → the places where they are typed.

LibreOffice and other programs draw the signs above and below letters by themselves, some letters later than the
letter that they belong to. Their places on the page tell the letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qa.loaders.pdf.page import Glyph

LOOSE = re.compile("[\u17b7-\u17bd\u17c6\u17c9-\u17d1]")
"""Vowels and signs above and below. Vowels that stand beside their consonant are drawn with it."""

MARK = re.compile("[\u17b6-\u17d3]")

COENG = "\u17d2"
"""The sign that puts the next consonant below the consonant before."""

RO = "\u179a"
"""The only consonant that stands to the left of the consonant that it is put below."""

NEAR = 0.1
"""The share of the letters' size by which marks reach over the side of their letter."""


def place_marks(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """The glyphs of a line, each Khmer mark after the letter that it stands over or under."""
    placed: list[Glyph] = []
    early: list[Glyph] = []  # marks drawn before all letters of the line: they are the first letter's
    for unit in _units(glyphs):
        if not placed and len(unit) == 1 and LOOSE.match(unit[0].text):
            early += unit
            continue
        at = _home(placed, unit) if _is_loose(unit) else None
        end = len(placed) if at is None else at
        placed[end:end] = [*unit, *early]
        early = []
    return placed + early


def _units(glyphs: Sequence[Glyph]) -> Iterator[list[Glyph]]:
    """The glyphs one by one. A consonant below another comes together with its sign."""
    unit: list[Glyph] = []
    for glyph in glyphs:
        unit.append(glyph)
        if glyph.text != COENG:
            yield unit
            unit = []
    if unit:
        yield unit


def _is_loose(unit: Sequence[Glyph]) -> bool:
    if len(unit) == 2:
        return unit[1].text != RO and unit[0].run == unit[1].run
    return bool(LOOSE.match(unit[0].text))


def _home(placed: Sequence[Glyph], unit: Sequence[Glyph]) -> int | None:
    """The place among the placed glyphs that the unit belongs to; None for the end."""
    middle = (min(_left(glyph) for glyph in unit) + max(_right(glyph) for glyph in unit)) / 2
    near = NEAR * unit[0].size
    last = next((glyph for glyph in reversed(placed) if not MARK.match(glyph.text)), None)
    if last is None or middle >= last.x0 - near:
        return None
    for at in range(len(placed) - 1, -1, -1):
        glyph = placed[at]
        if not glyph.text.isspace() and glyph.x0 - near <= middle <= glyph.x1 + near:
            return _after_cluster(placed, at, is_consonant=len(unit) == 2)
    return None


def _after_cluster(placed: Sequence[Glyph], at: int, *, is_consonant: bool) -> int:
    """The place behind the consonants below the consonant at `at`, and for a sign behind its vowels, too."""
    place = at + 1
    while place < len(placed) and MARK.match(placed[place].text):
        if placed[place].text == COENG:
            place += 2
        elif is_consonant:
            break
        else:
            place += 1
    return min(place, len(placed))


def _left(glyph: Glyph) -> float:
    return glyph.ink[0] if glyph.ink else glyph.x0


def _right(glyph: Glyph) -> float:
    return glyph.ink[2] if glyph.ink else glyph.x1
