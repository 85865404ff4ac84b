"""Which sites' web pages may call the page's server: its own, and those that are set. Programs send no origin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders

from qa.ui.access.permissions import headers_of
from qa.ui.server.headers import App, Layer, Message, Receive, Send, tell

READING = ("GET", "HEAD", "OPTIONS")
"""Methods by which nothing is asked or changed. A foreign page may use them, and reads nothing of the response."""

PREFLIGHT_S = b"600"
"""Seconds for which a browser remembers what it may: a changed setting holds soon."""

DEFAULT_PORTS = {"http": ":80", "https": ":443"}

FOREIGN = "Web pages of other sites may not ask here. Set QA_API_ORIGINS to the sites whose pages may.\n"


class Origins(Layer):
    """An ASGI application that answers programs, the page itself, and the pages of `origins` as `app` does. Other
    sites' pages may read nothing and ask nothing.

    No site may send cookies along: only the page's own scripts act for a person who is logged in.
    """

    def __init__(self, app: App, *, origins: Sequence[str] = ()) -> None:
        super().__init__(app)
        self._known = re.compile("|".join(_pattern(origin) for origin in origins) or r"(?!)", re.ASCII)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        origin = headers.get("origin")
        is_known = origin is not None and self._is_known(origin)

        async def send_with_leave(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(raw=list(message.get("headers", [])))
                given.add_vary_header("Origin")
                if is_known:
                    given["access-control-allow-origin"] = str(origin)
                message["headers"] = given.raw
            await send(message)

        is_foreign = origin is not None and not is_known and not is_own(headers, str(scope["scheme"]))
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _answer_preflight(send_with_leave, headers, is_foreign=is_foreign)
        elif is_foreign and scope["method"] not in READING:
            await tell(send_with_leave, 403, FOREIGN)
        else:
            await self.app(scope, receive, send_with_leave)

    def _is_known(self, origin: str) -> bool:
        return self._known.fullmatch(_without_default_port(origin)) is not None


def is_own(headers: dict[str, str], scheme: str) -> bool:
    """True if the page itself asks: its origin has the name that the request, of this `scheme`, came to."""
    origin = headers["origin"]
    if origin == "null":
        # What a form of ours says, since the page tells nobody where it is. Scripts cannot set the other header.
        return headers.get("sec-fetch-site") == "same-origin"
    own_scheme = urlsplit(origin).scheme
    if scheme == "https" and own_scheme != "https":
        return False
    forwarded = headers.get("x-forwarded-host", "").partition(",")[0].strip()
    named = [
        _without_default_port(f"{own_scheme}://{host}") for host in (headers.get("host"), forwarded) if host
    ]
    return _without_default_port(origin) in named


def _without_default_port(origin: str) -> str:
    origin = origin.lower()
    return origin.removesuffix(DEFAULT_PORTS.get(origin.partition("://")[0], " "))


def _pattern(origin: str) -> str:
    """The regular expression for a site that is set, which may begin with `*.` for all names below."""
    return re.escape(_without_default_port(origin)).replace(r"\*\.", r"(?:[a-z0-9-]+\.)+")


async def _answer_preflight(send: Send, headers: dict[str, str], *, is_foreign: bool) -> None:
    if is_foreign:
        await tell(send, 403, FOREIGN)
        return
    wanted = headers.get("access-control-request-headers", "content-type").encode("latin-1")
    await tell(
        send,
        200,
        "",
        (b"access-control-allow-methods", b"GET, POST"),
        (b"access-control-allow-headers", wanted),
        (b"access-control-max-age", PREFLIGHT_S),
    )
