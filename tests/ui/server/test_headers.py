"""Facts about the headers of every response."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from qa.ui.server.headers import RESOURCE_POLICY, SafeHeaders


def headers_of(*origins: str, given: list[tuple[bytes, bytes]] | None = None) -> dict[str, str]:
    """The headers of a response that came with those `given`, where `origins` may show the page."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": given or []})

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(SafeHeaders(app, embed_origins=origins)({"type": "http"}, None, send))  # type: ignore[arg-type]
    names = [name for name, _ in sent[0]["headers"]]
    assert len(names) == len(set(names))
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_no_other_site_may_show_the_page_where_none_is_set() -> None:
    headers = headers_of()
    assert headers["content-security-policy"].endswith("; frame-ancestors 'self'")
    assert headers["x-frame-options"] == "SAMEORIGIN"


def test_the_sites_that_are_set_may_show_the_page_and_no_older_header_forbids_it() -> None:
    headers = headers_of("https://a.example", "http://b.example:8080")
    policy = headers["content-security-policy"]
    assert policy.endswith("; frame-ancestors 'self' https://a.example http://b.example:8080")
    assert "x-frame-options" not in headers


@pytest.mark.parametrize("feature", ["camera", "microphone", "geolocation", "payment", "clipboard-read"])
def test_the_page_gives_up_what_it_does_not_need(feature: str) -> None:
    assert f"{feature}=()" in headers_of()["permissions-policy"].split(", ")


def test_answers_can_still_be_copied() -> None:
    assert "clipboard-write" not in headers_of()["permissions-policy"]


def test_only_what_says_so_itself_may_be_loaded_by_other_sites() -> None:
    assert headers_of()[RESOURCE_POLICY.decode()] == "same-origin"
    given = [(RESOURCE_POLICY, b"cross-origin")]
    assert headers_of(given=given)[RESOURCE_POLICY.decode()] == "cross-origin"
