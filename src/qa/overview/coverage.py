"""What the documents cover: city by subject, with how many passages there are and how new they are.

For those who write documents, to see what is missing; so a city without any is a row as well. A passage counts
for a city that its document is about, or that it names beside one other at most: a longer list says nothing of any
of them. It counts for each subject that it is about (`qa.overview.subjects`), and in the row's total also
where it is about none.

How new a passage is says the date of its document; where none is known, the newest year (and month) that the
passage itself names, as far as it is not in the future: a plan for 2050 is not news of 2050.
"""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.cities import CityCatalogue, Subject
from qa.domain import Chunk
from qa.overview.timeline import Event
from qa.storage.manifest import DocumentRecord

CITIES_IN_LIST = 2
"""A passage that names more cities than this only lists them."""

DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")
"""A year, month or day (ISO 8601). As strings such dates stand in the order of time, a year before its months."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How many passages there are, and the newest date of them that is known (ISO 8601), "" if none is."""

    passages: int = 0
    newest: str = ""


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """A city: a cell for each subject, the documents that are about it, and all its passages."""

    city: str
    cells: tuple[Cell, ...]
    documents: int
    total: Cell


@dataclass(frozen=True, slots=True)
class Coverage:
    """The table: `rows` in the order of the catalogue, the cells of each in the order of `subjects`."""

    subjects: tuple[Subject, ...]
    rows: tuple[CoverageRow, ...]

    @property
    def most(self) -> int:
        """The most passages that any cell has."""
        return max((cell.passages for row in self.rows for cell in row.cells), default=0)


def survey(
    chunks: Sequence[Chunk],
    *,
    records: Iterable[DocumentRecord],
    events: Iterable[Event],
    subjects: Sequence[Subject],
    is_about: NDArray[np.bool_],
    catalogue: CityCatalogue,
    today: datetime.date | None = None,
) -> Coverage:
    """The table for all partner cities of `catalogue`.

    `is_about` tells of each of `chunks` and each of `subjects` whether it is about it: shape (chunks, subjects).
    `events` are what the chunks date; nothing after `today` (now, if None) counts.
    """
    now = (today or datetime.date.today()).isoformat()
    by_doc = {record.doc_id: record for record in records}
    named = _newest_named(events, now)
    counts: dict[tuple[str, int], int] = defaultdict(int)
    newest: dict[tuple[str, int], str] = defaultdict(str)
    for chunk, about in zip(chunks, is_about, strict=True):
        record = by_doc.get(chunk.source.doc_id)
        date = _date_of(record, now) or named.get(chunk.chunk_id, "")
        columns = [*map(int, np.flatnonzero(about)), len(subjects)]  # the last is the total's
        for city in _cities_of(chunk, record):
            for column in columns:
                counts[city, column] += 1
                newest[city, column] = max(newest[city, column], date)

    def cell(city: str, column: int) -> Cell:
        return Cell(counts.get((city, column), 0), newest.get((city, column), ""))

    return Coverage(
        subjects=tuple(subjects),
        rows=tuple(
            CoverageRow(
                city=city.name,
                cells=tuple(cell(city.name, column) for column in range(len(subjects))),
                documents=sum(city.name in record.cities for record in by_doc.values()),
                total=cell(city.name, len(subjects)),
            )
            for city in catalogue.partners
        ),
    )


def _cities_of(chunk: Chunk, record: DocumentRecord | None) -> tuple[str, ...]:
    own = record.cities if record else ()
    cities = chunk.source.cities
    return cities if len(cities) <= CITIES_IN_LIST else tuple(city for city in cities if city in own)


def _date_of(record: DocumentRecord | None, now: str) -> str:
    """The date of a document if it has one that can be read and is not to come."""
    date = (record.date if record else None) or ""
    return date if DATE.fullmatch(date) and date <= now else ""


def _newest_named(events: Iterable[Event], now: str) -> Mapping[str, str]:
    """The newest date that each chunk names, by its id; of a range its end, if that is not to come."""
    newest: dict[str, str] = {}
    for event in events:
        start = f"{event.year:04}-{event.month:02}" if event.month else f"{event.year:04}"
        dates = [start, *([f"{event.end_year:04}"] if event.end_year else [])]
        for date in dates:
            if date <= now and date > newest.get(event.chunk.chunk_id, ""):
                newest[event.chunk.chunk_id] = date
    return newest
