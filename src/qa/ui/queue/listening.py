"""Listeners for answers: a page that reads its stream, and a program that asks for one answer by its name."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from starlette.responses import JSONResponse

from qa.ui.queue.waiting import FairQueue
from qa.ui.server.headers import App, Layer, Message, Receive, Send

ANSWERS = re.compile(r".*/(?:queue/data|call/(?:v2/)?[^/]+/(?P<event>[^/]+))/?")
"""Where answers come from."""

GONE = "nothing waits here under this name any more; ask again, and come for the answer at once"


class Listening(Layer):
    """An ASGI application that answers as `app` does, and tells `queue` who listens."""

    def __init__(self, app: App, *, queue: FairQueue) -> None:
        super().__init__(app)
        self._queue = queue

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        name = listened_to(scope)
        if name is None:
            await self.app(scope, receive, send)
            return
        if not self._queue.has_answers(name):  # Gradio would begin to answer, and then raise
            await JSONResponse({"error": GONE}, status_code=404)(scope, receive, send)
            return
        self._queue.begin_listening(name)
        try:
            await self.app(scope, receive, send)
        finally:
            self._queue.end_listening(name)


def listened_to(scope: Message) -> str | None:
    """The name of the session or the event whose answers the request wants; None where it wants none."""
    found = ANSWERS.fullmatch(scope["path"])
    if scope["method"] != "GET" or not found:
        return None
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    name: str = found["event"] or asked.get("session_hash", [""])[0]
    return name or None
