"""A machine's translations of quotes, made when a reader asks for one on its card."""

from __future__ import annotations

import logging
import threading
from typing import Any

from qa.domain import Answer
from qa.errors import QAError
from qa.i18n.messages import closest_language
from qa.pipeline import Pipeline
from qa.rendering.evidence import translation_html
from qa.rendering.wording import shown_citations
from qa.ui.conversation.memory import ConversationMemory

AT_ONCE = 8
"""Quotes translated at the same time. Nobody waits in line for more, as who waits holds one of the threads."""

logger = logging.getLogger(__name__)


class Translations:
    """Translates what was quoted in a conversation. Safe to be called from many threads."""

    def __init__(self, pipeline: Pipeline, memory: ConversationMemory) -> None:
        self._pipeline = pipeline
        self._memory = memory
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def translate_quote(self, what: list[Any]) -> str:
        """The translation of a quote as HTML; `what` is [visitor, turn, number, language of the page].

        Anybody can call this with anything, so only what stands in a document, and was quoted to this visitor, is
        translated.
        """
        try:
            visitor, turn, number, language = what
            turn, number = int(turn), int(number)
        except (TypeError, ValueError):
            return translation_html("", language="en", words="en")
        words = closest_language(str(language))
        exchanges = self._memory.recall(str(visitor)).exchanges
        given = next((each.given for each in exchanges if each.turn == turn), None)
        text = self._translate(given, number) if given else ""
        if given is None or not text:
            return translation_html("", language="en", words=words)
        # The conversation may have gone on meanwhile.
        conversation = self._memory.recall(str(visitor))
        self._memory.keep(
            str(visitor), conversation.with_translation(turn, number, text, self._pipeline, language=words)
        )
        return translation_html(text, language=given.language, words=words)

    def _translate(self, given: Answer, number: int) -> str:
        """The checked translation of the quote with this number; empty where there is none."""
        citation = next((each for each in shown_citations(given) if each.number == number), None)
        if citation is None or not self._pipeline.writes or not self._free.acquire(blocking=False):
            return ""
        try:
            return self._pipeline.translator.translate_quote(citation, given.language)
        except QAError as error:
            logger.warning("a quote could not be translated: %s", error)
            return ""
        finally:
            self._free.release()
