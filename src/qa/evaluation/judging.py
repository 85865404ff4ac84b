"""Predictions → one row of numbers a question. Every figure is made of these rows and of nothing else."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from qa.evaluation.gold import GoldQuestion, GoldSet
from qa.evaluation.matching import fold, holds_any, stands_in, token_f1
from qa.evaluation.prediction import Prediction

_RANKED = 10  # the depth that mrr@10 and ndcg@10 look to
_DIGEST_CHARS = 16  # 64 bits: two of a million questions share one with a chance of one in 10 million


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How one question went.

    `digest` changes with whatever the question is judged by; a question that `is_missing` has no prediction
    and counts as refused; `contains` tells that a gold answer stands in the answer, `f1` (0 to 1) is SQuAD's;
    `reciprocal_rank` and `ndcg` (0 to 1, higher is better) are those of the top ten, 0 where none is right;
    `real_citations` stand in their documents, `gold_citations` of these in a right one, and the answer
    `is_supported` if the quote of one of those holds a gold answer; `is_span` tells that the gold answers
    stand verbatim in the documents; `seconds` is NaN where there is no prediction.
    """

    id: str
    digest: str
    lang: str
    kind: str
    is_answerable: bool
    is_span: bool
    is_missing: bool
    is_answered: bool
    confidence: float
    contains: bool
    f1: float
    reciprocal_rank: float
    ndcg: float
    citations: int
    real_citations: int
    gold_citations: int
    is_supported: bool
    answer_chars: int
    seconds: float

    @property
    def is_right(self) -> bool:
        """True for an answer that holds a gold answer, and for a due refusal."""
        return self.contains or not (self.is_answered or self.is_answerable)


def judge(gold: GoldSet, predictions: Iterable[Prediction]) -> tuple[Row, ...]:
    """A row for each of the set's questions, in its order."""
    by_question = {prediction.question_id: prediction for prediction in predictions}
    folded = {document.id: fold(document.text) for document in gold.documents}
    return tuple(_judge(question, by_question.get(question.id), folded) for question in gold.questions)


def question_digest(question: GoldQuestion) -> str:
    """Hex digits that change with the question, its answers, or anything else that it is judged by."""
    parts = [
        question.question,
        question.language,
        question.kind,
        question.is_answerable,
        question.answer_type,
        question.answers,
        question.answers_native,
        sorted(set(question.doc_ids)),
        [(turn.role, turn.text) for turn in question.history],
        question.city,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_DIGEST_CHARS]


def _judge(question: GoldQuestion, prediction: Prediction | None, folded: Mapping[str, str]) -> Row:
    given = prediction or Prediction(question_id=question.id, is_answered=False, seconds=math.nan)
    golds = question.answers + question.answers_native
    is_judged = given.is_answered and question.is_answerable
    citations = given.citations if given.is_answered else ()
    real = [
        (doc_id, quote)
        for doc_id, quote in citations
        if doc_id in folded and stands_in(quote, folded[doc_id])
    ]
    right = [quote for doc_id, quote in real if question.is_answerable and doc_id in question.doc_ids]
    hits = _hits(question, given.ranked) if question.is_answerable else []
    return Row(
        id=question.id,
        digest=question_digest(question),
        lang=question.language,
        kind=question.kind,
        is_answerable=question.is_answerable,
        is_span=question.answer_type == "span",
        is_missing=prediction is None,
        is_answered=given.is_answered,
        confidence=given.confidence,
        contains=is_judged and holds_any(given.answer, golds),
        f1=token_f1(given.answer, golds) if is_judged else 0.0,
        reciprocal_rank=1 / (hits[0] + 1) if hits else 0.0,
        ndcg=_ndcg(hits, len(set(question.doc_ids))),
        citations=len(citations),
        real_citations=len(real),
        gold_citations=len(right),
        is_supported=any(holds_any(quote, question.answers) for quote in right),
        answer_chars=len(given.answer) if given.is_answered else 0,
        seconds=given.seconds,
    )


def _hits(question: GoldQuestion, ranked: Sequence[str]) -> list[int]:
    """The ranks, from 0, of gold documents in the top ten."""
    distinct = list(dict.fromkeys(ranked))[:_RANKED]
    return [rank for rank, doc_id in enumerate(distinct) if doc_id in question.doc_ids]


def _ndcg(hits: Sequence[int], relevant: int) -> float:
    """Discounted gain of `hits` against that of all `relevant` documents at the top, 0 to 1."""
    ideal = sum(_discount(rank) for rank in range(min(relevant, _RANKED)))
    return sum(_discount(rank) for rank in hits) / ideal if ideal else 0.0


def _discount(rank: int) -> float:
    return 1 / math.log2(rank + 2)
