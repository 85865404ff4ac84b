"""The line in which questions wait: first come, first served (Gradio's queue), and no longer than it may be.

Where it is full, Gradio says so with status 503 and in words of its own. Here they become ours: for the page in
the visitor's language, for programs as JSON. Nobody waits for a time-out.
"""

from __future__ import annotations

import json

from qa.messages import LANGUAGES, preferred_language, say
from qa.models.workers import count_cores
from qa.ui.access import headers_of
from qa.ui.headers import App, Message, Receive, Send

QUESTIONS_AT_ONCE = max(2, count_cores())
"""Questions answered at the same time; more wait their turn. While the models read for one, another is searched
for; however many there are, no more threads read than there are cores (see `qa.models.workers`)."""

MAX_WAITING = 64
"""Requests that may wait in the queue; more are told to come back, so that a flood cannot fill the memory."""

RETRY_S = 10
"""When a program should come again: about half of a full line is answered by then."""

MAX_BYTES = 64 * 1024
"""Of what was asked, looked through for its language: a question and its cities have less."""

FULL, FULL_FOR_PAGE = 503, 429
"""Gradio's page has English words of its own for 503, whatever comes with it; with 429 it shows ours."""


class FullLine:
    """An ASGI application that answers as `app` does, but for what is said where the line is full."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http" or not ("/queue/join" in scope["path"] or "/call/" in scope["path"]):
            await self.app(scope, receive, send)
            return
        asked = bytearray()
        is_full = False

        async def listen() -> Message:
            message = await receive()
            asked.extend(message.get("body", b"")[: MAX_BYTES - len(asked)])
            return message

        async def hold_back(message: Message) -> None:
            nonlocal is_full
            is_full = is_full or message.get("status") == FULL
            if not is_full:
                await send(message)

        await self.app(scope, listen, hold_back)
        if is_full:
            await tell_full(send, headers_of(scope), bytes(asked))


async def tell_full(send: Send, headers: dict[str, str], asked: bytes) -> None:
    """Answers that the line is full: to a browser (which names the page's `Origin`) and to programs."""
    words = say("too_many_waiting", language_of(headers, asked))
    body = json.dumps({"detail": words, "error": words}, ensure_ascii=False).encode()
    status = FULL_FOR_PAGE if "origin" in headers else FULL
    given = [(b"content-type", b"application/json; charset=utf-8"), (b"retry-after", str(RETRY_S).encode())]
    await send({"type": "http.response.start", "status": status, "headers": given})
    await send({"type": "http.response.body", "body": body})


def language_of(headers: dict[str, str], asked: bytes) -> str:
    """The language of the page that sent `asked`, which is among what it sends; else the browser's."""
    try:
        data = json.loads(asked)["data"]
        chosen = [value for value in data if isinstance(value, str) and value in LANGUAGES]
    except (ValueError, KeyError, TypeError):
        chosen = []
    return chosen[-1] if chosen else preferred_language(headers.get("accept-language", ""))
