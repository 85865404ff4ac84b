"""Quotes in the asker's language. A machine translates them, and only translations that hold are shown."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Protocol

from qa.cities import CityCatalogue
from qa.domain import Answer, Citation, Document, Stated
from qa.drafting.interpreter import Interpreter


class Documents(Protocol):
    """What quotes are from: see `qa.engine.library.Library`."""

    @property
    def catalogue(self) -> CityCatalogue:
        """The table of cities."""

    def find_document(self, doc_id: str, version: str = "") -> Document | None:
        """The document with this id in that version, by default as it is now; None if there is none."""


class Translator:
    """Translates quotes that stand in the documents. Safe to be called from many threads."""

    def __init__(
        self, interpreter: Interpreter, find_newest: Callable[[], Documents], *, timeout_s: float
    ) -> None:
        """`find_newest` gives the newest state of the documents; nothing here keeps it while a model is asked."""
        self._interpreter = interpreter
        self._find_newest = find_newest
        self._timeout_s = timeout_s
        self.translates = interpreter.translates

    def translate_quote(self, citation: Citation, language: str, *, until: float | None = None) -> str:
        """The quote of `citation` in `language`, checked; empty where there is no translation that holds, or the
        quote does not stand in its document.

        It takes until `until`, of `time.monotonic()`, at most, by default `llm_timeout_s`.
        """
        catalogue = self._find_catalogue(citation)
        if catalogue is None:
            return ""
        return self._interpreter.translate(citation, language, catalogue=catalogue, until=until)

    def translate_answer(self, answer: Answer) -> Answer:
        """`answer` with translations of its quotes in other languages than the asker's, as far as they hold.

        It takes `llm_timeout_s` at most.
        """
        if not isinstance(answer, Stated):
            return answer
        until = time.monotonic() + self._timeout_s
        made = {
            citation.number: self.translate_quote(citation, answer.language, until=until)
            for citation in answer.citations
            if self.translates(citation.source.language, answer.language)
        }
        return dataclasses.replace(answer, translations=tuple(pair for pair in made.items() if pair[1]))

    def _find_catalogue(self, citation: Citation) -> CityCatalogue | None:
        """The table of cities beside the document of `citation`; None if the quote does not stand there."""
        documents = self._find_newest()
        document = documents.find_document(citation.source.doc_id, citation.source.version)
        is_there = document is not None and citation.place.span.cut(document.text) == citation.quote
        return documents.catalogue if is_there else None
