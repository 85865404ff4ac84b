"""Bounds for a request's body: how many bytes, how deep, and how long it may take."""

from __future__ import annotations

import asyncio
import re
import time
from itertools import accumulate

from qa.corpus.intake import UploadLimits
from qa.ui.access.permissions import headers_of
from qa.ui.server.calls import plain_answer
from qa.ui.server.headers import App, Layer, Message, Receive, Send
from qa.ui.server.routes import path_of

MAX_BYTES = 2**20
"""Limits a request's body. A question with sixty messages before it, half of them long answers, has some 500 KB in
Khmer."""

MAX_CONVERSATION_BYTES = 8 * 2**20
"""Limits a body that may bring back a browser's conversation: two million characters (`qa.ui.conversation.saved`)
of 3 bytes, as Khmer's have, and what JSON adds for quotation marks. Thirty long answers in Khmer have 950 KB."""

MAX_CONVERSATIONS = 4
"""Limits the requests above `MAX_BYTES` that are in memory at the same time; others wait. Hardly any conversation
is so large: only somebody who makes one up waits."""

MAX_UPLOAD_BYTES = UploadLimits().files * UploadLimits().file_bytes + 2**20
"""Limits an upload, with what lies between the files. It is never in memory as a whole."""

MAX_DEPTH = 64
"""Lists and objects within each other. The page sends 4; what goes through them calls itself, a thousand deep."""

MAX_STRINGS, MAX_BESIDE_BYTES = 10_000, 64 * 1024
"""Limits the strings in a request, and the bytes outside strings: a call has some hundred. A megabyte of `[],`
would keep the parser, and with it everybody, for half a second."""

BODY_S = 30.0
"""Seconds for a request's body; a larger one may pause as long. That is some hundred times what is usual."""

MIN_BYTES_A_S = 4096
"""How quickly a larger one has to come on the whole: over a line of 32 kbit/s it still does."""

WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")

STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
BRACKETS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
NO_BRACKETS = bytes({*range(256)} - BRACKETS.keys())


class BodyRefused(Exception):
    """A request's body goes over a bound. `status` is what is answered, with `words`."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class Bodies(Layer):
    """An ASGI application that answers requests within the bounds as `app` does, others with 400, 408 or 413."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._conversations = asyncio.Semaphore(MAX_CONVERSATIONS)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] in WITHOUT_BODY:
            await self.app(scope, receive, send)
            return
        try:
            path, declared = path_of(scope).rstrip("/"), headers_of(scope).get("content-length")
            if path.endswith("/upload"):
                body = Incoming(receive, limit=MAX_UPLOAD_BYTES, declared=declared, slow=True)
                await self.app(scope, body.receive, send)
            elif path.endswith("/queue/join") and declared and int(declared) > MAX_BYTES:
                body = Incoming(receive, limit=MAX_CONVERSATION_BYTES, declared=declared, slow=True)
                async with self._conversations:
                    await self._answer_whole(body, scope, send)
            else:
                await self._answer_whole(Incoming(receive, limit=MAX_BYTES, declared=declared), scope, send)
        except BodyRefused as refused:
            answer = plain_answer(refused.words, refused.status)
            if refused.status == 408:  # else the rest is taken in: the other side comes to read the answer
                answer.headers["connection"] = "close"
            await answer(scope, receive, send)

    async def _answer_whole(self, body: Incoming, scope: Message, send: Send) -> None:
        whole = await body.read()
        if whole is not None:
            check_form(whole)
            await self.app(scope, body.again(whole), send)


class Incoming:
    """A request's body as it comes in through `receive`: at most `limit` bytes, of which the request `declared`
    some.

    The body has `BODY_S` seconds. A `slow` body has as long for each piece, and as much longer as `MIN_BYTES_A_S`
    allows.
    """

    def __init__(self, receive: Receive, *, limit: int, declared: str | None, slow: bool = False) -> None:
        if declared is not None and int(declared) > limit:
            raise BodyRefused(413, _too_large(limit))
        self._receive = receive
        self._limit = limit
        self._slow = slow
        self._start = time.monotonic()
        self._count = 0
        self._is_complete = False

    async def receive(self) -> Message:
        """The next message. Raises `BodyRefused` where it goes over the limit, or does not come in time."""
        if self._is_complete:  # what comes now says that the other side has gone
            return await self._receive()
        left = BODY_S + self._start - time.monotonic()
        if self._slow:
            left = min(BODY_S, left + self._count / MIN_BYTES_A_S)
        try:
            async with asyncio.timeout(max(0.0, left)):
                message = await self._receive()
        except TimeoutError as error:
            raise BodyRefused(408, "The request did not come in time. Send it again.") from error
        self._count += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._count > self._limit:
            raise BodyRefused(413, _too_large(self._limit))
        return message

    async def read(self) -> bytes | None:
        """The whole body; None where the other side went away before it was there."""
        pieces: list[bytes] = []
        while not self._is_complete:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                return None
            pieces.append(message.get("body", b""))
        return b"".join(pieces)

    def again(self, whole: bytes) -> Receive:
        """What gives the body, which has been read, once more, and then what comes after it."""
        waiting = [whole]

        async def receive() -> Message:
            if waiting:
                return {"type": "http.request", "body": waiting.pop(), "more_body": False}
            return await self._receive()

        return receive


def check_form(body: bytes) -> None:
    """Raises `BodyRefused` for a JSON text that is nested too deep, has too many parts, or is not in UTF-8."""
    # Python's parser takes other encodings, too, in which brackets can hide; all have zeros in them.
    if b"\0" in body:
        raise BodyRefused(400, "The request must be JSON in UTF-8.")
    beside = STRINGS.sub(b"", body, count=MAX_STRINGS)
    if len(beside) > MAX_BESIDE_BYTES:
        raise BodyRefused(400, "The request has too many parts.")
    brackets = beside.translate(None, NO_BRACKETS)
    if max(accumulate(map(BRACKETS.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise BodyRefused(400, f"The request is nested more than {MAX_DEPTH} deep.")


def _too_large(limit: int) -> str:
    return f"The request is too large; it may have {limit:,} bytes. Send less at a time."
