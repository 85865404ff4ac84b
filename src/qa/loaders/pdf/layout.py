"""The pieces of a page → columns in reading order, and tables without ruled lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import fmean

from qa.loaders.office.tables import Cell
from qa.loaders.pdf.lines import Line, group_rows, is_cjk, join_row
from qa.loaders.pdf.tables import Table

MIN_GUTTER = 0.9
"""Limits the gap between two columns, as a share of the body's size. Blanks in justified text come near it, but
not at the same place in line after line."""

MIN_COLUMN_ROWS = 3
"""Limits the rows of columns. Fewer rows stand side by side by chance."""

MIN_FILL = 0.55
"""Limits the mean length of lines of running text, as a share of the column's width. Cells of a table fill
less."""

MIN_PROSE_CHARS = 18
"""Limits the mean length of lines of running text in a column. Cells of a table have fewer characters."""

HEADING_RATIO = 1.13
"""The ratio of a heading's size to the body's. Producers use 12 over 10.5 points at least."""

BREAK_LINES = 2.0
"""The empty room, as a share of the size, beside a heading that belongs to both columns."""

MARKER_ROOM = 4.0
"""The widest tab between a bullet and its item, as a share of the size."""

MAX_PIECES = 4000
"""Limits the pieces of a page with columns. A page with more is a drawing and would take long; a newspaper's
page has half of that."""

MAX_DEPTH = 4
"""Limits columns in columns."""

BULLET = re.compile(
    r"^(?:[•●○◦■□◆◇▪▫‣⁃∙·・➢➤✓✔►▶*\uf000-\uf0ff\ue000-\ue0ff]|[-–—−](?=\s)"
    r"|–(?=[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]))\s*(?=\S)"
)
"""The bullet of a list's item. Private-use characters are those of the Symbol fonts. Before letters that are
written without blanks, a dash needs no blank either."""

Element = Line | Table
Column = list[Element]
Interval = tuple[float, float]


def read_columns(elements: Sequence[Element], *, size: float, depth: int = 0) -> list[Column]:
    """The elements in columns, from the top down, with the columns in reading order.

    `size` is the body's. The pieces of a line in a column are joined.
    """
    if not elements:
        return []
    if len(elements) > MAX_PIECES:
        return [_stack(elements)]
    whole = (min(e.x0 for e in elements) - 1, max(e.x1 for e in elements) + 1)
    columns: list[Column] = []
    is_open = False
    for bands, gutters in _groups(_bands(elements), whole, size):
        members = [element for band in bands for element in band]
        parts = _cut(members, gutters)
        if (table := _as_table(bands, gutters)) is not None:
            members = table
        elif len(parts) >= 2 and depth < MAX_DEPTH and _are_columns(parts):
            for part in parts:
                columns += read_columns(part, size=size, depth=depth + 1)
            is_open = False
            continue
        # Elements that follow in the same width go on with the same text.
        if is_open:
            columns[-1] += _stack(members)
        else:
            columns.append(_stack(members))
        is_open = True
    return columns


def _bands(elements: Sequence[Element]) -> list[list[Element]]:
    """The elements in bands from the top down: what stands beside each other is in one."""
    bands: list[list[Element]] = []
    bottom = 0.0
    for element in sorted(elements, key=lambda e: e.top):
        if bands and bottom - element.top > 0.3 * (element.bottom - element.top):
            bands[-1].append(element)
            bottom = max(bottom, element.bottom)
        else:
            bands.append([element])
            bottom = element.bottom
    return bands


def _groups(
    bands: list[list[Element]], whole: Interval, size: float
) -> Iterator[tuple[list[list[Element]], list[float]]]:
    """Runs of bands, and the middles of the gaps that go through all bands of a run."""
    group: list[list[Element]] = []
    common: list[Interval] = []
    reach = [max(element.x1 for element in band) for band in bands]
    for number, band in enumerate(bands):
        free = _free(band, whole)
        shared = _intersect(common, free, size) if group else free
        gutters = _gutters(group, common)
        # Where nothing follows at the right, the left column goes on below a right one that is shorter.
        is_last = not gutters or max(reach[number + 1 :], default=0.0) < gutters[0]
        following = bands[number + 1] if number + 1 < len(bands) else []
        is_break = _is_heading_across(band, group, following, [] if is_last else gutters, size)
        has_gap = _gutters(group, common) or _gutters([band], free)
        if group and (is_break or (has_gap and not _gutters([*group, band], shared))):
            yield group, _gutters(group, common)
            group, shared = [], free
        group = [*group, band]
        common = shared
    if group:
        yield group, _gutters(group, common)


def _is_heading_across(
    band: Sequence[Element],
    group: Sequence[Sequence[Element]],
    following: Sequence[Element],
    gutters: list[float],
    size: float,
) -> bool:
    """True if the band is a heading over all columns that is too short to reach over their gap."""
    line = band[0]
    if group and all(len(above) == 1 and _is_large(above[0], size) for above in group):
        # The headings that a page begins with are read before its columns, wherever they stand.
        return not (len(band) == 1 and _is_large(line, size))
    if not gutters or len(band) > 1 or isinstance(line, Table) or not _is_large(line, size):
        return False
    beside = [element.bottom for above in group for element in above if element.x0 >= gutters[0]]
    below = [element.top for element in following if element.x0 >= gutters[0]]
    room = min(below, default=line.bottom + BREAK_LINES * size) - max(beside)
    return line.x1 < gutters[0] and room >= line.bottom - line.top + BREAK_LINES * size


def _is_large(element: Element, size: float) -> bool:
    return isinstance(element, Line) and element.size >= HEADING_RATIO * size


def _free(band: Sequence[Element], whole: Interval) -> list[Interval]:
    """The level gaps that no element of the band reaches into."""
    gaps: list[Interval] = []
    end = whole[0]
    for element in sorted(band, key=lambda e: e.x0):
        if element.x0 > end:
            gaps.append((end, element.x0))
        end = max(end, element.x1)
    return [*gaps, (end, whole[1])] if end < whole[1] else gaps


def _intersect(first: list[Interval], second: list[Interval], size: float) -> list[Interval]:
    both = ((max(a[0], b[0]), min(a[1], b[1])) for a in first for b in second)
    return [gap for gap in both if gap[1] - gap[0] >= MIN_GUTTER * size]


def _gutters(bands: Sequence[Sequence[Element]], gaps: list[Interval]) -> list[float]:
    """The middles of those gaps that have something on both sides."""
    middles = [(gap[0] + gap[1]) / 2 for gap in gaps]
    return [
        middle
        for middle in middles
        if any(element.x1 <= middle for band in bands for element in band)
        and any(element.x0 >= middle for band in bands for element in band)
    ]


def _cut(elements: Sequence[Element], gutters: list[float]) -> list[list[Element]]:
    """The elements in parts from left to right, as the gutters divide them; none of the parts is empty."""
    parts: list[list[Element]] = [[] for _ in range(len(gutters) + 1)]
    for element in elements:
        parts[sum(element.x0 >= gutter for gutter in gutters)].append(element)
    return [part for part in parts if part]


def _stack(elements: Sequence[Element]) -> Column:
    """The elements from the top down, the pieces of a line joined."""
    rows: Column = [
        join_row(row) for row in group_rows(element for element in elements if isinstance(element, Line))
    ]
    return sorted(
        [*rows, *(element for element in elements if isinstance(element, Table))], key=lambda e: e.top
    )


def _are_columns(parts: Sequence[Sequence[Element]]) -> bool:
    """True if the parts, which stand beside each other, are read one after the other."""
    counts = [sum(len(e.rows) if isinstance(e, Table) else 1 for e in _stack(part)) for part in parts]
    return sum(count >= MIN_COLUMN_ROWS for count in counts) >= 2 or _has_list(parts)


def _has_list(parts: Sequence[Sequence[Element]]) -> bool:
    """True if a part has two items of a list, or if two parts have an item."""
    counts = [sum(isinstance(e, Line) and bool(BULLET.match(e.text)) for e in part) for part in parts]
    return max(counts) >= 2 or sum(map(bool, counts)) >= 2


def _as_table(bands: Sequence[Sequence[Element]], gutters: list[float]) -> Column | None:
    """The table that the bands make if they hold short pieces beside each other; None if they hold prose.

    Elements above and below the table, beside nothing, stay as they are.
    """
    rows = [number for number, band in enumerate(bands) if len(_cut(band, gutters)) >= 2]
    if not rows:
        return None
    table = _table(bands[rows[0] : rows[-1] + 1], gutters)
    around = [element for band in [*bands[: rows[0]], *bands[rows[-1] + 1 :]] for element in band]
    return None if table is None else [*around, table]


def _table(bands: Sequence[Sequence[Element]], gutters: list[float]) -> Table | None:
    lines = [element for band in bands for element in band if isinstance(element, Line)]
    parts = [[e for e in part if isinstance(e, Line)] for part in _cut(lines, gutters)]
    if len(lines) < sum(map(len, bands)) or len(parts) < 2 or _has_list(parts):
        return None
    shared = [band for band in bands if len(_cut(band, gutters)) >= 2]
    if len(shared) < 2 or len(shared) * len(parts) < 2 * MIN_COLUMN_ROWS or len(shared) * 2 < len(bands):
        return None
    if sum(_is_prose(part) for part in parts) > 1:
        return None
    rows: list[list[str]] = []
    for band in bands:
        row = [""] * (len(gutters) + 1)
        for part in _cut(band, gutters):
            column = sum(part[0].x0 >= gutter for gutter in gutters)
            row[column] = " ".join(e.text for e in _stack(part))
        if rows and not row[0]:
            # Text under a row's cell, beside nothing, goes on with the cell.
            rows[-1] = [f"{before} {after}".strip() for before, after in zip(rows[-1], row, strict=True)]
        else:
            rows.append(row)
    return Table(
        tuple(tuple(map(Cell, row)) for row in rows),
        min(line.x0 for line in lines),
        max(line.x1 for line in lines),
        min(line.top for line in lines),
        max(line.bottom for line in lines),
    )


def _is_prose(part: Sequence[Line]) -> bool:
    """True if the lines are running text, which fills its column, and not cells of a table."""
    rows = [join_row(row) for row in group_rows(part)]
    width = max(row.x1 for row in rows) - min(row.x0 for row in rows)
    fill = fmean(row.x1 - row.x0 for row in rows) / max(width, 1.0)
    characters = fmean(sum(2 if is_cjk(c) else 1 for c in row.text) for row in rows)
    return fill >= MIN_FILL and characters >= MIN_PROSE_CHARS


MARKER = re.compile(
    r"(?:[•●○◦■□◆◇▪▫‣⁃∙·・➢➤✓✔►▶*\uf000-\uf0ff\ue000-\ue0ff–—-]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])$"
)


def attach_markers(lines: Sequence[Line]) -> list[Line]:
    """The lines, with the bullets and numbers that a tab parts from their items joined to them."""
    attached: list[Line] = []
    for line in lines:
        before = attached[-1] if attached else None
        if (
            before is not None
            and MARKER.match(before.text)
            and 0 < line.x0 - before.x1 < MARKER_ROOM * line.size
            and min(line.bottom, before.bottom) - max(line.top, before.top) > 0.4 * before.size
        ):
            attached[-1] = join_row([replace(before, ends_in_blank=True), line])
        else:
            attached.append(line)
    return attached
