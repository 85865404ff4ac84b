"""What a sheet hides and merges: openpyxl does not tell when it reads row by row."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from qa.errors import LoadError
from qa.loaders.office.package import Element

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})")

MAX_MERGED_CELLS = 200_000
"""Places covered by merged cells that are remembered; a sheet may claim all of its 17 billion."""

MAX_CELLS_IN_ROW = 16_384
"""As many as Excel allows. One endless row would have to be held in memory."""

MAX_MERGED_ROWS = 1000
"""How far down a merged cell is followed."""


@dataclass(slots=True)
class SheetLayout:
    """Rows and columns count from 1.

    `filled_rows` are those with cells in them; `merged` gives the first place of the merged cell that covers
    a place.
    """

    filled_rows: set[int] = field(default_factory=set)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    formulas_without_value: int = 0


def read_layout(data: bytes, *, max_columns: int) -> SheetLayout:
    """The layout of the sheet in the XML part `data`, of its first `max_columns` columns."""
    layout = SheetLayout()
    row_number = cells = 0
    tags = [f"{MAIN}{name}" for name in ("row", "c", "col", "mergeCell")]
    # As elsewhere: entities are not resolved, nothing is fetched.
    for _, element in etree.iterparse(
        io.BytesIO(data), tag=tags, resolve_entities=False, no_network=True, huge_tree=False
    ):
        if element.tag == f"{MAIN}c":
            cells += 1
            if cells > MAX_CELLS_IN_ROW:
                raise LoadError(
                    "one of its rows has more cells than a sheet can have; save it again in Excel"
                )
            # A formula without a saved value: a program other than Excel wrote it.
            layout.formulas_without_value += element.find(f"{MAIN}f") is not None and not element.findtext(
                f"{MAIN}v"
            )
        elif element.tag == f"{MAIN}row":
            row_number = _number(element.get("r")) or row_number + 1
            if cells:
                layout.filled_rows.add(row_number)
            cells = 0
            if _is_true(element.get("hidden")):
                layout.hidden_rows.add(row_number)
        elif element.tag == f"{MAIN}col":
            if _is_true(element.get("hidden")):
                last = min(_number(element.get("max")), max_columns)
                layout.hidden_columns.update(range(max(1, _number(element.get("min"))), last + 1))
        else:
            layout.merged.update(_merged_places(str(element.get("ref", "")), layout, max_columns))
        _free(element)
    return layout


def _number(text: object) -> int:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else 0


def _is_true(text: object) -> bool:
    return text in ("1", "true")


def _merged_places(
    ref: str, layout: SheetLayout, max_columns: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    match = RANGE.fullmatch(ref)
    if not match:
        return
    left, right = _column(match.group(1)), min(_column(match.group(3)), max_columns)
    top, bottom = int(match.group(2)), int(match.group(4))
    for row in range(top, min(bottom, top + MAX_MERGED_ROWS) + 1):
        if len(layout.merged) > MAX_MERGED_CELLS:
            return
        for column in range(left, right + 1):
            if (row, column) != (top, left):
                yield (row, column), (top, left)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _free(element: Element) -> None:
    """Let go of `element` and of what stands before it: a sheet can be larger than memory."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
