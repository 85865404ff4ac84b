"""Facts about the probability that evidence answers."""

from __future__ import annotations

import dataclasses
import json
import math
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import REPOSITORY
from qa.answer.calibration import CASES, FEATURES, Signals
from qa.answer.decision import probability

UNREAD = Signals(similarity=0.85, background=0.75, is_cross_lingual=False)
EXAMPLES = {"unread": UNREAD, "read": dataclasses.replace(UNREAD, read_score=0.5, focus_score=1.0)}


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    """What `data/calibration.json` holds."""
    text = resources.files("qa").joinpath("data", "calibration.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("case", CASES)
def test_each_case_has_its_example(case: str) -> None:
    assert EXAMPLES[case].case == case
    assert len(EXAMPLES[case].values()) == len(FEATURES[case])


@given(
    case=st.sampled_from(CASES),
    similarity=st.floats(-1, 1),
    logits=st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000)),
)
def test_a_probability_is_between_0_and_1(case: str, similarity: float, logits: tuple[float, float]) -> None:
    example = dataclasses.replace(EXAMPLES[case], similarity=similarity)
    if case == "read":
        example = dataclasses.replace(example, read_score=logits[0], focus_score=logits[1])

    assert 0 <= probability(example) <= 1


@given(lower=st.floats(-20, 20), higher=st.floats(-20, 20))
def test_a_surer_reader_is_never_less_probable(lower: float, higher: float) -> None:
    lower, higher = sorted((lower, higher))

    answered = [probability(dataclasses.replace(EXAMPLES["read"], read_score=v)) for v in (lower, higher)]
    found = [probability(dataclasses.replace(EXAMPLES["read"], focus_score=v)) for v in (lower, higher)]

    assert answered[0] <= answered[1]
    assert found[0] <= found[1]


@given(case=st.sampled_from(CASES), lower=st.floats(-1, 1), higher=st.floats(-1, 1))
def test_more_similarity_is_never_less_probable(case: str, lower: float, higher: float) -> None:
    lower, higher = sorted((lower, higher))

    chances = [probability(dataclasses.replace(EXAMPLES[case], similarity=s)) for s in (lower, higher)]

    assert chances[0] <= chances[1]


def test_similarity_divides_where_nothing_is_read() -> None:
    far, near = (probability(dataclasses.replace(UNREAD, similarity=s)) for s in (0.6, 1.0))

    assert far < 0.5 < near


def test_the_reader_divides_at_the_same_similarity() -> None:
    doubtful, sure = (
        probability(dataclasses.replace(EXAMPLES["read"], read_score=score, focus_score=score))
        for score in (-6.0, 6.0)
    )

    assert doubtful < 0.5 < sure


@pytest.mark.parametrize("case", CASES)
def test_it_is_the_logistic_regression_that_the_record_says(case: str, record: dict[str, Any]) -> None:
    model = record["cases"][case]
    score = model["intercept"] + sum(
        weight * getattr(EXAMPLES[case], name)
        for weight, name in zip(model["weights"], model["features"], strict=True)
    )

    assert probability(EXAMPLES[case]) == pytest.approx(1 / (1 + math.exp(-score)))


def test_the_record_says_where_it_comes_from(record: dict[str, Any]) -> None:
    assert (REPOSITORY / record["fitted_by"]).is_file()
    assert record["questions"]
    for case in CASES:
        assert record["cases"][case]["questions"] > 0


def test_the_record_has_the_features_of_each_case(record: dict[str, Any]) -> None:
    assert sorted(record["cases"]) == sorted(CASES)
    for case in CASES:
        assert tuple(record["cases"][case]["features"]) == FEATURES[case]
        assert len(record["cases"][case]["weights"]) == len(FEATURES[case])
