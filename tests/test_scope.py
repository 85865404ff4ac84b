"""Facts about which questions ask something of several cities."""

from __future__ import annotations

import pytest

from qa.scope import asks_city_by_city


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
