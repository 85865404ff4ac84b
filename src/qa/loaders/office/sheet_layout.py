"""The hidden and merged cells of a sheet, which openpyxl does not tell when it reads row by row."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree
from openpyxl.utils import column_index_from_string

from qa.errors import LoadError
from qa.loaders.office.package import Element, is_true, number_in

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})")

MAX_MERGED_CELLS = 200_000
"""Limits the places under merged cells. A sheet may claim all of its 17 billion."""

MAX_CELLS_IN_ROW = 16_384
"""Limits the cells of a row, as Excel does. An endless row would have to be held in memory."""

MAX_MERGED_ROWS = 1000
"""Limits the rows of a merged cell."""


@dataclass(slots=True)
class SheetLayout:
    """The layout of a sheet, whose rows and columns count from 1.

    `filled_rows` have cells; `merged` gives the first place of the merged cell that covers a place.
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
    # As elsewhere, no entity is resolved, and nothing is fetched.
    for _, element in etree.iterparse(
        io.BytesIO(data), tag=tags, resolve_entities=False, no_network=True, huge_tree=False
    ):
        if element.tag == f"{MAIN}c":
            cells += 1
            if cells > MAX_CELLS_IN_ROW:
                raise LoadError(
                    "one of its rows has more cells than a sheet can have; save it again in Excel"
                )
            # A program other than Excel wrote a formula without a saved value.
            has_formula, value = element.find(f"{MAIN}f") is not None, element.findtext(f"{MAIN}v")
            layout.formulas_without_value += has_formula and not value
        elif element.tag == f"{MAIN}row":
            row_number = number_in(element.get("r")) or row_number + 1
            if cells:
                layout.filled_rows.add(row_number)
            cells = 0
            if is_true(element.get("hidden")):
                layout.hidden_rows.add(row_number)
        elif element.tag == f"{MAIN}col":
            if is_true(element.get("hidden")):
                first, last = (number_in(element.get(name)) or 0 for name in ("min", "max"))
                layout.hidden_columns.update(range(max(1, first), min(last, max_columns) + 1))
        else:
            layout.merged.update(_merged_places(str(element.get("ref", "")), layout, max_columns))
        _free(element)
    return layout


def _merged_places(
    ref: str, layout: SheetLayout, max_columns: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    match = RANGE.fullmatch(ref)
    if not match:
        return
    left, right = column_index_from_string(match[1]), min(column_index_from_string(match[3]), max_columns)
    top, bottom = int(match[2]), int(match[4])
    for row in range(top, min(bottom, top + MAX_MERGED_ROWS) + 1):
        if len(layout.merged) > MAX_MERGED_CELLS:
            return
        for column in range(left, right + 1):
            if (row, column) != (top, left):
                yield (row, column), (top, left)


def _free(element: Element) -> None:
    """Let go of `element` and of all elements before it: a sheet can be larger than memory."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
