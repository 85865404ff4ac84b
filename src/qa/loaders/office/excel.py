"""Excel files (.xlsx) → text: a page for each visible sheet, and a sentence for each row of a table."""

from __future__ import annotations

import io
import itertools
import warnings
import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import ParseError

import openpyxl
from lxml import etree
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook

from qa.i18n.reasons import Reason
from qa.loaders.office.archive import damaged
from qa.loaders.office.number_format import cell_text
from qa.loaders.office.package import Package
from qa.loaders.office.properties import read_properties
from qa.loaders.office.sheet_layout import SheetLayout, read_layout
from qa.loaders.office.tables import Cell, table_blocks
from qa.loaders.parsed import Parsed, TextBuilder
from qa.text.normalise import normalise_line

PROGRAM = "Excel"

MAX_ROWS = 50_000
"""Limits the filled rows of all sheets together: 2,000 printed pages. More is a database."""

MAX_CHARS = 2_000_000
"""Limits the text, with the headings in each row: as much as a book of 1,000 pages."""

MAX_COLUMNS = 512
"""Limits the columns: one for each day of a year, and some. Columns further to the right are left out."""

MAX_TITLE_CHARS = 90
"""Limits a title, which is a line at the top of the first sheet."""

UNREADABLE = (
    KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError, AssertionError, OSError,
    zipfile.BadZipFile, ParseError, etree.XMLSyntaxError, InvalidFileException,
)  # fmt: skip
"""The errors of openpyxl for files that do not hold together: it checks values by assigning them. OSError is for a
file without a workbook."""

Rows = dict[int, dict[int, Cell]]
"""Row → column → cell, for filled cells; rows and columns count from 1."""


def read_excel(data: bytes) -> Parsed:
    """The text of an Excel file; hidden sheets, rows and columns are left out, formulas are their values."""
    with Package(data, program=PROGRAM) as package:
        properties = read_properties(package)
        try:
            with warnings.catch_warnings():
                # openpyxl warns of losses when it writes the file, which we never do.
                warnings.simplefilter("ignore", UserWarning)
                workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
                try:
                    reader = _Reader(package, workbook)
                    reader.add_sheets()
                finally:
                    workbook.close()
        except UNREADABLE as error:
            raise damaged(PROGRAM) from error
    title = properties.title or reader.title
    return Parsed(
        text=reader.builder.text,
        title=title,
        date=properties.date,
        sections=reader.builder.sections,
        pages=reader.builder.pages,
        page_kind="sheet",
        empty_pages=tuple(reader.empty),
        title_from="properties" if properties.title else "text",
        warnings=tuple(reader.warnings),
    )


class _Reader:
    """Adds the sheets of a workbook to `builder`. Its `warnings` tell what was left out."""

    def __init__(self, package: Package, workbook: Workbook) -> None:
        self.builder = TextBuilder()
        self.warnings: list[str] = []
        self.empty: list[int] = []
        self.title: str | None = None
        self._package = package
        self._workbook = workbook
        self._rows_left = MAX_ROWS
        self._characters_left = MAX_CHARS

    def add_sheets(self) -> None:
        """Add the sheets that are visible, in the order of their tabs."""
        sheets = self._workbook.worksheets
        hidden = [normalise_line(sheet.title) for sheet in sheets if sheet.sheet_state != "visible"]
        if hidden:
            self.warnings.append(Reason("why_hidden_sheets", names=tuple(hidden)))
        parts = self._sheet_parts()
        visible = [sheet.title for sheet in sheets if sheet.sheet_state == "visible"]
        for number, name in enumerate(visible, start=1):
            data = self._package.read(parts[name])
            layout = read_layout(data or b"", max_columns=MAX_COLUMNS)
            self._add_sheet(number, name, self._read_rows(name, layout))
            name = normalise_line(name)
            if layout.hidden_rows or layout.hidden_columns:
                self.warnings.append(Reason("why_sheet_hidden", name=name))
            if layout.formulas_without_value:
                count = layout.formulas_without_value
                self.warnings.append(Reason("why_sheet_formulas", name=name, count=count))
            if self._rows_left <= 0 or self._characters_left <= 0:
                limits = {"rows": MAX_ROWS, "characters": MAX_CHARS}
                self.warnings.append(Reason("why_sheets_cut", name=name, **limits))
                return

    def _sheet_parts(self) -> dict[str, str]:
        """The name of each sheet's part, by the sheet's name."""
        main = self._package.related("", "officeDocument") or "xl/workbook.xml"
        relations = self._package.relations(main)
        tree = self._package.tree(main)
        sheets = tree.iterfind("{*}sheets/{*}sheet") if tree is not None else iter(())
        ids = {
            str(sheet.get("name")): str(value)
            for sheet in sheets
            for name, value in sheet.items()
            if etree.QName(name).localname == "id" and etree.QName(name).namespace
        }
        return {name: relations[relation_id][1] for name, relation_id in ids.items()}

    def _read_rows(self, name: str, layout: SheetLayout) -> Rows:
        sheet = self._workbook[name]
        sheet.reset_dimensions()  # a sheet's word about its size need not be true
        rows: Rows = {}
        characters = 0
        for number, row in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), start=1):
            if number not in layout.filled_rows or number in layout.hidden_rows:
                continue
            cells: dict[int, Cell] = {}
            for column, cell in enumerate(row, start=1):
                if cell.value is None or cell.data_type == "e" or column in layout.hidden_columns:
                    continue
                text = cell_text(cell.value, cell.number_format)
                if text.strip():
                    cells[column] = Cell(text, is_number=not isinstance(cell.value, str))
                    characters += len(text)
            if cells:
                rows[number] = cells
                self._rows_left -= 1
            if self._rows_left <= 0 or characters > self._characters_left:
                break
        _spread_merged(rows, layout)
        return rows

    def _add_sheet(self, number: int, name: str, rows: Rows) -> None:
        if not rows:
            self.empty.append(number)
            self.warnings.append(Reason("why_sheet_empty", name=normalise_line(name)))
            return
        self.builder.start_page(number, name)
        self.builder.add_heading(name, level=2)
        empty = Cell()
        for position, island in enumerate(_islands(rows)):
            columns = sorted({column for cells in island for column in cells})
            grid = [[cells.get(column, empty) for column in columns] for cells in island]
            blocks = table_blocks(grid)  # not all at once: they can be far longer than the cells
            first = next(blocks)
            # A line of its own above the very first table is the title.
            if position == 0 and len(self.builder.pages) == 1 and _is_line(island[0]):
                line = normalise_line(first)
                self.title = line if len(line) <= MAX_TITLE_CHARS and len(rows) > 1 else None
            for block in itertools.chain([first], blocks):
                self.builder.add_block(block)
                self._characters_left -= len(block)
                if self._characters_left <= 0:
                    return


def _is_line(cells: dict[int, Cell]) -> bool:
    """True if the row has one cell only, or a cell that is merged over all of them."""
    return sum(cell.merged != "left" for cell in cells.values()) == 1


def _spread_merged(rows: Rows, layout: SheetLayout) -> None:
    """Put the text of a merged cell into each place that it covers, in rows that have cells of their own."""
    for (row, column), (top, left) in layout.merged.items():
        if row in layout.hidden_rows or column in layout.hidden_columns:
            continue
        first = rows.get(top, {}).get(left)
        if first is not None and row in rows and not first.merged:
            merged = Cell(first.text, is_number=first.is_number, merged="above" if row > top else "left")
            rows[row].setdefault(column, merged)


def _islands(rows: Rows) -> Iterator[list[dict[int, Cell]]]:
    """Runs of rows without an empty row between them: tables, and the lines above and below them."""
    island: list[dict[int, Cell]] = []
    last = 0
    for number, cells in rows.items():
        if island and number > last + 1:
            yield island
            island = []
        island.append(cells)
        last = number
    if island:
        yield island
