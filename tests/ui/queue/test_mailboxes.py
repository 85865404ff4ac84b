"""Facts about answers on their way: how much they hold, and whose are given up where that is too much."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from qa.ui.queue.mailboxes import Mailboxes


def message(characters: int) -> SimpleNamespace:
    return SimpleNamespace(output={"data": ["x" * characters]})


def filled(**characters: int) -> Mailboxes:
    """Mailboxes with a message of so many characters each."""
    boxes = Mailboxes()
    for session, count in characters.items():
        boxes[session] = asyncio.Queue()
        boxes[session].put_nowait(message(count))
    return boxes


def test_a_mailbox_tells_what_it_holds() -> None:
    box = filled(ann=10_000)["ann"]
    assert 10_000 < box.size < 11_000
    box.put_nowait(SimpleNamespace(rank=1))
    box.put_nowait(message(5000))
    assert 15_000 < box.size < 17_000
    for _ in range(3):
        box.get_nowait()
    assert box.size == 0


def test_where_all_hold_too_much_the_fullest_are_given_up() -> None:
    boxes = filled(ann=1000, greedy=50_000, bob=2000, hoarder=60_000)
    assert boxes.overflow(200_000) == []
    assert boxes.overflow(60_000) == ["hoarder"]
    assert boxes.overflow(10_000) == ["hoarder", "greedy"]


def test_nobody_takes_the_mailbox_of_another() -> None:
    boxes = filled(**{f"session{number}": 1 for number in range(3000)})
    assert len(boxes) == 3000
