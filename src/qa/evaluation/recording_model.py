"""A language model that keeps its first reply, before anybody has checked it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.llm.language_model import LanguageModel

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


@dataclass(frozen=True, slots=True)
class Overheard:
    """What came of the first reply, also where it broke off, and the seconds until it ended; NaN if none was
    asked for."""

    reply: str = ""
    seconds: float = math.nan


class OverheardModel(LanguageModel):
    """A language model whose first reply since `listen` is in `heard`. For one question at a time."""

    heard = Overheard()
    _is_listening = False

    def listen(self) -> None:
        """Begin anew: the next reply is the first again."""
        self.heard, self._is_listening = Overheard(), True

    def stream(self, messages: Sequence[BaseMessage], *, until: float | None = None) -> Iterator[str]:
        """As the language model's, the first reply being kept on the way."""
        is_first, self._is_listening = self._is_listening, False
        start, reply = time.perf_counter(), ""
        try:
            for piece in super().stream(messages, until=until):
                reply += piece
                yield piece
        finally:
            if is_first:
                self.heard = Overheard(reply, time.perf_counter() - start)
