"""The sentences around what the documents say: leads, notes, refusals. Plain strings, not yet escaped."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import assert_never

from qa.answer.composition import cite, is_quoted, is_translated
from qa.domain import (
    Answer,
    Asked,
    Citation,
    Fallback,
    PageKind,
    Quoted,
    Refused,
    Replied,
    Stated,
    Statement,
    Written,
)
from qa.i18n.messages import join_names, language_name, say
from qa.text.normalise import fold_blanks

NameCity = Callable[[str, str], str]
"""(city, language) → what the city is called in that language."""

MAX_TITLES = 8
"""Titles named when telling what the documents cover: more are not read."""

TITLE_SEPARATOR = "; "
"""Titles have commas in them."""

MAX_QUESTION_SHOWN_CHARS = 200
"""Characters of a question that a refusal repeats."""


def notes_of(answer: Asked, *, name_city: NameCity | None = None) -> tuple[str, ...]:
    """What the asker must know about how the question was taken: as what, and within which cities."""
    notes: list[str] = []
    if fold_blanks(answer.interpreted_as) not in ("", fold_blanks(answer.question)):
        notes.append(say("understood_as", answer.language, question=shorten(answer.interpreted_as)))
    if answer.also_searched_as:
        also = shorten(answer.also_searched_as)
        notes.append(say("also_searched_as", answer.language, question=also))
    searched = _listed(answer.searched_cities, answer, name_city)
    if answer.set_aside_cities:  # says which cities were searched for, too
        chosen = _listed(answer.set_aside_cities, answer, name_city)
        notes.append(say("set_aside", answer.language, named=searched, chosen=chosen))
    elif searched:
        notes.append(say("searched_only", answer.language, cities=searched))
    return tuple(notes)


def silence_of(answer: Stated, *, name_city: NameCity | None = None) -> str:
    """A sentence that names the cities for which the documents do not say it; empty if there are none."""
    if not answer.silent_cities:
        return ""
    silent = _listed(answer.silent_cities, answer, name_city)
    return say("silent_cities", answer.language, cities=silent)


def disagreement_of(answer: Stated) -> str:
    """Which sources give different figures for the same thing; empty where none do."""
    pairs = tuple(f"{one} / {other}" for one, other in answer.disagreements)
    return say("disagreement", answer.language, pairs=join_names(pairs, answer.language)) if pairs else ""


FALLBACK_NOTES: Mapping[Fallback, str] = {
    "unreachable": "fallback_unavailable",
    "wrong_key": "fallback_unavailable",
    "failed": "fallback_unavailable",
    "rate_limit": "fallback_busy",
    "day_cap": "fallback_busy",
    "timeout": "fallback_slow",
    "broken": "fallback_unusable",
    "empty": "fallback_unusable",
    "endless": "fallback_unusable",
    "wrong_form": "fallback_unusable",
    "declined": "fallback_declined",
    "unsupported": "fallback_unsupported",
}
"""How a reader is told of the language model's failure: briefly. The log has the rest."""


def origin_of(answer: Quoted | Written) -> str:
    """How the answer came to be, where a language model is set: written and checked, or why it is quoted."""
    if isinstance(answer, Written):
        has_translated = any(is_translated(statement, answer) for statement in answer.statements)
        return say("written_translated" if has_translated else "written_checked", answer.language)
    return say(FALLBACK_NOTES[answer.fallback], answer.language) if answer.fallback else ""


def after_notes(answer: Quoted | Written, *, name_city: NameCity | None = None) -> tuple[str, ...]:
    """What the asker must know after the statements."""
    notes = (silence_of(answer, name_city=name_city), disagreement_of(answer), origin_of(answer))
    return tuple(note for note in notes if note)


def by_city(answer: Stated) -> tuple[tuple[str | None, tuple[Statement, ...]], ...]:
    """The statements in their order, in runs for the same city (None: for no city in particular)."""
    runs = itertools.groupby(answer.statements, key=lambda statement: statement.city)
    return tuple((city, tuple(statements)) for city, statements in runs)


def city_name(city: str, answer: Asked, name_city: NameCity | None) -> str:
    """What the city is called in the asker's language, as far as `name_city` knows."""
    return name_city(city, answer.language) if name_city else city


def lead_before(number: int, answer: Stated) -> str:
    """The line before the answer's statement of this number, counted from 0, where it is the first of the quotes,
    and of the translations beneath them, that the answer ends with; else empty, and in an answer that a language
    model wrote city by city."""
    quoted = [is_quoted(each, answer) or is_translated(each, answer) for each in answer.statements]
    if not all(quoted[number:]) or (number and quoted[number - 1]):
        return ""
    if isinstance(answer, Written) and answer.is_by_city:
        return ""
    cited = {mark for each in answer.statements[number:] for mark in each.citations}
    languages = {citation.source.language for citation in answer.citations if citation.number in cited}
    if len(languages) == 1 and answer.language not in languages:
        name = language_name(languages.pop(), answer.language)
        return say("lead_quoted_other", answer.language, language=name)
    return say("lead_quoted", answer.language)


def translation_note(statement: Statement, answer: Stated) -> str:
    """A note that a language model translated `statement`, and what was checked; empty if it did not."""
    return say("translated_by_model", answer.language) if is_translated(statement, answer) else ""


def said_in(statement: Statement, answer: Stated) -> str:
    """The statement's text, after what must be known of it first."""
    note = translation_note(statement, answer)
    return f"({note}) {statement.text}" if note else statement.text


def reply_lines(reply: Replied, *, name_city: NameCity | None = None) -> tuple[str, ...]:
    """What the program says of itself."""
    cities = _listed(reply.cities, reply, name_city)
    lines = [say(f"reply_{reply.kind}", reply.language)]
    if cities and reply.kind != "thanks":
        lines.append(say("reply_cities", reply.language, cities=cities))
    if reply.kind == "coverage":
        lines += covered_line(reply.titles, reply.language)
    return tuple(lines)


def covered_line(titles: tuple[str, ...], language: str) -> list[str]:
    """One line with the titles of what the documents cover; none where there are none."""
    if not titles:
        return []
    shown, more = TITLE_SEPARATOR.join(titles[:MAX_TITLES]), len(titles) - MAX_TITLES
    return [
        say("covers_more", language, titles=shown, count=more)
        if more > 0
        else say("covers", language, titles=shown)
    ]


def refusal_lines(answer: Refused) -> tuple[str, ...]:
    """Why there is no answer, then what the documents do cover."""
    refusal, language = answer.refusal, answer.language
    lines = [
        say(
            f"refusal_{refusal.reason}",
            language,
            question=shorten(answer.interpreted_as or answer.question),
            names=join_names(refusal.missing, language),
        )
    ]
    return (*lines, *covered_line(refusal.covered, language))


def shown_citations(answer: Answer) -> tuple[Citation, ...]:
    """What the reader can look up: the citations, or a refusal's nearest statements, numbered from 1."""
    match answer:
        case Quoted() | Written():
            return answer.citations
        case Refused():
            nearest = enumerate(answer.refusal.nearest, start=1)
            return tuple(cite(number, evidence) for number, evidence in nearest)
        case Replied():
            return ()
    assert_never(answer)


def shown_translations(answer: Answer) -> dict[int, str]:
    """The translations of what `shown_citations` gives, by its numbers."""
    return {} if isinstance(answer, Replied) else dict(answer.translations)


def place_of(citation: Citation, language: str) -> str:
    """The place of the quote in its document: section and page, as far as they are known."""
    # A document's top heading is its title most of the time: said once is enough.
    place = citation.place
    steps = [step for step in place.heading.split(" › ") if step and step != citation.source.title]
    page = ""
    if place.page is not None:
        page = page_label(place.page_kind, place.page, place.page_name, language)
    return ", ".join(part for part in (" › ".join(steps), page) if part)


def page_label(kind: PageKind, number: int, name: str, language: str) -> str:
    """What a page, slide or sheet is called."""
    return say(kind, language, number=number, name=name or number)


def language_note(code: str, language: str) -> str:
    """A note, in `language`, that a quote is in the language `code`."""
    return say("quoted_in", language, language=language_name(code, language))


def shorten(question: str) -> str:
    """The question on one line, cut to what a reader needs to know it again."""
    line = " ".join(question.split())
    return line if len(line) <= MAX_QUESTION_SHOWN_CHARS else f"{line[:MAX_QUESTION_SHOWN_CHARS].rstrip()}…"


def _listed(cities: tuple[str, ...], answer: Asked, name_city: NameCity | None) -> str:
    return join_names(tuple(city_name(city, answer, name_city) for city in cities), answer.language)
