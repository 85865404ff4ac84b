"""Facts about names in a question that no document mentions."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from conftest import REPOSITORY
from qa.domain import Chunk, Place, Query, Source, Span
from qa.text.names import (
    Words,
    collect_words,
    find_places,
    find_unknown_names,
    find_unmentioned_words,
    find_years,
)

TEXT = (
    "Kitakyushu sent experts to Dalian, and the Cambodian Prime Minister Hun Sen visited Kitakyushu. "
    "Hai Phong in Viet Nam lies by the sea; Japan and Normandy do too. "
    "Phnôm Pênh has a Nam-Cau-Kien park."
)


def chunk_of(text: str, *, title: str = "Activities", heading: str = "") -> Chunk:
    span = Span(0, len(text))
    return Chunk("c", Source("d", "d.txt", title), Place(span, heading=heading), text, (span,))  # fmt: skip


KNOWN = collect_words([chunk_of(TEXT, title="Surabaya's compost", heading="Global Award")])


def unknown(question: str, *, language: str = "en") -> tuple[str, ...]:
    return find_unknown_names(Query(question=question, text=question, language=language), KNOWN)


def test_a_city_that_documents_call_otherwise_is_no_unknown_name() -> None:
    question = "Pergi ke Bangkok dengan Jakarta?"
    renamed = {"km": "Pergi ke បាងកក dengan Jakarta?", "en": "Pergi ke Krung dengan Jakarta?"}
    query = Query(question=question, text=question, language="id", renamed=renamed)

    assert unknown(question, language="id") == ("Bangkok", "Jakarta")
    assert find_unknown_names(query, KNOWN) == ("Jakarta",)


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


LETTERS = st.text("abé", min_size=1, max_size=9)


@given(known=st.sets(LETTERS, max_size=30), word=LETTERS)
def test_forms_of_a_word_are_those_that_looking_at_each_word_finds(known: set[str], word: str) -> None:
    words = Words(known)
    alike = any(len(word) >= 5 and other[:5] == word[:5] for other in known)
    near = any(len(word) > 5 and Levenshtein.distance(word, other) <= 1 for other in known)
    assert words.has_form_of(word) == (alike or near)
    assert words.has_start(word) == any(other.startswith(word) for other in known)


@given(st.text(max_size=200))
def test_whatever_is_asked_only_its_own_words_are_named(question: str) -> None:
    for name in unknown(question):
        assert name in question


@given(st.lists(st.sampled_from(TEXT.replace(",", "").replace(".", "").split()), max_size=12))
def test_words_of_the_documents_are_never_unknown(words: list[str]) -> None:
    assert unknown(f"what is {' '.join(words)} in all that was written there by them") == ()


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("What happened in 2014?", {"2014": "2014"}),
        ("2014年に何が", {"2014": "2014"}),
        ("２０１４年に何が", {"2014": "２０１４"}),
        ("ឆ្នាំ២០១៤", {"2014": "២០១៤"}),
        ("between 1999 and 2001", {"1999": "1999", "2001": "2001"}),
        ("in 2014.", {"2014": "2014"}),
        ("2,014 people, 1.2014 %, 12014, 20145, 0999, 3000", {}),
        ("in 2014.5 and 1999,000", {}),
        ("", {}),
    ],
)
def test_years_are_found_in_any_digits(text: str, years: dict[str, str]) -> None:
    assert find_years(text) == years


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Is there an agreement with Bangkok?", {"Bangkok": "Bangkok"}),
        ("バンコクとの協定はいつ結ばれましたか？", {"Bangkok": "バンコク"}),
        ("Thỏa thuận với Thành phố Hồ Chí Minh là gì?", {"Ho Chi Minh City": "Hồ Chí Minh"}),
        ("តើបាងកកបានចុះកិច្ចព្រមព្រៀងទេ?", {"Bangkok": "បាងកក"}),
        ("雅加达和马尼拉", {"Jakarta": "雅加达", "Manila": "马尼拉"}),
        ("Di medan perang", {}),
        ("Bangkokian food", {}),
    ],
)
def test_well_known_places_are_found_in_every_script(text: str, places: dict[str, str]) -> None:
    assert find_places(text) == places


def test_every_name_of_a_place_finds_it() -> None:
    table = tomllib.loads((REPOSITORY / "src/qa/data/places.toml").read_text(encoding="utf-8"))
    for places in table.values():
        for place, variants in places.items():
            for name in (place, *variants):
                assert find_places(f"({name})") == {place: name}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What is the population of Dalian?", ("population",)),
        ("Who is the mayor of Hai Phong?", ("mayor",)),
        ("How many experts went to Dalian?", ()),
        ("When did Dalian send an expert?", ()),
        ("What is Dalian?", ()),
    ],
)
def test_what_no_document_says_a_word_of_is_found(question: str, words: tuple[str, ...]) -> None:
    assert find_unmentioned_words(Query(question=question, text=question), KNOWN) == words


def test_words_of_other_languages_than_english_are_not_judged() -> None:
    question = "Berapa populasi Dalian?"
    assert find_unmentioned_words(Query(question=question, text=question, language="id"), KNOWN) == ()
