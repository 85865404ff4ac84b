"""Facts about the line in which questions wait: the page's own server over a pipeline that answers when told."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import httpx
import pytest

from conftest import CountingEmbedder
from qa.config import Settings
from qa.domain import Answer
from qa.i18n.messages import LANGUAGES, say
from qa.models import Models
from qa.pipeline import Pipeline
from qa.ui.access.permissions import Access
from qa.ui.page import build_page
from qa.ui.queue import waiting
from qa.ui.queue.limits import MAX_ADDRESSES
from qa.ui.queue.listening import GONE
from qa.ui.queue.threads import AT_ONCE
from qa.ui.queue.waiting import (
    FULL,
    MAX_SESSION_CHARS,
    QUESTIONS_AT_ONCE,
    TURNED_AWAY,
    FairQueue,
    language_of,
    take_turns,
)
from qa.ui.server.serving import open_server
from qa.ui.server.stopping import DoorWatcher

DALIAN = "Kitakyushu sent 67 experts to Dalian."
WAIT_S = 60
NO_LIMITS = httpx.Limits(max_connections=None)
ANSWER_S = 0.04
"""What an answer takes where it is not held."""


class HeldPipeline(Pipeline):
    """Notes what it is asked, and answers as often as it is let go on."""

    def hold(self) -> None:
        self.begun: list[str] = []
        self.answer_s = ANSWER_S
        self.is_busy, self.goes_on = threading.Semaphore(0), threading.Semaphore(0)

    def ask(self, question: str, **more: Any) -> Answer:
        self.begun.append(question)
        self.is_busy.release()
        assert self.goes_on.acquire(timeout=WAIT_S)
        time.sleep(self.answer_s)
        return super().ask(question, **more)


@dataclass
class Server:
    """The page's server; each test comes from addresses of its own, so that it finds its limits untouched."""

    address: str
    pipeline: HeldPipeline
    queue: FairQueue
    client: httpx.Client
    turned_away: list[str] = field(default_factory=list)

    def function(self, name: str) -> int:
        return next(each._id for each in self.queue.blocks.fns.values() if each.api_name == name)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("waiting")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index", port=0)
    HeldPipeline.build(settings, Models(CountingEmbedder()))
    pipeline = HeldPipeline(settings, Models(CountingEmbedder()))

    async def open_page() -> tuple[FairQueue, str]:
        access = Access(settings)
        blocks = build_page(pipeline, access=access)
        queue = take_turns(blocks, settings)
        return queue, open_server(blocks, pipeline, access, queue, DoorWatcher(), mcp=True)[1]

    queue, address = asyncio.run(
        open_page()
    )  # without a loop Gradio makes one for each lock, and closes none
    with httpx.Client(base_url=f"{address}gradio_api", timeout=WAIT_S, limits=NO_LIMITS) as client:
        yield Server(address.rstrip("/"), pipeline, queue, client)
    queue.blocks.close(verbose=False)


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    running.pipeline.hold()
    running.turned_away = []
    running.queue.on_turned_away = running.turned_away.append
    yield running
    running.pipeline.answer_s = 0.0
    running.pipeline.goes_on.release(10_000)
    until(lambda: len(running.queue) == 0 and running.queue.get_active_worker_count() == 0)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for it; fail where it does not come."""
    end = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


@dataclass
class Visitor:
    """Somebody who asks by name, from an address that a proxy at this machine tells."""

    server: Server
    address: str
    session: str | None = None
    more: dict[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"x-forwarded-for": self.address, **self.more}

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self.server.client.post(path, json=body, headers=self.headers)

    def stream(self, path: str, **asked: str) -> Any:
        return self.server.client.stream("GET", path, params=asked, headers=self.headers)

    def put(self, question: str) -> httpx.Response:
        """What is answered at once to the question."""
        return self.post("/call/ask", data=[question, None, None, False], session_hash=self.session)

    def put_on_page(self, name: str, *data: Any) -> httpx.Response:
        """What is answered at once to an event of the page."""
        fn_index = self.server.function(name)
        return self.post("/queue/join", data=data, fn_index=fn_index, session_hash=self.session)

    def listen(self, answer: httpx.Response, name: str = "ask") -> str:
        """What comes for the question that was `answer`ed with its event."""
        assert answer.status_code == 200, answer.text
        return self.fetch(f"/call/{name}/{answer.json()['event_id']}")

    def fetch(self, path: str) -> str:
        return self.server.client.get(path, headers=self.headers).text

    def ask(self, question: str) -> str:
        return self.listen(self.put(question))


def keep_busy(server: Server, address: str) -> None:
    """All who answer have a question from there, and go on when they are told."""
    for number in range(QUESTIONS_AT_ONCE):
        assert Visitor(server, address, f"busy{number}").put(f"busy {number}").status_code == 200
        assert server.pipeline.is_busy.acquire(timeout=WAIT_S)
    server.pipeline.begun.clear()


def begun_in_turn(server: Server, count: int) -> list[str]:
    """What is begun next, as one answer after the other is given."""
    for _ in range(count):
        server.pipeline.goes_on.release()
        assert server.pipeline.is_busy.acquire(timeout=WAIT_S)
    return server.pipeline.begun


def test_visitors_take_turns_between_addresses_and_within_one(server: Server) -> None:
    keep_busy(server, "203.0.113.1")
    greedy, ann, bob = (
        Visitor(server, "203.0.113.2", "greedy"),
        Visitor(server, "203.0.113.2", "ann"),
        Visitor(server, "203.0.113.3"),
    )
    for number in range(4):
        assert greedy.put(f"greedy {number}").status_code == 200
    assert ann.put("ann").status_code == bob.put("bob").status_code == 200
    assert begun_in_turn(server, 6) == ["greedy 0", "bob", "ann", "greedy 1", "greedy 2", "greedy 3"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("greedy", "names", "ordinary"),
    [
        pytest.param("198.51.100.1", 1, ["198.51.100.1"] * 8, id="from the same address"),
        pytest.param("198.51.100.2", 1, ["198.51.100.3"] * 8, id="from elsewhere than an office"),
        pytest.param("198.51.100.4", 4, ["198.51.100.5"] * 8, id="under four names"),
        pytest.param("198.51.100.6", 300, ["198.51.100.7"] * 8, id="under a new name each time"),
        pytest.param("198.51.100.8", 4, [f"198.51.100.{10 + n}" for n in range(8)], id="all from elsewhere"),
    ],
)
def test_ordinary_visitors_hardly_notice_a_greedy_one(
    server: Server, greedy: str, names: int, ordinary: list[str]
) -> None:
    server.pipeline.goes_on.release(10_000)

    def turns_taken(visitor: Visitor, name: str) -> list[int]:
        """How many questions were begun from the asking of each of the visitor's until it was answered."""
        asked = []
        for number in range(6):
            asked.append(len(server.pipeline.begun))
            visitor.ask(f"{name} {number}")
        begun = [server.pipeline.begun.index(f"{name} {number}") for number in range(len(asked))]
        return [place - before + QUESTIONS_AT_ONCE for place, before in zip(begun, asked, strict=True)]

    def median_of_ordinary(part: str) -> float:
        people = [Visitor(server, address, f"{part}{n}") for n, address in enumerate(ordinary)]
        with ThreadPoolExecutor(len(people)) as pool:
            taken = pool.map(turns_taken, people, [f"{part} {n}" for n in range(8)])
            return median(turns for each in taken for turns in each)

    alone = median_of_ordinary("alone")
    is_over = threading.Event()

    def flood() -> int:
        taken = 0
        for number in itertools.cycle(range(names)):
            if is_over.is_set():
                return taken
            taken += Visitor(server, greedy, f"greedy{number}").put("greedy").status_code == 200
        raise AssertionError

    with ThreadPoolExecutor(1) as pool:
        flooding = pool.submit(flood)
        until(lambda: len(server.queue) >= 4)
        beside = median_of_ordinary("beside")
        is_over.set()
        assert flooding.result() > 4
    assert beside <= 1.5 * alone, (beside, alone)


def test_a_visitor_may_have_so_many_waiting_and_is_told_so(server: Server) -> None:
    keep_busy(server, "203.0.113.10")
    for language in ("en", "vi"):
        visitor = Visitor(server, "203.0.113.11", language, {"accept-language": language})
        for number in range(4):
            assert visitor.put(f"{language} {number}").status_code == 200
        refused = visitor.put("one more")
        assert refused.status_code == TURNED_AWAY
        words = say("too_many_of_yours_waiting", language, count=4)
        assert refused.json() == {"detail": words, "error": words}
        assert int(refused.headers["retry-after"]) > 0
    assert Visitor(server, "203.0.113.11", "somebody else there").put("welcome").status_code == 200
    assert server.turned_away == ["visitor_waiting"] * 2


def test_those_who_name_no_session_are_one_visitor_of_their_address(server: Server) -> None:
    keep_busy(server, "203.0.113.12")
    for number in range(4):
        assert Visitor(server, "203.0.113.13").put(f"program {number}").status_code == 200
    assert Visitor(server, "203.0.113.13").put("one more").status_code == TURNED_AWAY
    assert Visitor(server, "203.0.113.14").put("welcome").status_code == 200


def test_a_visitor_may_ask_so_much_a_minute(server: Server) -> None:
    server.pipeline.goes_on.release(10_000)
    visitor = Visitor(server, "203.0.113.15", "quick")
    for number in range(30):
        assert "complete" in visitor.ask(f"quick {number}")
    refused = visitor.put("one more")
    assert refused.status_code == TURNED_AWAY
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["retry-after"] in refused.json()["detail"]
    assert server.turned_away == ["visitor_a_minute"]


@pytest.mark.slow
def test_an_address_and_the_line_have_their_limits_and_the_page_is_told_in_its_language(
    server: Server,
) -> None:
    keep_busy(server, "203.0.113.20")
    most = server.pipeline.settings.address_waiting
    for number in range(most):
        visitor = Visitor(server, "203.0.113.21", f"office{number // 4}")
        assert visitor.put(f"office {number}").status_code == 200
    page = Visitor(server, "203.0.113.21", "page", {"origin": server.address, "accept-language": "en"})
    refused = page.put_on_page("answer", "one more", [], "0" * 32, "km")
    assert refused.status_code == TURNED_AWAY
    assert refused.json()["detail"] == say("too_many_from_here", "km", seconds=refused.headers["retry-after"])
    for number in range(most * (MAX_ADDRESSES - 1)):
        visitor = Visitor(server, f"192.0.2.{number // most}", f"{number // 4}")
        assert visitor.put(f"elsewhere {number}").status_code == 200
    late = Visitor(server, "203.0.113.22", "late", {"accept-language": "ja"})
    assert (refused := late.put("too late")).status_code == FULL
    assert refused.json()["error"] == say("too_many_waiting", "ja")
    late.more["origin"] = server.address
    assert late.put("too late").status_code == TURNED_AWAY
    assert server.turned_away == ["address_waiting", "full", "full"]
    assert "complete" in late.listen(late.post("/call/list_documents", data=[]), "list_documents")


def test_searching_the_documents_does_not_wait_behind_questions(server: Server) -> None:
    keep_busy(server, "203.0.113.30")
    visitor = Visitor(server, "203.0.113.31", "reader")
    for number in range(4):
        assert visitor.put(f"reader {number}").status_code == 200
    with visitor.stream("/queue/data", session_hash="reader") as stream:
        assert visitor.put_on_page("documents", "dalian", "en").status_code == 200
        found = next(line for line in stream.iter_lines() if "process_completed" in line)
    assert "dalian.txt" in found
    listed = visitor.post("/call/list_documents", data=[])
    assert "dalian.txt" in visitor.listen(listed, "list_documents")
    assert server.pipeline.begun == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for as long as otherwise."""
    monkeypatch.setattr(waiting, "LISTEN_S", 0.4)
    monkeypatch.setattr(waiting, "LOOK_S", 0.05)


@pytest.mark.usefixtures("impatient")
def test_a_program_that_does_not_come_for_its_answer_gets_none_and_its_place_back(server: Server) -> None:
    keep_busy(server, "203.0.113.40")
    program, patient = Visitor(server, "203.0.113.41"), Visitor(server, "203.0.113.42")
    dropped = [program.put(f"dropped {number}") for number in range(4)]
    assert program.put("no room").status_code == TURNED_AWAY
    with ThreadPoolExecutor(1) as pool:
        awaited = pool.submit(patient.ask, "awaited")
        until(lambda: len(server.queue) == 1)
        assert program.put("now there is room").status_code == 200
        assert begun_in_turn(server, 2) == ["awaited", "now there is room"]
        server.pipeline.goes_on.release(2)
        assert "complete" in awaited.result()
    assert GONE in program.fetch(f"/call/ask/{dropped[0].json()['event_id']}")


def test_who_goes_away_while_waiting_is_not_answered(server: Server) -> None:
    keep_busy(server, "203.0.113.43")
    program, page = Visitor(server, "203.0.113.44"), Visitor(server, "203.0.113.45", "tab")
    event = program.put("left by a program").json()["event_id"]
    assert page.put_on_page("ask", "left by a page", None, None, False).status_code == 200
    with (
        program.stream(f"/call/ask/{event}"),
        page.stream("/queue/data", session_hash="tab"),
    ):
        assert program.put("stays").status_code == 200
        assert len(server.queue) == 3
    until(lambda: len(server.queue) == 1)
    assert begun_in_turn(server, 1) == ["stays"]


@pytest.mark.usefixtures("impatient")
def test_of_visitors_who_have_gone_the_queue_keeps_nothing(server: Server) -> None:
    server.pipeline.goes_on.release(10_000)
    queue, app = server.queue, server.queue.server_app
    assert app is not None
    app.iterators_to_reset.add("an event that was cancelled")
    with ThreadPoolExecutor(4) as pool:
        people = [Visitor(server, f"203.0.113.{50 + n}", f"gone{n}") for n in range(10)]
        list(pool.map(Visitor.put, people, ["never fetched"] * 10))
        programs = [Visitor(server, f"203.0.113.{60 + n}") for n in range(10)]
        assert all("complete" in answer for answer in pool.map(Visitor.ask, programs, ["fetched"] * 10))
    until(lambda: len(queue) == 0 and queue.get_active_worker_count() == 0)
    time.sleep(2 * waiting.LISTEN_S)
    Visitor(server, "203.0.113.49", "last").ask("last")
    assert {*queue.pending_event_ids_session, *queue.pending_messages_per_session} <= {"last"}
    assert {*queue._unheard} <= {"last"}
    until(lambda: not queue.event_ids_to_events and not queue._listening)
    assert len(queue.event_analytics) <= 1
    assert queue.cached_event_analytics_summary == {"functions": {}}
    assert not app.iterators
    assert not app.iterators_to_reset
    assert not app.state_holder.session_data


def call_tool(visitor: Visitor, question: str) -> str:
    """What a program hears that calls the tool `ask` over MCP."""
    params = {"name": "ask", "arguments": {"question": question}}
    accepted = {"accept": "application/json, text/event-stream"}
    return (
        Visitor(visitor.server, visitor.address, more=accepted)
        .post("/mcp/", jsonrpc="2.0", id=1, method="tools/call", params=params)
        .text
    )


@pytest.mark.slow
def test_tools_are_counted_by_the_address_that_calls_them_and_keep_no_thread_from_the_page(
    server: Server,
) -> None:
    keep_busy(server, "203.0.113.80")
    callers = [Visitor(server, f"203.0.113.{81 + number}") for number in range(12)]
    with ThreadPoolExecutor(50) as pool:
        calls = [pool.submit(call_tool, caller, f"tool {n}") for caller in callers for n in range(4)]
        until(lambda: len(server.queue) >= AT_ONCE)
        reader = Visitor(server, "203.0.113.79", "reader")
        listed = reader.post("/call/list_documents", data=[])
        assert "dalian.txt" in reader.listen(listed, "list_documents")
        assert "DOCTYPE" in reader.fetch(f"{server.address}/").upper()
        assert Visitor(server, "203.0.113.79", "asker").put("welcome").status_code == 200
        server.pipeline.goes_on.release(10_000)
        answers = [call.result() for call in calls]
    assert all("67 experts" in answer or "answered" in answer for answer in answers)
    assert not server.turned_away


def test_a_tool_that_is_called_too_often_says_so(server: Server) -> None:
    # Gradio makes the client by which it calls its tools at the first call; calls at once would have one each.
    server.pipeline.goes_on.release()
    assert '"isError":false' in call_tool(Visitor(server, "203.0.113.94"), "the first")
    assert server.pipeline.is_busy.acquire(timeout=WAIT_S)
    keep_busy(server, "203.0.113.95")
    caller = Visitor(server, "203.0.113.96")
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(call_tool, caller, f"tool {number}") for number in range(4)]
        until(lambda: len(server.queue) == 4)
        refused = call_tool(caller, "one more")
        assert '"isError":true' in refused
        assert "Queue is full! Please try again." in refused
        assert "Traceback" not in refused
        server.pipeline.goes_on.release(10_000)
        assert all('"isError":false' in call.result() for call in calls)
    assert server.turned_away == ["visitor_waiting"]


def test_answers_that_nobody_fetches_do_not_fill_the_memory(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOK_S", 0.0)
    monkeypatch.setattr(server.queue, "_next_look", 0.0)
    server.pipeline.goes_on.release(10_000)
    boxes: Any = server.queue.pending_messages_per_session
    for session in list(boxes):  # of what other tests left none must be the fullest
        server.queue._forget(session, even_running=True)
    hoarder, other = Visitor(server, "203.0.113.71", "hoard"), Visitor(server, "203.0.113.72")
    for number in range(3):
        assert hoarder.put(f"never fetched {number}").status_code == 200
    kept = other.put("fetched late")
    until(lambda: len(server.queue) == 0 and server.queue.get_active_worker_count() == 0)
    assert boxes["hoard"].size > 2 * boxes[kept.json()["event_id"]].size > 1000
    monkeypatch.setattr(server.queue, "_max_bytes", boxes["hoard"].size)
    assert "complete" in other.ask("asked now")
    assert "hoard" not in boxes
    assert "complete" in other.listen(kept)


def test_a_session_of_any_length_is_not_kept(server: Server) -> None:
    answer = Visitor(server, "203.0.113.70", "x" * (MAX_SESSION_CHARS + 1)).put(
        "a name that fills the memory"
    )
    assert answer.status_code == 400
    assert "session_hash" in answer.json()["detail"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_told_in_its_own_language(language: str) -> None:
    asked = ["en", ["Dalian"], "0a1b", language]
    assert language_of({"accept-language": "fr,en"}, asked) == language


@pytest.mark.parametrize("asked", [[], [None, "fr", {}]])
def test_where_nothing_says_the_language_it_is_the_browsers(asked: list[Any]) -> None:
    assert language_of({"accept-language": "fr,ja;q=0.8"}, asked) == "ja"
    assert language_of({}, asked) == "en"


def complete(visitor: Visitor, name: str, *data: Any) -> str:
    """The last that a page hears of an event, in a session that has not been heard of."""
    assert visitor.session is not None
    assert visitor.put_on_page(name, *data).status_code == 200
    with visitor.stream("/queue/data", session_hash=visitor.session) as stream:
        line: str = next(line for line in stream.iter_lines() if "process_completed" in line)
        return line


@pytest.mark.parametrize("cities", [["Dalian"], [], None])
def test_a_page_that_is_not_remembered_asks_about_cities_all_the_same(server: Server, cities: Any) -> None:
    visitor = Visitor(server, "203.0.113.97", "unknown")
    question = "experts to Dalian Kitakyushu sent?"
    answer = complete(visitor, "answer", question, cities, f"{id(cities):032x}", "en")
    assert '"success":true' in answer
    assert "67 experts" in answer


@pytest.mark.parametrize(
    ("cities", "language"),
    [(["Bangkok"], "en"), (5, "en"), ([{}], "en"), ([], "xx"), ([], None), ([], ["en"])],
)
def test_what_there_is_not_to_choose_is_told_without_a_traceback(
    server: Server, cities: Any, language: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    visitor = Visitor(server, "203.0.113.98", "unknown")
    answer = complete(visitor, "answer", "experts?", cities, "a" * 32, language)
    assert '"success":false' in answer
    assert "is not in the list of choices" in answer
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "99", None, [1]])
def test_a_page_that_is_not_remembered_turns_to_other_years(server: Server, number: Any) -> None:
    visitor = Visitor(server, "203.0.113.99", "unknown")
    assert '"success":true' in complete(visitor, "years", ["Dalian"], "en", number)
