"""Evidence → `Answer`: by extraction, each statement a quote, in the order of its document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qa.answer.decision import is_general
from qa.answer.disagreement import find_disagreements
from qa.domain import (
    Answer,
    Citation,
    Evidence,
    Fallback,
    Passage,
    Query,
    Quoted,
    Refusal,
    Refused,
    Span,
    Stated,
    Statement,
    Written,
)
from qa.text.sentences import LIST_MARKS

LIST_MARK = re.compile(rf"^[{LIST_MARKS}]\s+")


@dataclass(frozen=True, slots=True)
class Finding:
    """The passages for one query, best first, and the evidence among them or why there is none."""

    query: Query
    passages: tuple[Passage, ...]
    evidence: tuple[Evidence, ...] | Refusal
    confidence: float


def compose_answer(query: Query, findings: Sequence[Finding]) -> Quoted | Refused:
    """The answer to `query` that quotes the evidence for it, or for each city that it was split into."""
    if len(findings) > 1:
        return compose_by_city(query, findings)
    (finding,) = findings
    if isinstance(finding.evidence, Refusal):
        return refuse(query, finding.evidence, finding.passages, confidence=finding.confidence)
    return compose(query, finding.evidence, finding.passages, confidence=finding.confidence)


def compose(
    query: Query, evidence: Sequence[Evidence], passages: Sequence[Passage], *, confidence: float
) -> Quoted:
    """The answer that quotes `evidence` (not empty), one statement for each piece."""
    return _quote(query, [(None, piece) for piece in evidence], passages, confidence=confidence)


def _quote(
    query: Query,
    pieces: Sequence[tuple[str | None, Evidence]],
    passages: Sequence[Passage],
    *,
    confidence: float,
    silent_cities: tuple[str, ...] = (),
) -> Quoted:
    """The answer that quotes `pieces` of evidence, each for its city or for none.

    A sentence about two cities is one citation with two statements.
    """
    citations: dict[tuple[str, Span], Citation] = {}
    statements = []
    for city, piece in pieces:
        key = (piece.chunk.source.doc_id, piece.span)
        citation = citations.setdefault(key, cite(len(citations) + 1, piece))
        statements.append(_state(piece, citation, city))
    return Quoted(
        question=query.question,
        interpreted_as=query.text,
        language=query.language,
        also_searched_as=query.translation,
        statements=tuple(statements),
        citations=tuple(citations.values()),
        disagreements=find_disagreements(tuple(citations.values())),
        searched_cities=query.cities,
        set_aside_cities=query.set_aside_cities,
        silent_cities=silent_cities,
        passages=tuple(passages),
        confidence=confidence,
    )


def compose_by_city(query: Query, findings: Sequence[Finding]) -> Quoted | Refused:
    """The answer that quotes for each city the evidence about it, and names the cities without evidence.

    Where no city has evidence, a refusal: that of the likeliest finding.
    """
    passages = _interleave([finding.passages for finding in findings])
    if not query.named_cities:
        findings = [_drop_if_far_behind(finding, findings) for finding in findings]
    best = max(findings, key=lambda finding: finding.confidence)
    pieces: list[tuple[str | None, Evidence]] = []
    silent_cities = []
    for finding in findings:
        city = finding.query.cities[0]
        if isinstance(finding.evidence, Refusal):
            silent_cities.append(city)
        else:
            pieces += [(city, piece) for piece in finding.evidence]
    if isinstance(best.evidence, Refusal) and not pieces:
        return refuse(query, best.evidence, passages, confidence=best.confidence)
    return _quote(query, pieces, passages, confidence=best.confidence, silent_cities=tuple(silent_cities))


def refuse(
    query: Query, refusal: Refusal, passages: Sequence[Passage], *, confidence: float = 0.0
) -> Refused:
    """The answer that there is none."""
    return Refused(
        question=query.question,
        interpreted_as=query.text,
        language=query.language,
        also_searched_as=query.translation,
        refusal=refusal,
        searched_cities=query.cities,
        set_aside_cities=query.set_aside_cities,
        passages=tuple(passages),
        confidence=confidence,
    )


def _drop_if_far_behind(finding: Finding, findings: Sequence[Finding]) -> Finding:
    """`finding`, without evidence that is so much less likely than another city's that it can only be general."""
    best = max(other.confidence for other in findings)
    was_read = bool(finding.passages) and finding.passages[0].read_score is not None
    if was_read and is_general(finding.confidence, best):
        return replace(finding, evidence=Refusal("weak_evidence"))
    return finding


def _state(piece: Evidence, citation: Citation, city: str | None = None) -> Statement:
    """The statement that quotes `piece`, without the mark of the list item that it is."""
    text = LIST_MARK.sub("", piece.text, count=1)
    start = piece.span.end - len(text)
    focus = piece.focus
    is_inside = focus is not None and start <= focus.start and focus.end <= piece.span.end
    return Statement(
        text,
        (citation.number,),
        city,
        Span(focus.start - start, focus.end - start) if focus and is_inside else None,
    )


def _interleave(runs: Sequence[Sequence[Passage]]) -> tuple[Passage, ...]:
    """The best of each run, then the second of each, and so on, each chunk once."""
    merged: dict[str, Passage] = {}
    for rank in range(max(map(len, runs), default=0)):
        for run in runs:
            if rank < len(run):
                merged.setdefault(run[rank].chunk.chunk_id, run[rank])
    return tuple(merged.values())


def mode_of(answer: Answer) -> Literal["extractive", "drafted"]:
    """The name, for programs, of who wrote the sentences: "drafted" if a language model did."""
    return "drafted" if isinstance(answer, Written) else "extractive"


def fallback_of(answer: Answer) -> Fallback:
    """Why `answer` is quoted though a language model is set; empty where none is, or it was used."""
    return answer.fallback if isinstance(answer, Quoted) else ""


def is_quoted(statement: Statement, answer: Stated) -> bool:
    """True if `statement` stands word for word in a quote that it cites; else a language model wrote it."""
    return not isinstance(answer, Written) or any(
        statement.text in citation.quote for citation in _cited(statement, answer)
    )


def is_translated(statement: Statement, answer: Stated) -> bool:
    """True if a language model wrote `statement` over a quote in another language than the answer's.

    Only its figures and names were checked. A cosine alone judges the rest of it, and lets most false sentences
    pass where the languages differ.
    """
    return not is_quoted(statement, answer) and any(
        citation.source.language != answer.language for citation in _cited(statement, answer)
    )


def _cited(statement: Statement, answer: Stated) -> list[Citation]:
    return [citation for citation in answer.citations if citation.number in statement.citations]


def cite(number: int, evidence: Evidence) -> Citation:
    """The citation, with this number, of `evidence`."""
    place = replace(evidence.chunk.place, span=evidence.span)
    return Citation(number, evidence.chunk.source, place, evidence.text)
