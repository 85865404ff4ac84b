"""Word files (.docx) → the text that a reader sees: the body in its order, then the notes."""

from __future__ import annotations

from collections.abc import Iterator

from qa.errors import LoadError
from qa.i18n.reasons import Reason
from qa.loaders.office.archive import damaged
from qa.loaders.office.package import Element, Package
from qa.loaders.office.properties import read_properties
from qa.loaders.office.tables import Cell, table_blocks
from qa.loaders.office.word_runs import MC, RunReader, alternative
from qa.loaders.office.word_styles import (
    Numbering,
    Styles,
    W,
    is_dark,
    is_dark_colour,
    is_on,
    number_of,
    value_of,
)
from qa.loaders.parsed import Parsed, TextBuilder
from qa.text.normalise import normalise_line

PROGRAM = "Word"

MAX_HEADING_CHARS = 250
"""Limits a heading. A longer paragraph is text that was given a heading's style for its looks."""

MAX_COLUMNS = 63
"""Limits the columns of a table, as Word does."""

MIN_LAYOUT_PARAGRAPHS, MAX_VALUE_CHARS = 3, 500
"""Limits of a value in a table. A cell with so many paragraphs, and with more text, is a column of a page."""

WRAPPERS = frozenset(f"{W}{name}" for name in ("sdtContent", "customXml", "ins", "moveTo", "smartTag"))
"""Elements around paragraphs, tables, rows or cells that mean nothing for reading. Deleted or moved text (w:del,
w:moveFrom) is not among them."""

CONTENTS = "Table of Contents"
"""Word's gallery of tables of contents."""

NOTES = (("footnotes", "footnote", "Footnotes"), ("endnotes", "endnote", "Endnotes"))
"""The kind of the part, the name of its elements, and their heading."""


def read_word(data: bytes) -> Parsed:
    """The text of a Word file, without comments, headers, footers, and deleted or hidden text."""
    with Package(data, program=PROGRAM) as package:
        main = package.related("", "officeDocument") or "word/document.xml"
        tree = package.tree(main)
        if tree is None:
            raise damaged(PROGRAM)
        body = tree.find(f"{W}body")
        if tree.tag != f"{W}document" or body is None:
            raise LoadError(Reason("why_not_word"))
        reader = _Reader(package, main, is_dark_page=_is_dark_page(package, main, tree))
        reader.add_content(body)
        reader.add_notes(package, main)
        properties = read_properties(package)
    builder = reader.builder
    heading = next((section.heading for section in builder.sections if section.level == 1), None)
    return Parsed(
        text=builder.text,
        title=properties.title or heading,
        date=properties.date,
        sections=builder.sections,
        title_from="properties" if properties.title else "text",
        warnings=(Reason("why_hidden_text"),) if reader.runs.has_hidden else (),
    )


def _is_dark_page(package: Package, main: str, tree: Element) -> bool:
    settings = package.tree(package.related(main, "settings") or "")
    is_shown = settings is not None and is_on(settings.find(f"{W}displayBackgroundShape"))
    return is_shown and is_dark_colour(value_of(tree.find(f"{W}background"), "color"))


def _children(parent: Element, name: str) -> Iterator[Element]:
    """The rows of a table or the cells of a row, also inside of content controls and insertions."""
    for child in parent:
        if child.tag == W + name:
            yield child
        elif child.tag in WRAPPERS or child.tag == f"{W}sdt":
            yield from _children(child, name)


class _Reader:
    """Adds paragraphs, tables and notes to `builder`, block by block."""

    def __init__(self, package: Package, main: str, *, is_dark_page: bool) -> None:
        self.styles = Styles(package.tree(package.related(main, "styles") or ""))
        self.numbering = Numbering(package.tree(package.related(main, "numbering") or ""), self.styles)
        self.runs = RunReader(self.styles, is_dark_page=is_dark_page)
        self.builder = TextBuilder()
        self._items: list[str] = []  # of the list that is being read

    def add_content(self, container: Element, *, on_dark: bool = False) -> None:
        """Add the paragraphs and tables in `container`: a body, a text box, a cell that lays out a page."""
        self._add_content(container, on_dark)
        self._end_list()

    def _add_content(self, container: Element, on_dark: bool) -> None:
        for child in container:
            if child.tag == f"{W}p":
                self._add_paragraph(child, on_dark)
            elif child.tag == f"{W}tbl":
                self._end_list()
                self._add_table(child, on_dark)
            elif child.tag == f"{W}sdt":
                if value_of(child.find(f"{W}sdtPr/{W}docPartObj/{W}docPartGallery")) != CONTENTS:
                    self._add_content(child, on_dark)
            elif child.tag in WRAPPERS:
                self._add_content(child, on_dark)
            elif child.tag == f"{MC}AlternateContent":
                self._add_content(alternative(child), on_dark)

    def _end_list(self) -> None:
        self.builder.add_block("\n".join(self._items))
        self._items = []

    def _add_paragraph(self, paragraph: Element, on_dark: bool) -> None:
        text, boxes = self.runs.read(paragraph, on_dark=on_dark)
        level = self.styles.heading_level(paragraph)
        mark = self.numbering.mark(paragraph) if level is None else None
        if not text.strip() or self.styles.is_contents(paragraph):
            pass
        elif level is not None and len(text) <= MAX_HEADING_CHARS:
            self._end_list()
            self.builder.add_heading(text, level=level)
        elif mark:
            self._items.append(f"{'  ' * mark[1]}{mark[0]}{normalise_line(text)}")
        else:
            self._end_list()
            self.builder.add_block(text)
        for box in boxes:
            self.add_content(box.content, on_dark=box.is_dark)

    def _add_table(self, table: Element, on_dark: bool) -> None:
        rows = [row for row in _children(table, "tr") if not _is_left_out(row)]
        dark = on_dark or self.styles.is_shaded(value_of(table.find(f"{W}tblPr/{W}tblStyle")))
        if _is_layout(rows):
            for row in rows:
                for cell in _children(row, "tc"):
                    self.add_content(cell, on_dark=dark or _is_dark_cell(cell))
            return
        for block in table_blocks(self._grid(rows, dark), header_rows=self._header_rows(table, rows)):
            self.builder.add_block(block)

    def _grid(self, rows: list[Element], dark: bool) -> list[list[Cell]]:
        """The cells of a table at their places."""
        grid: list[list[Cell]] = []
        for row in rows:
            above = grid[-1] if grid else []
            cells = [Cell()] * min(number_of(row.find(f"{W}trPr/{W}gridBefore")) or 0, MAX_COLUMNS)
            for element in _children(row, "tc"):
                span = max(1, min(number_of(element.find(f"{W}tcPr/{W}gridSpan")) or 1, MAX_COLUMNS))
                merge = element.find(f"{W}tcPr/{W}vMerge")
                if merge is not None and value_of(merge) != "restart" and len(cells) < len(above):
                    cells.append(Cell(above[len(cells)].text, merged="above"))
                else:
                    lines = self._lines(element, dark or _is_dark_cell(element))
                    cells.append(Cell("\n".join(lines)))
                cells += [Cell(cells[-1].text, merged="left")] * (span - 1)
            grid.append(cells[:MAX_COLUMNS])
        return grid

    def _lines(self, container: Element, dark: bool) -> Iterator[str]:
        """The text in `container`, a line for each paragraph and for each row of a table inside of it."""
        for child in container:
            if child.tag == f"{W}p":
                text, boxes = self.runs.read(child, on_dark=dark)
                if text.strip():
                    yield normalise_line(text)
                for box in boxes:
                    yield from self._lines(box.content, box.is_dark)
            elif child.tag == f"{W}tr" and not _is_left_out(child):
                cells = (" ".join(self._lines(cell, dark)) for cell in _children(child, "tc"))
                yield " | ".join(cell for cell in cells if cell)
            elif child.tag in (f"{W}tbl", f"{W}sdt") or child.tag in WRAPPERS:
                yield from self._lines(child, dark)

    def _header_rows(self, table: Element, rows: list[Element]) -> int | None:
        """The number of rows of headings that the file names or shows; None if it does neither."""
        marked = 0
        while marked < len(rows) and is_on(rows[marked].find(f"{W}trPr/{W}tblHeader")):
            marked += 1
        if marked or len(rows) < 2:
            return marked or None
        if self._is_bold(rows[0]) and not self._is_bold(rows[1]):
            return 1
        look = table.find(f"{W}tblPr/{W}tblLook")
        styles = self.styles.chain(value_of(table.find(f"{W}tblPr/{W}tblStyle")))
        is_painted = any(
            value_of(part, "type") == "firstRow" for style in styles for part in style.iter(f"{W}tblStylePr")
        )
        return 1 if is_painted and value_of(look, "firstRow") in ("1", "true", "on") else None

    def _is_bold(self, row: Element) -> bool:
        bold = [
            any(is_on(holder.find(f"{W}rPr/{W}b")) for holder in (run, *self.styles.of_paragraph(paragraph)))
            for paragraph in row.iter(f"{W}p")
            for run in paragraph.iter(f"{W}r")
            if (run.findtext(f"{W}t") or "").strip()
        ]
        return bool(bold) and all(bold)

    def add_notes(self, package: Package, main: str) -> None:
        """Add the footnotes and endnotes, under headings of their own."""
        for kind, name, heading in NOTES:
            tree = package.tree(package.related(main, kind) or "")
            # Those with a type are the lines that part notes from the text.
            notes = tree.iterfind(W + name) if tree is not None else ()
            texts = [" ".join(self._lines(note, False)) for note in notes if value_of(note, "type") is None]
            for number, text in enumerate(filter(None, texts)):
                if number == 0:
                    self.builder.add_heading(heading, level=1)
                self.builder.add_block(text)


def _is_left_out(row: Element) -> bool:
    return any(is_on(row.find(f"{W}trPr/{W}{name}")) for name in ("del", "hidden"))


def _is_dark_cell(cell: Element) -> bool:
    return is_dark(cell.find(f"{W}tcPr/{W}shd"))


def _is_layout(rows: list[Element]) -> bool:
    """True for a table that only puts text side by side or into a frame."""
    cells = [list(_children(row, "tc")) for row in rows]
    if all(len(row) <= 1 for row in cells):
        return True
    return any(
        sum(map(bool, lengths)) >= MIN_LAYOUT_PARAGRAPHS and sum(lengths) > MAX_VALUE_CHARS
        for row in cells
        for cell in row
        for lengths in [[sum(len(t.text or "") for t in p.iter(f"{W}t")) for p in cell.iterfind(f"{W}p")]]
    )
