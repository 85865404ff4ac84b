"""The line in which wrong keys wait. Each costs its sender time, and others nothing.

A right key is told from a wrong one first, and never comes here.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

FIRST_WAIT_S, MAX_WAIT_S = 1.0, 10.0
"""Seconds that the first wrong key from an address costs, and a late one; each costs `FIRST_WAIT_S` more than the
one before. Then 8,640 can be tried a day, of some 10^21 keys of twelve letters and digits."""
MAX_LINE_S = 30.0
"""Seconds that a wrong key waits at most behind others from its address; a key beyond that is turned away."""
FORGET_S = 600.0
"""Seconds without a wrong key after which an address begins anew."""
TELL_EVERY_S = 60.0
"""Seconds between two lines in the log about one address."""

MAX_ADDRESSES = 10_000
"""Limits the addresses that are remembered; the one that was quiet for longest goes first."""
MAX_WAITING = 1_000
"""Wrong keys that wait at the same time, from all addresses; more are turned away at once."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Line:
    """How an address's line stands: when it is free, what the next wrong key costs, and what was told of it."""

    free_at: float
    next_wait_s: float = FIRST_WAIT_S
    count: int = 0
    told_at: float | None = None


class WrongKeys:
    """Counts wrong keys, and lets each wait in the line of its address. For one event loop."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.count = 0
        """Wrong keys so far."""
        self._clock = clock
        self._sleep = sleep
        self._waiting = 0
        self._lines: OrderedDict[str, _Line] = OrderedDict()

    async def wait(self, address: str) -> bool:
        """True after a wrong key from `address` has cost its sender time; False at once where the line is full."""
        now = self._clock()
        line = self._line_of(address, now)
        self._note(address, line, now)
        until = max(now, line.free_at) + line.next_wait_s
        if until - now > MAX_LINE_S or self._waiting >= MAX_WAITING:
            return False
        line.free_at = until
        line.next_wait_s = min(line.next_wait_s + FIRST_WAIT_S, MAX_WAIT_S)
        self._waiting += 1
        try:
            await self._sleep(until - now)
        finally:
            self._waiting -= 1
        return True

    def _line_of(self, address: str, now: float) -> _Line:
        line = self._lines.pop(address, None)
        if line is None or now - line.free_at > FORGET_S:
            line = _Line(free_at=now)
        self._lines[address] = line
        if len(self._lines) > MAX_ADDRESSES:
            self._lines.popitem(last=False)
        return line

    def _note(self, address: str, line: _Line, now: float) -> None:
        self.count += 1
        line.count += 1
        if line.told_at is None or now - line.told_at >= TELL_EVERY_S:
            line.told_at = now
            who = address or "nobody knows where"
            logger.warning("wrong keys came from %s: %d of late", who, line.count)
