"""Dated statements → a list by year: readable as it is, and each leads to its place in its document."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from qa.answer.composition import cite
from qa.domain import Evidence, Span
from qa.i18n.messages import join_names, say
from qa.overview.timeline import Event
from qa.rendering.escaping import Html, fill, join, wrap
from qa.rendering.evidence import quote_html
from qa.rendering.wording import NameCity


def timeline_html(
    events: Sequence[Event], *, name_city: NameCity, language: str, count: int | None = None
) -> Html:
    """The events by year, each with its cities, its words with the date set off, and the way to its document.

    `events` are in the order of `qa.overview.timeline.find_events`; `language` is the language of the labels;
    `count` is the number of all events if `events` are only some. A quote is marked with its own language. Without
    JavaScript all can be read; only opening a document needs page.js.
    """
    shown = len(events)
    part = say("timeline_shown", language, shown=shown, count=count) if count and count > shown else ""
    years = [
        _year(year, tuple(of_year), name_city=name_city, language=language)
        for year, of_year in itertools.groupby(events, key=lambda event: event.year)
    ]
    return fill(
        '<section class="timeline" lang="{language}" aria-labelledby="timeline-heading">'
        '<h2 id="timeline-heading">{say.timeline_heading}</h2><p class="note">{note}</p>{part}{years}</section>',
        language=language,
        note=say("timeline_note" if years else "timeline_empty", language),
        part=wrap('<p class="note" role="status">{}</p>', part),
        years=wrap('<ol class="timeline-years" role="list">{}</ol>', years),
    )


def _year(year: int, events: Sequence[Event], *, name_city: NameCity, language: str) -> Html:
    return fill(
        '<li class="timeline-year"><h3>{year}</h3><ul role="list">{events}</ul></li>',
        year=say("timeline_year", language, year=year),
        events=[_event(event, name_city=name_city, language=language) for event in events],
    )


def _event(event: Event, *, name_city: NameCity, language: str) -> Html:
    citation = cite(1, Evidence(event.chunk, event.span, event.text, 1.0))
    return fill(
        '<li class="timeline-event">{labels}{quote}</li>',
        labels=_labels(event, name_city=name_city, language=language),
        quote=quote_html(citation, _words(event), language=language),
    )


def _labels(event: Event, *, name_city: NameCity, language: str) -> Html:
    """The cities, and the years of a range, which the heading has the first of only."""
    cities = join_names(tuple(name_city(city, language) for city in event.cities), language)
    years = f"{event.year}–{event.end_year}" if event.end_year else ""
    labels = [
        fill('<span class="{style}">{label}</span>', style=style, label=label)
        for style, label in (("timeline-cities", cities), ("timeline-range", years))
        if label
    ]
    return wrap('<p class="timeline-labels">{}</p>', join(labels, separator=" "))


def _words(event: Event) -> Html:
    chunk, span, date = event.chunk, event.span, event.date
    return fill(
        '{before}<strong class="timeline-date">{date}</strong>{after}',
        before=chunk.cut(Span(span.start, date.start)),
        date=chunk.cut(date),
        after=chunk.cut(Span(date.end, span.end)),
    )
