"""The order in which visitors take turns: between addresses first, then between the visitors of one address."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

MAX_TURNS = 4
"""Turns of an address in a row: one for each of its visitors who waits for one answer, and no more than these.
An office of eight gets four of five turns beside one greedy visitor from elsewhere; an address that makes up
visitors gets no more than four for each turn of another."""

Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class Ticket:
    """An asker's ticket. A visitor is a session within an address ("" for all visitors without a session).

    `is_question` tells that an answer or a search is wanted; `places` is the room that the request takes while it
    waits. New visitors (`is_known` false) have turns only among themselves: names are made up easily, so all new
    visitors of an address together have the turns of one known visitor.
    """

    address: str
    session: str
    is_question: bool = True
    places: int = 1
    is_known: bool = True


class Turns(list[Asked]):
    """A list in the order of the turns. A visitor's own stand as they came; who has had a turn goes last.

    `ticket_of` tells whose something is. Only `append` and `remove` keep the order.
    """

    def __init__(self, ticket_of: Callable[[Asked], Ticket]) -> None:
        super().__init__()
        self._ticket_of = ticket_of
        self._left = 0
        """Turns that the first address has left in this round; 0 where its round has not begun."""

    def append(self, asked: Asked) -> None:
        """Add what was asked where its turn will be."""
        super().append(asked)
        self[:] = in_turn(self, self._ticket_of, left=self._left)

    def remove(self, asked: Asked) -> None:
        """Take out what was asked; if it is the first, its visitor has had their turn."""
        if self.index(asked):
            super().remove(asked)
            self[:] = in_turn(self, self._ticket_of, left=self._left)
            return
        address = self._ticket_of(asked).address
        tickets = [ticket for ticket in map(self._ticket_of, self) if ticket.address == address]
        self._left = (self._left or count_turns(tickets)) - 1
        super().remove(asked)
        if not self or self._ticket_of(self[0]).address != address:
            self._left = 0


def in_turn(asked: Iterable[Asked], ticket_of: Callable[[Asked], Ticket], *, left: int = 0) -> list[Asked]:
    """The requests in the order of the turns; the visitor of the first request has the first turn.

    The first address has `left` turns of a round that has begun, 0 if none has.
    """
    addresses: dict[Hashable, list[Asked]] = {}
    for each in asked:
        addresses.setdefault(ticket_of(each).address, []).append(each)
    lines = {
        address: (count_turns(map(ticket_of, own)), deque(_between_visitors(own, ticket_of)))
        for address, own in addresses.items()
    }
    ordered: list[Asked] = []
    while lines:
        address = next(iter(lines))
        turns, line = lines.pop(address)
        for _ in range(min(left or turns, len(line))):
            ordered.append(line.popleft())
        left = 0
        if line:
            lines[address] = turns, line
    return ordered


def count_turns(tickets: Iterable[Ticket]) -> int:
    """The turns in a row of the address that these tickets are of."""
    waiting: dict[str, int] = {}
    for ticket in tickets:
        if ticket.is_known:
            waiting[ticket.session] = waiting.get(ticket.session, 0) + 1
    return max(1, min(MAX_TURNS, sum(count == 1 for count in waiting.values())))


def _between_visitors(asked: Iterable[Asked], ticket_of: Callable[[Asked], Ticket]) -> list[Asked]:
    """What was asked from one address, in turns between its visitors; the new ones have one visitor's turns."""
    known: dict[Hashable, list[Asked]] = {}
    new: dict[Hashable, list[Asked]] = {}
    for each in asked:
        ticket = ticket_of(each)
        if ticket.is_known:
            known.setdefault(ticket.session, []).append(each)
        else:
            known.setdefault(None, [])  # where the first of them stands
            new.setdefault(ticket.session, []).append(each)
    if new:
        known[None] = _round_robin(new.values())
    return _round_robin(known.values())


def _round_robin(lines: Iterable[list[Asked]]) -> list[Asked]:
    """One of each line, in their order, as long as there are any."""
    waiting = deque(deque(line) for line in lines)
    ordered: list[Asked] = []
    while waiting:
        line = waiting.popleft()
        ordered.append(line.popleft())
        if line:
            waiting.append(line)
    return ordered
