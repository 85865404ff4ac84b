"""Passages → the sentences that answer, or a refusal with its reason."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qa.calibration import Signals, probability
from qa.config import Settings
from qa.domain import Evidence, Passage, Query, Refusal, RefusalReason, Span
from qa.leaning import extend_to_context
from qa.names import find_places, find_unknown_names, find_unmentioned_words
from qa.retrieval import under_headings

if TYPE_CHECKING:
    from langchain_core.cross_encoders import BaseCrossEncoder

    from qa.retrieval import Retriever

READ_PASSAGES = 3
"""How many of the best passages sentences are taken from. More passages brought more wrong sentences than
right ones on the development sets."""

COVERAGE_WEIGHT = 0.1
BEST_PASSAGE_BONUS = 0.02
RERANK_WEIGHT = 0.05
"""What the question's coverage (0 to 1), standing in the best passage, and the cross-encoder's logit count for
in a sentence's score, beside its cosine similarity. Chosen on the development sets by how often the sentences
hold the gold answer; twice or half of each changes that by less than .02."""

MARGIN, RERANKED_MARGIN = 0.04, 0.2
"""How far below the best sentence's score another one may lie, without and with the cross-encoder's part."""

MAX_NEAREST = 3
"""How many of the nearest statements a refusal shows."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that might answer, and its signals."""

    passage: Passage
    span: Span
    text: str
    similarity: float
    coverage: float
    logit: float | None
    is_in_best: bool

    @property
    def score(self) -> float:
        """How well the sentence answers: higher is better, comparable within one question only."""
        return (
            self.similarity
            + COVERAGE_WEIGHT * self.coverage
            + BEST_PASSAGE_BONUS * self.is_in_best
            + RERANK_WEIGHT * (self.logit or 0.0)
        )


def select(
    query: Query,
    passages: Sequence[Passage],
    *,
    retriever: Retriever,
    reranker: BaseCrossEncoder | None,
    settings: Settings,
    count: int | None = None,
) -> tuple[tuple[Evidence, ...] | Refusal, float]:
    """The evidence that answers `query`, in reading order, or why there is none; and the probability of it.

    At most `count` pieces, by default as many as `settings.max_statements`.
    """
    covered = retriever.titles
    if not retriever.chunks:
        return Refusal("empty_index"), 0.0
    if not query.text:
        return Refusal("empty_question", covered=covered), 0.0
    if not passages:
        return Refusal("nothing_found", covered=covered), 0.0
    candidates = rank_sentences(query, passages[:READ_PASSAGES], retriever, reranker)
    signals = read_signals(query, passages, candidates, retriever)
    chance = probability(signals)
    missing = _find_missing(query, retriever, signals)
    if missing or chance < settings.threshold:
        nearest = tuple(_to_evidence(candidate, chance) for candidate in candidates[:MAX_NEAREST])
        reason: RefusalReason = "unknown_name" if missing else "weak_evidence"
        refusal = Refusal(reason, missing=missing, nearest=nearest, covered=covered)
        return refusal, 0.0 if missing else chance
    kept = _keep_best(candidates, count or settings.max_statements)
    return _in_reading_order(kept, chance), chance


def _find_missing(query: Query, retriever: Retriever, signals: Signals) -> tuple[str, ...]:
    """The places and names of the question that no document mentions, as they stand in it."""
    asked = find_places(query.text).items()
    places = tuple(written for place, written in asked if place not in retriever.known_places)
    # In another language a name may be written otherwise ("Nhật Bản" is Japan): there it is a signal only.
    if places or signals.is_cross_lingual or not signals.has_unknown_name:
        return places
    return find_unknown_names(query, retriever.known_words)


def read_signals(
    query: Query, passages: Sequence[Passage], candidates: Sequence[Candidate], retriever: Retriever
) -> Signals:
    """What tells whether the evidence answers `query`; see `qa.calibration`."""
    best = passages[0]
    logits = [candidate.logit for candidate in candidates if candidate.logit is not None]
    return Signals(
        similarity=best.similarity,
        coverage=retriever.lexical.coverage(
            query.searched_text, [f"{best.chunk.heading}\n{best.chunk.text}"]
        )[0],
        passage_logit=best.rerank_score if logits else None,
        sentence_logit=max(logits) if logits else None,
        background=retriever.background_similarity(query),
        is_cross_lingual=query.language != best.chunk.language,
        has_unknown_name=bool(find_unknown_names(query, retriever.known_words)),
        names_place=query.names_place,
        is_unmentioned=bool(find_unmentioned_words(query, retriever.known_words)),
    )


def rank_sentences(
    query: Query, passages: Sequence[Passage], retriever: Retriever, reranker: BaseCrossEncoder | None
) -> list[Candidate]:
    """The sentences of `passages`, best first."""
    pairs = [
        (passage, span, similarity)
        for passage in passages
        for span, similarity in zip(passage.chunk.sentences, passage.sentence_similarities, strict=True)
    ]
    texts = [passage.chunk.cut(span) for passage, span, _ in pairs]
    coverages = retriever.lexical.coverage(query.searched_text, texts)
    logits: Sequence[float | None] = [None] * len(texts)
    if reranker is not None and passages[0].rerank_score is not None:
        # Under its headings, for a sentence often leaves to them what it is about: "Both cities signed …".
        placed = [under_headings(p.chunk, text) for (p, _, _), text in zip(pairs, texts, strict=True)]
        logits = reranker.score([(query.searched_text, text) for text in placed])
    candidates = [
        Candidate(passage, span, text, similarity, coverage, logit, passage is passages[0])
        for (passage, span, similarity), text, coverage, logit in zip(
            pairs, texts, coverages, logits, strict=True
        )
    ]
    return sorted(candidates, key=lambda candidate: -candidate.score)


def _keep_best(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """Those close to the best, up to `count`, without a sentence that says the same as a better one."""
    margin = MARGIN if candidates[0].logit is None else RERANKED_MARGIN
    kept: list[Candidate] = []
    for candidate in candidates:
        if len(kept) == count or candidate.score < candidates[0].score - margin:
            break
        if not any(_says_the_same(candidate.text, other.text) for other in kept):
            kept.append(candidate)
    return kept


def _says_the_same(one: str, other: str) -> bool:
    words, others = (set(re.findall(r"\w+", text.casefold())) for text in (one, other))
    if any(character.isdigit() for word in words ^ others for character in word):
        return False  # two years are two facts
    return len(words & others) >= 0.8 * len(words | others)


def _in_reading_order(kept: Sequence[Candidate], chance: float) -> tuple[Evidence, ...]:
    """Evidence with its context, the best one's document first, in the order of each document's text."""
    pieces = [_to_evidence(candidate, chance) for candidate in kept]
    documents = list(dict.fromkeys(piece.chunk.doc_id for piece in pieces))
    pieces.sort(key=lambda piece: (documents.index(piece.chunk.doc_id), piece.span))
    merged: list[Evidence] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if last and last.chunk == piece.chunk and piece.span.start < last.span.end:
            # The context that one takes along is, or holds, the other: they are one quote.
            span = Span(last.span.start, max(last.span.end, piece.span.end))
            merged[-1] = replace(last, span=span, text=last.chunk.cut(span))
        else:
            merged.append(piece)
    return tuple(merged)


def _to_evidence(candidate: Candidate, chance: float) -> Evidence:
    chunk = candidate.passage.chunk
    span = extend_to_context(candidate.span, chunk)
    score = chance / (1 + math.exp(-20 * (candidate.similarity - candidate.passage.similarity)))
    return Evidence(chunk=chunk, span=span, text=chunk.cut(span), score=score)
