"""Predictions → figures.

Each figure by name. Shares and means are 0 to 1 and higher is better unless said otherwise; a figure with
nothing to measure is NaN.

- Counts: `n`, `answerable`, `must_refuse`, `missing` (without a prediction: refused, nothing ranked),
  `answered`, `citations`.
- Retrieval, over answerable questions: `recall@1` and `recall@5` (a gold document is in the top k), `mrr@10`,
  `ndcg@10` (binary gain).
- Answers, over answerable questions, a refusal scoring 0: `contains` (a gold answer stands in the answer) and
  `answer_f1` (SQuAD's token F1); with `_if_answered`, over those of them that were answered.
- Citations, over answered questions: `cit_real` (the quote stands in the document), `cit_precision` (real,
  and the document is gold; none is right for an unanswerable question), `cit_precision_answerable` (the same
  over answerable questions), `answered_without_citation` (lower is better). Over all answerable questions:
  `cit_recall` (one such citation at least), `cit_support` (and its quote holds a gold answer; only where
  answers are spans).
- Refusing, "must refuse" being the positive class: `abst_precision`, `abst_recall`, `abst_f1`;
  `abst_recall[kind]` for each kind of unanswerable question; `false_refusal` (of answerable questions; lower
  is better).
- `utility`, −1 to 1: (right − wrong) / n, as in CRAG (Yang et al. 2024). Right are answers that hold a gold
  answer, and due refusals; wrong are all other answers; an undue refusal is neither.
- `mean_answer_chars`; `seconds_p50` and `seconds_p95` per question (lower is better).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from qa.evaluation.gold import GoldQuestion, GoldSet
from qa.evaluation.matching import fold, holds_any, stands_in, token_f1
from qa.evaluation.prediction import Prediction

Values = dict[str, int | float]

_RANKED = 10  # the depth that mrr@10 and ndcg@10 look to


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one set by name; counts are whole numbers, all else is a float."""

    values: Mapping[str, int | float]

    def __getitem__(self, name: str) -> int | float:
        return self.values[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """How one question went. `hits` are the ranks, from 0, of gold documents in the top ten."""

    question: GoldQuestion
    prediction: Prediction | None
    is_answered: bool
    is_right: bool
    f1: float
    hits: tuple[int, ...]
    real_citations: int
    gold_citations: int
    is_supported: bool

    @property
    def citations(self) -> int:
        """How many citations were given with an answer."""
        return len(self.prediction.citations) if self.prediction and self.is_answered else 0


def score(gold: GoldSet, predictions: Iterable[Prediction]) -> Figures:
    """The figures over all of the set's questions."""
    return _figures(_mark_all(gold, predictions))


def score_by(
    gold: GoldSet, predictions: Iterable[Prediction], key: Literal["lang", "kind"]
) -> dict[str, Figures]:
    """The figures over the questions of each language or kind, sorted by it."""
    groups: dict[str, list[_Mark]] = defaultdict(list)
    for mark in _mark_all(gold, predictions):
        groups[mark.question.language if key == "lang" else mark.question.kind].append(mark)
    return {name: _figures(marks) for name, marks in sorted(groups.items())}


def format_figures(name: str, figures: Figures) -> str:
    """A plain table under the heading `name`: one figure a line, "–" where it is undefined."""
    cells = [(figure, _format_value(value)) for figure, value in figures.values.items()]
    name_width = max(len(figure) for figure, _ in cells)
    value_width = max(len(value) for _, value in cells)
    lines = [f"  {figure:<{name_width}}  {value:>{value_width}}" for figure, value in cells]
    return "\n".join([name, *lines])


def _format_value(value: int | float) -> str:
    if isinstance(value, int):
        return str(value)
    return "–" if math.isnan(value) else f"{value:.4f}"


def _mark_all(gold: GoldSet, predictions: Iterable[Prediction]) -> list[_Mark]:
    by_question = {prediction.question_id: prediction for prediction in predictions}
    folded = {document.id: fold(document.text) for document in gold.documents}
    return [_mark(question, by_question.get(question.id), folded) for question in gold.questions]


def _mark(question: GoldQuestion, prediction: Prediction | None, folded: Mapping[str, str]) -> _Mark:
    given = prediction or Prediction(question_id=question.id, is_answered=False)
    golds = question.answers + question.answers_native
    is_judged = given.is_answered and question.is_answerable
    real = [
        (doc_id, quote)
        for doc_id, quote in (given.citations if given.is_answered else ())
        if doc_id in folded and stands_in(quote, folded[doc_id])
    ]
    right = [quote for doc_id, quote in real if question.is_answerable and doc_id in question.doc_ids]
    distinct = list(dict.fromkeys(given.ranked))[:_RANKED]
    return _Mark(
        question=question,
        prediction=prediction,
        is_answered=given.is_answered,
        is_right=holds_any(given.answer, golds)
        if is_judged
        else not (given.is_answered or question.is_answerable),
        f1=token_f1(given.answer, golds) if is_judged else 0.0,
        hits=tuple(rank for rank, doc_id in enumerate(distinct) if doc_id in question.doc_ids),
        real_citations=len(real),
        gold_citations=len(right),
        is_supported=any(holds_any(quote, question.answers) for quote in right),
    )


def _figures(marks: Sequence[_Mark]) -> Figures:
    answerable = [mark for mark in marks if mark.question.is_answerable]
    return Figures(
        MappingProxyType(
            _counts(marks)
            | _retrieval_figures(answerable)
            | _answer_figures(answerable)
            | _citation_figures(marks, answerable)
            | _refusal_figures(marks)
            | _size_figures(marks)
            | _refusal_by_kind(marks)
        )
    )


def _counts(marks: Sequence[_Mark]) -> Values:
    answerable = sum(mark.question.is_answerable for mark in marks)
    return {
        "n": len(marks),
        "answerable": answerable,
        "must_refuse": len(marks) - answerable,
        "missing": sum(mark.prediction is None for mark in marks),
        "answered": sum(mark.is_answered for mark in marks),
    }


def _retrieval_figures(answerable: Sequence[_Mark]) -> Values:
    first_hits = [mark.hits[0] if mark.hits else None for mark in answerable]
    return {
        "recall@1": _mean(first is not None and first < 1 for first in first_hits),
        "recall@5": _mean(first is not None and first < 5 for first in first_hits),
        "mrr@10": _mean(0.0 if first is None else 1 / (first + 1) for first in first_hits),
        "ndcg@10": _mean(_ndcg(mark.hits, len(set(mark.question.doc_ids))) for mark in answerable),
    }


def _ndcg(hits: Sequence[int], relevant: int) -> float:
    """Discounted gain of `hits` against that of all `relevant` documents at the top, 0 to 1."""
    ideal = sum(_discount(rank) for rank in range(min(relevant, _RANKED)))
    return sum(_discount(rank) for rank in hits) / ideal if ideal else 0.0


def _discount(rank: int) -> float:
    return 1 / math.log2(rank + 2)


def _answer_figures(answerable: Sequence[_Mark]) -> Values:
    answered = [mark for mark in answerable if mark.is_answered]
    return {
        "contains": _mean(mark.is_right for mark in answerable),
        "contains_if_answered": _mean(mark.is_right for mark in answered),
        "answer_f1": _mean(mark.f1 for mark in answerable),
        "answer_f1_if_answered": _mean(mark.f1 for mark in answered),
    }


def _citation_figures(marks: Sequence[_Mark], answerable: Sequence[_Mark]) -> Values:
    answered = [mark for mark in marks if mark.is_answered]
    spans = [mark for mark in answerable if mark.question.answer_type == "span"]
    given = sum(mark.citations for mark in marks)
    right = sum(mark.gold_citations for mark in marks)
    return {
        "citations": given,
        "cit_real": _ratio(sum(mark.real_citations for mark in marks), given),
        "cit_precision": _ratio(right, given),
        "cit_precision_answerable": _ratio(right, sum(mark.citations for mark in answerable)),
        "cit_recall": _mean(mark.gold_citations > 0 for mark in answerable),
        "cit_support": _mean(mark.is_supported for mark in spans),
        "answered_without_citation": _mean(mark.citations == 0 for mark in answered),
    }


def _refusal_figures(marks: Sequence[_Mark]) -> Values:
    refused = [mark for mark in marks if not mark.is_answered]
    due = [mark for mark in marks if not mark.question.is_answerable]
    answerable = [mark for mark in marks if mark.question.is_answerable]
    precision = _mean(not mark.question.is_answerable for mark in refused)
    recall = _mean(not mark.is_answered for mark in due)
    right = sum(mark.is_right for mark in marks)
    wrong = sum(mark.is_answered and not mark.is_right for mark in marks)
    return {
        "abst_precision": precision,
        "abst_recall": recall,
        "abst_f1": _ratio(2 * precision * recall, precision + recall),
        "false_refusal": _mean(not mark.is_answered for mark in answerable),
        "utility": _ratio(right - wrong, len(marks)),
    }


def _size_figures(marks: Sequence[_Mark]) -> Values:
    seconds = [mark.prediction.seconds for mark in marks if mark.prediction]
    answers = [mark.prediction.answer for mark in marks if mark.prediction and mark.is_answered]
    return {
        "mean_answer_chars": _mean(len(answer) for answer in answers),
        "seconds_p50": float(np.percentile(seconds, 50)) if seconds else math.nan,
        "seconds_p95": float(np.percentile(seconds, 95)) if seconds else math.nan,
    }


def _refusal_by_kind(marks: Sequence[_Mark]) -> Values:
    kinds: dict[str, list[bool]] = defaultdict(list)
    for mark in marks:
        if not mark.question.is_answerable:
            kinds[mark.question.kind or "unanswerable"].append(not mark.is_answered)
    return {f"abst_recall[{kind}]": _mean(refused) for kind, refused in sorted(kinds.items())}


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return _ratio(math.fsum(found), len(found))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
