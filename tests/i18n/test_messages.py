"""Facts about the catalogues of messages."""

from __future__ import annotations

import string
from typing import get_args

import pytest

from qa.domain import RefusalReason
from qa.i18n.messages import (
    LANGUAGES,
    catalogue,
    closest_language,
    join_names,
    known_language,
    language_name,
    preferred_language,
    say,
)

SIGNS = frozenset({"list_separator", "number_thousands", "number_decimal", "why_of_file"})
"""Messages without words."""


def placeholders(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_messages_as_english(language: str) -> None:
    assert set(catalogue(language)) == set(catalogue("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_translation_has_the_placeholders_of_the_english_message(language: str) -> None:
    for key, message in catalogue(language).items():
        assert placeholders(message) == placeholders(catalogue("en")[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_empty(language: str) -> None:
    assert all(message.strip() for message in catalogue(language).values())


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_sentences_are_translated_and_not_left_in_english(language: str) -> None:
    english = catalogue("en")
    same = {key for key, message in catalogue(language).items() if message == english[key]}
    # Signs, what Filipino has from English, and names of languages may be the same.
    assert {key for key in same if not key.startswith("language_")} <= SIGNS | {"page_owner", "slide"}


@pytest.mark.parametrize(
    ("language", "first", "last"), [("ja", "぀", "鿿"), ("zh", "一", "鿿"), ("km", "ក", "៿")]
)
def test_each_message_is_in_the_script_of_its_language(language: str, first: str, last: str) -> None:
    for key, message in catalogue(language).items():
        if key not in SIGNS:
            assert any(first <= character <= last for character in message), key


@pytest.mark.parametrize("reason", get_args(RefusalReason))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_to_refuse_has_words_in_every_language(reason: str, language: str) -> None:
    assert say(f"refusal_{reason}", language, question="Q", names="N")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_names_all_languages_that_there_are_catalogues_for(language: str) -> None:
    names = [language_name(code, language) for code in LANGUAGES]
    assert len(set(names)) == len(LANGUAGES)
    assert say("language_other", language) not in names


def test_values_fill_the_placeholders() -> None:
    assert say("refusal_unknown_name", "en", names="Hanoi") == "The documents do not mention Hanoi."
    assert say("page", "ja", number=3) == "3ページ"


def test_braces_in_a_value_are_only_characters() -> None:
    assert "{names} {0.__class__}" in say("refusal_unknown_name", "en", names="{names} {0.__class__}")


def test_a_language_without_a_catalogue_speaks_english() -> None:
    assert say("ask", "sw") == say("ask", "en")


def test_a_missing_key_or_value_is_an_error_even_where_english_is_the_fallback() -> None:
    with pytest.raises(KeyError):
        say("no_such_message", "sw")
    with pytest.raises(KeyError):
        say("page", "en", count=1)


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("tl", "fil"),
        ("zh-Hant-TW", "zh"),
        ("ja_JP", "ja"),
        ("EN-gb", "en"),
        ("in", "id"),
        ("sw", None),
        ("", None),
    ],
)
def test_language_tags_find_their_catalogue(tag: str, code: str | None) -> None:
    assert known_language(tag) == code
    assert closest_language(tag) == (code or "en")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("ja,en-US;q=0.9,en;q=0.8", "ja"),
        ("sw, km;q=0.9, en;q=0.8", "km"),
        ("tl-PH", "fil"),
        ("sw", "en"),
        ("", "en"),
        (";;;,,,=", "en"),
    ],
)
def test_the_browser_s_first_language_with_a_catalogue_is_taken(header: str, code: str) -> None:
    assert preferred_language(header) == code


def test_a_language_without_a_name_is_another_language() -> None:
    assert language_name("sw", "en") == "another language"
    assert language_name("tl", "en") == language_name("fil", "en") == "Filipino"


def test_names_are_listed_with_the_separator_of_the_language() -> None:
    assert join_names(("大連", "ダバオ"), "ja") == "大連、ダバオ"
    assert join_names(("Dalian", "Davao"), "en") == "Dalian, Davao"
