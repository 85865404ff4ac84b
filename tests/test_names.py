"""Facts about names in a question that no document mentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.domain import Chunk, Query, Span
from qa.names import collect_words, find_unknown_names

TEXT = (
    "Kitakyushu sent experts to Dalian, and the Cambodian Prime Minister Hun Sen visited Kitakyushu. "
    "Hai Phong in Viet Nam lies by the sea; Japan and Normandy do too. "
    "Phnôm Pênh has a Nam-Cau-Kien park."
)


def chunk_of(text: str, *, title: str = "Activities", heading: str = "") -> Chunk:
    span = Span(0, len(text))
    return Chunk(
        chunk_id="c", doc_id="d", path="d.txt", title=title, heading=heading, span=span, text=text,
        sentences=(span,),
    )  # fmt: skip


KNOWN = collect_words([chunk_of(TEXT, title="Surabaya's compost", heading="Global Award")])


def unknown(question: str, *, language: str = "en") -> tuple[str, ...]:
    return find_unknown_names(Query(question=question, text=question, language=language), KNOWN)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("When did Kitakyushu sign an agreement with Bangkok?", ("Bangkok",)),
        ("What did Bangkok's mayor say to the people of Manila?", ("Bangkok", "Manila")),
        ("Did Kitakyushu work with Bangkok, and when with Bangkok?", ("Bangkok",)),
        ("Was Angela-Merkel in Dalian, as people say?", ("Angela-Merkel",)),
        ("Kapan Kitakyushu bekerja sama dengan Jakarta?", ("Jakarta",)),
        ("What about São-Paulo and its waste?", ("São-Paulo",)),
    ],
)
def test_a_name_that_no_document_mentions_is_found(question: str, names: tuple[str, ...]) -> None:
    assert unknown(question) == names


@pytest.mark.parametrize(
    "question",
    [
        "How many experts did Kitakyushu send to Dalian?",
        "What is Kitakyushu's record, and Dalian's?",
        "What did the Normans do in the city of Kitakyushu?",
        "Which award is the Global one that Dalian won?",
        "What did the Cambodians ask for in the end?",
        "Why did they compost in Surabaya so much?",
        "What stands in Nam Cau Kien or Nam-Cau-Kien today?",
        "Which people went to Kitakyūshū by train?",
        "Which people went to Phnom Penh and to Hải Phòng?",
        "Who went to Dalien in the end?",
    ],
)
def test_forms_of_a_name_that_is_known_are_not_found(question: str) -> None:
    assert unknown(question) == ()


@pytest.mark.parametrize(
    "question",
    [
        "Which Japanese companies took part in the work?",
        "Which city in Vietnam does Kitakyushu work with?",
        "When did Haiphong sign the agreement with the city?",
    ],
)
def test_words_that_begin_alike_or_are_written_apart_are_forms_of_one(question: str) -> None:
    assert unknown(question) == ()


@pytest.mark.parametrize(
    "question",
    [
        "WHEN DID KITAKYUSHU SIGN AN AGREEMENT WITH BANGKOK?",
        "When Did Kitakyushu Sign An Agreement With Bangkok?",
        "Bangkok?",
    ],
)
def test_a_question_in_capitals_or_like_a_title_tells_nothing(question: str) -> None:
    assert unknown(question) == ()


def test_german_capitalises_nouns() -> None:
    assert unknown("Wann hat Kitakyushu mit Bangkok einen Vertrag geschlossen?", language="de") == ()


def test_the_first_word_of_a_sentence_is_no_name() -> None:
    assert unknown("Describe the work in Dalian for me. Mention every expert that was there.") == ()


def test_short_words_are_taken_for_abbreviations() -> None:
    assert unknown("What does the MOU say about the work on water?") == ()


def test_words_come_from_titles_headings_and_texts() -> None:
    assert {"surabaya's", "global", "award", "dalian", "experts", "phnom", "nam-cau-kien"} <= KNOWN


def test_without_documents_no_word_is_known() -> None:
    assert collect_words([]) == frozenset()


@given(st.text(max_size=200))
def test_whatever_is_asked_only_its_own_words_are_named(question: str) -> None:
    for name in unknown(question):
        assert name in question


@given(st.lists(st.sampled_from(TEXT.replace(",", "").replace(".", "").split()), max_size=12))
def test_words_of_the_documents_are_never_unknown(words: list[str]) -> None:
    assert unknown(f"what is {' '.join(words)} in all that was written there by them") == ()
