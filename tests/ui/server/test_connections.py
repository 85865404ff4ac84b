"""Facts about connections that say nothing, or never come to an end."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

import pytest

from conftest import QUICK_PATIENCE_S
from pages import Server
from qa.ui.server.connections import HEADERS_S, MAX_HEADER_BYTES
from quick import connect, drip, head, said

running = [pytest.mark.server, pytest.mark.slow]


def test_people_have_time() -> None:
    assert HEADERS_S == 20


class TestRunningPage:
    pytestmark = running

    @pytest.mark.parametrize(
        "start", [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "]
    )
    def test_half_sent_headers_are_dropped(self, quick: Server, start: bytes) -> None:
        with connect(quick) as connection:
            connection.sendall(start)
            begun = time.monotonic()
            assert said(connection) == b""
            assert QUICK_PATIENCE_S - 0.5 < time.monotonic() - begun < 3 * QUICK_PATIENCE_S

    def test_headers_that_come_letter_by_letter_are_dropped(self, quick: Server) -> None:
        with connect(quick) as connection:
            assert drip(connection, b"GET / HTTP/1.1\r\nX: " + b"x" * 1000) < 3 * QUICK_PATIENCE_S

    def test_headers_of_a_second_request_are_dropped_as_well(self, quick: Server) -> None:
        with connect(quick) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200")
            assert drip(connection, b"GET / HTTP/1.1\r\nX: " + b"x" * 1000) < 3 * QUICK_PATIENCE_S

    def test_headers_without_an_end_are_dropped_at_once(self, quick: Server) -> None:
        with connect(quick) as connection:
            line = b"X: " + b"x" * 4096 + b"\r\n"
            start = time.monotonic()
            try:
                connection.sendall(b"GET / HTTP/1.1\r\n" + line * (4 * MAX_HEADER_BYTES // len(line)))
                said(connection)
            except OSError:
                pass
            assert time.monotonic() - start < QUICK_PATIENCE_S / 2

    def test_the_rest_of_a_body_that_nobody_wants_is_dropped(self, quick: Server) -> None:
        with connect(quick) as connection:
            connection.sendall(head(quick, "run/ask", 10_000))
            assert connection.recv(10_000).startswith(b"HTTP/1.1 404")
            assert drip(connection, b" " * 10_000) < 3 * QUICK_PATIENCE_S

    def test_a_page_that_is_kept_open_is_not_dropped(self, quick: Server) -> None:
        connection = http.client.HTTPConnection(urlsplit(quick.address).netloc, timeout=30)
        for pause_s in (QUICK_PATIENCE_S + 1, 0):  # less than uvicorn waits for another request
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b"ok\n"
            time.sleep(pause_s)
        connection.close()
