"""The visible glyphs of a page, found in the page's own picture, painted with and without its text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.loaders.pdf.page import Glyph

INK_SCALE = 1.5
"""Pixels a point (108 dpi): a full stop of 6-point text still darkens a pixel."""

MAX_INK_PIXELS = 6_000_000
"""Limits the picture. Larger pages are painted smaller: a poster's letters are large, too."""

MIN_CONTRAST = 24
"""Limits the visible contrast, of 255, in the channel that differs most. Most printers print no lighter grey on
white, and a reader sees 240 on white only if told where to look."""

MIN_SIZE_POINTS = 2.0
"""Limits the visible size. The small print of forms has 4; below 2 nobody reads without enlarging."""

MIN_ADVANCE = 0.05
"""Limits the mean width of a word's letters, as a share of the size. Letters in less room cannot be made out: they
come from a replacement text that the page does not show. Stacked Khmer syllables stay above 0.1."""

SCAN_SHARE = 0.6
"""The share of a scan that pictures cover. Its invisible text is what the scanner read."""

INVISIBLE_MODES = (3, 7)
"""Text render modes that paint nothing: invisible, and clipping only."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The visible glyphs of a page, the number of hidden characters, and whether the page has any ink.

    `is_scan_layer` tells that a scanner's program put some of the glyphs under its picture.
    """

    glyphs: tuple[Glyph, ...]
    hidden: int
    has_ink: bool
    is_scan_layer: bool = False


def see(page: Any, glyphs: list[Glyph], text_objects: list[Any], *, picture_share: float) -> Sight:
    """The visible glyphs of the page (a `PdfPage` that is not turned), which its text objects make."""
    painted = _paint(page)
    has_ink = int(painted.max()) - int(painted.min()) >= MIN_CONTRAST
    if not glyphs:
        return Sight((), 0, has_ink)
    bare = _paint_without(page, text_objects)
    view = _View(page.get_bbox(), painted, bare)
    kept: list[Glyph] = []
    hidden = 0
    is_scan_layer = False
    is_run_seen = True
    for _, group in groupby(glyphs, key=lambda glyph: glyph.run):
        run = list(group)
        letters = [glyph for glyph in run if not glyph.text.isspace()]
        if letters:
            is_layer = picture_share >= SCAN_SHARE and view.is_scan_layer(letters)
            is_run_seen = is_layer or view.is_seen(letters)
            is_scan_layer = is_scan_layer or is_layer
            hidden += 0 if is_run_seen else len(letters)
        # A blank opens a run, and shares the fate of the word after it.
        kept += run if is_run_seen else []
    return Sight(tuple(kept), hidden, has_ink, is_scan_layer)


class _View:
    """A page's picture with its text and without, which tells what is visible where."""

    def __init__(
        self,
        box: tuple[float, float, float, float],
        painted: NDArray[np.uint8],
        bare: NDArray[np.uint8],
    ) -> None:
        self._left, _, _, self._top = box
        self._height, self._width = painted.shape[:2]
        self._scale = self._width / max(box[2] - box[0], 1e-6)
        self._painted, self._bare = painted, bare
        change = np.abs(painted.astype(np.int16) - bare)
        # Channel by channel: the maximum along so short an axis takes several times as long.
        difference = (change[:, :, 0] >= MIN_CONTRAST) | (change[:, :, 1] >= MIN_CONTRAST)
        difference |= change[:, :, 2] >= MIN_CONTRAST
        # Sums over all pixels above and to the left: ink in any box is four look-ups.
        self._sums = np.pad(difference.cumsum(axis=0, dtype=np.int32).cumsum(axis=1), ((1, 0), (1, 0)))

    def is_seen(self, letters: list[Glyph]) -> bool:
        """True if the word of the letters can be read on the page."""
        size = max(letter.size for letter in letters)
        if size < MIN_SIZE_POINTS or self._is_squeezed(letters, size) or self._has_ground_color(letters):
            return False
        style = letters[0].style
        if not style.is_embedded and not all(letter.text.isascii() for letter in letters):
            # The picture shows a font of this machine, if any, and proves nothing.
            return style.mode not in INVISIBLE_MODES and any(self._pixels(letter) for letter in letters)
        drawn = [
            letter for letter in letters if letter.ink[2] > letter.ink[0] and letter.ink[3] > letter.ink[1]
        ]
        inked = sum(self._has_ink(letter) for letter in drawn)
        return inked * 2 >= len(drawn) > 0

    def is_scan_layer(self, letters: list[Glyph]) -> bool:
        """True if the word is not painted, but the picture shows something in its place."""
        is_painted = letters[0].style.mode not in INVISIBLE_MODES
        if is_painted or max(letter.size for letter in letters) < MIN_SIZE_POINTS:
            return False
        boxes = [box for letter in letters if (box := self._pixels(letter))]
        if not boxes:
            return False
        x0, y0, x1, y1 = _union(boxes)
        cut = self._bare[y0:y1, x0:x1]
        return int(cut.max()) - int(cut.min()) >= MIN_CONTRAST

    def _is_squeezed(self, letters: list[Glyph], size: float) -> bool:
        width = max(letter.x1 for letter in letters) - min(letter.x0 for letter in letters)
        return width < MIN_ADVANCE * size * len(letters)

    def _has_ground_color(self, letters: list[Glyph]) -> bool:
        boxes = [box for letter in letters if (box := self._pixels(letter))]
        if not boxes:
            return False
        x0, y0, x1, y1 = _union(boxes)
        ground = self._bare[y0:y1, x0:x1].reshape(-1, 3).mean(axis=0)
        blue_green_red = np.array(letters[0].style.color[::-1])
        return bool(np.abs(ground - blue_green_red).max() < MIN_CONTRAST)

    def _has_ink(self, letter: Glyph) -> bool:
        box = self._pixels(letter)
        if box is None:
            return False
        x0, y0, x1, y1 = box
        sums = self._sums
        return bool(sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0])

    def _pixels(self, letter: Glyph) -> tuple[int, int, int, int] | None:
        """The pixels (left, top, right, bottom) that the letter's ink lies in; None if off the page."""
        left, bottom, right, top = letter.ink
        x0 = max(math.floor((left - self._left) * self._scale), 0)
        y0 = max(math.floor((self._top - top) * self._scale), 0)
        x1 = min(math.ceil((right - self._left) * self._scale), self._width)
        y1 = min(math.ceil((self._top - bottom) * self._scale), self._height)
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _union(boxes: list[tuple[int, int, int, int]]) -> tuple[int, int, int, int]:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _paint(page: Any) -> NDArray[np.uint8]:
    """The page's picture, uint8 of shape (height, width, 3), channels blue, green, red."""
    return paint(page, scale=INK_SCALE, max_pixels=MAX_INK_PIXELS)


def paint(page: Any, *, scale: float, max_pixels: int) -> NDArray[np.uint8]:
    """The page's picture, uint8 of shape (height, width, 3), channels blue, green, red.

    `scale` is in pixels a point, and smaller where the picture would have more than `max_pixels`.
    """
    width, height = page.get_size()
    scale = min(scale, math.sqrt(max_pixels / max(width * height, 1)))
    bitmap = page.render(scale=scale, may_draw_forms=False, limit_image_cache=True)
    try:
        return np.array(bitmap.to_numpy()[:, :, :3])
    finally:
        bitmap.close()


def _paint_without(page: Any, text_objects: list[Any]) -> NDArray[np.uint8]:
    """The picture of `_paint` with the text objects switched off."""
    import pypdfium2.raw as pdfium

    try:
        for text_object in text_objects:
            pdfium.FPDFPageObj_SetIsActive(text_object, False)
        return _paint(page)
    finally:
        for text_object in text_objects:
            pdfium.FPDFPageObj_SetIsActive(text_object, True)
