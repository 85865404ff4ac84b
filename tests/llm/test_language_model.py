"""Facts about the language model: whatever happens to it is one `LLMError` within the time that there is."""

from __future__ import annotations

import datetime
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage

from qa.config import Settings
from qa.errors import LLMError, ModelError
from qa.llm.language_model import (
    MAX_AT_ONCE,
    Budget,
    count_tokens,
    open_language_model,
    try_language_model,
    without_key,
)
from scripted import chat_of, cut_off, model_of

HELLO = [HumanMessage("Hello")]


class StatusError(Exception):
    """An error as the clients of providers raise it."""

    def __init__(self, status: int) -> None:
        super().__init__("Incorrect API key provided: sk-secret")
        self.status_code = status


class APITimeoutError(Exception):
    """Named as the clients name it."""


class APIConnectionError(Exception):
    """Named as the clients name it."""


def failure_of(*replies: Any, **options: Any) -> LLMError:
    with pytest.raises(LLMError) as raised:
        model_of(*replies, **options).ask(HELLO)
    return raised.value


def test_the_reply_comes_whole() -> None:
    assert model_of(["Hel", "lo", "."]).ask(HELLO) == "Hello."


def test_the_text_is_taken_from_a_reply_in_blocks() -> None:
    blocks = AIMessageChunk(
        content=[{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Yes."}]
    )

    assert model_of([blocks]).ask(HELLO) == "Yes."


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (ConnectionRefusedError("no server"), "unreachable"),
        (APIConnectionError(), "unreachable"),
        (StatusError(503), "unreachable"),
        (StatusError(401), "wrong_key"),
        (StatusError(403), "wrong_key"),
        (StatusError(429), "rate_limit"),
        (StatusError(504), "timeout"),
        (APITimeoutError(), "timeout"),
        (StatusError(404), "failed"),
        (KeyError("choices"), "failed"),
        (["Kitakyushu sent", ConnectionResetError()], "broken"),
        (["Kitakyushu sent", KeyError("choices")], "broken"),
        ("", "empty"),
        (" \n ", "empty"),
        (cut_off("and so on and so on"), "endless"),
        (["word " * 100] * 1000, "endless"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isalpha() else None,
)
def test_each_way_of_failing_has_its_kind(reply: Any, kind: str) -> None:
    error = failure_of(reply)

    assert error.kind == kind
    assert len(str(error)) < 150
    assert "sk-secret" not in str(error)


def test_an_error_below_the_providers_own_tells_what_it_was() -> None:
    outer = RuntimeError("the client failed")
    outer.__cause__ = StatusError(401)

    assert failure_of(outer).kind == "wrong_key"


@pytest.mark.parametrize("error", [ConnectionRefusedError(), StatusError(429), StatusError(500)])
def test_what_may_pass_is_tried_again_after_longer_and_longer_pauses(error: Exception) -> None:
    pauses: list[float] = []

    assert model_of(error, error, "Hello.", sleep=pauses.append).ask(HELLO) == "Hello."
    assert pauses == [0.5, 1.0]


def test_the_third_failure_is_the_last() -> None:
    model = model_of(ConnectionRefusedError())

    with pytest.raises(LLMError):
        model.ask(HELLO)
    assert len(chat_of(model).asked) == 3


@pytest.mark.parametrize("reply", [StatusError(401), "", ["half", ConnectionResetError()], StatusError(404)])
def test_what_does_not_pass_is_not_tried_again(reply: Any) -> None:
    model = model_of(reply, "Hello.")

    with pytest.raises(LLMError):
        model.ask(HELLO)
    assert len(chat_of(model).asked) == 1


@pytest.mark.parametrize("reply", [[3.0, "late"], ["a", 3.0, "late"], ["a", 0.2] * 20])
def test_a_model_that_is_slow_at_once_or_drop_by_drop_is_given_up_in_time(reply: list[Any]) -> None:
    model = model_of(reply)
    start = time.monotonic()

    with pytest.raises(LLMError) as raised:
        model.ask(HELLO, until=start + 0.5)
    assert raised.value.kind == "timeout"
    assert 0.4 < time.monotonic() - start < 1.5


def test_there_is_no_pause_that_nobody_waits_for() -> None:
    model = model_of(ConnectionRefusedError(), "Hello.", sleep=time.sleep)
    start = time.monotonic()

    with pytest.raises(LLMError) as raised:
        model.ask(HELLO, until=start + 0.3)
    assert raised.value.kind == "unreachable"
    assert time.monotonic() - start < 0.3


def test_a_server_that_hangs_holds_on_to_a_few_threads_only() -> None:
    is_over = threading.Event()

    def hang(_: Any) -> str:
        is_over.wait(10)
        return "late"

    model = model_of(hang)
    try:
        for _ in range(MAX_AT_ONCE + 3):
            with pytest.raises(LLMError) as raised:
                model.ask(HELLO, until=time.monotonic() + 0.05)
            assert raised.value.kind == "timeout"
        assert len(chat_of(model).asked) == MAX_AT_ONCE
    finally:
        is_over.set()


def test_a_day_has_so_many_calls_and_the_next_day_as_many_again() -> None:
    days = [datetime.date(2026, 1, 1)]
    model = model_of("Hello.", budget=Budget(calls=2, tokens=10**6, today=lambda: days[-1]))

    model.ask(HELLO)
    model.ask(HELLO)
    with pytest.raises(LLMError) as raised:
        model.ask(HELLO)
    assert raised.value.kind == "day_cap"
    assert len(chat_of(model).asked) == 2
    days.append(datetime.date(2026, 1, 2))
    assert model.ask(HELLO) == "Hello."


def test_a_day_has_so_many_tokens_and_those_not_written_are_not_counted() -> None:
    settings = Settings(llm="scripted:model", llm_max_tokens=400)
    model = model_of("Hello.", settings=settings, budget=Budget(calls=99, tokens=410))

    for _ in range(2):
        model.ask(HELLO)
    with pytest.raises(LLMError) as raised:
        for _ in range(9):
            model.ask(HELLO)
    assert raised.value.kind == "day_cap"


@pytest.mark.parametrize(("text", "least"), [("four words of English", 4), ("北九州市", 4), ("", 0)])
def test_tokens_are_estimated_rather_too_high(text: str, least: int) -> None:
    assert least <= count_tokens(text) <= 2 * least + 4


def test_without_the_setting_there_is_no_model() -> None:
    assert open_language_model(Settings()) is None


def test_an_integration_that_is_not_installed_is_an_error_with_the_command() -> None:
    with pytest.raises(ModelError, match=r"not installed; pip install langchain-mistralai"):
        open_language_model(Settings(llm="mistralai:small"))


def test_a_missing_integration_that_is_an_extra_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def init_chat_model(*_: Any, **__: Any) -> Any:
        raise ImportError("no such package")

    # LangChain keeps the integrations that it has once imported.
    monkeypatch.setattr("langchain.chat_models.init_chat_model", init_chat_model)

    with pytest.raises(ModelError, match=r"pip install '\.\[google_genai\]'"):
        open_language_model(Settings(llm="google_genai:gemini"))


def test_an_unknown_provider_is_an_error_that_names_the_setting() -> None:
    with pytest.raises(ModelError, match=r"llm is 'nobody:model', which cannot be opened.*check llm"):
        open_language_model(Settings(llm="nobody:model"))


def test_the_key_stands_in_no_message() -> None:
    settings = Settings(llm="nobody:sk-secret", llm_api_key="sk-secret")

    assert without_key("wrong: sk-secret", settings) == "wrong: •••"


def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr("qa.llm.language_model.ATTEMPTS", 1)
    settings = Settings(llm="openai:any", llm_base_url="http://127.0.0.1:9/v1", llm_timeout_s=5)
    model = open_language_model(settings)

    assert model is not None
    with pytest.raises(LLMError) as raised:
        model.ask(HELLO, until=time.monotonic() + 3)
    assert raised.value.kind in ("unreachable", "timeout")


def test_a_model_that_is_there_is_told_from_one_that_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(llm="scripted:model")
    for reply in ("yes", cut_off("yes and no and")):
        monkeypatch.setattr(
            "qa.llm.language_model.open_language_model", lambda _, reply=reply: model_of(reply)
        )
        assert 0 <= try_language_model(settings) < 1
    monkeypatch.setattr("qa.llm.language_model.open_language_model", lambda _: model_of(StatusError(401)))
    with pytest.raises(LLMError, match="refuses the key"):
        try_language_model(settings)
    monkeypatch.undo()
    with pytest.raises(ModelError, match="set llm"):
        try_language_model(Settings())


def test_without_the_setting_no_code_for_chat_models_is_imported() -> None:
    code = (
        "import sys; from qa.config import Settings; import qa.pipeline; "
        "from qa.llm.language_model import open_language_model; open_language_model(Settings()); "
        "print('langchain.chat_models' in sys.modules, 'langchain_openai' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )

    assert ended.stdout.split() == ["False", "False"]
