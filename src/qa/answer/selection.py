"""Passages → their sentences, best first, and those of them that an answer quotes or a refusal shows."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from qa.answer.context import extend_to_context
from qa.domain import Evidence, Focus, Passage, Query, Span
from qa.search.retriever import is_far_behind, under_headings
from qa.search.wordings import wording_for
from qa.system.stopwatch import Stopwatch
from qa.text.names import find_years
from qa.text.sentences import LIST_MARKS

if TYPE_CHECKING:
    from langchain_core.cross_encoders import BaseCrossEncoder

    from qa.search.vocabulary import Vocabulary

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
READ_MARGIN, RERANKED_READ_MARGIN = 0.13, 0.35
"""How far below the best sentence's score another one may lie, without and with the cross-encoder's part; scores
lie further apart where the reader has its part in them."""

FOCUS_WEIGHT = 0.02
"""What the reader's preference for words in the sentence, from -10 to 10, counts for in its score. With it the
sentences held the gold answer in .84 of the Japanese and .83 of the Indonesian questions of the development
sets, without in .74 and .77, and were fewer."""

STORY_PASSAGES, STORY_STATEMENTS = 6, 10
"""How much is told of a city where everything about it is asked for."""

MIN_FOCUS, FOCUS_MARGIN, MAX_FOCUS_SHARE = -4.0, 3.0, 0.6
"""Words are set off from their sentence where the reader finds them this likely, and about as likely as the best
of the answer, and where they are no more of the sentence than this."""

BETWEEN_PARAGRAPHS = re.compile(rf"\n\s*\n|\S.|[{LIST_MARKS}]$", re.DOTALL)
"""An empty line, another sentence, or the mark of a list item."""

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
    focus: Focus | None = None

    @property
    def score(self) -> float:
        """How well the sentence answers: higher is better, comparable within one question only."""
        return (
            self.similarity
            + COVERAGE_WEIGHT * self.coverage
            + BEST_PASSAGE_BONUS * self.is_in_best
            + RERANK_WEIGHT * (self.logit or 0.0)
            + FOCUS_WEIGHT * (max(-10.0, min(10.0, self.focus.score)) if self.focus else 0.0)
        )


def read_passages(passages: Sequence[Passage]) -> list[Passage]:
    """Those of `passages`, best first, that sentences are taken from."""
    return [each for each in passages[:READ_PASSAGES] if not is_far_behind(each, passages[0])]


def rank_sentences(
    query: Query,
    passages: Sequence[Passage],
    vocabulary: Vocabulary,
    reranker: BaseCrossEncoder | None,
    clock: Stopwatch | None = None,
) -> list[Candidate]:
    """The sentences of `passages`, best first."""
    pairs = [
        (passage, span, similarity, focus)
        for passage in passages
        for span, similarity, focus in zip(
            passage.chunk.sentences,
            passage.sentence_similarities,
            passage.foci or [None] * len(passage.chunk.sentences),
            strict=True,
        )
    ]
    texts = [passage.chunk.cut(span) for passage, span, _, _ in pairs]
    questions = [wording_for(query, passage.chunk.source.language) for passage, _, _, _ in pairs]
    coverages = [
        coverage
        for question, group in groupby(zip(questions, texts, strict=True), key=itemgetter(0))
        for coverage in vocabulary.coverage(question, [text for _, text in group])
    ]
    logits: Sequence[float | None] = [None] * len(texts)
    if reranker is not None and passages[0].rerank_score is not None:
        clock = clock or Stopwatch()
        clock.lap("select")
        # Under its headings, for a sentence often leaves to them what it is about: "Both cities signed …".
        placed = [under_headings(p.chunk, text) for (p, _, _, _), text in zip(pairs, texts, strict=True)]
        logits = reranker.score(list(zip(questions, placed, strict=True)))
        clock.lap("rerank")
    candidates = [
        Candidate(passage, span, text, similarity, coverage, logit, passage is passages[0], focus)
        for (passage, span, similarity, focus), text, coverage, logit in zip(
            pairs, texts, coverages, logits, strict=True
        )
    ]
    return sorted(candidates, key=lambda candidate: -candidate.score)


def select(
    candidates: Sequence[Candidate], query: Query, *, count: int, chance: float
) -> tuple[Evidence, ...]:
    """At most `count` of `candidates` (best first, not empty) that are close to the best, in reading order."""
    return _in_reading_order(_keep_foci(_keep_best(candidates, count), query), chance)


def select_nearest(candidates: Sequence[Candidate], chance: float) -> tuple[Evidence, ...]:
    """The best of `candidates`, best first: what a refusal shows."""
    return tuple(_to_evidence(replace(each, focus=None), chance) for each in candidates[:MAX_NEAREST])


def tell_story(query: Query, passages: Sequence[Passage], vocabulary: Vocabulary) -> tuple[Evidence, ...]:
    """What the best passages say of the city that `query` asks everything about, in reading order."""
    ranked = rank_sentences(query, passages[:STORY_PASSAGES], vocabulary, None)
    kept = [replace(candidate, focus=None) for candidate in _drop_repeats(ranked, STORY_STATEMENTS)]
    return _join_neighbours(_in_reading_order(kept, 1.0))


def keep_year(query: Query, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that name a year that the question names; all of them if it names none.

    Asked "which cities signed in 2014?", what a city signed in 2016 is no answer for it.
    """
    years = find_years(query.text).keys()
    return [each for each in candidates if not years or not years.isdisjoint(find_years(each.text))]


def _keep_best(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """Those close to the best, up to `count`, without a sentence that says the same as a better one."""
    best = candidates[0]
    if best.focus is None:
        margin = MARGIN if best.logit is None else RERANKED_MARGIN
    else:
        margin = READ_MARGIN if best.logit is None else RERANKED_READ_MARGIN
    least = best.score - margin
    return _drop_repeats([candidate for candidate in candidates if candidate.score >= least], count)


def _keep_foci(kept: Sequence[Candidate], query: Query) -> list[Candidate]:
    """`kept`, with a focus only where it is one of the likeliest, a part of its sentence and new to `query`."""
    likeliest = max((candidate.focus.score for candidate in kept if candidate.focus), default=MIN_FOCUS)
    least = max(MIN_FOCUS, likeliest - FOCUS_MARGIN)
    return [
        candidate if _is_worth_setting_off(candidate, query, least) else replace(candidate, focus=None)
        for candidate in kept
    ]


def _is_worth_setting_off(candidate: Candidate, query: Query, least: float) -> bool:
    focus = candidate.focus
    if not focus or focus.score < least or len(focus.span) > MAX_FOCUS_SHARE * len(candidate.span):
        return False
    words = candidate.passage.chunk.cut(focus.span)
    if query.is_city_by_city:  # of several cities, what is exact is a date or a number
        return any(character.isdigit() for character in words)
    # What the question says itself is not what it asks for.
    asked = f"{query.searched_text}\n{wording_for(query, candidate.passage.chunk.source.language)}"
    return words.casefold() not in asked.casefold()


def _drop_repeats(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """The first `count` of those that do not say the same as a better one."""
    kept: list[Candidate] = []
    for candidate in candidates:
        if len(kept) < count and not any(_says_the_same(candidate.text, other.text) for other in kept):
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
    documents = list(dict.fromkeys(piece.chunk.source.doc_id for piece in pieces))
    pieces.sort(key=lambda piece: (documents.index(piece.chunk.source.doc_id), piece.span))
    merged: list[Evidence] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if last and last.chunk == piece.chunk and piece.span.start < last.span.end:
            # The context that one takes along is, or holds, the other: they are one quote.
            span = Span(last.span.start, max(last.span.end, piece.span.end))
            merged[-1] = replace(last, span=span, text=last.chunk.cut(span), focus=last.focus or piece.focus)
        else:
            merged.append(piece)
    return tuple(merged)


def _join_neighbours(pieces: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Sentences that follow each other in a paragraph as one quote: so a story reads, and has fewer sources."""
    joined: list[Evidence] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last and last.chunk == piece.chunk and not BETWEEN_PARAGRAPHS.search(_between(last, piece)):
            span = Span(last.span.start, piece.span.end)
            joined[-1] = replace(last, span=span, text=last.chunk.cut(span))
        else:
            joined.append(piece)
    return tuple(joined)


def _between(one: Evidence, other: Evidence) -> str:
    """What stands between two pieces of a chunk, and the first character of the second."""
    return one.chunk.cut(Span(one.span.end, other.span.start + 1))


def _to_evidence(candidate: Candidate, chance: float) -> Evidence:
    chunk = candidate.passage.chunk
    span = extend_to_context(candidate.span, chunk)
    score = chance / (1 + math.exp(-20 * (candidate.similarity - candidate.passage.similarity)))
    focus = candidate.focus.span if candidate.focus else None
    return Evidence(chunk=chunk, span=span, text=chunk.cut(span), score=score, focus=focus)
