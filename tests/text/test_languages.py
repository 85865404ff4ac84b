"""Facts about telling languages and scripts apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.text.languages import LATIN, RENAMED, SCRIPTS, detect_language, detect_script, is_unspaced

KNOWN = {language for language, _ in SCRIPTS} | {RENAMED.get(code, code) for code in LATIN}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "When did the cooperation with the city of Davao begin?"),
        ("id", "Kapan dimulai kerja sama ini?"),
        ("vi", "Khi nào bắt đầu hợp tác?"),
        ("fil", "Kailan nagsimula ang kooperasyon ng lungsod sa Kitakyushu?"),
        ("ja", "協力はいつ始まりましたか？"),
        ("zh", "何时开始合作?"),
        ("km", "តើវាចាប់ផ្តើមនៅពេលណា?"),
        ("th", "ความร่วมมือเริ่มเมื่อไร"),
        ("ko", "언제 시작했습니까?"),
        ("ru", "Когда это началось?"),
    ],
)
def test_a_whole_question_is_recognised(language: str, text: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "   ", "2015", "?!", "Hai Phong?", "Davao"])
def test_what_cannot_be_told_is_the_default(text: str) -> None:
    assert detect_language(text, default="en") == "en"
    assert detect_language(text, default="ja") == "ja"


def test_a_foreign_name_in_brackets_does_not_make_a_text_foreign() -> None:
    text = "The city of Phnom Penh (ភ្នំពេញ) has sent many of its officials to the training courses."
    assert detect_language(text) == "en"


def test_kana_among_chinese_characters_tells_japanese() -> None:
    assert detect_language("北九州市と大連市の環境協力") == "ja"
    assert detect_language("北九州市与大连市环境合作") == "zh"


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_a_language_that_we_know(text: str) -> None:
    assert detect_language(text) in KNOWN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("北九州市", True),
        ("プノンペン都", True),
        ("ភ្នំពេញ", True),
        ("กรุงเทพ", True),
        ("Hải Phòng", False),
        ("서울특별시", False),
        ("Phnom Penh (ភ្នំ)", False),
        ("", False),
        ("2015 — 2020", False),
    ],
)
def test_scripts_without_spaces_are_told_from_those_with(text: str, expected: bool) -> None:
    assert is_unspaced(text) is expected


def test_kana_and_chinese_characters_count_as_one_script_where_both_occur() -> None:
    assert detect_script("北九州市のアジア低炭素センター") == "ja"
    assert detect_script("北九州亚洲低碳化中心") == "zh"


@settings(deadline=None)
@given(st.text(max_size=40))
def test_the_script_of_a_text_in_latin_letters_only_is_latin(text: str) -> None:
    ascii_text = text.encode("ascii", "ignore").decode()
    assert detect_script(ascii_text) == "en"
