"""Facts about the bounds of what requests bring along: their size, their depth, and how long they may take."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from conftest import QUICK_PATIENCE_S
from pages import Server
from qa.domain import Citation, Place, Quoted, Source, Span, Statement
from qa.rendering.escaping import Html
from qa.ui.conversation.conversation import MAX_EXCHANGES, Exchange
from qa.ui.conversation.saved import to_saved
from qa.ui.server import bodies
from qa.ui.server.bodies import (
    MAX_BYTES,
    MAX_CONVERSATION_BYTES,
    MAX_CONVERSATIONS,
    MAX_DEPTH,
    BodyRefused,
    Incoming,
)
from quick import asked, connect, drip, head, said

KHMER = 'ទីក្រុងគីតាគុយស៊ូ និងរាជធានីភ្នំពេញ បានចុះកិច្ចព្រមព្រៀង "ទីក្រុងបងប្អូន" ក្នុងខែមីនា ឆ្នាំ២០១៦។ '
JSON = {"Content-Type": "application/json"}
EACH_WAY = ("call/ask", "call/v2/ask", "queue/join", "component_server/", "mcp/", "cancel")

running = [pytest.mark.server, pytest.mark.slow]


def long_conversation() -> str:
    """What a browser keeps of as many answers in Khmer as it can, each as long as an answer gets."""
    quote = KHMER * 4
    citations = tuple(
        Citation(
            number,
            Source(f"{number:016x}", "phnom-penh.md", KHMER, version="0" * 32),
            Place(Span(0, len(quote))),
            quote,
        )
        for number in range(1, 11)
    )
    statements = tuple(Statement(quote, (citation.number,), "Phnom Penh") for citation in citations)
    answer = Quoted(KHMER * 3, KHMER * 3, "km", statements=statements, citations=citations)
    saved = to_saved(Exchange(1, "", "", Html(""), Html(""), "km", given=answer))
    return f"[{','.join([saved] * MAX_EXCHANGES)}]"


def opening(quick: Server, saved: str) -> dict[str, Any]:
    """The call by which a page opens that brings back `saved`."""
    config = httpx.get(f"{quick.address}config").json()
    function = next(each for each in config["dependencies"] if each["api_name"] == "open_page")
    return {"data": ["0" * 32, saved], "fn_index": function["id"], "session_hash": "5e551011"}


def nested(depth: int) -> bytes:
    """A call whose arguments lie so deep within each other, the call itself counted."""
    return b'{"data": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


class TestSize:
    pytestmark = running

    @pytest.mark.parametrize("way", [way for way in EACH_WAY if way != "queue/join"])
    def test_a_larger_request_is_refused(self, quick: Server, way: str) -> None:
        body = json.dumps({"data": ["x" * MAX_BYTES]}).encode()
        pieces = (body[place : place + 65_536] for place in range(0, len(body), 65_536))
        for content in (body, pieces):  # the second one does not say how large it is
            answer = httpx.post(f"{quick.address}gradio_api/{way}", content=content)
            assert answer.status_code == 413
            assert "too large" in answer.json()["error"]
            assert answer.headers["x-content-type-options"] == "nosniff"

    def test_a_request_just_within_the_bound_is_read(self, quick: Server) -> None:
        answer = asked(quick.address, "x" * (MAX_BYTES - 100))
        event = answer.raise_for_status().json()["event_id"]
        told = httpx.get(f"{quick.address}gradio_api/call/ask/{event}", timeout=60).text
        assert "are the most that can be asked" in told

    @pytest.mark.parametrize("is_escaped", [False, True])
    def test_thirty_long_answers_in_khmer_come_back(self, quick: Server, is_escaped: bool) -> None:
        call = opening(quick, long_conversation())
        body = json.dumps(call, ensure_ascii=is_escaped).encode()
        httpx.post(
            f"{quick.address}gradio_api/queue/join", content=body, headers=JSON, timeout=60
        ).raise_for_status()
        told = httpx.get(f"{quick.address}gradio_api/queue/data?session_hash=5e551011", timeout=120).text
        assert '"success":true' in told
        assert KHMER[:30] in told

    def test_the_bound_has_room_for_all_that_may_be_brought_back(self) -> None:
        saved = long_conversation()
        share = len(json.dumps(saved, ensure_ascii=False).encode()) / len(saved)
        assert len(saved) < 2_000_000
        assert share * 2_000_000 < MAX_CONVERSATION_BYTES

    def test_a_conversation_has_a_bound_too_and_must_say_how_large_it_is(self, quick: Server) -> None:
        body = json.dumps(opening(quick, "x" * MAX_CONVERSATION_BYTES)).encode()
        address = f"{quick.address}gradio_api/queue/join"
        assert httpx.post(address, content=body).status_code == 413
        pieces = (body[place : place + 65_536] for place in range(0, 2 * MAX_BYTES, 65_536))
        assert httpx.post(address, content=pieces).status_code == 413

    def test_few_large_requests_are_in_memory_at_the_same_time(self, quick: Server) -> None:
        body = json.dumps(opening(quick, "x" * 2 * MAX_BYTES)).encode()
        held = [connect(quick) for _ in range(MAX_CONVERSATIONS)]
        for connection in held:
            connection.sendall(head(quick, "queue/join", len(body)) + body[: MAX_BYTES // 2])
        time.sleep(0.5)
        start = time.monotonic()
        answer = httpx.post(f"{quick.address}gradio_api/queue/join", content=body, headers=JSON, timeout=60)
        assert answer.status_code == 200
        assert time.monotonic() - start > QUICK_PATIENCE_S / 2
        for connection in held:
            assert b" 408 " in said(connection)
            connection.close()

    def test_an_upload_that_says_it_is_too_large_is_refused_at_once(self, quick: Server) -> None:
        with connect(quick) as connection:
            connection.sendall(head(quick, "upload", 2**40))
            assert connection.recv(1000).startswith(b"HTTP/1.1 413")


class TestForm:
    pytestmark = running

    @pytest.mark.parametrize("way", EACH_WAY)
    @pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 20_000])
    def test_what_is_nested_too_deep_is_refused(self, quick: Server, way: str, depth: int) -> None:
        answer = httpx.post(f"{quick.address}gradio_api/{way}", content=nested(depth))
        assert answer.status_code == 400
        assert "deep" in answer.json()["error"]

    @pytest.mark.parametrize(
        "body",
        [nested(MAX_DEPTH), b'{"data": ["' + b"[" * 1000 + b'"]}', b'{"data": ["\\"[[' + b"[" * 100 + b'"]}'],
    )
    def test_what_is_nested_less_or_only_looks_like_it_is_read(self, quick: Server, body: bytes) -> None:
        answer = httpx.post(f"{quick.address}gradio_api/call/ask", content=body, headers=JSON)
        assert answer.status_code == 200

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
    def test_brackets_do_not_hide_in_other_encodings(self, quick: Server, encoding: str) -> None:
        body = nested(200).decode().encode(encoding)
        answer = httpx.post(f"{quick.address}gradio_api/component_server/", content=body)
        assert answer.status_code == 400
        assert "UTF-8" in answer.json()["error"]

    @pytest.mark.parametrize("body", [b"[" + b"[]," * 50_000 + b"[]]", b"[" + b'"",' * 50_000 + b'""]'])
    def test_what_has_too_many_parts_is_refused(self, quick: Server, body: bytes) -> None:
        answer = httpx.post(f"{quick.address}gradio_api/queue/join", content=body)
        assert answer.status_code == 400
        assert "too many parts" in answer.json()["error"]


class TestTime:
    pytestmark = running

    @pytest.mark.parametrize("way", EACH_WAY)
    def test_half_a_body_is_waited_for_and_then_dropped(self, quick: Server, way: str) -> None:
        with connect(quick) as connection:
            connection.sendall(head(quick, way, 1000) + b'{"data": [')
            start = time.monotonic()
            answer = said(connection)
            assert answer.startswith(b"HTTP/1.1 408")
            assert b"did not come in time" in answer
            assert QUICK_PATIENCE_S - 0.5 < time.monotonic() - start < 3 * QUICK_PATIENCE_S + 5

    def test_a_body_that_comes_letter_by_letter_is_dropped(self, quick: Server) -> None:
        with connect(quick) as connection:
            connection.sendall(head(quick, "call/ask", 1000))
            assert drip(connection, b" " * 1000) < 3 * QUICK_PATIENCE_S + 5

    @pytest.mark.parametrize("size", [8192, 1])
    def test_an_upload_over_a_slow_line_comes_in_and_one_that_hardly_moves_does_not(
        self, quick: Server, size: int
    ) -> None:
        border = b"--border"
        file = b"x" * 16 * size
        body = (
            border
            + b'\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
            + file
            + b"\r\n"
            + border
            + b"--\r\n"
        )
        headers = head(quick, "upload", len(body)).replace(
            b"application/json", b"multipart/form-data; boundary=border"
        )
        with connect(quick) as connection:
            connection.sendall(headers + body[: -16 * size])
            drip(connection, body[-16 * size :], every_s=QUICK_PATIENCE_S / 12, size=size)
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200" if size > 1 else b"HTTP/1.1 408")


def test_people_have_time() -> None:
    assert bodies.BODY_S == 30


def messages(*pieces: bytes) -> Any:
    """What gives the pieces of a body, and then that the other side has gone."""
    left: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    )

    async def receive() -> dict[str, Any]:
        return next(left, {"type": "http.disconnect"})

    return receive


def test_a_body_that_is_not_in_memory_is_counted_as_it_comes() -> None:
    body = Incoming(messages(b"12345", b"67890", b"x"), limit=10, declared=None, slow=True)
    assert [asyncio.run(body.receive())["body"] for _ in range(2)] == [b"12345", b"67890"]
    with pytest.raises(BodyRefused, match="too large"):
        asyncio.run(body.receive())


def test_nothing_is_done_for_whoever_went_away() -> None:
    assert asyncio.run(Incoming(messages(b"12345"), limit=10, declared="10").read()) is None


def test_what_is_refused_says_what_to_do() -> None:
    with pytest.raises(BodyRefused, match=re.escape("it may have 1,048,576 bytes. Send less at a time.")):
        Incoming(messages(), limit=MAX_BYTES, declared=str(MAX_BYTES + 1))
