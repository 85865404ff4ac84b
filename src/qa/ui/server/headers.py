"""Response headers that keep the page to itself: no request to another host, whatever a document holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

CONTENT_POLICY = (
    "default-src 'self'",
    # Gradio's own page has inline scripts and compiles its HTML templates in the browser.
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "form-action 'self'",
    "base-uri 'self'",
    "object-src 'none'",
)

UNUSED_FEATURES = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read", "display-capture"),
    *("encrypted-media", "geolocation", "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment"),
    *("picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial", "usb"),
    "xr-spatial-tracking",
)
"""What browsers can do and the page never asks for. Writing to the clipboard is left: answers are copied."""

RESOURCE_POLICY = b"cross-origin-resource-policy"

HEADERS = (
    # An address can hold what somebody asked (?q=): no link on the page may pass it on.
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"permissions-policy", ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES).encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
)


async def tell(send: Send, status: int, words: str, *headers: tuple[bytes, bytes]) -> None:
    """Answers a request with `status` and `words`, as plain text."""
    given = [(b"content-type", b"text/plain; charset=utf-8"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": given})
    await send({"type": "http.response.body", "body": words.encode()})


def host_of(scope: Message) -> str | None:
    """The other end of the connection; None where nobody knows."""
    return scope["client"][0] if scope.get("client") else None


class Layer:
    """An ASGI application around `app`, which is handed whatever is no HTTP request."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request."""
        await (self._answer if scope["type"] == "http" else self.app)(scope, receive, send)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        raise NotImplementedError


class SafeHeaders(Layer):
    """An ASGI application that answers as `app` does, with headers that keep the page safe.

    Only the page itself and `embed_origins` may show it in a frame. A response may say by itself that other sites
    may load it (`RESOURCE_POLICY`); all others are for the page's own site.
    """

    def __init__(self, app: App, *, embed_origins: Sequence[str] = ()) -> None:
        super().__init__(app)
        policy = "; ".join([*CONTENT_POLICY, " ".join(["frame-ancestors 'self'", *embed_origins])])
        self._headers = [*HEADERS, (b"content-security-policy", policy.encode())]
        if not embed_origins:  # it knows no list; browsers that know frame-ancestors go by that
            self._headers.append((b"x-frame-options", b"SAMEORIGIN"))

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                if all(name.lower() != RESOURCE_POLICY for name, _ in given):
                    given.append((RESOURCE_POLICY, b"same-origin"))
                message["headers"] = [*given, *self._headers]
            await send(message)

        await self.app(scope, receive, send_with_headers)
