"""The graphics of a slide → text: tables, charts, SmartArt."""

from __future__ import annotations

from collections.abc import Iterator

from openpyxl.styles.numbers import is_date_format
from openpyxl.utils.datetime import from_excel

from qa.loaders.office.number_format import cell_text
from qa.loaders.office.package import Element, is_true, number_in
from qa.loaders.office.slide_text import A, read_lines
from qa.loaders.office.tables import Cell, table_blocks
from qa.text.normalise import normalise_line

C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"

NODES = (None, "node", "asst")
"""The points of a SmartArt graphic that carry its text. Other points are lines between them."""


def read_table(table: Element) -> tuple[list[str], bool]:
    """The blocks of an a:tbl, and whether any words in it cannot be seen."""
    grid: list[list[Cell]] = []
    has_hidden = False
    for row in table.iterfind(f"{A}tr"):
        above = grid[-1] if grid else []
        cells: list[Cell] = []
        for element in row.iterfind(f"{A}tc"):
            if is_true(element.get("vMerge")) and len(cells) < len(above):
                cells.append(Cell(above[len(cells)].text, merged="above"))
            elif is_true(element.get("hMerge")) and cells:
                cells.append(Cell(cells[-1].text, merged="left"))
            else:
                body = element.find(f"{A}txBody")
                lines, hides = read_lines(body, is_list=False) if body is not None else ([], False)
                has_hidden = has_hidden or hides
                cells.append(Cell(" ".join(normalise_line(line.text) for line in lines)))
        grid.append(cells)
    properties = table.find(f"{A}tblPr")
    has_header = properties is not None and is_true(properties.get("firstRow"))
    return list(table_blocks(grid, header_rows=1 if has_header else None)), has_hidden


def read_chart(space: Element) -> Iterator[str]:
    """The title of a chart (a c:chartSpace), and a block for each category with its values."""
    title = space.find(f"{C}chart/{C}title")
    if title is not None:
        yield normalise_line("".join(str(piece.text or "") for piece in title.iter(f"{A}t")))
    names: list[Cell] = [Cell()]
    categories: dict[int, str] = {}
    columns: list[dict[int, str]] = []
    for series in space.iter(f"{C}ser"):
        categories = categories or _points(series, "cat") or _points(series, "xVal")
        columns.append(_points(series, "val") or _points(series, "yVal"))
        names.append(Cell(_points(series, "tx").get(0) or series.findtext(f"{C}tx/{C}v") or ""))
    indices = sorted({index for column in columns for index in column})
    rows = [
        [
            Cell(categories.get(index, "")),
            *[Cell(column.get(index, ""), is_number=True) for column in columns],
        ]
        for index in indices
    ]
    yield from table_blocks([names, *rows], header_rows=1)


def read_diagram(data: Element) -> Iterator[str]:
    """The text of a SmartArt graphic (a dgm:dataModel), as a list."""
    lines = [
        f"- {normalise_line(line.text)}"
        for point in data.iter(f"{DGM}pt")
        if point.get("type") in NODES and (body := point.find(f"{DGM}t")) is not None
        for line in read_lines(body, is_list=True)[0]
    ]
    yield "\n".join(lines)


def _points(series: Element, name: str) -> dict[int, str]:
    """The text of each point of a chart's data, by its index."""
    found: dict[int, str] = {}
    for cache in series.iterfind(f"{C}{name}/*/*"):
        number_format = cache.findtext(f"{C}formatCode")
        level = cache.find(f"{C}lvl")  # of categories in several levels, the innermost
        for point in (cache if level is None else level).iterfind(f"{C}pt"):
            index = number_in(point.get("idx"))
            if index is not None:
                found[index] = _point_text(point.findtext(f"{C}v") or "", number_format)
    return found


def _point_text(value: str, number_format: str | None) -> str:
    if number_format is None:
        return value
    try:
        number = float(value)
        return cell_text(from_excel(number) if is_date_format(number_format) else number, number_format)
    except (ValueError, OverflowError):
        return value
