"""Facts about what is said to the program itself."""

from __future__ import annotations

import pytest

from qa.question.smalltalk import talk_of


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Hello!", "hello"),
        ("こんにちは。", "hello"),
        ("Xin chào", "hello"),
        ("សួស្តី", "hello"),
        ("Thank you very much.", "thanks"),
        ("ありがとうございます！", "thanks"),
        ("Terima kasih", "thanks"),
        ("Salamat po", "thanks"),
        ("What can you do?", "coverage"),
        ("Which documents do you have?", "coverage"),
        ("どんな文書がありますか？", "coverage"),
        ("你能回答什么？", "coverage"),
    ],
)
def test_talk_is_told_by_its_kind(message: str, kind: str) -> None:
    assert talk_of(message) == kind


@pytest.mark.parametrize(
    "message",
    [
        "Hello, when did Davao sign?",
        "Thank you. And Hai Phong?",
        "Which documents did Davao sign?",
        "help with composting",
        "hi phong",
        "",
        "?",
    ],
)
def test_a_question_to_the_documents_is_none(message: str) -> None:
    assert talk_of(message) is None
