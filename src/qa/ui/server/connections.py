"""Bounds for connections: those that say nothing, or never end, are dropped."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_S = 20.0
"""Seconds for a request's headers, from its first byte or from the connection's opening, and for the rest of a
body that nobody wants any more. uvicorn itself would wait for ever."""

MAX_HEADER_BYTES = 64 * 1024
"""Limits a request's headers, as uvicorn does for its other parser; a browser's have some 2,000."""


class BoundedConnection(HttpToolsProtocol):
    """A connection as uvicorn has it, with a bound for what comes before and after a request's body."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._deadline: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._is_in_headers = False
        self._is_in_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._begin_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._keep()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came, unless these headers have no end."""
        if self._is_in_headers:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._is_in_headers and self._header_bytes > MAX_HEADER_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Wait for the headers of a request that has begun."""
        super().on_message_begin()
        if not self._is_in_headers:
            self._begin_headers()

    def on_headers_complete(self) -> None:
        """Let the application decide how long it waits for the body."""
        self._keep()
        self._is_in_headers, self._is_in_body = False, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Let the application take as long as it needs for its response."""
        self._is_in_body = False
        if self.cycle.response_complete:
            self._keep()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the rest of a body that the response has not waited for, so that the other side can read it."""
        super().on_response_complete()
        if self._is_in_body:
            self._drop_later()

    def _begin_headers(self) -> None:
        self._is_in_headers, self._header_bytes = True, 0
        self._drop_later()

    def _drop_later(self) -> None:
        self._keep()
        self._deadline = self.loop.call_later(HEADERS_S, self.timeout_keep_alive_handler)

    def _keep(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
