"""Khmer marks that are drawn after the rest of their line → where they stand, and where they are typed.

LibreOffice and others draw the signs above and below letters by themselves, some letters later than the one that
they belong to. Where each stands tells whose it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qa.loaders.pdf.page import Glyph

LOOSE = re.compile("[\u17b7-\u17bd\u17c6\u17c9-\u17d1]")
"""Vowels and signs above and below. Vowels that stand beside their consonant are drawn with it."""

MARK = re.compile("[\u17b6-\u17d3]")

COENG = "\u17d2"
"""Puts the consonant after it below the one before."""

RO = "\u179a"
"""The one consonant that stands to the left of the one that it is put below."""

NEAR = 0.1
"""Of the letters' size; marks reach over the side of their letter by as much."""


def place_marks(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """The glyphs of a line, each Khmer mark after the letter that it stands over or under."""
    placed: list[Glyph] = []
    early: list[Glyph] = []  # marks drawn before all letters of the line: they are the first one's
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
    """The glyphs one by one, a consonant that is put below another one with the sign that says so."""
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
    """Before which of the placed glyphs the unit belongs; None for after all of them."""
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
    """The place behind the consonants that are put below the one at `at`, and behind its vowels for a sign."""
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
