"""Ruled lines and glyphs → tables: the grids that the lines make, and the text in their cells."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from qa.loaders.office.tables import Cell, table_blocks
from qa.loaders.pdf.lines import Line, build_lines, group_rows, join_lines, join_row
from qa.loaders.pdf.page import THIN, Glyph, Rule, turn

MAX_CELLS = 5000
"""Limits the cells of a grid. Graph paper has more."""

MAX_GRIDS = 100
"""Limits the grids of a page. A page with more is no page of tables."""

MIN_UNRULED_ROWS = 3
"""Limits the rows of a grid without lines between rows. Two lines in each cell may be one folded row."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, of equal length, the header first, and the place on the page; y grows downwards."""

    rows: tuple[tuple[Cell, ...], ...]
    x0: float
    x1: float
    top: float
    bottom: float

    @property
    def blocks(self) -> tuple[str, ...]:
        """The table as text, row by row, with the headings of its columns, if there are any."""
        return tuple(table_blocks(self.rows))

    @property
    def text(self) -> str:
        """The blocks as one text."""
        return "\n".join(self.blocks)


@dataclass(frozen=True, slots=True)
class Grid:
    """The places of a table's lines, ascending, and its level and upright lines."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    level: tuple[Rule, ...]
    upright: tuple[Rule, ...]

    def holds(self, glyph: Glyph) -> bool:
        """True if the glyph stands inside the grid."""
        x, y = _center(glyph)
        return self.xs[0] <= x <= self.xs[-1] and self.ys[0] <= y <= self.ys[-1]


def find_grids(rules: Sequence[Rule], *, angle: int) -> list[Grid]:
    """The grids with two columns or more that the rules make, seen from `angle`, the smallest first."""
    level: list[Rule] = []
    upright: list[Rule] = []
    for rule in rules:
        (x0, y0), (x1, y1) = turn(rule.x0, rule.y0, angle), turn(rule.x1, rule.y1, angle)
        turned = Rule(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        (level if turned.x1 - turned.x0 >= turned.y1 - turned.y0 else upright).append(turned)
    grids = []
    for levels, uprights in _components(level, upright):
        xs = _places((rule.x0 + rule.x1) / 2 for rule in uprights)
        ys = _places((rule.y0 + rule.y1) / 2 for rule in levels)
        if len(xs) >= 3 and len(ys) >= 2 and len(xs) * len(ys) <= MAX_CELLS:
            grids.append(Grid(xs, ys, levels, uprights))
    # A frame around everything would swallow the tables in it, so smaller grids come first.
    grids.sort(key=lambda grid: (grid.xs[-1] - grid.xs[0]) * (grid.ys[-1] - grid.ys[0]))
    return grids[:MAX_GRIDS]


def _components(
    level: Sequence[Rule], upright: Sequence[Rule]
) -> Iterator[tuple[tuple[Rule, ...], tuple[Rule, ...]]]:
    """The level and upright rules that touch each other, directly or by way of other rules."""
    if not level or not upright:
        return
    h, v = _array(level), _array(upright)
    touches = (
        (h[:, None, 0] <= v[None, :, 2] + THIN)
        & (v[None, :, 0] <= h[:, None, 2] + THIN)
        & (h[:, None, 1] <= v[None, :, 3] + THIN)
        & (v[None, :, 1] <= h[:, None, 3] + THIN)
    )
    waiting = set(range(len(level)))
    while waiting:
        rows, columns = np.zeros(len(level), bool), np.zeros(len(upright), bool)
        rows[waiting.pop()] = True
        count = -1
        while count != (count := int(rows.sum() + columns.sum())):
            columns |= touches[rows].any(axis=0)
            rows |= touches[:, columns].any(axis=1)
        waiting -= set(np.flatnonzero(rows).tolist())
        if columns.any():
            yield (
                tuple(level[index] for index in np.flatnonzero(rows).tolist()),
                tuple(upright[index] for index in np.flatnonzero(columns).tolist()),
            )


def _array(rules: Sequence[Rule]) -> NDArray[np.float64]:
    return np.array([(rule.x0, rule.y0, rule.x1, rule.y1) for rule in rules])


def _places(values: Iterable[float]) -> tuple[float, ...]:
    """The values, ascending. Of values within a line's thickness, the first stands."""
    places: list[float] = []
    for value in sorted(values):
        if not places or value - places[-1] > THIN:
            places.append(value)
    return tuple(places)


def _center(glyph: Glyph) -> tuple[float, float]:
    return (glyph.x0 + glyph.x1) / 2, (glyph.top + glyph.bottom) / 2


def read_table(grid: Grid, glyphs: Sequence[Glyph], *, words: frozenset[str]) -> Table | None:
    """The table of the glyphs, all inside the grid; None if they stand in one column or row."""
    homes = _homes(grid)
    cells: dict[tuple[int, int], list[Glyph]] = {}
    for glyph in glyphs:
        x, y = _center(glyph)
        place = bisect(grid.ys, y, 1, len(grid.ys) - 1) - 1, bisect(grid.xs, x, 1, len(grid.xs) - 1) - 1
        cells.setdefault(homes[place], []).append(glyph)
    lines = {home: [join_row(row) for row in group_rows(build_lines(cell))] for home, cell in cells.items()}
    rows: list[tuple[Cell, ...]] = []
    for number in range(len(grid.ys) - 1):
        spots = [homes[number, column] for column in range(len(grid.xs) - 1)]
        for texts in _split_row([lines.get(spot, []) for spot in spots], words):
            rows.append(tuple(_cell(text, spots, at, number) for at, text in enumerate(texts)))
    rows = [row for row in rows if any(cell.text for cell in row)]
    own = [sum(bool(cell.text) and cell.merged != "left" for cell in row) for row in rows]
    if len(rows) < 2 or max(own) < 2:
        return None
    return Table(tuple(rows), grid.xs[0], grid.xs[-1], grid.ys[0], grid.ys[-1])


def _cell(text: str, spots: Sequence[tuple[int, int]], at: int, number: int) -> Cell:
    """The cell in row `number` and column `at`; `spots` are the places where the row's cells begin."""
    if at and spots[at] == spots[at - 1]:
        return Cell(text, merged="left")
    return Cell(text, merged="above" if spots[at][0] < number else "")


def _split_row(cells: Sequence[list[Line]], words: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """The rows of text in a row of the grid: several where all cells have equally many lines at equal heights."""
    filled = [cell for cell in cells if cell]
    count = len(filled[0]) if filled else 0
    if (
        len(filled) >= 2
        and count >= MIN_UNRULED_ROWS
        and all(len(cell) == count for cell in filled)
        and all(abs(cell[i].bottom - filled[0][i].bottom) < THIN for cell in filled for i in range(count))
    ):
        yield from (tuple(cell[i].text if cell else "" for cell in cells) for i in range(count))
    else:
        yield tuple(join_lines(cell, words) for cell in cells)


def _homes(grid: Grid) -> dict[tuple[int, int], tuple[int, int]]:
    """For each cell of the grid, the first of the cells that no line parts from it."""
    homes: dict[tuple[int, int], tuple[int, int]] = {}
    level, upright = _array(grid.level), _array(grid.upright)
    for row, column in product(range(len(grid.ys) - 1), range(len(grid.xs) - 1)):
        x, y = (grid.xs[column] + grid.xs[column + 1]) / 2, (grid.ys[row] + grid.ys[row + 1]) / 2
        home = row, column
        if column and not _is_parted(upright, grid.xs[column], y, across=THIN, along=0):
            home = homes[row, column - 1]
        elif row and not _is_parted(level, x, grid.ys[row], across=0, along=THIN):
            home = homes[row - 1, column]
        homes[row, column] = home
    return homes


def _is_parted(rules: NDArray[np.float64], x: float, y: float, *, across: float, along: float) -> bool:
    """True if a rule goes through the point, or past it within the tolerances."""
    x0, y0, x1, y1 = rules.T
    return bool(((x0 - across <= x) & (x <= x1 + across) & (y0 - along <= y) & (y <= y1 + along)).any())
