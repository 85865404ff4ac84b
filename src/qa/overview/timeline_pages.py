"""Dated statements in portions of some years, each small enough to be read and sent at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa.overview.timeline import Event

MAX_EVENTS = 200
"""Statements in a period: some 150 KB of page."""


@dataclass(frozen=True, slots=True)
class Period:
    """Statements dated from the year `first` to the year `last`, in the order of time.

    `part` counts from 1 where one year has more statements than a period takes; it is None elsewhere.
    """

    first: int
    last: int
    events: tuple[Event, ...]
    part: int | None = None

    @property
    def label(self) -> str:
        """The years and how many statements there are: digits only, the same in every language."""
        years = str(self.first) if self.first == self.last else f"{self.first}–{self.last}"
        part = f" [{self.part}]" if self.part else ""
        return f"{years}{part} ({len(self.events)})"


def split_into_periods(events: Sequence[Event], *, most: int = MAX_EVENTS) -> tuple[Period, ...]:
    """`events`, which are in the order of time, in periods of `most` at most, the newest period first.

    A year is in one period, unless it has more than `most` statements itself. Raises `ValueError` for a `most`
    below 1.
    """
    if most < 1:
        raise ValueError(f"a period needs room for an event, not for {most}")
    years = [tuple(of_year) for _, of_year in itertools.groupby(events, key=lambda event: event.year)]
    return tuple(_periods(years[::-1], most))


def _periods(years: Sequence[tuple[Event, ...]], most: int) -> Iterator[Period]:
    kept: tuple[Event, ...] = ()
    for of_year in years:
        if kept and len(kept) + len(of_year) > most:
            yield Period(kept[0].year, kept[-1].year, kept)
            kept = ()
        if len(of_year) > most:
            year = of_year[0].year
            parts = [of_year[start : start + most] for start in range(0, len(of_year), most)]
            yield from (Period(year, year, part, number) for number, part in enumerate(parts, start=1))
        else:
            kept = (*of_year, *kept)
    if kept:
        yield Period(kept[0].year, kept[-1].year, kept)
