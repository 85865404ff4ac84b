"""How much a visitor and an address may ask. Who goes over is turned away, and the others do not notice."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal

from qa.config import Settings
from qa.errors import QAError
from qa.i18n.messages import say
from qa.ui.queue.turns import Ticket

MINUTE_S = 60.0

MAX_ADDRESSES = 10
"""Addresses that may fill what waits: whatever the limits are, a flood from many cannot fill the memory."""

OTHERS_PER_QUESTION = 5
"""Other events of an address that may wait for each question that may: the opening of a page is three, and each
letter in the search box is one."""

MAX_REMEMBERED = 100_000
"""Questions of the last minute that are remembered, some 20 MB. Who asks from more addresses than that has as many
questions a minute all the same."""

RETRY_S = 10
"""Seconds after which those should come again for whom too much waits. About 20 questions are answered by then."""

Reason = Literal["visitor_waiting", "visitor_a_minute", "address_waiting", "address_a_minute", "full"]

MESSAGES: dict[Reason, str] = {
    "visitor_waiting": "too_many_of_yours_waiting",
    "visitor_a_minute": "too_many_of_yours",
    "address_waiting": "too_many_from_here",
    "address_a_minute": "too_many_from_here",
    "full": "too_many_waiting",
}


class TurnedAway(QAError):
    """Too much waits or was asked within a minute, for this `reason`; in `retry_s` seconds there is room again."""

    def __init__(self, reason: Reason, *, count: int, retry_s: int = RETRY_S) -> None:
        self.reason: Reason = reason
        self.count = count
        self.retry_s = retry_s
        self.language = "en"
        """The visitor's, once it is known."""
        super().__init__(self.words("en"))

    def words(self, language: str) -> str:
        """What is said to the visitor."""
        return say(MESSAGES[self.reason], language, count=self.count, seconds=self.retry_s)


class Limits:
    """The limits in `settings`, and what was asked within the last minute."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._minute = Minute(clock)

    def admit(self, ticket: Ticket, waiting: Iterable[Ticket]) -> Ticket:
        """The ticket with which the visitor of this `ticket` waits, beside `waiting`. The question counts from now
        on.

        Raises `TurnedAway` if the visitor, their address, or all together would have more than they may.
        """
        alike = [each for each in waiting if each.is_question == ticket.is_question]
        of_address = [each for each in alike if each.address == ticket.address]
        most = self._settings.address_waiting * (1 if ticket.is_question else OTHERS_PER_QUESTION)
        own = [each for each in of_address if each.session == ticket.session]
        if ticket.is_question and len(own) >= self._settings.visitor_waiting:
            raise TurnedAway("visitor_waiting", count=self._settings.visitor_waiting)
        if of_address and _places(of_address) + ticket.places > most:
            raise TurnedAway("address_waiting", count=most)
        if alike and _places(alike) + ticket.places > most * MAX_ADDRESSES:
            raise TurnedAway("full", count=most * MAX_ADDRESSES)
        was_here = self._count(ticket) if ticket.is_question else True
        # Who asks on and on stays new, and stays in one line with what they have asked before.
        return replace(ticket, is_known=own[0].is_known if own else was_here)

    def _count(self, ticket: Ticket) -> bool:
        """True if the visitor has asked before within the minute; the question is counted."""
        visitor, address = (ticket.address, ticket.session), (ticket.address,)
        limits: list[tuple[Reason, tuple[str, ...], int]] = [
            ("visitor_a_minute", visitor, self._settings.visitor_a_minute),
            ("address_a_minute", address, self._settings.address_a_minute),
        ]
        for reason, who, most in limits:
            if self._minute.count(who) >= most:
                raise TurnedAway(reason, count=most, retry_s=self._minute.seconds_left(who))
        was_here = self._minute.count(visitor) > 0
        self._minute.add(visitor, address)
        return was_here


class Minute:
    """How often somebody asked within the last minute. Somebody is a tuple of names."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: deque[tuple[float, tuple[tuple[str, ...], ...]]] = deque()
        self._counts: Counter[tuple[str, ...]] = Counter()

    def add(self, *who: tuple[str, ...]) -> None:
        """Count a question of each in `who`."""
        self._asked.append((self._clock(), who))
        self._counts.update(who)
        if len(self._asked) > MAX_REMEMBERED:
            self._forget_oldest()

    def count(self, who: tuple[str, ...]) -> int:
        """The questions of `who` within the last minute."""
        while self._asked and self._asked[0][0] <= self._clock() - MINUTE_S:
            self._forget_oldest()
        return self._counts[who]

    def seconds_left(self, who: tuple[str, ...]) -> int:
        """Seconds until the oldest question of `who` is a minute old, at least 1."""
        oldest = next((moment for moment, asking in self._asked if who in asking), self._clock())
        return max(1, math.ceil(oldest + MINUTE_S - self._clock()))

    def _forget_oldest(self) -> None:
        for who in self._asked.popleft()[1]:
            self._counts[who] -= 1
            if not self._counts[who]:
                del self._counts[who]


def _places(tickets: Iterable[Ticket]) -> int:
    return sum(ticket.places for ticket in tickets)
