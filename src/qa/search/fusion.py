"""Similarity and words, and what similarity owes to a language, as one score of a passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from qa.domain import Passage

LEXICAL_WEIGHT = 0.2
"""What BM25's share (see `LexicalIndex.score`) counts for beside the cosine similarity.

A sum of scores (Bruch, Gai & Ingber 2023), not of reciprocal ranks: over the development sets it ranked the
right document first in .87 of the questions, reciprocal rank fusion (k = 60) in .76, because for questions in
another language than the documents' BM25's ranks are noise, while its share of the query's weight is near
zero. Between 0.05 and 0.3 the figure hardly moves.
"""

LANGUAGE_WEIGHT = 0.5
"""What a question's nearness to the language of a passage (see `measure_nearness`) is counted back for."""


def fuse(
    passages: Sequence[Passage], lexical: Mapping[str, float], nearness: Mapping[str, float]
) -> tuple[Passage, ...]:
    """`passages` with their similarity, less what it owes to their language, and words added, best first."""
    ranks = {chunk_id: rank for rank, chunk_id in enumerate(lexical, start=1)}
    fused = [
        replace(
            passage,
            lexical_rank=ranks.get(passage.chunk.chunk_id),
            fused_score=passage.similarity
            - LANGUAGE_WEIGHT * nearness[passage.chunk.source.language]
            + LEXICAL_WEIGHT * lexical.get(passage.chunk.chunk_id, 0.0),
        )
        for passage in passages
    ]
    return tuple(sorted(fused, key=lambda passage: (-passage.fused_score, passage.dense_rank or 0)))


def merge(passages: Sequence[Passage], translated: Sequence[Passage]) -> tuple[Passage, ...]:
    """`passages` by the mean of their own fused score and that for the question's translation, best first.

    Their similarities stay those to the question as it was asked: a translation helps to find, and what it found
    is judged without it. Of 36 questions of XQuAD in Vietnamese, Chinese and Arabic over English paragraphs, .92
    have the right one first with their right translation and .81 without, and as many are answered; with another
    question's .39, and no foreign question is answered more (scripts/measure_translation.py).
    """
    scores = {passage.chunk.chunk_id: passage.fused_score for passage in translated}
    merged = [
        replace(passage, fused_score=(passage.fused_score + scores[passage.chunk.chunk_id]) / 2)
        for passage in passages
    ]
    return tuple(sorted(merged, key=lambda passage: (-passage.fused_score, passage.dense_rank or 0)))
