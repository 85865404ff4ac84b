"""Evidence → `Answer`: by extraction, each statement a quote, in the order of its document."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.domain import Answer, Citation, Evidence, Passage, Query, Refusal, Statement

LIST_MARK = re.compile(r"^[-*•・●○■◆–]\s+")


def compose(
    query: Query, evidence: Sequence[Evidence], passages: Sequence[Passage], *, confidence: float
) -> Answer:
    """The answer that quotes `evidence` (not empty), one statement and one citation for each."""
    citations = tuple(_cite(number, piece) for number, piece in enumerate(evidence, start=1))
    return Answer(
        question=query.question,
        interpreted_as=query.text,
        language=query.language,
        statements=tuple(Statement(_state(citation.quote), (citation.number,)) for citation in citations),
        citations=citations,
        searched_cities=query.cities,
        passages=tuple(passages),
        confidence=confidence,
    )


def refuse(query: Query, refusal: Refusal, passages: Sequence[Passage], *, confidence: float = 0.0) -> Answer:
    """The answer that there is none."""
    return Answer(
        question=query.question,
        interpreted_as=query.text,
        language=query.language,
        refusal=refusal,
        searched_cities=query.cities,
        passages=tuple(passages),
        confidence=confidence,
    )


def _state(quote: str) -> str:
    """`quote` without the mark of the list item that it is."""
    return LIST_MARK.sub("", quote, count=1)


def _cite(number: int, evidence: Evidence) -> Citation:
    chunk = evidence.chunk
    return Citation(
        number=number,
        doc_id=chunk.doc_id,
        title=chunk.title,
        path=chunk.path,
        span=evidence.span,
        quote=evidence.text,
        heading=chunk.heading,
        page=chunk.page,
        language=chunk.language,
    )
