"""Facts about what is kept of visitors: the page says it in their language, and nothing else is kept."""

from __future__ import annotations

import dataclasses
import html
import re
import time
from collections.abc import Callable

import pytest

import qa.ui.server.upkeep
from conftest import CountingEmbedder
from index_states import committed
from qa.config import Settings
from qa.feedback import keep_feedback, list_feedback, most_refused, note_refusal
from qa.i18n.messages import LANGUAGES, say
from qa.models import Models
from qa.pipeline import Pipeline
from qa.rendering.page_parts import page_note_html
from qa.storage.manifest import TEXTS_FOLDER
from qa.ui.conversation.conversation import Conversation, Exchange, hold_exchange
from qa.ui.server.upkeep import begin_upkeep
from verdicts import QUESTION, make_older, said

ANSWERED, REFUSED = "experts to Dalian Kitakyushu sent?", "which recipe makes good ramen"


def pipeline_over(settings: Settings, **changes: object) -> Pipeline:
    """Over one document."""
    (settings.corpus_dir / "dalian.txt").write_text("Kitakyushu sent 67 experts to Dalian. The end.")
    settings = dataclasses.replace(settings, **changes)  # type: ignore[arg-type]
    return Pipeline.build(settings, Models(CountingEmbedder()))


def ask(pipeline: Pipeline, question: str) -> Conversation:
    """A conversation of one question."""
    *_, exchange = hold_exchange(pipeline, question, conversation=Conversation(), cities=(), language="en")
    assert isinstance(exchange, Exchange)
    return Conversation().with_exchange(exchange)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_is_kept_for_how_long_and_how_it_is_removed(language: str) -> None:
    note = html.unescape(page_note_html(language, keep_days=90))

    said = re.findall("<li>(.*?)</li>", note)
    keys = ("kept_questions", "kept_nobody", "kept_conversation", "kept_removal")
    assert said == [say(key, language, days=90) for key in keys]
    assert "90" in said[0]
    assert f"<summary>{say('kept_heading', language)}</summary>" in note
    assert say("page_note", language) in note


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_where_nothing_is_kept_and_where_the_log_has_questions(language: str) -> None:
    note = html.unescape(page_note_html(language, keep_days=0, is_logged=True))

    keys = ("kept_nothing", "kept_log", "kept_conversation")
    assert re.findall("<li>(.*?)</li>", note) == [say(key, language) for key in keys]


def test_with_no_days_nothing_is_kept_and_no_verdict_is_asked_for(settings: Settings) -> None:
    pipeline = pipeline_over(settings, keep_questions_days=0)

    conversation = ask(pipeline, ANSWERED)
    ask(pipeline, REFUSED)

    assert "67 experts" in conversation.messages_html()
    assert "rating" not in conversation.messages_html()
    assert conversation.with_rating(1, "bad", "No.", pipeline) is None
    time.sleep(0.3)  # a refused question would be noted in a thread
    assert not list(settings.index_dir.glob("feedback*"))


def test_what_is_too_old_goes_when_a_question_is_refused_and_when_an_answer_is_judged(
    settings: Settings,
) -> None:
    pipeline = pipeline_over(settings, keep_questions_days=9)
    index_dir = settings.index_dir
    acts: tuple[Callable[[], object], ...] = (
        lambda: ask(pipeline, REFUSED),
        lambda: ask(pipeline, ANSWERED).with_rating(1, "good", "", pipeline),
    )
    for act in acts:
        keep_feedback(said(reason="old"), index_dir)
        note_refusal("old?", "en", index_dir)
        make_older(index_dir, days=10)
        act()
        wait_until(lambda: not any(each.reason == "old" for each in list_feedback(index_dir)))
        assert all(each.question != "old?" for each in most_refused(index_dir))


def test_a_page_that_runs_deletes_what_is_too_old_and_takes_up_new_states(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(qa.ui.server.upkeep, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(qa.ui.server.upkeep, "FORGET_EVERY_S", 0.05)
    pipeline = pipeline_over(settings)
    keep_feedback(said(), settings.index_dir)
    note_refusal(QUESTION, "en", settings.index_dir)
    make_older(settings.index_dir, days=181)

    begin_upkeep(pipeline)

    wait_until(lambda: not list_feedback(settings.index_dir))
    wait_until(lambda: not most_refused(settings.index_dir))
    # Whatever is wrong with the file, it goes on.
    (settings.index_dir / "feedback.sqlite3").write_bytes(b"no database" * 99)
    wait_until(lambda: "cannot be used as feedback" in caplog.text)
    before = pipeline._newest._library
    (settings.corpus_dir / "more.txt").write_text("Davao composts.", encoding="utf-8")
    Pipeline.build(settings, Models(CountingEmbedder()))
    wait_until(lambda: pipeline._newest._library is not before)


def test_a_verdict_on_an_answer_whose_document_is_gone_brings_back_none_of_its_words(
    settings: Settings,
) -> None:
    pipeline = pipeline_over(settings)
    conversation = ask(pipeline, ANSWERED)
    assert conversation.with_rating(1, "good", "", pipeline)
    version = committed(settings).documents[0].version
    (settings.index_dir / TEXTS_FOLDER / f"{version}.json").unlink()

    assert conversation.with_rating(1, "bad", "Wrong.", pipeline) is None

    assert [each.reason for each in list_feedback(settings.index_dir)] == [""]
