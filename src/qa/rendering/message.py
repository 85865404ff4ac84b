"""`Answer` → the HTML of one message in the conversation."""

from __future__ import annotations

from typing import assert_never

from qa.answer.composition import is_quoted
from qa.domain import Answer, Quoted, Refused, Replied, Stated, Statement, Written
from qa.i18n.messages import say
from qa.rendering.escaping import Html, fill, join, wrap
from qa.rendering.wording import (
    NameCity,
    after_notes,
    by_city,
    city_name,
    lead_before,
    notes_of,
    place_of,
    refusal_lines,
    reply_lines,
    shorten,
    shown_citations,
    translation_note,
)

NOTE = '<p class="note">{}</p>'


def to_html(answer: Answer, *, turn: int = 1, name_city: NameCity | None = None) -> Html:
    """The answer for the conversation: notes, lead, statements with marks, or a refusal.

    `turn` is the answer's number in the conversation. The mark of source n is a link to `#e{turn}-{n}`, the
    card that `evidence_html` makes for it.
    """
    parts = [wrap(NOTE, note) for note in notes_of(answer, name_city=name_city)]
    match answer:
        case Refused():
            parts += [wrap('<p class="refusal" dir="auto">{}</p>', line) for line in refusal_lines(answer)]
            parts.append(_nearest(answer, turn=turn))
        case Replied():
            lines = reply_lines(answer, name_city=name_city)
            parts += [wrap('<p class="reply" dir="auto">{}</p>', line) for line in lines]
        case Quoted() | Written():
            if answer.is_by_city:
                parts.append(_table(answer, turn=turn, name_city=name_city))
            else:
                parts.append(_statements(answer, turn=turn))
            parts += [wrap(NOTE, note) for note in after_notes(answer, name_city=name_city)]
        case _:
            assert_never(answer)
    return join(parts)


def mark_html(number: int, *, turn: int, language: str, is_first: bool = True, quote: str = "") -> Html:
    """A citation mark: a link to its card, with `quote` shown where the mouse rests on it.

    Only the first mark of a source is what its card links back to.
    """
    anchor = fill(' id="m{turn}-{number}"', turn=turn, number=number) if is_first else Html()
    return fill(
        '<a class="mark" href="#e{turn}-{number}" aria-label="{label}" title="{quote}"{anchor}>[{number}]</a>',
        turn=turn,
        number=number,
        label=say("mark_label", language, number=number),
        quote=shorten(quote),
        anchor=anchor,
    )


def _statements(answer: Stated, *, turn: int) -> Html:
    seen: set[int] = set()
    parts = []
    for number, each in enumerate(answer.statements):
        parts += [_lead(number, answer), _statement(each, answer, turn=turn, seen=seen)]
    return join(parts)


def _table(answer: Stated, *, turn: int, name_city: NameCity | None) -> Html:
    seen: set[int] = set()
    rows = [
        fill(
            '<tr><th scope="row">{name}</th><td>{quotes}</td></tr>',
            name=city_name(city, answer, name_city) if city else "",
            quotes=[_statement(each, answer, turn=turn, seen=seen) for each in statements],
        )
        for city, statements in by_city(answer)
    ]
    return join([_lead(0, answer), wrap('<table class="by-city"><tbody>{}</tbody></table>', rows)])


def _lead(number: int, answer: Stated) -> Html:
    return wrap('<p class="lead">{}</p>', lead_before(number, answer))


def _statement(statement: Statement, answer: Stated, *, turn: int, seen: set[int]) -> Html:
    cited = {citation.number: citation for citation in answer.citations}
    marks: list[Html] = []
    for number in statement.citations:
        citation = cited.get(number)
        quote = f"{citation.source.title}: {citation.quote}" if citation else ""
        marks.append(
            mark_html(number, turn=turn, language=answer.language, is_first=number not in seen, quote=quote)
        )
        seen.add(number)
    first = cited.get(statement.citations[0]) if statement.citations else None
    quoted = is_quoted(statement, answer)
    note = translation_note(statement, answer)
    return fill(
        '<p class="statement{written}{translation}" lang="{language}" dir="auto">{note}{text}{marks}</p>',
        written="" if quoted else " written",
        translation=" translation" if note else "",
        note=wrap('<span class="of-translation">{}</span> ', note),
        language=first.source.language if quoted and first else answer.language,
        text=_emphasised(statement),
        marks=wrap('\u00a0<span class="marks">{}</span>', marks),
    )


def _emphasised(statement: Statement) -> Html:
    """The statement's text, with the words that were asked for set off."""
    text, focus = statement.text, statement.focus
    if focus is None:
        return fill("{text}", text=text)
    return fill(
        "{before}<strong>{words}</strong>{after}",
        before=text[: focus.start],
        words=focus.cut(text),
        after=text[focus.end :],
    )


def _nearest(answer: Refused, *, turn: int) -> Html:
    citations = shown_citations(answer)
    if not citations:
        return Html()
    items = [
        fill(
            '<li><span lang="{language}" dir="auto">{quote}</span> {mark} '
            '<span class="source">{source}</span></li>',
            language=citation.source.language,
            quote=citation.quote,
            mark=mark_html(citation.number, turn=turn, language=answer.language),
            source=", ".join(filter(None, (citation.source.title, place_of(citation, answer.language)))),
        )
        for citation in citations
    ]
    return fill(
        '<p class="lead">{say.nearest_heading}</p><ul class="nearest">{items}</ul>',
        language=answer.language,
        items=items,
    )
