"""Intervals held against scoring each resample anew, and what a comparison calls a difference."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from qa.evaluation.bootstrap import RESAMPLES, figures_under, interval_of, measure, resample
from qa.evaluation.comparing import Change, Comparison, compare
from qa.evaluation.gold import GoldDocument, GoldQuestion, GoldSet
from qa.evaluation.judging import Row, judge
from qa.evaluation.prediction import Prediction
from qa.evaluation.scoring import COUNTS, parts_of, score

DOCUMENTS = tuple(
    GoldDocument(
        f"d{number}", f"T{number}", f"The plant number {number} burns {number}00 tonnes a day.", "en"
    )
    for number in range(4)
)


def question(number: int) -> GoldQuestion:
    is_answerable = number % 3 != 0
    document = number % 4
    return GoldQuestion(
        id=f"q{number}",
        question=f"question {number}?",
        language="en",
        answers=(f"{document}00 tonnes",) if is_answerable else (),
        doc_ids=(f"d{document}",) if is_answerable else (),
        is_answerable=is_answerable,
        kind="" if is_answerable else ("near_miss" if number % 2 else "out_of_corpus"),
        answer_type="free" if number == 1 else "span",
    )


GOLD = GoldSet(tuple(question(number) for number in range(12)), DOCUMENTS)


def prediction(asked: GoldQuestion, rng: random.Random) -> Prediction:
    cited = rng.choices(DOCUMENTS, k=rng.randrange(3))
    return Prediction(
        question_id=asked.id,
        is_answered=rng.random() < 0.7,
        answer=rng.choice([*asked.answers, "no idea", "some 100 tonnes"]),
        citations=tuple((document.id, rng.choice([document.text, "was made up"])) for document in cited),
        ranked=tuple(document.id for document in rng.sample(DOCUMENTS, k=4)),
        seconds=rng.random(),
    )


def predictions(seed: int) -> tuple[Prediction, ...]:
    """What was said to all but the last question: it has no prediction."""
    rng = random.Random(seed)
    return tuple(prediction(asked, rng) for asked in GOLD.questions[:-1])


@cache
def scored_anew(seed: int) -> Sequence[Mapping[str, float]]:
    """The figures over each resample, of `predictions(seed)`; some thousand sets are scored."""
    said = predictions(seed)
    return [score_resample(counts, said) for counts in resample(len(GOLD.questions))]


def score_resample(counts: Sequence[float], said: Sequence[Prediction]) -> dict[str, float]:
    """The figures over the drawn questions, each written down as often as it was drawn."""
    drawn = [asked for asked, count in zip(GOLD.questions, counts, strict=True) for _ in range(int(count))]
    return dict(score(GoldSet(tuple(drawn), DOCUMENTS), said))


def row(number: int, **changes: Any) -> Row:
    """A right and answered question."""
    plain = Row(
        id=f"q{number}", digest="d", lang="en", kind="", is_answerable=True, is_span=True, is_missing=False,
        is_answered=True, confidence=0.9, contains=True, f1=1.0, reciprocal_rank=1.0, ndcg=1.0, citations=1,
        real_citations=1, gold_citations=1, is_supported=True, answer_chars=10, seconds=0.5,
    )  # fmt: skip
    return dataclasses.replace(plain, **changes)


def change_of(comparison: Comparison, figure: str) -> Change:
    return next(change for change in comparison.changes if change.figure == figure)


# ------------------------------------------------------------------------------------------------ intervals


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_every_resample_has_the_figures_that_scoring_it_anew_gives(seed: int) -> None:
    said = predictions(seed)
    fast = figures_under(resample(len(GOLD.questions)), parts_of(judge(GOLD, said)))
    slow = scored_anew(seed)
    for name, values in fast.items():
        expected = np.array([figures.get(name, math.nan) for figures in slow])  # a kind may not be drawn
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-9, err_msg=name)


def test_an_interval_is_between_the_percentiles_of_the_resampled_figures() -> None:
    slow = scored_anew(0)
    measured = measure(judge(GOLD, predictions(0)))
    assert set(measured.intervals) == set(measured.figures) - set(COUNTS)
    for name, interval in measured.intervals.items():
        values = [figures[name] for figures in slow if not math.isnan(figures.get(name, math.nan))]
        assert (interval.low, interval.high) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])))


def test_a_resample_draws_as_many_questions_as_there_are() -> None:
    weights = resample(7)
    assert weights.shape == (RESAMPLES, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(7), abs=0.15)


def test_the_same_answers_have_the_same_intervals() -> None:
    rows = judge(GOLD, predictions(0))
    assert repr(measure(rows).intervals) == repr(measure(rows).intervals)


def test_the_figures_beside_the_intervals_are_those_of_the_score() -> None:
    assert repr(measure(judge(GOLD, predictions(1))).figures) == repr(score(GOLD, predictions(1)))


def test_an_interval_narrows_with_more_questions() -> None:
    widths = []
    for count in (20, 2000):
        interval = measure([row(n, reciprocal_rank=float(n % 2)) for n in range(count)]).intervals["recall@1"]
        assert interval.low < 0.5 < interval.high
        widths.append(interval.high - interval.low)
    assert widths[1] < widths[0] / 5  # ten times as narrow, by the square root


def test_where_nothing_is_measured_the_interval_is_undefined() -> None:
    intervals = measure([row(1), row(2)]).intervals
    assert math.isnan(intervals["abst_recall"].low)
    assert math.isnan(intervals["abst_recall"].high)
    assert (intervals["recall@1"].low, intervals["recall@1"].high) == (1, 1)


def test_no_questions_have_undefined_figures() -> None:
    measured = measure([])
    assert measured.figures["n"] == 0
    assert all(math.isnan(interval.low) for interval in measured.intervals.values())


def test_resamples_that_are_undefined_do_not_count() -> None:
    interval = interval_of(np.array([math.nan, 1.0, 1.0, math.nan]))
    assert (interval.low, interval.high) == (1, 1)


# ---------------------------------------------------------------------------------------------- comparisons


def test_two_equal_systems_differ_by_noise_only() -> None:
    rows = judge(GOLD, predictions(0))
    found = compare(rows, rows)
    assert (found.questions, found.only_now, found.only_then) == (12, 0, 0)
    assert (found.mended, found.broken) == ((), ())
    assert {change.verdict for change in found.changes} == {"noise"}
    assert {change.change for change in found.changes if not math.isnan(change.change)} == {0}


def test_two_systems_that_are_equally_good_differ_by_noise_only() -> None:
    then = [row(n, contains=n % 2 == 0) for n in range(40)]
    now = [row(n, contains=n % 2 == 1) for n in range(40)]
    assert change_of(compare(then, now), "contains").verdict == "noise"


def test_a_clearly_better_system_is_better() -> None:
    then = [row(n, contains=n >= 20) for n in range(40)]
    change = change_of(compare(then, [row(n) for n in range(40)]), "contains")
    assert (change.then, change.now, change.change, change.different) == (0.5, 1, 0.5, 20)
    assert 0.3 < change.low < 0.5 < change.high < 0.7
    assert change.verdict == "better"


def test_a_rise_of_what_should_be_low_is_worse() -> None:
    then = [row(n) for n in range(40)]
    now = [row(n, is_answered=n >= 20, contains=n >= 20) for n in range(40)]
    assert change_of(compare(then, now), "false_refusal").verdict == "worse"
    assert change_of(compare(now, then), "false_refusal").verdict == "better"


def test_longer_answers_are_neither_better_nor_worse() -> None:
    then = [row(n) for n in range(40)]
    now = [row(n, answer_chars=20 + n) for n in range(40)]
    assert change_of(compare(then, now), "mean_answer_chars").verdict == "moved"


@pytest.mark.parametrize(("different", "verdict"), [(5, "noise"), (6, "better")])
def test_five_questions_are_too_few_to_tell(different: int, verdict: str) -> None:
    then = [row(n, contains=n >= different) for n in range(20)]
    change = change_of(compare(then, [row(n) for n in range(20)]), "contains")
    assert change.low > 0  # so the bootstrap alone would call both a difference
    assert change.verdict == verdict


def test_pairing_finds_a_difference_that_lies_within_both_intervals() -> None:
    then = [row(n, contains=n % 2 == 0) for n in range(100)]
    now = [row(n, contains=n % 2 == 0 or n < 20) for n in range(100)]
    [old, new] = [measure(rows).intervals["contains"] for rows in (then, now)]
    assert old.high > new.low
    assert change_of(compare(then, now), "contains").verdict == "better"


def test_only_questions_that_were_asked_both_times_are_compared() -> None:
    then = [row(1, contains=False), row(2), row(3, digest="asked otherwise")]
    now = [row(1), row(2, contains=False), row(3), row(4)]
    found = compare(then, now)
    assert (found.questions, found.only_now, found.only_then) == (2, 2, 1)
    assert (found.mended, found.broken) == (("q1",), ("q2",))


@pytest.mark.parametrize(
    "changes",
    [
        {"question": "another?"}, {"answers": ("other",)}, {"answers_native": ("別",)}, {"doc_ids": ("d9",)},
        {"is_answerable": False}, {"kind": "other"}, {"language": "ja"}, {"answer_type": "free"},
        {"city": "Davao"},
    ],
)  # fmt: skip
def test_a_question_that_is_judged_otherwise_has_another_digest(changes: dict[str, Any]) -> None:
    asked = question(2)
    digests = [
        judge(GoldSet((which,), DOCUMENTS), [])[0].digest
        for which in (asked, dataclasses.replace(asked), dataclasses.replace(asked, **changes))
    ]
    assert digests[0] == digests[1] != digests[2]
