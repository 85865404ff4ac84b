"""Briefs of cities: quotes that the chat would give of a city, kept for the next visitor."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from qa.cities import City
from qa.domain import Citation
from qa.i18n.messages import FALLBACK, say
from qa.pipeline import Pipeline
from qa.storage.manifest import DocumentRecord, state_of
from qa.system.lru import LRU

MAX_QUOTES = 4
"""Quotes in a brief."""

MAX_KEPT = 500
"""Briefs kept: at some 4 KB each: 2 MB."""

Quotes = tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Brief:
    """A city, the documents about it, newest first, and `quotes` from them.

    `quotes` is empty where the documents do not answer what was done together with the city, and None where
    nobody has asked them yet.
    """

    city: City
    records: tuple[DocumentRecord, ...]
    quotes: Quotes | None

    @property
    def newest(self) -> str | None:
        """The newest date that a document has; None where none has one."""
        return max((record.date for record in self.records if record.date), default=None)


class Briefs:
    """The briefs of all cities. Safe to be called from many threads; one brief is worked out at a time."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._kept: LRU[tuple[object, str, str], Quotes] = LRU(MAX_KEPT)
        self._asking = threading.Lock()

    def recall(self, city: City, language: str) -> Brief:
        """The brief as far as it is known already, at once."""
        records = self._records(city)
        return Brief(city, records, self._kept.recall(self._key(city, language)) if records else ())

    def find(self, city: City, language: str) -> Brief:
        """The brief for a page in `language`; the model may be asked, which takes it some tenths of a second.

        Raises `QAError` where the documents cannot be asked.
        """
        records = self._records(city)
        if not records:
            return Brief(city, (), ())
        # The state is looked at before the question is asked: a commit in between makes what is kept old, not new.
        key = self._key(city, language)
        with self._asking:
            quotes = self._kept.recall(key)
            if quotes is None:
                quotes = self._ask(city, language)
                self._kept.keep(key, quotes)
        return Brief(city, records, quotes)

    def _ask(self, city: City, language: str) -> Quotes:
        """What the documents say, asked in `language`, and where they do not answer, in English."""
        name_city = self._pipeline.library.catalogue.display_name
        for code in dict.fromkeys((language, FALLBACK)):
            question = say("example", code, city=name_city(city.name, code))
            answer = self._pipeline.quote(question, cities=(city.name,))
            if answer.citations:
                return answer.citations[:MAX_QUOTES]
        return ()

    def _records(self, city: City) -> tuple[DocumentRecord, ...]:
        about = [record for record in self._pipeline.library.records if city.name in record.cities]
        return tuple(sorted(about, key=lambda record: record.date or "", reverse=True))

    def _key(self, city: City, language: str) -> tuple[object, str, str]:
        return state_of(self._pipeline.settings.index_dir), city.name, language
