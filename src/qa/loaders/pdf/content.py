"""One page of a PDF → its visible pieces, or the reason why there are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from qa.loaders.pdf import ocr
from qa.loaders.pdf.layout import Element, attach_markers
from qa.loaders.pdf.lines import Line, build_lines, find_words, garbage_share, is_cjk
from qa.loaders.pdf.page import (
    MAX_OBJECTS,
    MAX_PAGE_CHARS,
    Glyph,
    Rule,
    count_characters,
    count_objects,
    find_text,
    read_drawing,
    read_glyphs,
    turn,
)
from qa.loaders.pdf.tables import find_grids, read_table
from qa.loaders.pdf.visibility import paint, see

MAX_GARBAGE = 0.3
"""Limits the share of unknown letters on a page. A page with more says nothing that could be quoted."""

MIN_VERTICAL_CHARS = 4
"""Limits vertical writing. Fewer characters stand below each other by chance."""

Reading = Literal[
    "text", "scan_layer", "ocr", "picture", "garbage", "wordless", "unread", "blank", "crowded", "broken"
]
"""The source of a page's pieces, or the reason why it has none. OCR reads `picture` and `garbage`, and makes them
`ocr`, or `wordless` where it finds nothing. `unread` pages were too many for OCR."""


@dataclass(frozen=True, slots=True)
class PageContent:
    """The pieces of a page in its main direction, and those in each other direction.

    `top` and `bottom` are the ends of the page, with y growing downwards. `hidden` counts its invisible
    characters, `characters` all characters.
    """

    number: int
    reading: Reading
    elements: tuple[Element, ...] = ()
    others: tuple[tuple[Element, ...], ...] = ()
    top: float = 0.0
    bottom: float = 0.0
    hidden: int = 0
    characters: int = 0


def read_page(page: Any, number: int) -> PageContent:
    """The content of the page (a `PdfPage`)."""
    if count_objects(page) > MAX_OBJECTS or count_characters(page) > MAX_PAGE_CHARS:
        return PageContent(number, "crowded")
    rotation = page.get_rotation()
    # Unturned, the picture's places are the page's own. The text tells its own direction.
    page.set_rotation(0)
    try:
        return _read_page(page, number)
    finally:
        page.set_rotation(rotation)


def _read_page(page: Any, number: int) -> PageContent:
    all_glyphs = read_glyphs(page)
    rules, picture_share = read_drawing(page)
    sight = see(page, all_glyphs, find_text(page), picture_share=picture_share)
    glyphs = _turn_vertical(sight.glyphs)
    letters = Counter(glyph.angle for glyph in glyphs if not glyph.text.isspace())
    if not letters:
        return PageContent(
            number, "picture" if sight.has_ink else "blank", hidden=sight.hidden, characters=len(all_glyphs)
        )
    if garbage_share(glyphs) > MAX_GARBAGE:
        return PageContent(number, "garbage", hidden=sight.hidden, characters=len(all_glyphs))
    angles = [angle for angle, _ in letters.most_common()]
    left, bottom, right, top = page.get_bbox()
    heights = [turn(x, y, angles[0])[1] for x in (left, right) for y in (bottom, top)]
    groups = [
        _elements(
            [glyph for glyph in glyphs if glyph.angle == angle], rules if angle % 90 == 0 else (), angle
        )
        for angle in angles
    ]
    return PageContent(
        number,
        "scan_layer" if sight.is_scan_layer else "text",
        groups[0],
        tuple(groups[1:]),
        min(heights),
        max(heights),
        sight.hidden,
        len(all_glyphs),
    )


def _elements(glyphs: Sequence[Glyph], rules: Sequence[Rule], angle: int) -> tuple[Element, ...]:
    """The tables and lines of glyphs that run in one direction."""
    tables: list[Element] = []
    rest = list(glyphs)
    words: frozenset[str] | None = None
    for grid in find_grids(rules, angle=angle):
        inside = [glyph for glyph in rest if grid.holds(glyph)]
        if not inside:
            continue
        words = find_words(build_lines(glyphs)) if words is None else words
        table = read_table(grid, inside, words=words)
        if table is not None:
            tables.append(table)
            rest = [glyph for glyph in rest if not grid.holds(glyph)]
    return (*tables, *attach_markers(build_lines(rest)))


def _turn_vertical(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """The glyphs, with vertical writing turned so that it runs like a line of text."""
    turned = list(glyphs)
    start = 0
    for index in range(1, len(turned) + 1):
        if index < len(turned) and _stands_below(glyphs[index - 1], glyphs[index]):
            continue
        if index - start >= MIN_VERTICAL_CHARS:
            turned[start:index] = [_as_line(glyph) for glyph in glyphs[start:index]]
        start = index
    return turned


def _stands_below(glyph: Glyph, following: Glyph) -> bool:
    step = (following.base - glyph.base) / max(glyph.size, 1e-6)
    shift = abs(following.x0 + following.x1 - glyph.x0 - glyph.x1) / 2
    return (
        glyph.angle == following.angle == 0
        and is_cjk(glyph.text)
        and is_cjk(following.text)
        and 0.7 < step < 1.6
        and shift < 0.3 * glyph.size
    )


def _as_line(glyph: Glyph) -> Glyph:
    # Seen from 270 degrees, below becomes right, and left becomes below.
    middle = -(glyph.x0 + glyph.x1) / 2
    return replace(
        glyph,
        x0=glyph.base - 0.9 * glyph.size,
        x1=glyph.base + 0.1 * glyph.size,
        base=middle + 0.3 * glyph.size,
        angle=270,
    )


def read_by_ocr(page: Any, content: PageContent) -> PageContent:
    """`content` with the lines that OCR reads on the page (a `PdfPage`), if any."""
    # A page too large for the limit of pixels is painted smaller, so the picture tells the scale.
    picture = paint(page, scale=ocr.OCR_DPI / 72, max_pixels=ocr.MAX_OCR_PIXELS)
    width, height = page.get_size()
    lines: list[Line] = ocr.read_picture(picture, scale=picture.shape[1] / max(width, 1e-6))
    reading: Reading = "ocr" if lines else "wordless"
    return replace(content, reading=reading, elements=tuple(attach_markers(lines)), bottom=float(height))
