"""Facts about the conversations that browsers keep: they come back as they were, and nothing else comes in."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from conftest import REPOSITORY, CountingEmbedder
from qa.config import Settings
from qa.domain import Quoted, Statement
from qa.models import Models
from qa.pipeline import Pipeline
from qa.ui.conversation import saved as saved_module
from qa.ui.conversation.conversation import MAX_EXCHANGES, Conversation, Exchange, exchange_of, hold_exchange
from qa.ui.conversation.saved import MAX_SAVED_CHARS, MAX_VALUES, restore, to_saved

QUESTIONS = ("experts to Dalian Kitakyushu sent?", "which recipe makes good ramen", "hello")


@pytest.fixture
def pipeline(settings: Settings) -> Pipeline:
    text = "Kitakyushu sent 67 experts to Dalian. The end."
    (settings.corpus_dir / "dalian.txt").write_text(text, encoding="utf-8")
    return Pipeline.build(settings, Models(CountingEmbedder()))


def talk(pipeline: Pipeline, questions: tuple[str, ...] = QUESTIONS) -> tuple[Conversation, str]:
    """A conversation, and what the browser keeps of it."""
    conversation, kept = Conversation(), []
    for question in questions:
        *_, exchange = hold_exchange(pipeline, question, conversation=conversation, cities=(), language="en")
        assert isinstance(exchange, Exchange)
        conversation = conversation.with_exchange(exchange)
        kept.append(json.loads(to_saved(exchange)))
    return conversation, json.dumps(kept)


def test_a_conversation_comes_back_as_it_was(pipeline: Pipeline) -> None:
    conversation, saved = talk(pipeline)
    restored = restore(saved, pipeline, language="en")
    assert restored.messages_html() == conversation.messages_html() != ""
    assert restored.evidence_html(language="en") == conversation.evidence_html(language="en")
    assert restored.history() == conversation.history()


def test_a_conversation_that_an_earlier_release_saved_opens_and_is_saved_as_it_was(
    pipeline: Pipeline,
) -> None:
    # Quoted, quoted after a timeout, written, refused, refused with the nearest statement, replied.
    saved = (REPOSITORY / "tests" / "data" / "saved_conversation.json").read_text(encoding="utf-8")
    exchanges = restore(saved, pipeline, language="en").exchanges
    assert [json.loads(to_saved(each)) for each in exchanges] == json.loads(saved)
    assert all(each.message for each in exchanges)


def test_a_restored_quote_opens_as_it_was_read(pipeline: Pipeline) -> None:
    _, saved = talk(pipeline)
    (pipeline.settings.corpus_dir / "dalian.txt").write_text("Nothing of that.", encoding="utf-8")
    pipeline.reindex()
    cards = restore(saved, pipeline, language="en").evidence_html(language="en")
    assert "<mark>Kitakyushu sent 67 experts to Dalian.</mark> The end." in cards


def test_what_a_browser_made_up_is_text_and_nothing_else(pipeline: Pipeline) -> None:
    _, saved = talk(pipeline)
    hostile = saved.replace("67 experts", "<img src=x onerror=alert(1)>").replace("dalian.txt", "<b>")
    restored = restore(hostile, pipeline, language="en")
    page = restored.messages_html() + restored.evidence_html(language="en")
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img" not in page
    assert "<b>" not in page


@given(
    st.one_of(
        st.text(max_size=50),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["question", "statements", "x"]), inner, max_size=3)
            ),
            max_leaves=10,
        ).map(json.dumps),
    )
)
def test_what_is_no_conversation_is_none(saved: str) -> None:
    # The pipeline is not asked for anything before the whole was made out.
    assert restore(saved, None, language="en") in (Conversation(), Conversation(()))  # type: ignore[arg-type]


def test_spans_that_do_not_fit_are_no_conversation(pipeline: Pipeline) -> None:
    _, saved = talk(pipeline, QUESTIONS[:1])
    assert restore(saved, pipeline, language="en").exchanges
    for wrong in ('"span": {"start": 9, "end": 2}', '"span": {"start": "x", "end": 2}'):
        changed = saved.replace('"span": {"start": 0, "end": 37}', wrong)
        assert changed != saved
        assert restore(changed, pipeline, language="en") == Conversation()


def test_too_much_is_not_even_looked_at(pipeline: Pipeline) -> None:
    _, saved = talk(pipeline)
    assert restore(saved + " " * MAX_SAVED_CHARS, pipeline, language="en") == Conversation()


def test_thirty_long_answers_in_khmer_come_back(pipeline: Pipeline) -> None:
    conversation, _ = talk(pipeline, QUESTIONS[:1])
    given = conversation.exchanges[0].given
    assert isinstance(given, Quoted)
    quote = "ទីក្រុងគីតាគីយូស៊ូបានបញ្ជូនអ្នកជំនាញទៅទីក្រុងដាលៀន។ " * 20
    citations = tuple(replace(given.citations[0], number=number, quote=quote) for number in range(1, 11))
    statements = tuple(Statement(quote, (citation.number,)) for citation in citations)
    answer = replace(given, language="km", statements=statements, citations=citations)
    exchange = exchange_of(pipeline, answer, turn=1, language="km")
    saved = f"[{','.join([to_saved(exchange)] * MAX_EXCHANGES)}]"
    assert len(saved.encode()) > 2 * len(saved) > 1_000_000
    restored = restore(saved, pipeline, language="km")
    assert [each.given for each in restored.exchanges] == [exchange.given] * MAX_EXCHANGES


def test_of_more_exchanges_than_are_kept_the_newest_come_back(pipeline: Pipeline) -> None:
    _, saved = talk(pipeline)
    first, *_, last = records = json.loads(saved)
    restored = restore(
        json.dumps([*records, *[first] * 10, *[last] * MAX_EXCHANGES]), pipeline, language="en"
    )
    assert {each.question for each in restored.exchanges} == {last["question"]}
    assert len(restored.exchanges) == MAX_EXCHANGES


@pytest.mark.parametrize(
    "hostile",
    [
        "[" + "{}," * 600_000 + "{}]",
        "[" * 1_900_000,
        "[" + "1," * 900_000 + "1]",
        '[{"question": "q", "interpreted_as": "q", "language": "en", "citations": ['
        + "{}," * 600_000
        + "{}]}]",
    ],
    ids=["objects", "depth", "numbers", "citations"],
)
def test_what_was_made_up_to_take_long_takes_little(
    pipeline: Pipeline, hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: list[int] = []
    validate = saved_module._adapter(Quoted).validate_json

    class Watching:
        def validate_json(self, record: str) -> object:
            try:
                return validate(record)
            except ValidationError as error:
                complaints.append(error.error_count())
                raise

    monkeypatch.setattr(saved_module, "_adapter", lambda kind: Watching())
    assert restore(hostile, pipeline, language="en") == Conversation()
    assert sum(complaints) <= MAX_VALUES * 10


def test_half_a_character_is_no_conversation(pipeline: Pipeline) -> None:
    _, saved = talk(pipeline, QUESTIONS[:1])
    assert restore(saved.replace("67 experts", "\\ud800"), pipeline, language="en") == Conversation()
