"""Facts about which questions ask something of several cities, and which everything about one."""

from __future__ import annotations

import pytest

from conftest import REPOSITORY
from qa.cities import City, load_cities
from qa.i18n.messages import LANGUAGES, say
from qa.question.intent import asks_city_by_city, asks_for_story

CATALOGUE = load_cities(REPOSITORY / "corpus" / "cities.toml")


@pytest.mark.parametrize(
    "question",
    [
        "Which cities work with Kitakyushu on waste?",
        "List all agreements with their dates",
        "Which countries cooperate with Kitakyushu?",
        "Compare what was done about water",
        "廃棄物について協力している都市はどこですか？",
        "すべての協定を教えてください",
        "北九州和哪些城市合作？",
        "Những thành phố nào hợp tác với Kitakyushu?",
        "Kota mana saja yang bekerja sama dengan Kitakyushu?",
        "តើទីក្រុងណាខ្លះ?",
        "Aling mga lungsod ang katuwang ng Kitakyushu?",
    ],
)
def test_lists_and_comparisons_are_asked_city_by_city(question: str) -> None:
    assert asks_city_by_city(question)


@pytest.mark.parametrize(
    "question",
    [
        "Which city received an award in 2001?",
        "What is the largest port city?",
        "優勝した国はどこですか？",
        "Kota mana yang menerima penghargaan?",
        "When was the agreement signed?",
        "",
    ],
)
def test_questions_about_one_thing_are_not(question: str) -> None:
    assert not asks_city_by_city(question)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("city", CATALOGUE.partners, ids=lambda city: city.name)
def test_the_page_s_own_example_asks_for_the_story(language: str, city: City) -> None:
    name = CATALOGUE.display_name(city.name, language)

    assert asks_for_story(say("example", language, city=name), CATALOGUE)


@pytest.mark.parametrize("city", CATALOGUE.cities, ids=lambda city: city.name)
def test_a_city_s_name_alone_asks_for_its_story(city: City) -> None:
    for name in city.all_names():
        assert asks_for_story(name, CATALOGUE), name
        assert asks_for_story(f"{name}?", CATALOGUE), name


@pytest.mark.parametrize(
    "question",
    [
        "Tell me about Dalian",
        "tell me about dailan!",
        "Can you please tell me more about the cooperation with Davao?",
        "I'd like to know about Davao",
        "Tell me what Kitakyushu did in Dalian.",
        "What has Kitakyushu done with Dalian so far?",
        "What have Kitakyushu and Dalian done together?",
        "What do the documents say about Phnom Penh?",
        "Introduce Surabaya",
        "Give me an overview of Kitakyushu's projects in Davao",
        "Tell me about Kitakyushu",
        "What about Davao?",
        "大連について教えて",
        "スラバヤの取り組みを紹介してください",
        "北九州市と大連の協力について詳しく教えてください。",
        "北九州市はダバオで何をしていますか？",
        "プノンペンについて文書には何が書かれていますか？",
        "Davao について教えて",
        "大連",
        "介绍一下大连",
        "請介紹大連",
        "请讲讲北九州与金边的合作",
        "关于海防的情况",
        "北九州在大连做了什么？",
        "Hãy kể cho tôi nghe về Đại Liên",
        "cho tôi biết về Hải Phòng",
        "Giới thiệu về các dự án ở Hải Phòng",
        "Kitakyushu và Đại Liên đã hợp tác những gì?",
        "ceritakan tentang Surabaya",
        "Tolong jelaskan tentang kerja sama dengan Davao",
        "Apa saja yang telah dilakukan Kitakyushu dengan Surabaya?",
        "ប្រាប់ខ្ញុំអំពីភ្នំពេញ",
        "ប្រាប់\u200bខ្ញុំ\u200bអំពី \u200bភ្នំពេញ។",
        "តើឯកសារនិយាយអ្វីខ្លះអំពីភ្នំពេញ?",
        "ikuwento ang Davao",
        "Sabihin mo sa akin ang tungkol sa Davao",
        "Ano ang ginawa ng Kitakyushu kasama ang Dabaw?",
    ],
)
def test_a_request_to_tell_about_a_city_asks_for_its_story(question: str) -> None:
    assert asks_for_story(question, CATALOGUE)


@pytest.mark.parametrize(
    "question",
    [
        "Tell me about the capacity of the plant in Davao",
        "Tell me when Davao signed the memorandum",
        "Tell me about composting in Surabaya",
        "What did Kitakyushu do in Dalian in 1996?",
        "What has Kitakyushu done for the waterworks of Hai Phong?",
        "Did Kitakyushu cooperate with Dalian?",
        "Who works with Dalian?",
        "スラバヤの堆肥化とその効果について詳しく教えてください。",
        "大連の人口を教えて",
        "北九州市は大連と協力しましたか",
        "请介绍大连的供水项目",
        "北九州与大连什么时候开始合作？",
        "hãy cho tôi biết dân số Hải Phòng",
        "cho tôi biết khi nào Hải Phòng ký",
        "jelaskan program kompos di Surabaya",
        "ប្រាប់ខ្ញុំអំពីទឹកនៅភ្នំពេញ",
        "តើភ្នំពេញមានប្រជាជនប៉ុន្មាននាក់?",
        "sabihin mo sa akin kung kailan pumirma ang Davao",
    ],
)
def test_a_request_for_a_fact_does_not(question: str) -> None:
    assert not asks_for_story(question, CATALOGUE)


@pytest.mark.parametrize(
    "question",
    [
        "Tell me about Bangkok",
        "バンコクについて教えて",
        "Tell me about the cooperation",
        "Tell me about it",
        "",
    ],
)
def test_there_is_no_story_without_a_city_of_the_catalogue(question: str) -> None:
    assert not asks_for_story(question, CATALOGUE)


@pytest.mark.parametrize("question", ["Tell me about Dalian and Davao", "大連とダバオについて教えて"])
def test_two_cities_have_no_one_story(question: str) -> None:
    assert not asks_for_story(question, CATALOGUE)
