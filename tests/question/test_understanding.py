"""Facts about how a question and the conversation before it become a query."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import REPOSITORY
from qa.cities import City, CityCatalogue, load_cities
from qa.domain import Query, Turn
from qa.errors import InputError
from qa.question.understanding import MAX_QUESTION_CHARS, clean_question, understand

CATALOGUE = load_cities(REPOSITORY / "corpus" / "cities.toml")
PHNOM_PENH = "When did Phnom Penh become a sister city of Kitakyushu?"
DALIAN = "What did Kitakyushu do in Dalian?"


def ask(question: str, *before: str, cities: tuple[str, ...] = ()) -> Query:
    """The query for `question` after the user's questions `before`."""
    history = [Turn("user", text) for text in before]
    return understand(question, history=history, chosen_cities=cities, catalogue=CATALOGUE)


@pytest.mark.parametrize(
    ("question", "city"),
    [
        ("How many experts went to Dalian?", "Dalian"),
        ("how many experts went to DALIAN?", "Dalian"),
        ("What happened in hai-phong?", "Hai Phong"),
        ("What happened in Haiphong?", "Hai Phong"),
        ("大連に専門家を何人派遣しましたか？", "Dalian"),
        ("ハイフォンでは何が導入されましたか？", "Hai Phong"),
        ("北九州与金边何时签订协议？", "Phnom Penh"),
        ("達沃的廢棄物合作是什麼？", "Davao"),
        ("Kitakyushu đã giúp Hải Phòng như thế nào?", "Hai Phong"),
        ("Kitakyushu đã cử ai đến Đại Liên?", "Dalian"),
        ("Berapa rumah tangga di Kota Surabaya?", "Surabaya"),
        ("តើភ្នំពេញមានទឹកស្អាតទេ?", "Phnom Penh"),
        ("Kailan pumirma ang Dabaw?", "Davao"),
    ],
)
def test_a_city_named_in_any_script_narrows_the_search(question: str, city: str) -> None:
    query = ask(question)

    assert query.cities == query.named_cities == (city,)


@pytest.mark.parametrize("city", CATALOGUE.partners, ids=lambda city: city.name)
def test_every_name_of_every_city_narrows_the_search(city: City) -> None:
    for name in city.all_names():
        assert ask(f"{name}?").cities == (city.name,), name


def test_the_home_city_narrows_nothing() -> None:
    assert ask("When will Kitakyushu be a zero-carbon city?").cities == ()


def test_several_named_cities_narrow_to_all_of_them() -> None:
    assert ask("Compare Davao with Surabaya.").cities == ("Davao", "Surabaya")


def test_a_chosen_city_narrows_the_search() -> None:
    query = ask("How many experts were sent?", cities=("Dalian",))

    assert query.cities == ("Dalian",)
    assert query.named_cities == ()


def test_a_named_city_wins_over_a_chosen_one() -> None:
    query = ask("How many experts were sent to Dalian?", cities=("Surabaya",))

    assert query.cities == ("Dalian",)
    assert query.set_aside_cities == ("Surabaya",)


def test_choosing_the_home_city_narrows_nothing() -> None:
    assert ask("How many experts were sent?", cities=("Kitakyushu",)).cities == ()
    assert ask("How many experts were sent?", cities=("Kitakyushu", "Dalian")).cities == ("Dalian",)


@pytest.mark.parametrize(
    ("question", "chosen", "set_aside"),
    [
        ("How many experts were sent to Dalian?", (), ()),
        ("How many experts were sent?", ("Surabaya",), ()),
        ("How many experts were sent to Dalian?", ("大連",), ()),
        ("How many experts were sent to Dalian?", ("Surabaya", "Dalian", "Davao"), ("Surabaya", "Davao")),
        ("Compare Dalian and Davao.", ("Davao",), ()),
        ("Compare Dalian and Davao.", ("Surabaya", "Davao"), ("Surabaya",)),
    ],
)
def test_of_the_chosen_cities_those_are_set_aside_that_the_question_does_not_name_where_it_names_any(
    question: str, chosen: tuple[str, ...], set_aside: tuple[str, ...]
) -> None:
    assert ask(question, cities=chosen).set_aside_cities == set_aside


def test_a_chosen_city_is_set_aside_for_one_that_a_follow_up_names() -> None:
    query = ask("And Hai Phong?", PHNOM_PENH, cities=("Davao",))

    assert (query.cities, query.set_aside_cities) == (("Hai Phong",), ("Davao",))


def test_a_chosen_city_is_not_set_aside_for_that_of_the_conversation() -> None:
    assert ask("How many did they send there?", DALIAN, cities=("Davao",)).set_aside_cities == ()


def test_a_chosen_city_may_have_any_of_its_names() -> None:
    assert ask("How many?", cities=("大連", "Dalian", "haiphong")).cities == ("Dalian", "Hai Phong")


def test_an_unknown_chosen_city_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        ask("How many experts were sent?", cities=("Bangkok",))

    assert "'Bangkok'" in str(caught.value)
    for city in CATALOGUE.partners:
        assert city.name in str(caught.value)


def test_an_unknown_chosen_city_is_an_error_also_beside_a_named_one() -> None:
    with pytest.raises(InputError, match="Bangkok"):
        ask("How many experts were sent to Dalian?", cities=("Bangkok",))


def test_without_a_table_of_cities_a_chosen_city_is_an_error_that_names_the_table() -> None:
    with pytest.raises(InputError, match=r"cities\.toml"):
        understand("How many?", chosen_cities=("Davao",), catalogue=CityCatalogue(()))


def test_a_misspelt_city_narrows_the_search() -> None:
    assert ask("How many households compost in Surabya?").cities == ("Surabaya",)


@pytest.mark.parametrize(
    ("before", "question", "whole", "city"),
    [
        (PHNOM_PENH, "And Hai Phong?", "When did Hai Phong become a sister city of Kitakyushu?", "Hai Phong"),
        (
            PHNOM_PENH,
            "What about Davao?",
            "When did Davao become a sister city of Kitakyushu?",
            "Davao",
        ),
        (PHNOM_PENH, "Dalian?", "When did Dalian become a sister city of Kitakyushu?", "Dalian"),
        (
            "プノンペンとの姉妹都市協定はいつ締結されましたか？",
            "ハイフォンは？",
            "Hai Phongとの姉妹都市協定はいつ締結されましたか？",
            "Hai Phong",
        ),
        (
            "Kapan Surabaya menandatangani nota kesepahaman?",
            "Bagaimana dengan Davao?",
            "Kapan Davao menandatangani nota kesepahaman?",
            "Davao",
        ),
    ],
)
def test_a_follow_up_that_only_names_a_city_asks_the_last_question_about_it(
    before: str, question: str, whole: str, city: str
) -> None:
    query = ask(question, before)

    assert query.text == whole
    assert query.question == question
    assert query.cities == (city,)
    assert query.is_follow_up


def test_a_follow_up_with_a_pronoun_takes_the_last_question_along() -> None:
    query = ask("How many experts did they send there?", DALIAN)

    assert DALIAN in query.text
    assert "How many experts did they send there?" in query.text
    assert query.cities == ("Dalian",)
    assert query.named_cities == ()
    assert query.is_follow_up


@pytest.mark.parametrize(
    ("before", "question", "city"),
    [
        ("大連との協力は何ですか？", "そこに専門家を何人派遣しましたか？", "Dalian"),
        ("金边的供水情况如何？", "那里什么时候签订了协议？", "Phnom Penh"),
        ("Apa yang dilakukan di Surabaya?", "Berapa rumah tangga di sana?", "Surabaya"),
        ("Kitakyushu làm gì ở Hải Phòng?", "Họ đã ký thỏa thuận khi nào?", "Hai Phong"),
        ("Ano ang ginawa sa Davao?", "Kailan nila ito nilagdaan?", "Davao"),
        ("តើមានអ្វីនៅភ្នំពេញ?", "តើនៅទីនោះមានទឹកស្អាតទេ?", "Phnom Penh"),
    ],
)
def test_pronouns_are_understood_in_the_languages_of_the_page(before: str, question: str, city: str) -> None:
    query = ask(question, before)

    assert before in query.text
    assert query.cities == (city,)


def test_a_chain_of_follow_ups_is_made_whole() -> None:
    query = ask("And Davao?", PHNOM_PENH, "And Hai Phong?")

    assert query.text == "When did Davao become a sister city of Kitakyushu?"
    assert query.cities == ("Davao",)


def test_thanks_between_two_questions_do_not_cut_the_second_off() -> None:
    assert ask("And Davao?", PHNOM_PENH, "Thank you!").text == ask("And Davao?", PHNOM_PENH).text
    assert ask("And Davao?", "Hello").text == "And Davao?"


def test_a_chosen_city_wins_over_that_of_the_conversation() -> None:
    assert ask("How many experts did they send there?", DALIAN, cities=("Davao",)).cities == ("Davao",)


@pytest.mark.parametrize(
    "question",
    [
        "How many ODA loans were granted to Dalian?",
        "When did Davao sign the memorandum on waste?",
        "What was introduced at the Vinh Bao water treatment plant?",
        "ハイフォンの浄水場には何が導入されましたか？",
        "Berapa banyak ahli dikirim ke Dalian?",
    ],
)
def test_a_self_contained_question_is_not_changed_by_the_conversation(question: str) -> None:
    query = ask(question, PHNOM_PENH, "And Hai Phong?")

    assert query == ask(question)
    assert query.text == question
    assert not query.is_follow_up


@pytest.mark.parametrize(
    "question",
    [
        "Which cities have projects that reduce waste?",
        "各都市はそれぞれ何年に覚書を結びましたか？",
        "Apakah sampah hanya dibuang?",
        "តើមានកិច្ចសហប្រតិបត្តិការអ្វីរវាងទីក្រុង?",
    ],
)
def test_a_question_without_a_pronoun_is_not_narrowed_to_the_conversations_city(question: str) -> None:
    assert ask(question, DALIAN).text == question


@pytest.mark.parametrize(
    ("before", "question"),
    [
        (
            "プノンペンとの姉妹都市協定はいつ締結されましたか？",
            "スラバヤの堆肥化とその効果について詳しく教えてください。",
        ),
        ("金边何时签订了姐妹城市协议？", "泗水的堆肥项目是什么，它有什么效果？"),
    ],
)
def test_a_whole_question_in_a_script_without_spaces_is_not_swapped_for_the_last_one(
    before: str, question: str
) -> None:
    assert question in ask(question, before).text


def test_without_a_conversation_a_question_stands_as_it_is() -> None:
    query = ask("How many experts did they send there?")

    assert query.text == query.question == "How many experts did they send there?"
    assert not query.is_follow_up


def test_what_the_assistant_said_is_not_searched_for() -> None:
    history = [Turn("user", DALIAN), Turn("assistant", "In Surabaya, composting has spread.")]

    query = understand("How many experts did they send there?", history=history, catalogue=CATALOGUE)

    assert "composting" not in query.text
    assert query.cities == ("Dalian",)


def test_a_conversation_of_the_assistant_alone_is_none() -> None:
    history = [Turn("assistant", "Ask me about Dalian.")]

    assert understand("How many did they send?", history=history, catalogue=CATALOGUE).is_follow_up is False


@pytest.mark.parametrize(
    ("question", "language"),
    [
        (PHNOM_PENH, "en"),
        ("北九州市は大連に専門家を何人派遣しましたか？", "ja"),
        ("北九州与金边何时签订了姐妹城市协议？", "zh"),
        ("តើភ្នំពេញមានទឹកស្អាតទេ?", "km"),
        ("Kitakyushu đã giúp Hải Phòng như thế nào?", "vi"),
        ("Berapa rumah tangga di Surabaya yang membuat kompos?", "id"),
        ("Kailan nilagdaan ng Kitakyushu at Davao ang memorandum?", "fil"),
    ],
)
def test_the_language_of_the_question_is_told(question: str, language: str) -> None:
    assert ask(question).language == language


def test_a_bare_name_is_in_the_language_of_the_question_before() -> None:
    assert ask("Davao?", "Kitakyushu đã giúp Hải Phòng như thế nào?").language == "vi"


def test_a_question_may_be_so_long_and_no_longer() -> None:
    assert len(ask("x" * MAX_QUESTION_CHARS).text) == MAX_QUESTION_CHARS
    with pytest.raises(InputError, match=f"{MAX_QUESTION_CHARS + 1} .*at most {MAX_QUESTION_CHARS}"):
        ask("x" * (MAX_QUESTION_CHARS + 1))


def test_control_characters_are_removed() -> None:
    query = ask("What\x00 is\r\n\x1b[31m U-BCF\u202e\u2066?\x7f\ud800")

    assert query.question == "What is [31m U-BCF ?"


def test_zero_width_spaces_stay_for_they_part_khmer_words() -> None:
    assert ask("ភ្នំពេញ\u200bមាន\u200bទឹក?").question == "ភ្នំពេញ\u200bមាន\u200bទឹក?"


def test_a_question_is_composed_to_nfc() -> None:
    decomposed = unicodedata.normalize("NFD", "Hải Phòng ở đâu?")

    assert ask(decomposed).question == "Hải Phòng ở đâu?"
    assert ask(decomposed).cities == ("Hai Phong",)


def test_for_documents_in_other_languages_cities_are_also_called_as_there() -> None:
    question = "Kitakyushu đã cử ai đến Đại Liên?"
    query = understand(question, catalogue=CATALOGUE, document_languages=["en", "ja", "vi", "id"])

    assert query.text == query.searched_text == question
    assert query.renamed == {
        "en": "Kitakyushu đã cử ai đến Dalian?",
        "ja": "北九州市 đã cử ai đến 大連?",
        "id": "Kitakyushu đã cử ai đến Dalian?",
    }
    assert hash(query) == hash(understand(question, catalogue=CATALOGUE))


def test_a_question_that_names_no_city_has_one_wording() -> None:
    query = understand("㍿の水道は？", catalogue=CATALOGUE, document_languages=["en", "ja"])

    assert query.renamed == {}


@pytest.mark.parametrize(
    ("question", "wants"),
    [
        ("Tell me about Dalian", True),
        ("Tell me about Kitakyushu", True),
        ("How many experts went to Dalian?", False),
        ("Tell me about Dalian and Davao", False),
        ("Tell me about all cities that work with Kitakyushu", False),
    ],
)
def test_a_question_for_everything_about_one_city_wants_a_story(question: str, wants: bool) -> None:
    assert ask(question).wants_story is wants


def test_what_a_follow_up_wants_is_told_by_the_question_made_whole() -> None:
    assert ask("And Davao?", "Tell me about Dalian").wants_story
    assert ask("Davao?").wants_story
    assert not ask("Davao?", PHNOM_PENH).wants_story


def test_an_empty_question_is_an_empty_query() -> None:
    assert ask(" \n\t ").text == ""


@given(st.text(max_size=300), st.lists(st.text(max_size=80), max_size=3))
def test_whatever_is_typed_becomes_one_clean_line(question: str, before: list[str]) -> None:
    query = ask(question, *before)

    for text in (query.question, query.text):
        assert text == clean_question(text)
        assert all(character.isprintable() or character == "\u200b" for character in text)
    assert query.is_follow_up == (query.text != query.question)
    assert set(query.named_cities) <= {city.name for city in CATALOGUE.partners}


def test_a_long_name_of_a_city_does_not_make_a_short_question_long() -> None:
    before = "តើគីតាគ្យូស៊ូ និងដាវ៉ាវ បានចុះហត្ថលេខាលើអនុស្សរណៈនៅពេលណា?"

    query = ask("ចុះស៊ូរ៉ាបាយ៉ាវិញ?", before)

    assert query.is_follow_up
    assert query.cities == ("Surabaya",)
    assert "អនុស្សរណៈ" in query.text
