"""Facts about requests that hold a thread: no address takes all threads, and nobody waits without end."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from qa.i18n.messages import say
from qa.ui.queue.threads import AT_ONCE, AT_ONCE_EACH, ThreadShare

WAITING = 5
SERVER_FUNCTION = "/gradio_api/component_server"


class Crowd:
    """Requests to an application that answers when it is told, and what was answered to each address."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()
        self.inside: Counter[str] = Counter()
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.bodies: list[bytes] = []
        self._share = ThreadShare(self._app, waiting=WAITING)
        self._tasks: list[asyncio.Task[None]] = []

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.inside[scope["client"][0]] += 1
        await self.goes_on.wait()
        self.inside[scope["client"][0]] -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def come(self, address: str, count: int, path: str = SERVER_FUNCTION) -> None:
        """So many requests come from there."""

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.statuses[address, message["status"]] += 1
            else:
                self.bodies.append(message["body"])

        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "client": (address, 1),
            "headers": [(b"accept-language", b"ja"), (b"origin", b"http://localhost")],
        }
        self._tasks += [asyncio.ensure_future(self._share(scope, None, send)) for _ in range(count)]  # type: ignore[arg-type]
        await asyncio.sleep(0.01)

    async def leave(self) -> None:
        self.goes_on.set()
        await asyncio.gather(*self._tasks)


@pytest.mark.parametrize(
    "path", [SERVER_FUNCTION, "/gradio_api/mcp", "/gradio_api/mcp/", "/qa/gradio_api/mcp"]
)
def test_an_address_holds_so_many_threads_and_its_others_wait(path: str) -> None:
    async def visit() -> None:
        crowd = Crowd()
        await crowd.come("greedy", AT_ONCE_EACH + WAITING + 2, path)
        await crowd.come("other", 1, path)
        assert crowd.inside == {"greedy": AT_ONCE_EACH, "other": 1}
        assert crowd.statuses == {("greedy", 429): 2}
        assert say("too_many_from_here", "ja", seconds=10) in crowd.bodies[0].decode()
        await crowd.leave()
        assert crowd.statuses["greedy", 200] == AT_ONCE_EACH + WAITING
        assert crowd.statuses["other", 200] == 1
        assert not crowd._share._here
        assert not crowd._share._shares

    asyncio.run(visit())


def test_many_addresses_leave_threads_for_the_page() -> None:
    async def visit() -> None:
        crowd = Crowd()
        for number in range(10):
            await crowd.come(f"address {number}", AT_ONCE_EACH)
        assert crowd.inside.total() == AT_ONCE
        await crowd.come("reader", 1, "/gradio_api/queue/join")
        assert crowd.inside["reader"] == 1
        await crowd.leave()
        assert crowd.statuses.total() == 10 * AT_ONCE_EACH + 1

    asyncio.run(visit())


def test_who_goes_away_while_waiting_leaves_no_trace() -> None:
    async def visit() -> None:
        crowd = Crowd()
        await crowd.come("greedy", AT_ONCE_EACH + WAITING)
        for task in crowd._tasks[AT_ONCE_EACH:]:
            task.cancel()
        await asyncio.gather(*crowd._tasks[AT_ONCE_EACH:], return_exceptions=True)
        assert crowd._share._here == {"greedy": AT_ONCE_EACH}
        del crowd._tasks[AT_ONCE_EACH:]
        await crowd.leave()
        assert not crowd._share._here

    asyncio.run(visit())
