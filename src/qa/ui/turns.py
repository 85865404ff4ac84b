"""The order in which visitors take turns: between addresses first, then between the visitors of one address."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

MAX_TURNS = 3
"""Turns of an address in a row: one for each of its visitors who wait, and no more than these. An office of eight
gets three quarters of the turns beside one visitor from elsewhere, and an address that makes up visitors no more
than three for each turn of another."""

Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who asks: a visitor is a session within an address ("" for all that name no session).

    What `is_question` asks for an answer or a search; `places` is how much room it takes while it waits.
    """

    address: str
    session: str
    is_question: bool = True
    places: int = 1


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
        of_address = {ticket.session for ticket in map(self._ticket_of, self) if ticket.address == address}
        self._left = (self._left or min(len(of_address), MAX_TURNS)) - 1
        super().remove(asked)
        if not self or self._ticket_of(self[0]).address != address:
            self._left = 0


def in_turn(asked: Iterable[Asked], ticket_of: Callable[[Asked], Ticket], *, left: int = 0) -> list[Asked]:
    """What was asked in the order of the turns; whoever comes first in `asked` has the first one.

    The first address has so many turns `left` of a round that has begun, 0 where none has.
    """
    addresses: dict[str, dict[str, deque[Asked]]] = {}
    for each in asked:
        ticket = ticket_of(each)
        addresses.setdefault(ticket.address, {}).setdefault(ticket.session, deque()).append(each)
    ordered: list[Asked] = []
    while addresses:
        address = next(iter(addresses))
        visitors = addresses.pop(address)
        turns, left = left or min(len(visitors), MAX_TURNS), 0
        while turns and visitors:
            session = next(iter(visitors))
            own = visitors.pop(session)
            ordered.append(own.popleft())
            if own:
                visitors[session] = own
            turns -= 1
        if visitors:
            addresses[address] = visitors
    return ordered
