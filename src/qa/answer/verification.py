"""Statements held against the quotes that they cite. An answer that fails is a mistake, and is never shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from qa.answer.composition import is_quoted, is_translated
from qa.domain import Answer, Citation, Document, Stated, Statement, Written

if TYPE_CHECKING:
    from qa.facts.missing import FindMissing

Checked = TypeVar("Checked", bound=Answer)

FindDocument = Callable[[str], Document | None]
"""Gives the document with an id, as it was read when it was indexed."""


class VerificationError(AssertionError):
    """A statement or citation does not hold. Not for users: it stands for a mistake in the program."""


def verify(
    answer: Checked, find_document: FindDocument, *, find_missing: FindMissing | None = None
) -> Checked:
    """`answer` itself, whose statements now stand in the quotes that they cite.

    Where a language model wrote the answer, the figures and names stand in the quotes, and a translation stands
    beneath its quotes. Raises `VerificationError` for the first statement or citation that does not hold.
    """
    if isinstance(answer, Stated):
        _check(answer, find_document, find_missing)
    return answer


def _check(answer: Stated, find_document: FindDocument, find_missing: FindMissing | None) -> None:
    citations = {citation.number: citation for citation in answer.citations}
    if len(citations) != len(answer.citations):
        raise VerificationError("two citations have the same number")
    for citation in answer.citations:
        _check_quote(citation, find_document(citation.source.doc_id))
    quoted: set[int] = set()
    for statement in answer.statements:
        cited_here = [citations.get(number) for number in statement.citations]
        _check_statement(statement, cited_here)
        if isinstance(answer, Written):
            _check_facts(statement, cited_here, find_missing, question=answer.interpreted_as)
        elif not any(citation and statement.text in citation.quote for citation in cited_here):
            raise VerificationError(f"a statement does not stand in what it cites: {statement.text!r}")
        if is_quoted(statement, answer):
            quoted.update(statement.citations)
        elif is_translated(statement, answer) and not quoted.issuperset(statement.citations):
            raise VerificationError(f"a translation stands without its quotes above it: {statement.text!r}")
    cited = {number for statement in answer.statements for number in statement.citations}
    if cited != citations.keys():
        raise VerificationError(f"citations {sorted(citations.keys() - cited)} belong to no statement")


def _check_quote(citation: Citation, document: Document | None) -> None:
    path, span = citation.source.path, citation.place.span
    if document is None:
        raise VerificationError(f"[{citation.number}] cites {path}, which is not in the index")
    if span.cut(document.text) != citation.quote:
        raise VerificationError(f"[{citation.number}] does not stand in {path} at {span}")


def _check_statement(statement: Statement, citations: list[Citation | None]) -> None:
    if not statement.text.strip():
        raise VerificationError("a statement says nothing")
    if not citations or None in citations:
        raise VerificationError(f"a statement has no citation, or one that is not there: {statement.text!r}")
    if statement.focus and not statement.focus.cut(statement.text).strip():
        raise VerificationError(f"nothing stands where a statement is emphasised: {statement.text!r}")
    cities = {city for citation in citations if citation for city in citation.source.cities}
    if statement.city and statement.city not in cities:
        raise VerificationError(f"a statement is given for {statement.city}, which it cites nothing about")


def _check_facts(
    statement: Statement, citations: list[Citation | None], find_missing: FindMissing | None, *, question: str
) -> None:
    from qa.facts.missing import missing_facts  # here: quotes need none of it, and it takes .1 s to import

    quotes = [citation.quote for citation in citations if citation]
    missing = (find_missing or missing_facts)(statement.text, quotes, question=question)
    if missing:
        raise VerificationError(f"a statement has what its quotes do not, {missing}: {statement.text!r}")
