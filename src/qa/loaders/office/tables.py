"""A table → blocks of text in which each row can be understood, found and quoted alone.

With a row of headings, each row becomes a block "Year: 2014; City: Hai Phong; Tons: 600": one sentence, with the
headings that a search needs. Without headings, rows are "a | b | c".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from qa.text.normalise import normalise_line

MAX_JOINED_ROWS = 5
"""Limits the rows without headings that are one block, to be read together. Of more rows, each is a block."""

MAX_NAME_CHARS = 80
"""Limits the heading of a column."""

MIN_TEXT_ROWS = 2
"""Limits the rows below headings, where all of them are text."""

YEAR = re.compile(r"(?:FY\s?)?(?:19|20)\d\d(?:\s?[-/]\s?\d{2,4})?\s?(?:年度?)?|(?:平成|令和)\s?\d+\s?年度?")
"""A number that can be the heading of a column."""

SYMBOLS = frozenset("%％‰#＃№$€¥￥")
"""Headings of columns without a letter."""

NUMBER = re.compile(r"[^\w\s]{0,2}\s?\d")


@dataclass(frozen=True, slots=True)
class Cell:
    """The content of one place of the grid. A merged cell stands in each of its places.

    `merged` tells that the cell to the left or above is the same cell.
    """

    text: str = ""
    is_number: bool = False
    merged: Literal["", "left", "above"] = ""


Row = Sequence[Cell]


def table_blocks(rows: Sequence[Row], *, header_rows: int | None = None) -> Iterator[str]:
    """The blocks of a table. Empty cells follow the last cell of a shorter row.

    `header_rows` counts the rows of headings at its beginning; None where the count has to be found.
    """
    width = max(map(len, rows), default=0)
    kept = [[*row, *[Cell()] * (width - len(row))] for row in rows if any(cell.text.strip() for cell in row)]
    header_rows = None if header_rows is None else max(0, header_rows - (len(rows) - len(kept)))
    columns = [at for at in range(width) if any(_own(row[at]) for row in kept)]
    kept = [[row[at] for at in columns] for row in kept]
    while kept and _is_line(kept[0]):
        yield _filled(kept.pop(0))[0].text
        header_rows = None if header_rows is None else max(0, header_rows - 1)
    count = _count_header_rows(kept) if header_rows is None else min(header_rows, len(kept))
    if 0 < count < len(kept):
        names = [_name([row[at] for row in kept[:count]]) for at in range(len(columns))]
        yield from (_named_row(names, row) for row in kept[count:])
    else:
        lines = [" | ".join(normalise_line(cell.text) for cell in _said(row)) for row in kept]
        yield from ["\n".join(lines)] if 0 < len(lines) <= MAX_JOINED_ROWS else lines


def _own(cell: Cell) -> bool:
    return bool(cell.text.strip()) and not cell.merged


def _filled(row: Row) -> list[Cell]:
    """The filled cells of `row`, without repeats of a merged cell."""
    return [cell for cell in row if _own(cell)]


def _said(row: Row) -> list[Cell]:
    """The filled cells of `row`, with cells that stand beside several rows: they are its subject."""
    return [cell for cell in row if cell.text.strip() and cell.merged != "left"]


def _is_line(row: Row) -> bool:
    """True for a title above a table or a unit at its side: one cell, but not the heading of the second of two."""
    return len(_filled(row)) == 1 and (len(row) != 2 or _own(row[0]))


def _name(cells: Sequence[Cell]) -> str:
    """The heading of a column, from its `cells` above each other."""
    words = [normalise_line(cell.text) for cell in cells if cell.merged != "above"]
    return " ".join(dict.fromkeys(word for word in words if word)).rstrip(" :：")


def _named_row(names: Sequence[str], row: Row) -> str:
    """`row` with the headings before its values. A line of its own among the rows stays as it is.

    A cell that is merged over several rows is said in each row: it is the subject of the rows.
    """
    said = [
        (name, text)
        for name, cell in zip(names, row, strict=True)
        if cell.merged != "left" and (text := normalise_line(cell.text))
    ]
    if len(said) == 1 and len(names) > 2 and not NUMBER.match(said[0][1]):
        return said[0][1]
    return "; ".join(f"{name}: {text}" if name else text for name, text in said)


def _count_header_rows(rows: Sequence[Row]) -> int:
    """The number of rows of headings at the beginning: 0, 1, or 2 where the first groups the second."""
    if len(rows) < 2 or not _are_distinct(rows[:1]) or not _are_names(rows[0], rows[1:]):
        return 0
    is_grouped = any(cell.merged == "left" for cell in rows[0])
    return 2 if is_grouped and _are_distinct(rows[:2]) and _are_names(rows[1], rows[2:]) else 1


def _are_distinct(rows: Sequence[Row]) -> bool:
    """True if `rows` make a different heading for each column, except one, which may be at the left."""
    columns = [[row[at] for row in rows] for at in range(len(rows[0]))]
    names = [_name(column) for column in columns if column[-1].merged != "left"]
    filled = [name for name in names if name]
    is_corner_empty = len(names) == 2 and not names[0]
    return len(set(filled)) == len(filled) >= len(names) - 1 and (len(filled) > 1 or is_corner_empty)


def _are_names(first: Row, below: Sequence[Row]) -> bool:
    """True if the cells of `first` can be the headings of the rows `below`."""
    for at, cell in enumerate(first):
        text = normalise_line(cell.text)
        if text and not _can_be_name(cell, text):
            return False
        if YEAR.fullmatch(text) and _is_year_column(below, at):
            return False
    is_number = [_is_number_column(below, at) for at in range(len(first))]
    if len(first) == 2:  # "Population | 1.7 million" below "Name | Davao" has its names at the left
        second = normalise_line(first[1].text)
        return is_number[1] and bool(YEAR.fullmatch(second) or not NUMBER.match(second))
    return any(is_number) or len(below) >= MIN_TEXT_ROWS


def _can_be_name(cell: Cell, text: str) -> bool:
    if YEAR.fullmatch(text) or text in SYMBOLS:
        return True
    digits = sum(character.isdigit() for character in text)
    letters = sum(character.isalpha() for character in text)
    return not cell.is_number and digits <= 2 * letters and letters > 0 and len(text) <= MAX_NAME_CHARS


def _is_number_column(rows: Sequence[Row], at: int) -> bool:
    cells = [row[at] for row in rows if _own(row[at])]
    numbers = [cell for cell in cells if cell.is_number or NUMBER.match(normalise_line(cell.text))]
    return 2 * len(numbers) > len(cells)


def _is_year_column(rows: Sequence[Row], at: int) -> bool:
    cells = [normalise_line(row[at].text) for row in rows if _own(row[at])]
    return 2 * sum(bool(YEAR.fullmatch(text)) for text in cells) > len(cells)
