"""One page of a PDF → the pieces on it that a reader sees, or why there are none."""

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
"""Of a page's letters; a page with more of them unknown says nothing that could be quoted."""

MIN_VERTICAL = 4
"""Characters; fewer below each other are no vertical writing."""

Reading = Literal[
    "text", "scan_layer", "ocr", "picture", "garbage", "wordless", "unread", "blank", "crowded", "broken"
]
"""How a page came to its pieces, or why it has none. `picture` and `garbage` are what OCR is for; it makes them
`ocr`, or `wordless` where it finds nothing; `unread` are pages that were too many for it."""


@dataclass(frozen=True, slots=True)
class PageContent:
    """The pieces of a page, those that run in its main direction and those of each other one.

    `top` and `bottom` are where the page begins and ends, y growing downwards; `hidden` counts the characters
    that are there, but not to be seen, `characters` all.
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
    """What stands on the page (a `PdfPage`)."""
    if count_objects(page) > MAX_OBJECTS or count_characters(page) > MAX_PAGE_CHARS:
        return PageContent(number, "crowded")
    rotation = page.get_rotation()
    # Seen unturned, the picture's places are the page's own; which way the text runs is seen from the text.
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
    """The tables and lines that glyphs which run in one direction make."""
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
    """The glyphs, those of vertical writing turned so that they run as a line of text does."""
    turned = list(glyphs)
    start = 0
    for index in range(1, len(turned) + 1):
        if index < len(turned) and _stands_below(glyphs[index - 1], glyphs[index]):
            continue
        if index - start >= MIN_VERTICAL:
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
    # As seen from 270 degrees: what is below comes to stand to the right, what is left comes below.
    middle = -(glyph.x0 + glyph.x1) / 2
    return replace(
        glyph,
        x0=glyph.base - 0.9 * glyph.size,
        x1=glyph.base + 0.1 * glyph.size,
        base=middle + 0.3 * glyph.size,
        angle=270,
    )


def read_by_ocr(page: Any, content: PageContent) -> PageContent:
    """`content` with the lines that OCR makes out on the page (a `PdfPage`), if any."""
    # A page larger than the most pixels allow is painted smaller, so the scale is taken from the picture.
    picture = paint(page, scale=ocr.OCR_DPI / 72, max_pixels=ocr.MAX_OCR_PIXELS)
    width, height = page.get_size()
    lines: list[Line] = ocr.read_picture(picture, scale=picture.shape[1] / max(width, 1e-6))
    reading: Reading = "ocr" if lines else "wordless"
    return replace(content, reading=reading, elements=tuple(attach_markers(lines)), bottom=float(height))
