"""What a language model has replied, kept so that the same is not paid for twice."""

from __future__ import annotations

import threading
from collections import OrderedDict

MAX_KEPT = 500
"""Replies kept, those that were not asked for the longest go first; at some 1 KB each: half a MB."""


class KeptReplies:
    """Replies by all that they depend on. Safe to be called from many threads."""

    def __init__(self, *, most: int = MAX_KEPT) -> None:
        self._most = most
        self._replies: OrderedDict[tuple[str, ...], str] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, key: tuple[str, ...]) -> str | None:
        """The reply that is kept under `key`; None where there is none."""
        with self._lock:
            if key in self._replies:
                self._replies.move_to_end(key)
            return self._replies.get(key)

    def keep(self, key: tuple[str, ...], reply: str) -> None:
        """Keep `reply` under `key`."""
        with self._lock:
            self._replies[key] = reply
            while len(self._replies) > self._most:
                self._replies.popitem(last=False)
