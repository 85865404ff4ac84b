"""Facts about whether there is an answer, something near to one, or none, and why."""

from __future__ import annotations

import math

import pytest

from passages import SAID, Selecting, chunk_of, passage_of, selecting_with
from qa.answer.decision import MAX_LOG_ODDS_BEHIND, MIN_CITY_SHARE, MIN_NEAR_SHARE, is_general
from qa.answer.selection import MAX_NEAREST
from qa.config import Settings
from qa.domain import Query, Refusal


@pytest.fixture
def selecting(settings: Settings) -> Selecting:
    return selecting_with(settings)


def test_without_documents_the_index_is_empty(selecting: Selecting) -> None:
    assert selecting() == (Refusal("empty_index"), 0.0)


def test_a_question_without_words_is_empty(selecting: Selecting) -> None:
    chunk = chunk_of(SAID[0])

    assert selecting(chunks=[chunk], query=Query(question="", text="")) == (
        Refusal("empty_question", covered=("A",)),
        0.0,
    )


def test_without_passages_nothing_was_found(selecting: Selecting) -> None:
    chunk = chunk_of(SAID[0])

    assert selecting(chunks=[chunk]) == (Refusal("nothing_found", covered=("A",)), 0.0)


def test_weak_evidence_is_refused_and_not_shown(selecting: Selecting) -> None:
    chunk = chunk_of(*SAID[:5])

    refusal, confidence = selecting(passage_of(chunk, 0.1, 0.2, 0.3, 0.05, 0.0), threshold=0.5)

    assert isinstance(refusal, Refusal)
    assert confidence < MIN_NEAR_SHARE * 0.5
    assert refusal == Refusal("weak_evidence", covered=("A",))


def test_between_refusal_and_answer_the_closest_statements_are_shown(selecting: Selecting) -> None:
    chunk = chunk_of(*SAID[:5])
    passage = passage_of(chunk, 0.4, 0.45, 0.52, 0.3, 0.3)
    _, confidence = selecting(passage, threshold=1.0)

    refusal, again = selecting(passage, threshold=confidence * 1.01)

    assert isinstance(refusal, Refusal)
    assert again == confidence
    assert refusal.reason == "not_direct"
    assert refusal.covered == ("A",)
    assert refusal.missing == ()
    assert refusal.nearest[0].text == SAID[2]
    assert len(refusal.nearest) == MAX_NEAREST


def test_a_year_that_no_document_mentions_is_refused_by_it(selecting: Selecting) -> None:
    text = "What did Kitakyushu sign in ２０１４?"
    chunk = chunk_of("Kitakyushu signed it in 2016.")

    refusal, confidence = selecting(passage_of(chunk, 1.0), query=Query(question=text, text=text))

    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.missing, confidence) == ("unknown_name", ("２０１４",), 0.0)


def test_an_unknown_name_is_refused_however_near_the_evidence(selecting: Selecting) -> None:
    text = "how many experts went from Kitakyushu to Bangkok that year"
    chunk = chunk_of("Kitakyushu experts went there that year.", title="B")

    refusal, confidence = selecting(passage_of(chunk, 1.0), query=Query(question=text, text=text))

    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.missing) == ("unknown_name", ("Bangkok",))
    assert [piece.text for piece in refusal.nearest] == [chunk.text]
    assert refusal.covered == ("B",)
    assert confidence <= 0.5


def test_a_refusal_names_each_title_once(selecting: Selecting) -> None:
    chunks = [chunk_of(SAID[number], path=f"{number}.txt", title=title) for number, title in enumerate("ABA")]

    refusal, _ = selecting(chunks=chunks)

    assert isinstance(refusal, Refusal)
    assert refusal.covered == ("A", "B")


@pytest.mark.parametrize("is_near", [True, False])
def test_the_threshold_divides(selecting: Selecting, is_near: bool) -> None:
    similarity = 1.0 if is_near else 0.1
    passage = passage_of(chunk_of("How many experts went there?"), similarity)

    evidence, confidence = selecting(passage, threshold=0.5)

    assert isinstance(evidence, Refusal) != is_near
    assert (confidence >= 0.5) == is_near


def test_a_name_in_another_language_is_not_said_to_be_missing(selecting: Selecting) -> None:
    text = "bao nhiêu chuyên gia Nhật Bản đã đến Dalian"
    chunk = chunk_of("Sixty-seven experts from Japan went to Dalian.")

    refusal, _ = selecting(
        passage_of(chunk, 0.1), query=Query(question=text, text=text, language="vi"), threshold=1.0
    )

    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.missing) == ("weak_evidence", ())


def test_a_well_known_place_is_missed_in_any_language(selecting: Selecting) -> None:
    text = "バンコクとの協定はいつ結ばれましたか"
    chunk = chunk_of("Kitakyushu and Davao signed an agreement.")

    refusal, confidence = selecting(
        passage_of(chunk, 1.0), query=Query(question=text, text=text, language="ja")
    )

    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.missing, confidence) == ("unknown_name", ("バンコク",), 0.0)


def test_of_several_cities_only_what_was_in_the_year_asked_for_counts(selecting: Selecting) -> None:
    text = "Which cities signed in 2014?"
    query = Query(question=text, text=text, cities=("Hai Phong",), is_city_by_city=True)
    signed = chunk_of("Hai Phong signed in 2014.", "Hai Phong signed in 2009.", "It was raining.")
    later = chunk_of("Phnom Penh signed in 2016.", path="b.txt")

    evidence, _ = selecting(passage_of(signed, 0.9, 0.95, 0.9), query=query, chunks=[signed, later])
    other, _ = selecting(passage_of(later, 0.95), query=query, chunks=[signed, later])

    assert not isinstance(evidence, Refusal)
    assert [piece.text for piece in evidence] == ["Hai Phong signed in 2014."]
    assert isinstance(other, Refusal)


def test_a_year_that_no_document_mentions_is_named_for_several_cities_too(selecting: Selecting) -> None:
    text = "Which cities signed in 2031?"
    query = Query(question=text, text=text, cities=("Hai Phong",), is_city_by_city=True)

    refusal, _ = selecting(passage_of(chunk_of("Hai Phong signed in 2014."), 0.95), query=query)

    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.missing) == ("unknown_name", ("2031",))


@pytest.mark.parametrize("named", [(), ("Dalian", "Davao")])
@pytest.mark.parametrize(("is_city_by_city", "share"), [(False, 1), (True, MIN_CITY_SHARE)])
def test_of_several_cities_a_share_of_the_threshold_is_enough(
    selecting: Selecting, named: tuple[str, ...], is_city_by_city: bool, share: float
) -> None:
    text = "How many experts went there?"
    passage = passage_of(chunk_of(*SAID[:5]), 0.3, 0.35, 0.4, 0.3, 0.3)
    query = Query(
        question=text, text=text, cities=("Dalian",), named_cities=named, is_city_by_city=is_city_by_city
    )
    _, confidence = selecting(passage, query=query)

    (refusal, _), (answer, _) = (
        selecting(passage, query=query, threshold=confidence / share * factor) for factor in (1.01, 0.99)
    )

    assert isinstance(refusal, Refusal)
    assert not isinstance(answer, Refusal)


def test_what_lies_far_behind_in_log_odds_is_general() -> None:
    behind, close = (1 / (1 + math.exp(MAX_LOG_ODDS_BEHIND + more)) for more in (0.01, -0.01))

    assert is_general(behind, 0.5)
    assert not is_general(close, 0.5)
    assert not is_general(1.0, 1.0)
