"""One page of a PDF → its glyphs, ruled lines and pictures.

This is the border to pdfium, by way of its raw functions. PDFium is not thread-safe: callers hold the lock in
`qa.loaders.pdf.parser`.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_OBJECTS = 100_000
"""Limits the drawn pieces of a page. Maps and plans have 20,000, and the time grows with the number."""

MAX_PAGE_CHARS = 100_000
"""Limits the characters of a page. A page of a newspaper has 20,000."""

MAX_FORM_DEPTH = 8
"""Limits drawings in drawings that may have ruled lines. Producers nest them two or three deep."""

MAX_RULES = 4000
"""Limits the ruled lines of tables. A page with more is a drawing."""

MAX_RUN_CHARS = 16
"""Limits the characters that are visible or not as one, where no blank ends the word sooner, as in Japanese."""

THIN = 3.0
"""The points up to which a filled rectangle is a line, and a path is straight."""

MAX_RULE_POINTS = 20_000.0
"""Limits a ruled line. No page is larger, so a longer line comes from a broken matrix."""

ANGLE_STEP = 5
"""The degrees that angles are rounded to. Text of the same rounded angle runs in the same direction."""

BOLD = re.compile(r"bold|black|heavy|demi|w[6-9]\b", re.IGNORECASE)

LEGACY_FONT = re.compile(r"^(?:[A-Z]{6}\+)?(?:\.?Vn[A-Z]|VNI[- ]|Limon|ABC-?Zegoe)")
"""Vietnamese and Khmer fonts from before Unicode, which show other letters for the codes of Latin letters."""


@dataclass(frozen=True, slots=True)
class Style:
    """The paint and font of a whole text object."""

    mode: int
    color: tuple[int, int, int]
    is_bold: bool
    is_embedded: bool
    is_legacy: bool


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character and its place, in points; y grows downwards, and text runs to the right.

    `ink` is its tight box (left, bottom, right, top) in the page's own coordinates.
    """

    text: str
    x0: float
    x1: float
    base: float
    size: float
    angle: int
    run: int
    style: Style
    ink: tuple[float, float, float, float]
    is_unmapped: bool = False

    @property
    def top(self) -> float:
        """The top of a capital letter, about."""
        return self.base - 0.8 * self.size

    @property
    def bottom(self) -> float:
        """The end of a descender, about."""
        return self.base + 0.2 * self.size


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line on the page, level or upright, in the page's own coordinates."""

    x0: float
    y0: float
    x1: float
    y1: float


def count_objects(page: Any) -> int:
    """The number of drawn pieces of the page (a `PdfPage`), without those of nested drawings."""
    import pypdfium2.raw as pdfium

    return int(pdfium.FPDFPage_CountObjects(page))


def count_characters(page: Any) -> int:
    """The number of characters of the page (a `PdfPage`)."""
    textpage = page.get_textpage()
    try:
        return int(textpage.count_chars())
    finally:
        textpage.close()


def read_glyphs(page: Any) -> list[Glyph]:
    """The glyphs in the order in which they are drawn, with blanks."""
    textpage = page.get_textpage()
    try:
        return _read_glyphs(textpage)
    finally:
        textpage.close()


def _read_glyphs(textpage: Any) -> list[Glyph]:
    import pypdfium2.raw as pdfium

    styles: dict[int, Style] = {}
    glyphs: list[Glyph] = []
    matrix, loose = pdfium.FS_MATRIX(), pdfium.FS_RECTF()
    left, right, bottom, top, x, y = (ctypes.c_double() for _ in range(6))
    run = previous = length = 0
    for index in range(textpage.count_chars()):
        text_object = pdfium.FPDFText_GetTextObject(textpage, index)
        if not text_object:
            continue  # A blank or a line end that pdfium made up. The gaps tell the ends of words.
        address = ctypes.addressof(text_object.contents)
        if address not in styles:
            styles[address] = _style(text_object)
        character = _character(pdfium.FPDFText_GetUnicode(textpage, index))
        # A word is visible or not as one, so blanks and new objects begin a run.
        if address != previous or character.isspace() or length == MAX_RUN_CHARS:
            run, length = run + 1, 0
        previous, length = address, length + 1
        pdfium.FPDFText_GetMatrix(textpage, index, matrix)
        pdfium.FPDFText_GetLooseCharBox(textpage, index, loose)
        pdfium.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
        pdfium.FPDFText_GetCharOrigin(textpage, index, x, y)
        if not math.isfinite(sum((*_values(matrix), loose.left, loose.right, loose.top, x.value, y.value))):
            continue  # A broken matrix: the glyph stands nowhere.
        angle = round(math.degrees(math.atan2(matrix.b, matrix.a)) / ANGLE_STEP) * ANGLE_STEP % 360
        size = abs(pdfium.FPDFText_GetFontSize(textpage, index)) * math.hypot(matrix.c, matrix.d)
        x0, base = turn(x.value, y.value, angle)
        if angle % 90:
            x1 = x0 + size / 2  # The box is level, so it does not tell the width of slanting text.
        else:
            x0, x1 = _extent((loose.left, loose.bottom, loose.right, loose.top), angle)
        glyphs.append(
            Glyph(
                character,
                x0,
                x1,
                base,
                size,
                angle,
                run,
                styles[address],
                (left.value, bottom.value, right.value, top.value),
                bool(pdfium.FPDFText_HasUnicodeMapError(textpage, index) == 1),
            )
        )
    return glyphs


def turn(x: float, y: float, angle: float) -> tuple[float, float]:
    """The point (x, y) of the page, turned so that text at `angle` degrees runs to the right; y grows
    downwards."""
    if angle % 360 == 0:
        return x, -y
    sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    return x * cosine + y * sine, x * sine - y * cosine


def _extent(box: tuple[float, float, float, float], angle: int) -> tuple[float, float]:
    ends = (turn(box[0], box[1], angle)[0], turn(box[2], box[3], angle)[0])
    return min(ends), max(ends)


def _character(code: int) -> str:
    # 2 and U+FFFE are pdfium's signs for a hyphen at the end of a line.
    if code in (0x02, 0xFFFE):
        return "-"
    return chr(code) if code <= 0x10FFFF else "\ufffd"


def _style(text_object: Any) -> Style:
    import pypdfium2.raw as pdfium

    font = pdfium.FPDFTextObj_GetFont(text_object)
    mode = int(pdfium.FPDFTextObj_GetTextRenderMode(text_object))
    paint = (
        pdfium.FPDFPageObj_GetStrokeColor
        if mode in (pdfium.FPDF_TEXTRENDERMODE_STROKE, pdfium.FPDF_TEXTRENDERMODE_STROKE_CLIP)
        else pdfium.FPDFPageObj_GetFillColor
    )
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    paint(text_object, red, green, blue, alpha)
    name = ctypes.create_string_buffer(128)
    pdfium.FPDFFont_GetBaseFontName(font, name, 128)
    font_name = name.value.decode("utf-8", "replace")
    return Style(
        mode=mode,
        color=(red.value, green.value, blue.value),
        # Where a font has no bold cut, Word paints outlines as well.
        is_bold=bool(BOLD.search(font_name)) or mode == pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE,
        is_embedded=pdfium.FPDFFont_GetIsEmbedded(font) == 1,
        is_legacy=bool(LEGACY_FONT.search(font_name)),
    )


def read_drawing(page: Any) -> tuple[list[Rule], float]:
    """The ruled lines of the page, and the share of the page that pictures cover (0 to 1)."""
    import pypdfium2.raw as pdfium

    rules: list[Rule] = []
    left, bottom, right, top = page.get_bbox()
    covered = 0.0
    for item, matrices in _walk(page):
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_PATH and len(rules) <= MAX_RULES:
            rules += _rules(item, matrices)
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            # A picture is the unit square, turned and stretched.
            corners = [_apply((_matrix(item), *matrices), x, y) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))]
            width = min(right, max(x for x, _ in corners)) - max(left, min(x for x, _ in corners))
            height = min(top, max(y for _, y in corners)) - max(bottom, min(y for _, y in corners))
            covered += max(width, 0) * max(height, 0)
    area = (right - left) * (top - bottom)
    return (rules if len(rules) <= MAX_RULES else []), min(covered / area, 1.0) if area else 0.0


def find_text(page: Any) -> list[Any]:
    """All text objects of the page, also those whose glyphs pdfium leaves out, as repeated glyphs."""
    import pypdfium2.raw as pdfium

    return [item for item, _ in _walk(page) if pdfium.FPDFPageObj_GetType(item) == pdfium.FPDF_PAGEOBJ_TEXT]


Matrix = tuple[float, float, float, float, float, float]


def _walk(page: Any) -> Iterator[tuple[Any, tuple[Matrix, ...]]]:
    """The objects of the page, also those in nested drawings, with the matrices that hold there."""
    import pypdfium2.raw as pdfium

    stack: list[tuple[Any, tuple[Matrix, ...]]] = [
        (pdfium.FPDFPage_GetObject(page, index), ()) for index in range(pdfium.FPDFPage_CountObjects(page))
    ]
    seen = 0
    while stack and seen < MAX_OBJECTS:
        item, matrices = stack.pop()
        seen += 1
        if pdfium.FPDFPageObj_GetType(item) == pdfium.FPDF_PAGEOBJ_FORM:
            count = min(max(pdfium.FPDFFormObj_CountObjects(item), 0), MAX_OBJECTS)
            if len(matrices) < MAX_FORM_DEPTH:
                inside = (_matrix(item), *matrices)
                stack += [(pdfium.FPDFFormObj_GetObject(item, index), inside) for index in range(count)]
        else:
            yield item, matrices


def _matrix(item: Any) -> Matrix:
    import pypdfium2.raw as pdfium

    matrix = pdfium.FS_MATRIX(1, 0, 0, 1, 0, 0)
    pdfium.FPDFPageObj_GetMatrix(item, matrix)
    return _values(matrix)


def _values(matrix: Any) -> Matrix:
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _apply(matrices: tuple[Matrix, ...], x: float, y: float) -> tuple[float, float]:
    for a, b, c, d, e, f in matrices:
        x, y = a * x + c * y + e, b * x + d * y + f
    return x, y


def _rules(path: Any, matrices: tuple[Matrix, ...]) -> Iterator[Rule]:
    """The straight level and upright lines that the path draws."""
    import pypdfium2.raw as pdfium

    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
    if not fill.value and not stroke.value:
        return  # It only clips.
    all_matrices = (_matrix(path), *matrices)
    first = last = (0.0, 0.0)
    x, y = ctypes.c_float(), ctypes.c_float()
    for index in range(min(pdfium.FPDFPath_CountSegments(path), MAX_RULES)):
        segment = pdfium.FPDFPath_GetPathSegment(path, index)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        point = _apply(all_matrices, x.value, y.value)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            first = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO:
            yield from _rule(last, point)
        if pdfium.FPDFPathSegment_GetClose(segment):
            yield from _rule(point, first)
        last = point


def _rule(start: tuple[float, float], end: tuple[float, float]) -> Iterator[Rule]:
    width, height = abs(start[0] - end[0]), abs(start[1] - end[1])
    if min(width, height) <= THIN < max(width, height) < MAX_RULE_POINTS:
        yield Rule(min(start[0], end[0]), min(start[1], end[1]), max(start[0], end[0]), max(start[1], end[1]))
