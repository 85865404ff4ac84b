"""Pictures of text → lines, by rapidocr, an extra that nothing else needs.

Its models come in its package, so nothing is downloaded. They read English, Chinese and Japanese well, lose most
of the marks on Vietnamese vowels, and make a few wrong letters or nothing of Khmer.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.loaders.pdf.lines import Line, clean

OCR_DPI = 200
"""The resolution that the models were made for: 10-point letters are 20 pixels high. 300 takes twice as long."""

MAX_OCR_PIXELS = 12_000_000
"""Limits a picture, to three A4 pages at `OCR_DPI`. The picture alone takes 36 MB."""

MIN_SCORE = 0.6
"""Limits the mean probability of a line's letters, 0 to 1. Lines below are mostly pictures, stamps, stains."""

LETTER_SHARE = 0.72
"""The size of a line's letters, as a share of the height of its box, which has room above and below."""

SAME_SIZE = 0.3
"""The share by which heights of boxes with letters of one size differ: they are measured roughly."""


def is_available() -> bool:
    """True if rapidocr is installed."""
    return find_spec("rapidocr") is not None


def read_picture(picture: NDArray[np.uint8], *, scale: float) -> list[Line]:
    """The lines of text in a picture of shape (height, width, 3), channels blue, green, red.

    `scale` is in pixels a point; the lines' places are in points, from the picture's upper left corner.
    """
    result = _engine()(picture)
    if getattr(result, "boxes", None) is None or result.txts is None:
        return []
    found = [
        (np.asarray(box) / scale, clean(text))
        for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True)
        if score >= MIN_SCORE and text.strip()
    ]
    heights = [float(box[:, 1].max() - box[:, 1].min()) for box, _ in found]
    usual = median(heights) if heights else 0.0
    lines = []
    for (box, text), height in zip(found, heights, strict=True):
        height = usual if abs(height - usual) < SAME_SIZE * usual else height
        middle = float(box[:, 1].mean())
        lines.append(
            Line(
                text=text,
                x0=float(box[:, 0].min()),
                x1=float(box[:, 0].max()),
                top=middle - LETTER_SHARE * height / 2,
                bottom=middle + LETTER_SHARE * height / 2,
                size=round(LETTER_SHARE * height * 2) / 2,
            )
        )
    return lines


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    # Else the log tells of every empty page.
    return RapidOCR(params={"Global.log_level": "error"})
