"""Facts about who counts as the sender of a request."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from qa.ui.access.senders import Senders, address_of


def client_of(peer: str, *, proxies: tuple[str, ...] = (), times: int = 1, **headers: str) -> str:
    """Who counts as the sender of a request from `peer` with these headers, asked so many times."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])

    guarded = Senders(app, proxies=proxies)
    for _ in range(times):
        scope = {
            "type": "http",
            "client": (peer, 4711),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        }
        asyncio.run(guarded(scope, None, None))  # type: ignore[arg-type]
    return seen[-1]


@pytest.mark.parametrize(
    ("peer", "proxies", "named", "client"),
    [
        ("203.0.113.5", (), None, "203.0.113.5"),
        ("127.0.0.1", (), "203.0.113.5", "203.0.113.5"),
        ("127.0.0.1", (), "1.2.3.4, 203.0.113.5", "203.0.113.5"),
        ("::1", (), "2001:db8::1", "2001:db8::1"),
        ("10.0.0.7", (), "203.0.113.5", "10.0.0.7"),
        ("10.0.0.7", ("10.0.0.7",), "203.0.113.5", "203.0.113.5"),
        ("10.0.0.7", ("10.0.0.0/8",), "203.0.113.5, 10.0.0.9", "203.0.113.5"),
        ("203.0.113.9", ("10.0.0.0/8",), "1.2.3.4", "203.0.113.9"),
    ],
)
def test_a_proxy_is_believed_that_is_here_or_named(
    peer: str, proxies: tuple[str, ...], named: str | None, client: str
) -> None:
    headers: dict[str, Any] = {"x_forwarded_for": named} if named else {}
    assert client_of(peer, proxies=proxies, **headers) == client


def test_a_proxy_that_is_not_believed_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        client_of("10.0.0.7", times=3, x_forwarded_for="203.0.113.5")
    assert caplog.text.count("set QA_PROXIES=10.0.0.7") == 1


def test_a_proxy_that_is_believed_and_whoever_is_none_are_not_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client_of("127.0.0.1", x_forwarded_for="203.0.113.5")
    client_of("203.0.113.5", accept="text/html")
    assert not caplog.records


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_limits_count_by_address_and_of_ipv6_by_network(host: str, address: str) -> None:
    assert address_of({"client": (host, 1)}) == address


def test_somebody_unknown_has_no_address() -> None:
    assert address_of({"client": None}) == ""
