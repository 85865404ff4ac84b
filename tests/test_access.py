"""Facts about who may change documents: asked of the request itself, whatever the page shows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from qa.ui.access import REFUSED, Access, UploadGuard, is_key

LOCAL = {"host": "127.0.0.1:7860"}
KEY = "correct horse"


@pytest.mark.parametrize("offered", [KEY, f" {KEY}\n"])
def test_with_a_key_set_those_may_who_give_it(offered: str) -> None:
    assert Access(KEY).may_change({"host": "qa.example.org"}, "203.0.113.5", offered=offered)


@pytest.mark.parametrize("cookie", ["qa_key=correct%20horse", "other=1; qa_key=correct%20horse"])
def test_the_key_may_come_as_a_cookie(cookie: str) -> None:
    assert Access(KEY).may_change({"host": "qa.example.org", "cookie": cookie}, "203.0.113.5")


@pytest.mark.parametrize(
    ("headers", "offered"),
    [
        (LOCAL, ""),
        (LOCAL, "wrong"),
        (LOCAL | {"cookie": "qa_key=wrong"}, ""),
        (LOCAL | {"cookie": "qa_key="}, ""),
        (LOCAL | {"cookie": "\x00;;=;qa_key"}, ""),
    ],
)
def test_with_a_key_set_nobody_may_without_it_not_even_at_the_machine(
    headers: dict[str, str], offered: str
) -> None:
    assert not Access(KEY).may_change(headers, "127.0.0.1", offered=offered)


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        (LOCAL, "127.0.0.1"),
        ({"host": "localhost:7860", "origin": "http://localhost:7860"}, "127.0.0.1"),
        ({"host": "[::1]:7860"}, "::1"),
    ],
)
def test_without_a_key_those_may_who_are_at_the_machine(headers: dict[str, str], host: str) -> None:
    assert Access().may_change(headers, host)


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        pytest.param(LOCAL, "192.168.1.7", id="another machine"),
        pytest.param(LOCAL, None, id="nobody knows who"),
        pytest.param(LOCAL | {"x-forwarded-for": "127.0.0.1"}, "127.0.0.1", id="a proxy"),
        pytest.param(LOCAL | {"forwarded": "for=127.0.0.1"}, "127.0.0.1", id="a proxy by the standard"),
        pytest.param(LOCAL | {"origin": "https://evil.example"}, "127.0.0.1", id="another site"),
        pytest.param(LOCAL | {"origin": "null"}, "127.0.0.1", id="a page without an origin"),
        pytest.param({"host": "evil.example:7860"}, "127.0.0.1", id="a name made to lead here"),
        pytest.param({"host": "127.0.0.1.evil.example"}, "127.0.0.1", id="a name that looks like us"),
        pytest.param({}, "127.0.0.1", id="no name"),
    ],
)
def test_without_a_key_nobody_else_may(headers: dict[str, str], host: str | None) -> None:
    assert not Access().may_change(headers, host)
    assert not Access().may_change(headers, host, offered="anything")


def test_an_empty_key_is_never_right() -> None:
    assert not is_key("", "")


def post(path: str, *, method: str = "POST", host: str = "203.0.113.5") -> tuple[int, bytes]:
    """Status and body of a request through the guard; 200 where it was let through."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"through"})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "client": (host, 1),
        "headers": [(b"Host", b"localhost")],
    }
    asyncio.run(UploadGuard(app, access=Access())(scope, None, send))  # type: ignore[arg-type]
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize("path", ["/gradio_api/upload", "/upload", "/gradio_api/upload/"])
def test_uploads_pass_the_guard_only_for_those_who_may(path: str) -> None:
    assert post(path) == (403, REFUSED)
    assert post(path, host="127.0.0.1") == (200, b"through")


def test_everything_else_passes_the_guard() -> None:
    assert post("/gradio_api/queue/join")[0] == 200
    assert post("/gradio_api/upload", method="GET")[0] == 200
