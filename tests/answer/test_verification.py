"""Facts about what keeps an answer that does not hold from being shown."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from conftest import cited_elsewhere
from qa.answer.verification import VerificationError, verify
from qa.domain import Answer, Citation, Document, Place, Quoted, Refusal, Refused, Source, Span, Statement
from qa.drafting.writer import as_written
from qa.errors import QAError

TEXT = "Kitakyushu sent 67 experts. Five loans were granted. It costs 40 dollars per year."
DOCUMENT = Document(doc_id="d", path="dalian.md", title="Dalian", text=TEXT, sha256="0", version="0")
QUOTES = ("Kitakyushu sent 67 experts.", "Five loans were granted.")


def citation_of(number: int, quote: str) -> Citation:
    start = TEXT.index(quote)
    return Citation(
        number,
        Source("d", "dalian.md", "Dalian", cities=("Dalian", "Kitakyushu")),
        Place(Span(start, start + len(quote))),
        quote,
    )


ANSWER = Quoted(
    question="How many?",
    interpreted_as="How many?",
    language="en",
    statements=tuple(Statement(quote, (number,)) for number, quote in enumerate(QUOTES, start=1)),
    citations=tuple(citation_of(number, quote) for number, quote in enumerate(QUOTES, start=1)),
)


def find_document(doc_id: str) -> Document | None:
    return {"d": DOCUMENT}.get(doc_id)


def with_first_citation(**changes: Any) -> Quoted:
    first, *others = ANSWER.citations
    return dataclasses.replace(ANSWER, citations=(dataclasses.replace(first, **changes), *others))


def with_first_cited_elsewhere(**changes: Any) -> Answer:
    first, *others = ANSWER.citations
    return dataclasses.replace(ANSWER, citations=(cited_elsewhere(first, **changes), *others))


def with_first_statement(**changes: Any) -> Answer:
    first, *others = ANSWER.statements
    return dataclasses.replace(ANSWER, statements=(dataclasses.replace(first, **changes), *others))


def test_an_answer_that_holds_comes_back_as_it_is() -> None:
    assert verify(ANSWER, find_document) is ANSWER


def test_a_refusal_holds() -> None:
    refused = Refused(question="?", interpreted_as="?", language="en", refusal=Refusal("nothing_found"))

    assert verify(refused, find_document) is refused


def test_a_statement_may_be_a_part_of_what_it_cites() -> None:
    assert verify(with_first_statement(text="67 experts"), find_document)


@pytest.mark.parametrize(
    "quote",
    [
        "Kitakyushu sent 68 experts.",
        "kitakyushu sent 67 experts.",
        "Kitakyushu sent 67 experts",
        "Kitakyushu  sent 67 experts.",
        "",
    ],
)
def test_a_quote_that_is_not_verbatim_is_refused(quote: str) -> None:
    forged = dataclasses.replace(with_first_citation(quote=quote), statements=(Statement(quote, (1,)),))

    with pytest.raises(VerificationError, match=r"\[1\] does not stand in dalian.md"):
        verify(forged, find_document)


@pytest.mark.parametrize("span", [Span(0, 26), Span(1, 28), Span(500, 527), Span(0, 0)])
def test_a_quote_that_stands_elsewhere_is_refused(span: Span) -> None:
    with pytest.raises(VerificationError, match=r"\[1\] does not stand"):
        verify(with_first_cited_elsewhere(span=span), find_document)


def test_a_document_that_is_not_there_is_refused() -> None:
    with pytest.raises(VerificationError, match="not in the index"):
        verify(with_first_cited_elsewhere(doc_id="another"), find_document)


def test_two_citations_with_one_number_are_refused() -> None:
    with pytest.raises(VerificationError, match="same number"):
        verify(with_first_citation(number=2), find_document)


@pytest.mark.parametrize("numbers", [(), (9,), (1, 9), (0,), (-1,)])
def test_a_statement_without_a_citation_that_is_there_is_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(VerificationError, match="a statement has no citation"):
        verify(with_first_statement(citations=numbers), find_document)


@pytest.mark.parametrize(
    "text",
    [
        "Kitakyushu sent 76 experts.",
        "Kitakyushu sent 67 experts. Five loans were granted.",
        "It costs 400 dollars per month.",
        "It costs 40 dollars per year.",
        QUOTES[1],
    ],
)
def test_a_statement_that_does_not_stand_in_what_it_cites_is_refused(text: str) -> None:
    with pytest.raises(VerificationError, match="does not stand in what it cites"):
        verify(with_first_statement(text=text), find_document)


@pytest.mark.parametrize("city", ["Dalian", "Kitakyushu", None])
def test_a_statement_may_be_given_for_a_city_that_it_cites_something_about(city: str | None) -> None:
    answer = with_first_statement(city=city)

    assert verify(answer, find_document) is answer


def test_one_of_several_citations_about_the_city_is_enough() -> None:
    first, second = ANSWER.citations
    about = dataclasses.replace(ANSWER, citations=(cited_elsewhere(first, cities=()), second))
    statements = (Statement(QUOTES[0], (1, 2), "Dalian"),)

    assert verify(dataclasses.replace(about, statements=statements), find_document)


@pytest.mark.parametrize("city", ["Davao", "dalian", "Dal"])
def test_a_statement_for_a_city_that_it_cites_nothing_about_is_refused(city: str) -> None:
    with pytest.raises(VerificationError, match=f"given for {city}, which it cites nothing about"):
        verify(with_first_statement(city=city), find_document)


def test_a_citation_that_no_statement_makes_is_refused() -> None:
    with pytest.raises(VerificationError, match=r"\[2\] belong to no statement"):
        verify(dataclasses.replace(ANSWER, statements=ANSWER.statements[:1]), find_document)


def test_a_translation_stands_beneath_every_quote_that_it_cites() -> None:
    quotes = ANSWER.statements
    translation = Statement("専門家67人。", (1, 2))
    drafted = dataclasses.replace(as_written(ANSWER), language="ja")
    beneath = dataclasses.replace(drafted, statements=(*quotes, translation))

    assert verify(beneath, find_document) is beneath
    for statements in ((translation,), (translation, *quotes), (quotes[0], translation, quotes[1])):
        with pytest.raises(VerificationError, match="without its quotes above it"):
            verify(dataclasses.replace(drafted, statements=statements), find_document)


def test_the_error_is_not_one_for_users() -> None:
    assert not issubclass(VerificationError, QAError)
