"""Conversations that outlive a reload of the page: kept in this process, under the id of a browser tab."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from qa.ui.conversation.conversation import Conversation
from qa.ui.conversation.sizes import size_of

VISITOR_ID = re.compile(r"[0-9a-f]{32}")
"""128 random bits, made by the tab (scripts.py): nobody reads another's conversation by guessing."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A conversation, and the bytes that each of its exchanges takes, by the exchange's identity."""

    conversation: Conversation
    sizes: Mapping[int, int]


class ConversationMemory:
    """The conversations of all open tabs, in `max_bytes`: the one that has been silent longest goes first.

    Safe to be called from many threads. The newest is kept whatever it takes, for it has no more exchanges than a
    page.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, visitor: str | None) -> Conversation:
        """The visitor's conversation; an empty one where there is none, or where this is no visitor's id."""
        with self._lock:
            kept = self._kept.get(visitor or "")
        return kept.conversation if kept else Conversation()

    def keep(self, visitor: str | None, conversation: Conversation) -> None:
        """Keeps the conversation for the visitor; one without exchanges is forgotten."""
        if visitor is None or not VISITOR_ID.fullmatch(visitor):  # None before the page knows who asks
            return
        with self._lock:
            before = self._kept.get(visitor)
        known = before.sizes if before else {}
        sizes = {id(each): known.get(id(each)) or size_of(each) for each in conversation.exchanges}
        with self._lock:
            self._forget(visitor)
            if sizes:
                self._kept[visitor] = _Kept(conversation, sizes)
                self._bytes += sum(sizes.values())
            while self._bytes > self._max_bytes and len(self._kept) > 1:
                self._forget(next(iter(self._kept)))

    def _forget(self, visitor: str) -> None:
        kept = self._kept.pop(visitor, None)
        self._bytes -= sum(kept.sizes.values()) if kept else 0
