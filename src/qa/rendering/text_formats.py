"""`Answer` → terminal text, Markdown, and the record that programs read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, assert_never

from qa.answer.composition import fallback_of, is_quoted, is_translated, mode_of
from qa.domain import Answer, Citation, Passage, Place, Quoted, Refused, Replied, Source, Stated, Written
from qa.i18n.messages import say
from qa.rendering.escaping import as_markdown, one_line, safe_url
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
    said_in,
    shown_citations,
    shown_translations,
    silence_of,
)
from qa.storage.manifest import DocumentRecord


def to_text(answer: Answer, *, name_city: NameCity | None = None) -> str:
    """The answer for a terminal: statements with their marks, then each source with its quote."""
    blocks = ["\n".join(one_line(note) for note in notes_of(answer, name_city=name_city))]
    said, notes = _said(answer, one_line, name_city)
    blocks += ["\n".join(said), *notes]
    citations, translations = shown_citations(answer), shown_translations(answer)
    if citations:
        lines = [_references_heading(answer)]
        for citation in citations:
            place = place_of(citation, answer.language)
            where = one_line(citation.source.title) + (f" › {one_line(place)}" if place else "")
            lines.append(f"[{citation.number}] {where}")
            lines.append(f"    {one_line(citation.source.path)}")
            lines.append(f"    “{one_line(citation.quote)}”")
            if citation.number in translations:
                translated = say("translated_as", answer.language, text=translations[citation.number])
                lines.append(f"    {one_line(translated)}")
        blocks.append("\n".join(lines))
    return "\n\n".join(block for block in blocks if block)


def to_markdown(answer: Answer, *, name_city: NameCity | None = None) -> str:
    """The answer as CommonMark. Nothing in it that comes from a document acts as Markdown or HTML."""
    blocks = [f"*{as_markdown(note)}*" for note in notes_of(answer, name_city=name_city)]
    said, notes = _said(answer, as_markdown, name_city, begin="> ")
    blocks += [*said, *notes]
    citations = shown_citations(answer)
    if citations:
        blocks.append(f"**{as_markdown(_references_heading(answer))}**")
        translations = shown_translations(answer)
        blocks.extend(
            _markdown_reference(citation, answer.language, translations.get(citation.number, ""))
            for citation in citations
        )
    return "\n\n".join(block for block in blocks if block)


def to_json(answer: Answer) -> dict[str, Any]:
    """The answer as plain values, for programs. `source` is a document's path; nothing is escaped in it.

    Of a statement that is not `quoted`, `checked` tells what was held against its quotes. Where that is only
    "figures_and_names", it is a language model's translation, and its quotes are statements before it.

    `timings` has seconds by stage (see `qa.system.stopwatch.STAGES`) and their sum as `total`, which `seconds` is,
    too.
    """
    statements: list[dict[str, Any]] = []
    citations: list[dict[str, Any]] = []
    reason = None
    match answer:
        case Quoted() | Written():
            statements, citations = _statements_to_json(answer), _citations_to_json(answer)
        case Refused():
            reason = answer.refusal.reason
        case Replied():
            pass
        case _:
            assert_never(answer)
    return {
        "answered": not isinstance(answer, Refused),
        "answer": answer_text(answer),
        "statements": statements,
        "mode": mode_of(answer),
        "fallback": fallback_of(answer),
        "interpreted_as": answer.interpreted_as,
        "also_searched_as": answer.also_searched_as,
        "set_aside_cities": list(answer.set_aside_cities),
        "reason": reason,
        "highlights": [each.focus.cut(each.text) for each in answer.statements if each.focus],
        "citations": citations,
        "ranked": list(dict.fromkeys(passage.chunk.source.path for passage in answer.passages)),
        "seconds": float(answer.timings.get("total", 0.0)),
        "timings": {stage: round(seconds, 5) for stage, seconds in answer.timings.items()},
    }


def _statements_to_json(answer: Stated) -> list[dict[str, Any]]:
    return [
        {
            "text": statement.text,
            "citations": list(statement.citations),
            "city": statement.city,
            "quoted": is_quoted(statement, answer),
            "checked": "figures_and_names" if is_translated(statement, answer) else "all",
        }
        for statement in answer.statements
    ]


def _citations_to_json(answer: Stated) -> list[dict[str, Any]]:
    translations = dict(answer.translations)
    return [
        {
            **_quoted(citation.number, citation.source, citation.place, citation.quote),
            "translation": translations.get(citation.number),
        }
        for citation in answer.citations
    ]


def passages_to_json(passages: Sequence[Passage]) -> list[dict[str, Any]]:
    """The passages as plain values, best first, with the fields of a citation: `quote` is the passage's text."""
    return [
        {
            **_quoted(number, source, passage.chunk.place, passage.chunk.text),
            "document": source.doc_id,
            "url": safe_url(source.url),
            "language": source.language,
            "cities": list(source.cities),
            "similarity": round(passage.similarity, 4),
        }
        for number, passage in enumerate(passages, start=1)
        for source in (passage.chunk.source,)
    ]


def documents_to_json(records: Sequence[DocumentRecord]) -> list[dict[str, Any]]:
    """What the index says of each document, as plain values.

    Its path is called `source`, as in a citation; what has a `path` Gradio's client takes for a file to fetch.
    """
    return [
        {
            "id": record.doc_id,
            "title": record.title,
            "source": record.path,
            "cities": list(record.cities),
            "language": record.language,
            "date": record.date,
            "passages": record.chunks,
            "url": safe_url(record.url),
        }
        for record in records
    ]


def _quoted(number: int, source: Source, place: Place, quote: str) -> dict[str, Any]:
    return {
        "number": number,
        "source": source.path,
        "title": source.title,
        "page": place.page,
        "page_kind": place.page_kind if place.page is not None else None,
        "page_name": place.page_name or None,
        "heading": place.heading,
        "quote": quote,
        "start": place.span.start,
        "end": place.span.end,
    }


def answer_text(answer: Answer) -> str:
    """All that is said, as one string without marks: the statements, or the refusal, or the reply."""
    match answer:
        case Refused():
            return " ".join(refusal_lines(answer))
        case Replied():
            return " ".join(reply_lines(answer))
        case Quoted() | Written():
            parts = []
            for city, statements in by_city(answer):
                text = " ".join(said_in(statement, answer) for statement in statements)
                parts.append(f"{city}: {text}" if city else text)
            return " ".join(filter(None, [*parts, silence_of(answer)]))
    assert_never(answer)


def _said(
    answer: Answer, clean: Callable[[str], str], name_city: NameCity | None, *, begin: str = ""
) -> tuple[list[str], list[str]]:
    """The lines that answer, refuse or reply, statements with `begin` before them, and the notes after them."""
    match answer:
        case Quoted() | Written():
            notes = [clean(note) for note in after_notes(answer, name_city=name_city)]
            return _statements(answer, clean, name_city, begin=begin), notes
        case Refused():
            return [clean(line) for line in refusal_lines(answer)], []
        case Replied():
            return [clean(line) for line in reply_lines(answer, name_city=name_city)], []
    assert_never(answer)


def _statements(
    answer: Stated, clean: Callable[[str], str], name_city: NameCity | None, *, begin: str
) -> list[str]:
    """The statements, each a line that begins with `begin`, and the lead before the quotes."""
    # A mark is a number in square brackets; `clean` has taken from the text whatever looks like one.
    lines = []
    city = None
    for number, statement in enumerate(answer.statements):
        lines.append(clean(lead_before(number, answer)))
        name = ""
        if statement.city and statement.city != city:
            city = statement.city
            name = f"{clean(city_name(city, answer, name_city))}:"
        marks = (f"[{cited}]" for cited in statement.citations)
        lines.append(begin + " ".join(filter(None, [name, clean(said_in(statement, answer)), *marks])))
    return list(filter(None, lines))


def _references_heading(answer: Answer) -> str:
    return say("nearest_heading" if isinstance(answer, Refused) else "references_heading", answer.language)


def _markdown_reference(citation: Citation, language: str, translation: str) -> str:
    place = place_of(citation, language)
    where = as_markdown(citation.source.title) + (f" › {as_markdown(place)}" if place else "")
    lines = [f"[{citation.number}] **{where}** — {as_markdown(citation.source.path)}"]
    url = safe_url(citation.source.url)
    if url:
        lines[0] += f" — [{as_markdown(say('original_page', language))}](<{url}>)"
    lines += ["", f"> {as_markdown(citation.quote)}"]
    if translation:
        lines += ["", f"*{as_markdown(say('translated_as', language, text=translation))}*"]
    return "\n".join(lines)
