"""Answers on their way to their visitors: a mailbox for each session, and how much it holds."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from gradio.utils import LRUCache

from qa.ui.conversation.sizes import size_of


class Mailbox(asyncio.Queue[Any]):
    """Gradio's messages to a session; `size` is the bytes of what they bring."""

    size = 0

    def _put(self, item: Any) -> None:
        super()._put(item)
        self.size += size_of(getattr(item, "output", None))

    def _get(self) -> Any:
        item = super()._get()
        self.size -= size_of(getattr(item, "output", None))
        return item


class Mailboxes(LRUCache[str, Any]):
    """The mailboxes of all sessions. Gradio's own has room for 2,000; the next visitor would take another's."""

    def __init__(self) -> None:
        super().__init__(sys.maxsize)

    def __setitem__(self, session: str, box: Any) -> None:
        super().__setitem__(session, Mailbox())  # in place of a queue that does not tell what it holds

    def overflow(self, most: int) -> list[str]:
        """The sessions whose mailboxes hold so much that without them all others hold `most` bytes at the most."""
        whole = sum(box.size for box in self.values())
        fullest = iter(sorted(self, key=lambda session: self[session].size, reverse=True))
        sessions = []
        while whole > most:
            sessions.append(next(fullest))
            whole -= self[sessions[-1]].size
        return sessions
