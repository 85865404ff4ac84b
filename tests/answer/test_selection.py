"""Facts about which sentences answer."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from conftest import OverlapReranker
from passages import QUERY, SAID, Selecting, chunk_of, passage_of, selecting_with
from qa.answer.selection import READ_PASSAGES, STORY_STATEMENTS
from qa.config import Settings
from qa.domain import Focus, Query, Refusal, Span
from qa.search.retriever import FAR_AHEAD, SURE


@pytest.fixture
def selecting(settings: Settings) -> Selecting:
    return selecting_with(settings)


def test_the_best_sentence_is_the_evidence(selecting: Selecting) -> None:
    assert selecting.texts(passage_of(chunk_of(*SAID[:3]), 0.3, 0.4, 0.95)) == [SAID[2]]


def test_evidence_is_verbatim_with_its_place(selecting: Selecting) -> None:
    chunk = chunk_of(*SAID[:3])

    (evidence,) = selecting.pieces(passage_of(chunk, 0.3, 0.95, 0.4))

    assert evidence.chunk == chunk
    assert evidence.span == chunk.sentences[1]
    assert evidence.text == chunk.cut(evidence.span) == SAID[1]
    assert 0 <= evidence.score <= 1


def test_sentences_as_good_as_the_best_come_in_reading_order(selecting: Selecting) -> None:
    assert selecting.texts(passage_of(chunk_of(*SAID[:4]), 0.945, 0.2, 0.95, 0.948)) == [
        SAID[0],
        SAID[2],
        SAID[3],
    ]


def test_the_document_of_the_best_sentence_comes_first(selecting: Selecting) -> None:
    first = passage_of(chunk_of(SAID[0], SAID[1], path="a.txt"), 0.94, 0.941)
    second = passage_of(chunk_of(SAID[2], SAID[3], path="b.txt"), 0.94, 0.969)

    assert selecting.texts(first, second) == [SAID[2], SAID[3], SAID[0], SAID[1]]


def test_a_sentence_far_below_the_best_is_left_out(selecting: Selecting) -> None:
    assert selecting.texts(passage_of(chunk_of(*SAID[:2]), 0.95, 0.6)) == [SAID[0]]


def test_a_sentence_that_says_the_same_as_a_better_one_is_dropped(selecting: Selecting) -> None:
    first = passage_of(chunk_of("Kitakyushu sent sixty experts by ship.", path="a.txt"), 0.95)
    second = passage_of(chunk_of("Kitakyushu sent SIXTY experts, by ship!", path="b.txt"), 0.949)

    assert selecting.texts(first, second) == ["Kitakyushu sent sixty experts by ship."]


def test_the_same_words_about_something_else_are_kept(selecting: Selecting) -> None:
    said = ("Kitakyushu won the award in a year of rain.", "Dalian took a prize in a year of sun.")

    assert selecting.texts(passage_of(chunk_of(*said), 0.95, 0.949)) == list(said)


def test_sentences_that_differ_in_a_number_do_not_say_the_same(selecting: Selecting) -> None:
    said = (
        "In 2011 the plant in the north of the city cleaned 5,000 tons of water.",
        "In 2012 the plant in the north of the city cleaned 5,000 tons of water.",
    )

    assert selecting.texts(passage_of(chunk_of(*said), 0.95, 0.949)) == list(said)


@hypothesis_settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    similarities=st.lists(st.floats(0.5, 1), min_size=len(SAID), max_size=len(SAID)),
    max_statements=st.integers(1, 10),
)
def test_there_are_at_most_so_many_statements_in_reading_order(
    selecting: Selecting, similarities: list[float], max_statements: int
) -> None:
    texts = selecting.texts(passage_of(chunk_of(*SAID), *similarities), max_statements=max_statements)

    assert 1 <= len(texts) <= max_statements
    assert texts == [sentence for sentence in SAID if sentence in texts]
    assert len(texts) == len(set(texts))


def test_only_the_best_passages_are_read(selecting: Selecting) -> None:
    passages = [
        passage_of(chunk_of(sentence, path=f"{number}.txt"), 0.95)
        for number, sentence in enumerate(SAID[: READ_PASSAGES + 1])
    ]

    assert set(selecting.texts(*passages, max_statements=10)) == set(SAID[:READ_PASSAGES])


def test_a_sentence_that_points_back_takes_the_one_before_along(selecting: Selecting) -> None:
    chunk = chunk_of(SAID[1], SAID[0], "This method is old.")

    assert selecting.texts(passage_of(chunk, 0.2, 0.2, 0.95)) == [f"{SAID[0]} This method is old."]


def test_a_sentence_that_another_takes_along_is_not_quoted_twice(selecting: Selecting) -> None:
    chunk = chunk_of(SAID[0], "This method has spread far.")

    assert selecting.texts(passage_of(chunk, 0.95, 0.949)) == [f"{SAID[0]} This method has spread far."]


def test_the_cross_encoder_tells_which_sentence_answers(selecting: Selecting) -> None:
    selecting.reranker = OverlapReranker()
    chunk = chunk_of("How cold it was.", "Many experts went there by ship.", "Rain fell.")

    assert selecting.texts(passage_of(chunk, 0.8, 0.8, 0.8, rerank_score=5.0)) == [
        "Many experts went there by ship."
    ]


class CountingReranker(OverlapReranker):
    """Keeps the texts that it was asked to score."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def score(self, text_pairs: list[tuple[str, str]]) -> list[float]:
        self.texts += [text for _, text in text_pairs]
        return super().score(text_pairs)


@pytest.mark.parametrize(
    ("leader", "second", "is_read"),
    [
        (SURE, SURE - FAR_AHEAD, False),
        (SURE, None, False),
        (SURE, SURE - FAR_AHEAD + 0.1, True),
        (SURE - 0.1, SURE - FAR_AHEAD - 1, True),
    ],
)
def test_sentences_of_a_passage_that_is_far_behind_are_neither_read_nor_quoted(
    selecting: Selecting, leader: float, second: float | None, is_read: bool
) -> None:
    selecting.reranker = reranker = CountingReranker()
    best = passage_of(chunk_of(SAID[0]), 0.9, rerank_score=leader)
    behind = passage_of(chunk_of(SAID[1], path="b.txt"), 0.9, rerank_score=second)

    quoted = selecting.texts(best, behind)

    assert reranker.texts == [SAID[0], SAID[1]][: 1 + is_read]
    assert SAID[0] in quoted
    assert is_read or SAID[1] not in quoted


def test_the_words_that_the_reader_found_are_the_focus(selecting: Selecting) -> None:
    chunk = chunk_of("Kitakyushu sent 60 experts by ship.", *SAID[1:3])
    start = chunk.text.index("60")
    foci = (Focus(Span(start, start + 2), 1.0), None, Focus(Span(80, 85), -3.0))
    passage = dataclasses.replace(passage_of(chunk, 0.95, 0.2, 0.98), foci=foci, read_score=2.0)

    evidence, _ = selecting(passage)

    assert not isinstance(evidence, Refusal)
    assert [piece.focus for piece in evidence] == [foci[0].span if foci[0] else None, None]


def test_words_that_are_the_whole_sentence_are_not_set_off_from_it(selecting: Selecting) -> None:
    chunk = chunk_of(SAID[0])
    foci = (Focus(Span(0, len(SAID[0]) - 1), 5.0),)
    passage = dataclasses.replace(passage_of(chunk, 0.95), foci=foci, read_score=2.0)

    (evidence,) = selecting.pieces(passage)

    assert evidence.focus is None


@pytest.mark.parametrize(
    ("words", "query"),
    [
        # What the question says itself.
        ("experts", QUERY),
        # Of several cities, neither date nor number.
        ("by ship", dataclasses.replace(QUERY, cities=("Dalian",), is_city_by_city=True)),
    ],
)
def test_words_that_are_not_what_was_asked_for_are_not_set_off(
    selecting: Selecting, words: str, query: Query
) -> None:
    chunk = chunk_of("Kitakyushu sent 60 experts by ship.")
    start = chunk.text.index(words)
    passage = dataclasses.replace(
        passage_of(chunk, 0.95), foci=(Focus(Span(start, start + len(words)), 5.0),), read_score=2.0
    )

    (evidence,) = selecting.pieces(passage, query=query)

    assert evidence.focus is None


def test_a_sentence_in_which_the_reader_finds_the_words_wins(selecting: Selecting) -> None:
    chunk = chunk_of(*SAID[:3])
    foci = (None, Focus(Span(45, 50), 6.0), Focus(Span(85, 90), -6.0))
    passage = dataclasses.replace(passage_of(chunk, 0.5, 0.94, 0.96), foci=foci, read_score=2.0)

    evidence, _ = selecting(passage)

    assert not isinstance(evidence, Refusal)
    assert [piece.text for piece in evidence] == [SAID[1]]


def test_a_story_tells_what_the_best_passages_say_in_their_order(selecting: Selecting) -> None:
    chunks = [
        chunk_of(*SAID[:3], path="a.txt", cities=("Dalian",)),
        chunk_of(*SAID[3:], path="b.txt", cities=("Dalian",)),
    ]
    passages = [passage_of(chunks[0], 0.2, 0.3, 0.25), passage_of(chunks[1], 0.1, 0.2, 0.15)]
    query = dataclasses.replace(QUERY, cities=("Dalian",), named_cities=("Dalian",), wants_story=True)

    evidence, chance = selecting(*passages, query=query, threshold=0.5)

    assert not isinstance(evidence, Refusal)
    assert [piece.text for piece in evidence] == [" ".join(SAID[:3]), " ".join(SAID[3:])]
    assert chance == 1.0


def test_a_story_leaves_out_what_stands_between_and_keeps_list_items_apart(selecting: Selecting) -> None:
    text = "One came.\nTwo came.\n\nThree came.\n- Four came.\n- Five came."
    starts = [text.index(word) for word in ("One", "Two", "Three", "- Four", "- Five")]
    ends = [text.index(".", start) + 1 for start in starts]
    sentences = tuple(Span(start, end) for start, end in zip(starts, ends, strict=True))
    chunk = dataclasses.replace(chunk_of(text), sentences=sentences)
    query = dataclasses.replace(QUERY, cities=("Dalian",), wants_story=True)

    told = selecting.texts(passage_of(chunk, *[0.5] * 5), query=query)

    assert told == ["One came.\nTwo came.", "Three came.", "- Four came.", "- Five came."]


def test_a_story_ends_somewhere(selecting: Selecting) -> None:
    sentences = [f"In {1900 + number} they built bridge number {number}." for number in range(40)]
    passage = passage_of(chunk_of(*sentences), *[0.5] * 40)
    query = dataclasses.replace(QUERY, cities=("Dalian",), wants_story=True)

    assert " ".join(selecting.texts(passage, query=query)).count("bridge") == STORY_STATEMENTS
