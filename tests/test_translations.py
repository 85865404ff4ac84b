"""Facts about translations of quotes on the page: who gets which, and how one is shown."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from drafts import HOLDS, QUOTE, built, piped
from qa.drafting import Interpreter
from qa.pipeline import Pipeline
from qa.rendering.evidence import evidence_html
from qa.ui.conversation.conversation import Conversation, exchange_of
from qa.ui.conversation.memory import ConversationMemory
from qa.ui.conversation.saved import restore, to_saved
from qa.ui.conversation.translating import AT_ONCE, Translations
from scripted import Scripted

__all__ = ["built"]

VISITOR = "0" * 32
NONE = "No translation could be made that holds."


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Interpreter, "_alike", lambda *texts: 1.0)


def talk(
    built: Pipeline, *replies: Scripted, **changes: Any
) -> tuple[Translations, ConversationMemory, list[Any]]:
    """What translates for a visitor who was answered in Japanese from an English document."""
    pipeline, asked = piped(built, *replies)
    answer = dataclasses.replace(built.ask("experts to Dalian Kitakyushu sent"), language="ja", **changes)
    memory = ConversationMemory(2**20)
    exchange = exchange_of(pipeline, answer, turn=1, language="en")
    memory.keep(VISITOR, Conversation((exchange,)))
    return Translations(pipeline, memory), memory, asked


def test_a_foreign_quote_has_a_button_and_then_its_translation_marked_as_a_machines(built: Pipeline) -> None:
    translations, memory, asked = talk(built, HOLDS["ja"])
    before = memory.recall(VISITOR).evidence_html(language="en")
    assert '<button type="button" class="translate" data-turn="1" data-number="1"' in before
    assert "Translate into Japanese" in before
    assert asked == []  # nothing is translated that nobody asked for

    html = translations.translate_quote([VISITOR, 1, 1, "en"])

    assert f'<p class="translated" lang="ja" dir="auto">{HOLDS["ja"]}</p>' in html
    assert "Translated by a machine, not a quotation." in html
    conversation = memory.recall(VISITOR)
    assert html in conversation.evidence_html(language="en")
    assert 'class="translate"' not in conversation.evidence_html(language="en")
    assert conversation.exchanges[0].given is not None
    assert HOLDS["ja"] in conversation.exchanges[0].copy
    assert QUOTE in conversation.exchanges[0].copy


def test_a_translation_comes_back_with_the_conversation(built: Pipeline) -> None:
    translations, memory, _ = talk(built, HOLDS["ja"])
    translations.translate_quote([VISITOR, 1, 1, "en"])

    (exchange,) = memory.recall(VISITOR).exchanges
    back = restore(f"[{to_saved(exchange)}]", built, language="en")

    assert HOLDS["ja"] in back.evidence_html(language="en")


def test_one_that_does_not_hold_is_not_shown(built: Pipeline) -> None:
    translations, memory, asked = talk(built, HOLDS["ja"].replace("67", "76"))

    html = translations.translate_quote([VISITOR, 1, 1, "en"])

    assert NONE in html
    assert "76" not in html
    assert len(asked) == 1
    assert 'class="translate"' in memory.recall(VISITOR).evidence_html(language="en")


@pytest.mark.parametrize(
    "what",
    [
        ["1" * 32, 1, 1, "en"],
        [VISITOR, 2, 1, "en"],
        [VISITOR, 1, 2, "en"],
        [VISITOR, "x", 1, "en"],
        [VISITOR, None, [], "en"],
        [VISITOR],
        [],
        None,
        "abcd",
        {"visitor": VISITOR},
    ],
)
def test_whoever_asks_for_what_was_not_quoted_to_them_costs_nothing(built: Pipeline, what: Any) -> None:
    translations, _, asked = talk(built, HOLDS["ja"])

    assert NONE in translations.translate_quote(what)
    assert asked == []


def test_the_conversation_may_go_on_while_a_quote_is_translated(built: Pipeline) -> None:
    translations, memory, _ = talk(built)
    model = piped(built, lambda messages: meanwhile())

    def meanwhile() -> str:
        conversation = memory.recall(VISITOR)
        memory.keep(
            VISITOR, conversation.with_exchange(dataclasses.replace(conversation.exchanges[0], turn=2))
        )
        return HOLDS["ja"]

    Translations(model[0], memory).translate_quote([VISITOR, 1, 1, "en"])

    first, second = memory.recall(VISITOR).exchanges
    assert (HOLDS["ja"] in first.cards, HOLDS["ja"] in second.cards) == (True, False)
    assert translations is not None


def test_no_more_are_made_at_once_than_the_server_has_threads_for(built: Pipeline) -> None:
    translations, _, asked = talk(built, HOLDS["ja"])
    for _ in range(AT_ONCE):
        assert translations._free.acquire(blocking=False)

    assert NONE in translations.translate_quote([VISITOR, 1, 1, "en"])
    assert asked == []

    translations._free.release()
    assert HOLDS["ja"] in translations.translate_quote([VISITOR, 1, 1, "en"])
    assert translations._free.acquire(blocking=False)  # it was given back


def test_without_a_model_or_a_foreign_quote_there_is_no_button(built: Pipeline) -> None:
    answer = built.ask("experts to Dalian Kitakyushu sent")
    pipeline, _ = piped(built, "")
    foreign = dataclasses.replace(answer, language="ja")

    for each, given in ((built, foreign), (pipeline, answer)):
        exchange = exchange_of(each, given, turn=1, language="en")
        assert exchange.cards
        assert 'class="translat' not in exchange.cards
    gone = evidence_html(foreign, {}, translates=lambda language, other: True)
    assert 'class="translat' not in gone  # a quote that cannot be looked up is not translated
