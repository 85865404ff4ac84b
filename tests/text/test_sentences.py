"""Facts about sentence spans: they are exact for any text, and right in the languages of the documents."""

from __future__ import annotations

import itertools
import unicodedata
from typing import Literal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qa.domain import Span
from qa.text.sentences import split_sentences, trim

LANGUAGES = st.sampled_from(["en", "ja", "zh", "km", "th", "vi", "id", "fil", "ko", "xx"])

PIECES = (
    "It began in 2015. ", "It began in 2015. ", "Why? ", "Dr. Ito of Co., Ltd. left at 5 p.m. ", "U.S. ",
    "北九州市は協力した。", "「はい。」と言った。", "何？！", "នេះជាប្រយោគ។", "ភ្នំពេញ\u200bស្អាត។ ", "៖ ", "ៗ",
    "TP. Hồ Chí Minh. ", unicodedata.normalize("NFD", "Hải Phòng đã đến. "), "กรุงเทพ สวย ", "e\u0301", "\u0301",
    "👩‍👩‍👧‍👦! ", "🏳️‍🌈", "- item\n", "1. ", "(a) ", "• ", "...", "…", "\r\n", "\n", "\n\n", "\n \u3000\n", "\t",
    "\u200b", "\u00a0", "\u3000", "\x85", "\u2028", "\x1c", "\ufeff", "word " * 60, "。", "!", '." ', "[1] ", "”",
)  # fmt: skip
"""What sentence splitters stumble over; the same piece may come twice."""

TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=25).map("".join))


def is_blank(text: str) -> bool:
    return all(character.isspace() or character == "\u200b" for character in text)


def cut_sentences(text: str, language: str = "en") -> list[str]:
    return [span.cut(text) for span in split_sentences(text, language=language)]


@settings(deadline=None)
@given(text=TEXTS, language=LANGUAGES)
def test_spans_are_ordered_and_disjoint_and_nothing_but_blanks_lies_between(text: str, language: str) -> None:
    spans = split_sentences(text, language=language)
    edges = [0, *itertools.chain.from_iterable((span.start, span.end) for span in spans), len(text)]
    assert edges == sorted(edges)
    assert all(is_blank(text[start:end]) for start, end in zip(edges[::2], edges[1::2], strict=True))


@settings(deadline=None)
@given(text=TEXTS, language=LANGUAGES)
def test_a_sentence_begins_and_ends_with_something_to_see(text: str, language: str) -> None:
    for sentence in cut_sentences(text, language):
        assert sentence
        assert not is_blank(sentence[0])
        assert not is_blank(sentence[-1])


@settings(deadline=None)
@given(before=TEXTS, text=TEXTS, after=TEXTS, language=LANGUAGES)
def test_only_the_part_that_is_asked_for_is_split(before: str, text: str, after: str, language: str) -> None:
    assume(text)
    part = Span(len(before), len(before) + len(text))
    spans = split_sentences(before + text + after, language=language, within=part)
    assert all(part.contains(span) for span in spans)
    covered = "".join(span.cut(before + text + after) for span in spans)
    assert [c for c in covered if not is_blank(c)] == [c for c in text if not is_blank(c)]


def test_an_empty_part_holds_no_sentence() -> None:
    assert split_sentences("One. Two.", within=Span(9, 9)) == ()


@settings(deadline=None)
@given(text=TEXTS, start=st.integers(0, 50), length=st.integers(0, 50))
def test_trimming_takes_blanks_off_the_ends_and_nothing_else(text: str, start: int, length: int) -> None:
    span = Span(min(start, len(text)), min(start + length, len(text)))
    trimmed = trim(text, span)
    if trimmed is None:
        assert is_blank(span.cut(text))
    else:
        assert span.contains(trimmed)
        assert is_blank(text[span.start : trimmed.start])
        assert is_blank(text[trimmed.end : span.end])
        assert not is_blank(text[trimmed.start])
        assert not is_blank(text[trimmed.end - 1])


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["Dr. Ito came at 9 a.m. yesterday.", "He left."]),
        ("en", ["Really?!", "Yes, 3.5 tons a day.", "No."]),
        ("ja", ["北九州市は協力した。", "彼は「はい。」と言った。", "次の文です。"]),
        ("zh", ["大连是友好城市。", "合作始于1979年！"]),
        ("km", ["នេះជាប្រយោគ។", "នេះជាប្រយោគទីពីរ។", "ចប់៕"]),
        ("vi", ["TP. Hồ Chí Minh rất lớn.", "Hải Phòng cũng vậy."]),
        ("id", ["Surabaya bekerja sama dengan Kitakyushu.", "Kerja sama itu dimulai pada tahun 1997."]),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_sentences_end_where_a_reader_would_end_them(
    form: Literal["NFC", "NFD"], language: str, sentences: list[str]
) -> None:
    normal = [unicodedata.normalize(form, sentence) for sentence in sentences]
    blank = "" if language in ("ja", "zh") else " "
    assert cut_sentences(blank.join(normal), language) == normal


def test_khmer_stops_end_a_sentence_with_a_blank_after_them_or_without() -> None:
    assert cut_sentences("នេះទីមួយ។នេះទីពីរ។\u200bនេះទីបី។", "km") == ["នេះទីមួយ។", "នេះទីពីរ។", "នេះទីបី។"]


def test_a_blank_line_ends_a_sentence_without_a_stop() -> None:
    assert cut_sentences("A heading\n\nA line\nthat goes on.") == ["A heading", "A line\nthat goes on."]
    assert cut_sentences("A heading\r\n\r\nA line.") == ["A heading", "A line."]


@pytest.mark.parametrize("mark", ["-", "*", "•", "1.", "2)", "(3)", "・"])
def test_every_list_item_is_a_sentence_of_its_own_with_its_mark(mark: str) -> None:
    text = f"Three steps:\n{mark} First they plan\n{mark} Then they build"
    assert cut_sentences(text) == ["Three steps:", f"{mark} First they plan", f"{mark} Then they build"]


def test_a_sentence_that_comes_twice_has_two_places() -> None:
    text = "It began in 2015. It began in 2015. It began in 2015."
    assert [(span.start, span.end) for span in split_sentences(text)] == [(0, 17), (18, 35), (36, 53)]


def test_a_very_long_sentence_stays_whole() -> None:
    text = "and so on " * 5000 + "until the end."
    assert cut_sentences(f"First. {text} Last.") == ["First.", text, "Last."]


@pytest.mark.parametrize("text", ["", " \n\u200b\u3000\t\r\n "])
def test_blanks_hold_no_sentence(text: str) -> None:
    assert split_sentences(text) == ()
