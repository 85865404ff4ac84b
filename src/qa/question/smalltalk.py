"""Greetings, thanks, and questions about the program itself: no questions to the documents."""

from __future__ import annotations

import re

from qa.domain import ReplyKind
from qa.text.lang import any_of

KINDS: tuple[tuple[ReplyKind, re.Pattern[str]], ...] = (
    ("hello", re.compile(any_of(lambda pack: pack.greetings), re.IGNORECASE)),
    ("thanks", re.compile(any_of(lambda pack: pack.thanks), re.IGNORECASE)),
    ("coverage", re.compile(any_of(lambda pack: pack.asks_for_coverage), re.IGNORECASE)),
)


def talk_of(message: str) -> ReplyKind | None:
    """What kind of talk the whole of `message` is; None for a question to the documents.

    >>> talk_of("Thank you!")
    'thanks'
    >>> talk_of("Hello, when did Davao sign?") is None
    True
    """
    words = message.strip().strip("?？!！.。~、,… ").strip()
    for kind, pattern in KINDS:
        if pattern.fullmatch(words):
            return kind
    return None
