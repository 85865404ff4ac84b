"""Facts about what a language model writes: no character that steers what shows it reaches a reader."""

from __future__ import annotations

import json
import re

import pytest
from langchain_core.messages import HumanMessage

from conftest import REPOSITORY, CountingEmbedder, cited_elsewhere
from drafts import QUOTES, answer_of
from qa.cities import load_cities
from qa.domain import Written
from qa.drafting import Interpreter
from qa.llm.wire import without_steering
from qa.rendering.message import to_html
from qa.rendering.text_formats import to_json, to_markdown, to_text
from scripted import model_of, writer_of

STEERING = (
    "\x00\x07\x08\x1b\x7f\x84\x9b\u00ad\u061c\u180e\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067"
    "\u2068\u2069\ufeff\ufffe\ud800\udfff\U000e0041"
)
"""Controls, signs that turn the direction of writing round, what hides, and halves of letters."""
COLOURS = "\x1b[31;1mred\x1b[0m \x1b]0;a title\x07"
MEAN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


@pytest.mark.parametrize("character", STEERING)
def test_a_character_that_steers_is_gone(character: str) -> None:
    assert without_steering(f"a{character}b") == "ab"


def test_what_a_terminal_obeys_is_gone_whole() -> None:
    assert without_steering(COLOURS) == "red "
    assert without_steering("\x1b[2J\x1b[Hx\x1b") == "x"


def test_every_end_of_a_line_is_a_newline() -> None:
    assert without_steering("a\r\nb\rc\x0bd\x85e\u2028f\tg") == "a\nb\nc\nd\ne\nf\tg"


@pytest.mark.parametrize(
    "text", ["ខ្មែរ\u200bមួយ", "क्\u200dष", "می\u200cخواهم", "👩\u200d🔬 ❤\ufe0f", "日本 é"]
)
def test_what_scripts_are_written_with_stays(text: str) -> None:
    assert without_steering(text) == text


def test_no_such_character_reaches_an_answer_in_any_form() -> None:
    spoilt = "".join(f"{letter}{STEERING}" for letter in "Dalian saw 67 experts")
    answer = writer_of(f"{spoilt} [1]. {COLOURS}Five loans\u202e were granted [2].")[0].write(answer_of())

    assert isinstance(answer, Written)
    assert answer.statements[0].text == "Dalian saw 67 experts."
    for shown in (
        to_text(answer),
        to_html(answer),
        to_markdown(answer),
        json.dumps(to_json(answer), ensure_ascii=False),
    ):
        assert "Dalian saw 67 experts." in shown
        assert not MEAN.search(shown.replace("\n", " "))


def test_none_reaches_a_translation() -> None:
    japanese = "北九州市は大連に専門家67人を派遣した。"
    spoilt = "".join(f"{letter}\u200b\x07\u202e\ud800" for letter in japanese)
    catalogue = load_cities(REPOSITORY / "corpus" / "cities.toml")
    citation = cited_elsewhere(answer_of(QUOTES[0]).citations[0], language="en")
    embedder = CountingEmbedder()
    model = model_of(spoilt)
    interpreter = Interpreter(model, embedder)
    interpreter._alike = lambda *_: 1.0  # type: ignore[method-assign]  # words that it counts are not shared

    assert interpreter.translate(citation, "ja", catalogue=catalogue) == japanese


def test_none_reaches_whoever_asks_the_model() -> None:
    assert model_of(["a\x1b", "[31mb\u202e"]).ask([HumanMessage("?")]) == "a[31mb"
