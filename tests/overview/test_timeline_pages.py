"""Facts about periods: every statement is in one, and none is longer than can be sent."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.domain import Chunk, Place, Source, Span
from qa.overview.timeline import Event
from qa.overview.timeline_pages import split_into_periods
from qa.rendering.timeline import timeline_html


def events_of(years: Sequence[int]) -> tuple[Event, ...]:
    made = []
    for number, year in enumerate(years):
        text = f"Number {number} was in {year}."
        span = Span(0, len(text))
        chunk = Chunk(f"c{number}", Source("d", "d.md", "D"), Place(span), text, (span,))
        made.append(Event(year, None, None, text, chunk, span, Span(len(text) - 5, len(text) - 1), ()))
    return tuple(made)


def test_few_statements_are_one_period() -> None:
    events = events_of([1990, 2001, 2001])
    (period,) = split_into_periods(events)
    assert period.events == events
    assert period.label == "1990–2001 (3)"


def test_the_newest_period_comes_first_and_a_year_is_not_torn() -> None:
    periods = split_into_periods(events_of([1990, 1991, 1991, 1992]), most=3)
    assert [period.label for period in periods] == ["1991–1992 (3)", "1990 (1)"]


def test_a_year_that_is_too_long_comes_in_parts() -> None:
    periods = split_into_periods(events_of([1990, *[1991] * 5, 1992]), most=2)
    labels = ["1992 (1)", "1991 [1] (2)", "1991 [2] (2)", "1991 [3] (1)", "1990 (1)"]
    assert [period.label for period in periods] == labels


def test_nothing_makes_no_period_and_no_room_is_an_error() -> None:
    assert split_into_periods(()) == ()
    with pytest.raises(ValueError, match="room"):
        split_into_periods((), most=0)


@given(st.lists(st.integers(1990, 2005)), st.integers(1, 9))
def test_every_statement_is_in_one_period_in_its_order(years: list[int], most: int) -> None:
    events = events_of(sorted(years))
    periods = split_into_periods(events, most=most)
    assert all(0 < len(period.events) <= most for period in periods)
    assert len({period.label for period in periods}) == len(periods)
    shown = [event for period in periods for event in period.events]
    assert sorted(shown, key=events.index) == list(events)
    for period in periods:
        assert list(period.events) == sorted(period.events, key=events.index)
        assert (period.events[0].year, period.events[-1].year) == (period.first, period.last)


def test_a_timeline_says_how_many_statements_are_not_shown() -> None:
    events = events_of([1990, 1991, 1992])
    part = timeline_html(events[1:], name_city=lambda city, language: city, language="en", count=3)
    assert "2 of 3 statements are shown." in part
    whole = timeline_html(events, name_city=lambda city, language: city, language="en", count=3)
    assert "statements are shown" not in whole
