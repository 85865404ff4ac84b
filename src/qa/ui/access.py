"""Who may change the documents: those who give the key, or without one those at the machine itself.

Asked wherever something is done, not where a button is shown: every endpoint of the page can be called past it.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import unquote, urlsplit

from qa.ui.headers import App, Message, Receive, Send
from qa.ui.senders import FORWARDING

KEY_COOKIE = "qa_key"
"""How the browser carries the key when it uploads; the page sets it for its own site only (scripts.py)."""

REFUSED = b"Documents can be brought in only with the key, or at the machine itself. Nothing was kept."


@dataclass(frozen=True, slots=True)
class Access:
    """`admin_key` is the key that is set, empty where none is."""

    admin_key: str = ""

    def may_change(self, headers: Mapping[str, str], host: str | None, *, offered: str = "") -> bool:
        """True if the request with these headers (names in lower case), from `host`, may change documents.

        `offered` is the key that it came with, beside the one in its cookie.
        """
        if self.admin_key:
            return is_key(offered, self.admin_key) or is_key(_key_in_cookie(headers), self.admin_key)
        return is_local(headers, host)


def is_key(offered: str, admin_key: str) -> bool:
    """True if `offered` is the key; takes equally long wherever they differ. Never true for an empty key."""
    return bool(admin_key) and hmac.compare_digest(offered.strip().encode(), admin_key.encode())


def is_local(headers: Mapping[str, str], host: str | None) -> bool:
    """True if somebody at this machine asks for themselves: no proxy does, and no other site in their browser."""
    if host is None or not is_loopback(host) or any(name in headers for name in FORWARDING):
        return False
    # A name that a hostile site has made to lead here is not ours.
    called = urlsplit(f"//{headers.get('host', '')}")
    if not called.hostname or not is_loopback(called.hostname):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == called.netloc


def is_loopback(host: str) -> bool:
    """True if `host`, a name or an address, is this machine as it calls itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _key_in_cookie(headers: Mapping[str, str]) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(KEY_COOKIE)
    except CookieError:
        return ""
    return unquote(found.value) if found else ""


class UploadGuard:
    """An ASGI application that lets nobody upload to `app` who may not change documents.

    Gradio's own endpoint takes files from anybody, whatever the page shows.
    """

    def __init__(self, app: App, *, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "http" and scope["method"] == "POST" and _is_upload(scope["path"]):
            client: Any = scope.get("client")
            if not self.access.may_change(headers_of(scope), client[0] if client else None):
                await refuse(send, REFUSED)
                return
        await self.app(scope, receive, send)


def _is_upload(path: str) -> bool:
    return path.rstrip("/").endswith("/upload")


async def refuse(send: Send, reason: bytes) -> None:
    """Answers a request with 403 and the `reason`."""
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": reason})


def headers_of(scope: Message) -> dict[str, str]:
    """The headers of a request, their names in lower case."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
