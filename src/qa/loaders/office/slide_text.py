"""A text frame on a slide → its visible words: paragraphs, and list items by depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa.loaders.office.package import Element, number_in
from qa.text.normalise import normalise_line

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
M_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"

MIN_SIZE = 200
"""Limits the visible sizes: 2 points, in hundredths."""

UNREAD_FIELDS = ("slidenum", "datetime")
"""The beginnings of types of fields that say nothing of the content."""


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph: its text, its list mark ("- ", "3. " or none) and its depth from 0."""

    text: str
    mark: str = ""
    depth: int = 0


def read_lines(body: Element, *, is_list: bool) -> tuple[list[Line], bool]:
    """The paragraphs with text in `body` (an a:txBody), and whether any words in it cannot be seen.

    `is_list` tells that a paragraph is a list item unless it says otherwise, as in the body of a slide.
    """
    lines: list[Line] = []
    counts: dict[int, int] = {}
    has_hidden = False
    for paragraph in body.iterfind(f"{A}p"):
        pieces = list(_pieces(paragraph))
        text = "".join(piece for piece, is_seen in pieces if is_seen)
        has_hidden = has_hidden or any(piece.strip() for piece, is_seen in pieces if not is_seen)
        if not text.strip():
            continue
        properties = paragraph.find(f"{A}pPr")
        depth = number_in(properties.get("lvl") if properties is not None else None) or 0
        counts = {level: count for level, count in counts.items() if level <= depth}
        mark = _mark(properties, is_list, counts, depth)
        lines.append(Line(text, mark, depth))
    return lines, has_hidden


def blocks_of(lines: Sequence[Line]) -> Iterator[str]:
    """The blocks that `lines` make: list items that follow each other are one, other lines one each."""
    items: list[str] = []
    # A body with one line is a sentence, whatever its mark.
    if len(lines) == 1:
        yield lines[0].text
        return
    for line in lines:
        if line.mark:
            items.append(f"{'  ' * line.depth}{line.mark}{normalise_line(line.text)}")
            continue
        if items:
            yield "\n".join(items)
            items = []
        yield line.text
    if items:
        yield "\n".join(items)


def _mark(properties: Element | None, is_list: bool, counts: dict[int, int], depth: int) -> str:
    numbered = properties.find(f"{A}buAutoNum") if properties is not None else None
    if numbered is not None:
        start = number_in(numbered.get("startAt"))
        counts[depth] = counts.get(depth, (start or 1) - 1) + 1
        return f"{counts[depth]}. "
    counts.pop(depth, None)
    if properties is not None and properties.find(f"{A}buNone") is not None:
        return ""
    has_bullet = properties is not None and (
        properties.find(f"{A}buChar") is not None or properties.find(f"{A}buBlip") is not None
    )
    return "- " if is_list or has_bullet else ""


def _pieces(paragraph: Element) -> Iterator[tuple[str, bool]]:
    """The pieces of text in `paragraph`, and whether they can be seen."""
    for child in paragraph:
        if child.tag == f"{A}br":
            yield "\n", True
        elif child.tag in (f"{A}r", f"{A}fld"):
            if str(child.get("type", "")).startswith(UNREAD_FIELDS):
                continue
            properties = child.find(f"{A}rPr")
            size = number_in(properties.get("sz")) if properties is not None else None
            yield child.findtext(f"{A}t") or "", size is None or size >= MIN_SIZE
        elif child.tag != f"{A}pPr":
            yield "".join(str(piece.text or "") for piece in child.iter(M_TEXT)), True
