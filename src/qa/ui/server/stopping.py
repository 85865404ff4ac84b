"""The end of the program: it answers what was asked, within bounds, and takes nothing new."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from qa.ui.server.headers import App, Layer, Message, Receive, Send, tell

STOP_S = 45.0
"""Seconds in which answers that are being worked on are finished; a language model may take 30 of them."""

ANSWERING = re.compile(r"GET .*/(?:queue/data|call/.+)|POST .*/mcp(?:/.*)?")
"""Requests whose responses carry answers: they are waited for. A page that is merely open keeps others going."""
ASKING = re.compile(r"POST .*/(?:queue/join|call/.+|run/.+|upload|mcp(?:/.*)?)")
"""Requests by which something new is asked."""
SETTLE_S = 0.5
"""Seconds for which nothing is on its way when all is done: a page asks first and then fetches its answer."""

ENDING = "The page is about to be started anew. Ask again in a minute."


class Door(Layer):
    """An ASGI application that answers as `app` does until it is closed; then nothing new may be asked."""

    def __init__(self, app: App, *, watcher: DoorWatcher) -> None:
        super().__init__(app)
        self._watcher = watcher

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        request = f"{scope['method']} {scope['path']}"
        if self._watcher.is_closed and ASKING.fullmatch(request):
            await tell(send, 503, ENDING, (b"retry-after", b"60"))
            return
        with self._watcher.counted() if ANSWERING.fullmatch(request) else nullcontext():
            await self.app(scope, receive, send)


class DoorWatcher:
    """Whether the door is closed, and how many answers are on their way out."""

    def __init__(self) -> None:
        self.is_closed = False
        self._lock = threading.Lock()
        self._going = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count one answer more on its way, as long as the context lasts."""
        with self._lock:
            self._going += 1
        try:
            yield
        finally:
            with self._lock:
                self._going -= 1

    def close(self, within_s: float) -> bool:
        """True once every answer is out, and False where that takes longer than `within_s`."""
        self.is_closed = True
        busy = start = time.monotonic()
        while (now := time.monotonic()) - busy < SETTLE_S:
            if self._going:
                busy = now
            if now - start > within_s:
                return False
            time.sleep(0.05)
        return True


def wait_for_end() -> None:
    """Wait until the program is told to end (SIGTERM, or Ctrl-C). A second signal ends it at once."""
    told = threading.Event()

    def tell(number: int, _: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    while not told.wait(1.0):  # not for ever at once: where that cannot be interrupted, signals wait too
        pass
