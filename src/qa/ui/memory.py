"""Conversations that outlive a reload of the page: kept in this process, under the id of a browser tab."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict

from qa.ui.conversation import Conversation

MAX_CONVERSATIONS = 500
"""Conversations kept; the one that has been silent longest goes first. At some 100 KB each: 50 MB."""

VISITOR_ID = re.compile(r"[0-9a-f]{32}")
"""128 random bits, made by the tab (scripts.py): nobody reads another's conversation by guessing."""


class ConversationMemory:
    """The conversations of all open tabs. Safe to be called from many threads."""

    def __init__(self) -> None:
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, visitor: str | None) -> Conversation:
        """The visitor's conversation; an empty one where there is none, or where this is no visitor's id."""
        with self._lock:
            return self._conversations.get(visitor or "", Conversation())

    def keep(self, visitor: str | None, conversation: Conversation) -> None:
        """Keeps the conversation for the visitor; one without exchanges is forgotten."""
        if visitor is None or not VISITOR_ID.fullmatch(visitor):  # None before the page knows who asks
            return
        with self._lock:
            self._conversations.pop(visitor, None)
            if conversation.exchanges:
                self._conversations[visitor] = conversation
            while len(self._conversations) > MAX_CONVERSATIONS:
                self._conversations.popitem(last=False)
