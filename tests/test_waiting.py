"""Facts about the line in which questions wait: a real Gradio server over a pipeline that answers when told."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gradio.routes import App
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from conftest import CountingEmbedder, OverlapReranker
from qa.config import Settings
from qa.domain import Answer
from qa.messages import LANGUAGES, say
from qa.pipeline import Pipeline
from qa.ui.page import build_page
from qa.ui.waiting import FULL, FULL_FOR_PAGE, MAX_WAITING, QUESTIONS_AT_ONCE, FullLine, language_of

FULL_WORDS = say("too_many_waiting", "en")


class HeldPipeline(Pipeline):
    """Notes what it is asked, and answers nothing before `goes_on`."""

    def hold(self) -> None:
        self.begun: list[str] = []
        self.is_busy, self.goes_on = threading.Semaphore(0), threading.Event()

    def ask(self, question: str, **more: Any) -> Answer:
        self.begun.append(question)
        self.is_busy.release()
        assert self.goes_on.wait(timeout=120)
        return super().ask(question, **more)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> HeldPipeline:
    folder = tmp_path_factory.mktemp("waiting")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "dalian.txt").write_text("Kitakyushu sent 67 experts to Dalian.", encoding="utf-8")
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index")
    HeldPipeline.build(settings, CountingEmbedder(), OverlapReranker())
    return HeldPipeline(settings, CountingEmbedder(), OverlapReranker())


@pytest.fixture
def client(pipeline: HeldPipeline) -> Iterator[TestClient]:
    async def lay_out() -> App:
        blocks = build_page(pipeline).queue(max_size=MAX_WAITING, api_open=False)
        return App.create_app(blocks, app_kwargs={"middleware": [Middleware(FullLine)]})

    pipeline.hold()
    app = asyncio.run(lay_out())  # without a loop Gradio makes one for each lock, and closes none
    with TestClient(app) as client:
        client.get("/gradio_api/startup-events")
        yield client
        pipeline.goes_on.set()
        app.get_blocks()._queue.close()


def put(client: TestClient, question: str, **headers: str) -> httpx.Response:
    """What is answered at once to a program that asks `question`."""
    return client.post("/gradio_api/call/ask", json={"data": [question, None, None, False]}, headers=headers)


def fill(client: TestClient, pipeline: HeldPipeline) -> list[str]:
    """The questions that are being answered or waiting, in their order, when no more may."""
    questions = [f"question {number}" for number in range(QUESTIONS_AT_ONCE + MAX_WAITING)]
    for number, question in enumerate(questions):
        assert put(client, question).status_code == 200
        if number < QUESTIONS_AT_ONCE:
            assert pipeline.is_busy.acquire(timeout=60)
    return questions


@pytest.mark.slow
def test_a_full_line_says_so_at_once_and_nobody_in_it_is_overtaken(
    client: TestClient, pipeline: HeldPipeline
) -> None:
    questions = fill(client, pipeline)
    refused = put(client, "one more")
    assert refused.status_code == FULL
    assert refused.json() == {"detail": FULL_WORDS, "error": FULL_WORDS}
    assert int(refused.headers["retry-after"]) > 0
    on_page = put(client, "one more", origin="http://testserver", **{"accept-language": "vi,en"})
    assert on_page.status_code == FULL_FOR_PAGE
    assert on_page.json()["detail"] == say("too_many_waiting", "vi")
    pipeline.goes_on.set()
    for _ in questions[QUESTIONS_AT_ONCE:]:
        assert pipeline.is_busy.acquire(timeout=60)
    assert put(client, "now there is room").status_code == 200
    assert pipeline.is_busy.acquire(timeout=60)
    assert sorted(pipeline.begun) == sorted([*questions, "now there is room"])
    # Those that begin in the same moment may note it in either order.
    late = [abs(pipeline.begun.index(question) - number) for number, question in enumerate(questions)]
    assert max(late) < QUESTIONS_AT_ONCE


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_told_in_its_own_language(language: str) -> None:
    asked = json.dumps({"data": ["en", ["Dalian"], "0a1b", language], "fn_index": 3}).encode()
    assert language_of({"accept-language": "fr,en"}, asked) == language


@pytest.mark.parametrize(
    "asked", [b"", b"{", b"[]", b"{}", b'{"data": null}', b'{"data": [null, "fr", {}]}', b"\xff"]
)
def test_where_nothing_says_the_language_it_is_the_browsers(asked: bytes) -> None:
    assert language_of({"accept-language": "fr,ja;q=0.8"}, asked) == "ja"
    assert language_of({}, asked) == "en"


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/", "/gradio_api/upload"])
@pytest.mark.parametrize("status", [200, 404, 503])
def test_only_what_says_that_the_line_is_full_is_changed(path: str, status: int) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"its own words"})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}"}

    scope = {"type": "http", "method": "POST", "path": path, "headers": []}
    asyncio.run(FullLine(app)(scope, receive, send))
    is_ours = path.endswith("join") and status == FULL
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == status
    assert (sent[1]["body"] == b"its own words") != is_ours
