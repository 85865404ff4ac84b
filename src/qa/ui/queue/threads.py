"""A share of the threads for each address: some requests hold one until they are answered."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict

from starlette.requests import Request

from qa.ui.access.senders import address_of
from qa.ui.queue.limits import TurnedAway
from qa.ui.queue.waiting import language_of, tell_turned_away
from qa.ui.server.headers import App, Layer, Message, Receive, Send

HOLDING = re.compile(r"POST .*/(?:component_server|mcp(?:/.*)?)/?")
"""A function of a component's own (a whole document, a verdict), and a tool that is called over MCP: it waits in
the line like a question, with a thread that waits for it."""

AT_ONCE = 24
"""Such requests that are worked on at the same time: of 40 threads, 16 are left for the page, whatever happens."""
AT_ONCE_EACH = 8
"""Those of one address: three addresses must come together to make others wait."""


class ThreadShare(Layer):
    """An ASGI application that answers as `app` does; `waiting` more of an address may wait for a thread."""

    def __init__(self, app: App, *, waiting: int) -> None:
        super().__init__(app)
        self._most = AT_ONCE_EACH + waiting
        self._here: Counter[str] = Counter()
        self._shares: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(AT_ONCE_EACH)
        )
        self._all = asyncio.Semaphore(AT_ONCE)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        if not HOLDING.fullmatch(f"{scope['method']} {scope['path']}"):
            await self.app(scope, receive, send)
            return
        address = address_of(scope)
        if self._here[address] >= self._most:
            await _tell(TurnedAway("address_waiting", count=self._most), scope, receive, send)
            return
        self._here[address] += 1
        try:
            async with self._shares[address], self._all:
                await self.app(scope, receive, send)
        finally:
            self._here[address] -= 1
            if not self._here[address]:
                del self._here[address], self._shares[address]


async def _tell(refusal: TurnedAway, scope: Message, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    refusal.language = language_of(request.headers, ())
    await tell_turned_away(request, refusal)(scope, receive, send)
