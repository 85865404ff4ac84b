"""Facts about the log: no word of what was asked is in it, whatever goes wrong, and the caller is told plainly."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from pages import Server, serving
from qa.errors import DiskError, InputError
from qa.system.logs import JsonLines, WithoutWords, keep_words_out, print_no_more, tell_exception
from qa.ui.server.calls import BAD_REQUEST, BAD_VALUES, PlainErrors, without_surrogates
from qa.ui.server.routes import NOT_HERE

WORD = "xylophonequagga"
"""Stands in every bad call, and nowhere else."""

API = "/gradio_api"
HALF = "\ud800"
"""Half of a letter: JSON can name it, and nothing can write it."""

BAD_DATA: tuple[list[Any], ...] = (
    [],
    [WORD],
    [None, WORD],
    [5, WORD],
    [{"a": WORD}],
    [[WORD]],
    [WORD, 5],
    [WORD, [1, WORD]],
    [WORD, None, WORD, False],
    [WORD, None, [{"role": WORD}], False],
    [WORD, [WORD], None, False],
    [int("9" * 400), WORD],
    [HALF + WORD, [HALF], None, False],
    ["\x00" + WORD, [WORD + "\x00"], None, False],
    [[[[[[[WORD]]]]]]] * 5,
    [{"path": f"/{WORD}", "meta": {"_type": "gradio.FileData"}}],
    [{"__type__": "update", "value": WORD}] * 4,
)
BAD_BODIES: tuple[bytes, ...] = (
    json.dumps({"question": 5, WORD: WORD}).encode(),
    json.dumps({"question": WORD, "cities": WORD}).encode(),
    json.dumps({"question": HALF + WORD, "cities": [WORD]}).encode(),
    json.dumps([WORD]).encode(),
    json.dumps({"data": WORD}).encode(),
    json.dumps({"data": [HALF + WORD], "fn_index": HALF, "session_hash": {WORD: 1}}).encode(),
    b'{"question": "' + WORD.encode(),
    b"\xff\xfe" + WORD.encode(),
    b"",
)

real = [pytest.mark.model, pytest.mark.server, pytest.mark.slow]


@dataclass(frozen=True)
class Logged:
    """A page, and the file that all it writes goes to."""

    server: Server
    log: Path

    def written(self) -> str:
        """All that the program has written."""
        return self.log.read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=["text", "json"])
def logged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    folder = tmp_path_factory.mktemp("words")
    # So many calls a minute would be turned away before anything reads them.
    limits: dict[str, Any] = {"QA_VISITOR_A_MINUTE": "100000", "QA_ADDRESS_A_MINUTE": "100000"}
    with serving(folder, QA_LOG_FORMAT=request.param, **limits) as server:
        yield Logged(server, folder / "log")


@pytest.fixture
def client(logged: Logged) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=logged.server.address, timeout=30) as client:
        yield client


def post(client: httpx.Client, path: str, body: bytes | dict[str, Any]) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(API + path, content=content, headers={"content-type": "application/json"})


def told(client: httpx.Client, path: str, body: bytes | dict[str, Any]) -> str:
    """What the caller is told: the answer's text, or the event's where the call was let into the line."""
    answer = post(client, path, body)
    if answer.status_code != 200 or "event_id" not in answer.json():
        assert 400 <= answer.status_code < 500, (path, answer.status_code, answer.text)
        if answer.text == NOT_HERE:
            return NOT_HERE
        return str(answer.json().get("error") or answer.json()["detail"])
    event = client.get(f"{API}/call/ask/{answer.json()['event_id']}").text
    return event if "event: error" not in event else str(json.loads(event.partition("data: ")[2])["error"])


def is_silent(logged: Logged) -> bool:
    written = logged.written()
    return WORD not in written and "Traceback" not in written


@pytest.mark.parametrize("name", ["ask", "search"])
@pytest.mark.parametrize("data", BAD_DATA, ids=range(len(BAD_DATA)))
class TestBadValues:
    pytestmark = real

    def test_a_call_with_bad_values_is_told_in_a_sentence_and_leaves_no_word(
        self, logged: Logged, client: httpx.Client, name: str, data: list[Any]
    ) -> None:
        sentence = told(client, f"/call/{name}", {"data": data})

        assert sentence
        assert "\n" not in sentence.strip() or sentence.startswith("event: complete")
        assert is_silent(logged)

    def test_so_is_one_that_joins_the_line_as_the_page_does(
        self, logged: Logged, client: httpx.Client, name: str, data: list[Any]
    ) -> None:
        functions = client.get("/config").json()["dependencies"]
        number = next(each["id"] for each in functions if each["api_name"] == name)
        session = f"{name}{BAD_DATA.index(data)}"
        joined = post(client, "/queue/join", {"data": data, "fn_index": number, "session_hash": session})

        assert joined.status_code == 200
        events = client.get(f"{API}/queue/data", params={"session_hash": session}).text
        assert '"process_completed"' in events
        assert is_silent(logged)


class TestBadRequests:
    pytestmark = real

    @pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
    @pytest.mark.parametrize(
        "path",
        ["/call/ask", "/call/v2/ask", f"/call/{WORD}", f"/call/v2/{WORD}", f"/run/{WORD}", "/run/predict",
         "/queue/join", "/component_server", "/cancel"],
    )  # fmt: skip
    def test_a_request_that_cannot_be_read_is_told_in_a_sentence_and_leaves_no_word(
        self, logged: Logged, client: httpx.Client, path: str, body: bytes
    ) -> None:
        sentence = told(client, path, body)

        assert "\n" not in sentence.strip()
        assert is_silent(logged)

    @pytest.mark.parametrize("number", [99999, -1, WORD, None, [WORD], 1e300])
    def test_so_is_one_for_a_function_that_there_is_not(
        self, logged: Logged, client: httpx.Client, number: Any
    ) -> None:
        body = {"data": [WORD], "fn_index": number, "session_hash": WORD}

        assert 400 <= post(client, "/queue/join", body).status_code < 500
        assert is_silent(logged)

    def test_so_are_values_of_the_wrong_kind_for_every_function_of_the_page(
        self, logged: Logged, client: httpx.Client
    ) -> None:
        functions = client.get("/config").json()["dependencies"]
        numbers = {each["api_name"].rstrip("_0123456789"): each["id"] for each in functions}
        for number in numbers.values():
            for value in (WORD, {"a": WORD}, HALF + WORD):
                session = f"f{number}{value!r}"[:30]
                body = {"data": [value] * 40, "fn_index": number, "session_hash": session}
                joined = post(client, "/queue/join", body)
                if joined.status_code == 200:
                    client.get(f"{API}/queue/data", params={"session_hash": session})
                else:
                    assert 400 <= joined.status_code < 500
        assert is_silent(logged)

    @pytest.mark.parametrize(
        "path",
        [f"{API}/queue/data?session_hash={WORD}", f"{API}/call/ask/{WORD}", f"{API}/file={WORD}%00",
         f"/original/{WORD}%00", f"/?q={WORD}%ED%A0%80", f"/{WORD}", f"{API}/custom_component/{WORD}/client/a/b"],
    )  # fmt: skip
    def test_so_is_an_address(self, logged: Logged, client: httpx.Client, path: str) -> None:
        client.get(path)

        assert is_silent(logged)

    def test_the_page_answers_afterwards_and_each_bad_call_is_one_line_of_its_log(
        self, logged: Logged, client: httpx.Client
    ) -> None:
        before = len(logged.written().splitlines())
        assert told(client, "/call/ask", {"data": [WORD]}) == BAD_VALUES
        lines = logged.written().splitlines()[before:]

        assert len(lines) == 1
        assert "a call of ask is refused: ValueError" in lines[0]
        answer = told(
            client, "/call/ask", {"data": ["When did Phnom Penh become a sister city?", [], [], False]}
        )
        assert "sister city" in answer


def fail(words: str) -> None:
    raise ValueError(words)


def failure() -> ValueError:
    try:
        fail(WORD)
    except ValueError as error:
        return error
    raise AssertionError


def test_of_an_exception_its_class_and_its_place_are_told() -> None:
    line = tell_exception(failure())

    assert line.startswith("ValueError at test_log_words.py:")
    assert " fail < test_log_words.py:" in line
    assert WORD not in line


def test_of_an_exception_after_another_both_are_told() -> None:
    try:
        raise KeyError(WORD) from failure()
    except KeyError as error:
        line = tell_exception(error)

    assert line.startswith("KeyError at ")
    assert "; after ValueError at test_log_words.py:" in line


@pytest.mark.parametrize("inner", [logging.Formatter("%(name)s: %(message)s"), JsonLines()])
@pytest.mark.parametrize(
    ("name", "message", "arguments", "told"),
    [
        ("qa.ui", "it failed", (), "it failed (ValueError at test_log_words.py"),
        ("qa.ui", "no: %s", (InputError(WORD),), "no: InputError"),
        ("qa.ui", "no: %s", (DiskError("the disk is full"),), "no: the disk is full"),
        ("uvicorn.error", "Exception in ASGI application\n", (), "application (ValueError"),
        ("asyncio", f"never retrieved\nfuture: {WORD}", (), "a message of test_log_words.fail:1"),
        ("root", "%s", (WORD,), "a message of test_log_words.fail:1"),
    ],
)
def test_a_line_has_no_words_of_a_caller(
    inner: logging.Formatter, name: str, message: str, arguments: tuple[Any, ...], told: str
) -> None:
    error = failure()
    raised = (ValueError, error, error.__traceback__)
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, arguments, raised, "fail")

    line = WithoutWords(inner).format(record)

    assert told in line
    assert WORD not in line
    assert "\n" not in line


def test_what_is_printed_or_warned_of_past_the_log_goes_into_it_without_its_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for owner, name in (
        (traceback, "print_exc"), (threading, "excepthook"), (sys, "unraisablehook"), (sys, "stdout"),
        (warnings, "showwarning"), (logging, "raiseExceptions"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, getattr(owner, name))
    handler = logging.StreamHandler(sys.stderr)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [handler])
    keep_words_out()

    try:
        fail(WORD)
    except ValueError:
        traceback.print_exc()
    thread = threading.Thread(target=fail, args=(WORD,))
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(WORD, stacklevel=1)
    logging.getLogger("qa.x").warning("%d", WORD)
    printed = sys.stdout
    print_no_more()
    print(WORD)
    sys.stdout.close()
    monkeypatch.setattr(sys, "stdout", printed)

    said = capsys.readouterr()
    assert WORD not in said.out + said.err
    assert "an exception was printed (ValueError at" in said.err
    assert "an exception was not handled (ValueError at" in said.err
    assert "UserWarning at test_log_words.py:" in said.err


def test_halves_of_letters_become_the_sign_for_an_unknown_one() -> None:
    assert without_surrogates([HALF + "a", {"b": [HALF]}, 1, None]) == ["\ufffda", {"b": ["\ufffd"]}, 1, None]
    assert without_surrogates("\ud83d\ude00") == "😀"
    whole = ["a", {"b": "日本"}]
    assert without_surrogates(whole) is whole


def answered(raised: Exception, *, has_begun: bool = False) -> list[dict[str, Any]]:
    """What is sent where the application raises."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if has_begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise raised

    async def send(message: Any) -> None:
        sent.append(dict(message))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    asyncio.run(PlainErrors(app)({"type": "http", "path": "/"}, receive, send))
    return sent


@pytest.mark.parametrize(
    ("raised", "status", "level"),
    [(KeyError(WORD), 422, "WARNING"), (OSError(WORD), 500, "ERROR"), (RuntimeError(WORD), 500, "ERROR")],
)
def test_a_request_that_fails_is_answered_in_a_sentence(
    raised: Exception, status: int, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    start, body = answered(raised)

    assert start["status"] == status
    assert WORD.encode() not in body["body"]
    assert (BAD_REQUEST.encode() in body["body"]) == (status == 422)
    assert WORD not in caplog.text
    assert level in caplog.text


def test_an_answer_that_breaks_off_ends_there() -> None:
    start, end = answered(OSError(WORD), has_begun=True)

    assert (start["status"], end) == (200, {"type": "http.response.body", "body": b""})
