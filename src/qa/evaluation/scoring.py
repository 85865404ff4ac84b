"""Rows → figures.

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

Each is a sum over questions, a ratio of two, made of two such ratios, or a percentile: so `Parts` holds what
each question adds, and a figure over resampled questions costs one product of matrices.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qa.evaluation.gold import GoldSet
from qa.evaluation.judging import Row, judge
from qa.evaluation.prediction import Prediction

Numbers = NDArray[np.float64]

COUNTS = ("n", "answerable", "must_refuse", "missing", "answered", "citations")
"""The figures that say how much there was, not how good it was."""

LOWER_IS_BETTER = frozenset({"answered_without_citation", "false_refusal", "seconds_p50", "seconds_p95"})
NEITHER_IS_BETTER = frozenset({*COUNTS, "mean_answer_chars"})


Figures = Mapping[str, int | float]
"""The figures of one set by name; counts are whole numbers, all else is a float."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What each question adds to each figure; every array is float64 of shape (questions,).

    `counts` are summed; of `ratios`, the sum of the first is divided by that of the second; `seconds` are NaN
    where nothing was asked.
    """

    counts: Mapping[str, Numbers]
    ratios: Mapping[str, tuple[Numbers, Numbers]]
    seconds: Numbers


def score(gold: GoldSet, predictions: Iterable[Prediction]) -> Figures:
    """The figures over all of the set's questions."""
    return figures_of(judge(gold, predictions))


def group_rows(rows: Iterable[Row], key: Literal["lang", "kind"]) -> dict[str, tuple[Row, ...]]:
    """The rows of each language or kind, sorted by it."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.lang if key == "lang" else row.kind].append(row)
    return {name: tuple(groups[name]) for name in sorted(groups)}


def figures_of(rows: Sequence[Row]) -> Figures:
    """The figures over these rows."""
    parts = parts_of(rows)
    known = parts.seconds[~np.isnan(parts.seconds)]
    values = combine(
        parts,
        total=lambda part: np.array(math.fsum(part)),
        percentile=lambda q: np.array(np.percentile(known, q) if known.size else math.nan),
    )
    return MappingProxyType(
        {name: int(value) if name in COUNTS else float(value) for name, value in values.items()}
    )


def combine(
    parts: Parts, *, total: Callable[[Numbers], Numbers], percentile: Callable[[float], Numbers]
) -> dict[str, Numbers]:
    """Each figure by name, from how a part is summed over questions and what a percentile of the seconds is.

    The arrays have whatever shape these two return: one number for a set, or one for each resample of it.
    """
    values = {name: total(part) for name, part in parts.counts.items()}
    for name, (part, whole) in parts.ratios.items():
        values[name] = _divide(total(part), total(whole))
    precision, recall = values["abst_precision"], values["abst_recall"]
    values["abst_f1"] = _divide(2 * precision * recall, precision + recall)
    values["seconds_p50"] = percentile(50)
    values["seconds_p95"] = percentile(95)
    kinds = {name: value for name, value in values.items() if "[" in name}
    return {name: value for name, value in values.items() if name not in kinds} | kinds


def parts_of(rows: Sequence[Row]) -> Parts:
    """What each row adds to each figure."""
    answerable = _column(row.is_answerable for row in rows)
    answered = _column(row.is_answered for row in rows)
    citations = _column(row.citations for row in rows)
    return Parts(
        counts={
            "n": np.ones(len(rows)),
            "answerable": answerable,
            "must_refuse": 1 - answerable,
            "missing": _column(row.is_missing for row in rows),
            "answered": answered,
            "citations": citations,
        },
        ratios=_retrieval_parts(rows, answerable)
        | _answer_parts(rows, answerable, answered)
        | _citation_parts(rows, answerable, answered, citations)
        | _refusal_parts(rows, answerable, answered),
        seconds=_column(row.seconds for row in rows),
    )


Ratios = dict[str, tuple[Numbers, Numbers]]


def _retrieval_parts(rows: Sequence[Row], answerable: Numbers) -> Ratios:
    reciprocal = _column(row.reciprocal_rank for row in rows)
    return {
        "recall@1": (answerable * (reciprocal >= 1), answerable),
        "recall@5": (answerable * (reciprocal >= 1 / 5), answerable),
        "mrr@10": (answerable * reciprocal, answerable),
        "ndcg@10": (answerable * _column(row.ndcg for row in rows), answerable),
    }


def _answer_parts(rows: Sequence[Row], answerable: Numbers, answered: Numbers) -> Ratios:
    contains = _column(row.contains for row in rows)
    f1 = _column(row.f1 for row in rows)
    both = answerable * answered
    chars = _column(row.answer_chars for row in rows)
    return {
        "contains": (contains, answerable),
        "contains_if_answered": (contains, both),
        "answer_f1": (f1, answerable),
        "answer_f1_if_answered": (f1, both),
        "mean_answer_chars": (chars, answered),
    }


def _citation_parts(
    rows: Sequence[Row], answerable: Numbers, answered: Numbers, citations: Numbers
) -> Ratios:
    right = _column(row.gold_citations for row in rows)
    spans = answerable * _column(row.is_span for row in rows)
    return {
        "cit_real": (_column(row.real_citations for row in rows), citations),
        "cit_precision": (right, citations),
        "cit_precision_answerable": (right, answerable * citations),
        "cit_recall": (answerable * (right > 0), answerable),
        "cit_support": (spans * _column(row.is_supported for row in rows), spans),
        "answered_without_citation": (answered * (citations == 0), answered),
    }


def _refusal_parts(rows: Sequence[Row], answerable: Numbers, answered: Numbers) -> Ratios:
    due, refused = 1 - answerable, 1 - answered
    right = _column(row.is_right for row in rows)
    wrong = answered * (1 - right)
    parts = {
        "abst_precision": (due * refused, refused),
        "abst_recall": (due * refused, due),
        "false_refusal": (answerable * refused, answerable),
        "utility": (right - wrong, np.ones(len(rows))),
    }
    kinds = [row.kind or "unanswerable" for row in rows]
    for kind in sorted({kind for kind, row in zip(kinds, rows, strict=True) if not row.is_answerable}):
        of_kind = due * _column(other == kind for other in kinds)
        parts[f"abst_recall[{kind}]"] = (of_kind * refused, of_kind)
    return parts


def _column(values: Iterable[float]) -> Numbers:
    return np.fromiter(values, dtype=np.float64)


def _divide(part: Numbers, whole: Numbers) -> Numbers:
    """`part / whole`, NaN where `whole` is 0."""
    quotients: Numbers = np.divide(part, whole, out=np.full(np.shape(whole), math.nan), where=whole != 0)
    return quotients
