"""One committed state of the index, opened for reading together with its models."""

from __future__ import annotations

import datetime
import logging
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from qa.cities import CityCatalogue, parse_cities, parse_subjects
from qa.config import Settings
from qa.domain import Document, Query, Replied, ReplyKind, Turn
from qa.errors import IndexDamaged, IndexMismatch, ModelError
from qa.indexing.build import index_fingerprint
from qa.overview.coverage import Coverage, survey
from qa.overview.subjects import SUBJECTS, SubjectFinder
from qa.overview.timeline import Event, find_events
from qa.question.understanding import rename_cities, understand
from qa.search.retriever import Retriever
from qa.storage.integrity import check_if_doubtful
from qa.storage.manifest import (
    FORMAT,
    DocumentRecord,
    Manifest,
    has_text,
    read_text,
    require_manifest,
    state_of,
)
from qa.storage.store import open_build_of

logger = logging.getLogger(__name__)

VERSION = re.compile(r"[0-9a-f]{32}")
"""The form of a document's version, which is part of a file's name and may come from anybody."""

MAX_TEXTS_IN_MEMORY = 256
"""Limits the documents that stay in memory once they are read."""

if TYPE_CHECKING:
    from qa.models import Models


@dataclass(frozen=True)
class Library:
    """The documents that questions are answered from, with their chunks, vectors and table of cities."""

    settings: Settings
    manifest: Manifest
    retriever: Retriever
    catalogue: CityCatalogue
    state: tuple[int, int, int]
    """The state of the manifest's file before it was read; see `state_of`."""
    is_outdated: bool = False
    """True if the next run of the indexer builds the index anew, with another format, model or chunking."""

    def understand(
        self, question: str, *, history: Sequence[Turn] = (), cities: Sequence[str] = (), whole: str = ""
    ) -> Query:
        """The query that `question` stands for in these documents; see `qa.question.understanding.understand`."""
        return understand(
            question,
            history=history,
            chosen_cities=cities,
            catalogue=self.catalogue,
            document_languages=self.retriever.languages,
            whole=whole,
        )

    def reply(self, query: Query, kind: ReplyKind) -> Replied:
        """The program's own words: which documents and cities it can be asked about."""
        titles = tuple(dict.fromkeys(record.title for record in self.records))
        return Replied(
            question=query.question,
            interpreted_as=query.question,
            language=query.language,
            kind=kind,
            titles=titles,
            cities=self.covered_cities,
        )

    def split(self, query: Query) -> tuple[Query, ...]:
        """`query` itself, or a query for each city where each city needs an answer of its own."""
        cities = query.cities or self.covered_cities
        if not query.is_city_by_city or len(cities) < 2:
            return (query,)
        return tuple(self._narrow(query, city) for city in cities)

    def _narrow(self, query: Query, city: str) -> Query:
        """`query` asked of `city` alone."""
        searched_text = self._ask_of(city, query, query.searched_text)
        return replace(
            query,
            cities=(city,),
            names_place=True,
            searched_text=searched_text,
            renamed=rename_cities(searched_text, self.retriever.languages, self.catalogue),
            translation=self._ask_of(city, query, query.translation) if query.translation else "",
        )

    def _ask_of(self, city: str, query: Query, text: str) -> str:
        """The words to search for where `query`, with the words of `text`, is asked of one of its cities."""
        if len(query.named_cities) > 1:
            # Passages about one city are no answer to the other half of the question.
            return self.catalogue.narrow(text, city)
        # A question for "all cities" does not say the name that the passages have.
        return text if query.cities else f"{text} ({city})"

    @cached_property
    def covered_cities(self) -> tuple[str, ...]:
        """The partner cities that documents are about: that stand in a document of which half names cities."""
        about: set[str] = set()
        for _, chunks in groupby(self.retriever.chunks, key=lambda chunk: chunk.source.doc_id):
            counts = Counter(chunk.source.cities for chunk in chunks)
            if counts[()] * 2 <= counts.total():
                about.update(*counts)
        return tuple(city.name for city in self.catalogue.partners if city.name in about)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The events that the documents date, in the order of time."""
        return find_events(self.retriever.chunks, catalogue=self.catalogue)

    @cached_property
    def newest_date(self) -> str:
        """The newest past date that a document has or names (ISO 8601, cut); "" where there is none."""
        today = datetime.date.today().isoformat()
        named = (
            f"{event.year}-{event.month:02}" if event.month else str(event.year)
            for event in self.events
            if not event.end_year
        )
        dates = (*named, *(record.date or "" for record in self.records))
        return max((date for date in dates if date <= today), default="")

    @cached_property
    def coverage(self) -> Coverage:
        """The cities and subjects that the documents cover. Its first use takes some 30 s for 100,000 passages."""
        subjects = parse_subjects(self.manifest.cities, where="the index's table of cities") or SUBJECTS
        retriever = self.retriever
        finder = SubjectFinder(subjects, encode=retriever.encode, background=retriever.vocabulary.background)
        chunks = tuple(retriever.chunks)
        return survey(
            chunks,
            records=self.records,
            events=self.events,
            subjects=subjects,
            is_about=finder.find_in_chunks(chunks, retriever.fetch_sentences),
            catalogue=self.catalogue,
        )

    def find_document(self, doc_id: str, version: str = "") -> Document | None:
        """The document with this id, as it was read for the index: now, or in the given `version`.

        None if there is no such document, or its text is not kept any more.
        """
        for record in self.records:
            if record.doc_id == doc_id and version in ("", record.version):
                return self._read(record.version)
        if not VERSION.fullmatch(version):
            return None
        document = self._read(version)
        return document if document and document.doc_id == doc_id else None

    def is_current(self, document: Document) -> bool | None:
        """True if the source of `document` is still what was read, False if it has changed, None if it is gone."""
        for record in self.records:
            if record.doc_id == document.doc_id:
                return record.sha256 == document.sha256
        return None

    @property
    def records(self) -> tuple[DocumentRecord, ...]:
        """The index's record of every document, in the order of their paths."""
        return self.manifest.documents

    def find_original(self, doc_id: str) -> Path | None:
        """The file of the document with this id, as it is now; None where there is no such file."""
        for record in self.records:
            path = self.settings.corpus_dir / record.path
            if record.doc_id == doc_id and path.is_file():
                return path
        return None

    def documents(self) -> tuple[Document, ...]:
        """Every document, in the order of their paths."""
        return tuple(document for record in self.records if (document := self._read(record.version)))

    def _read(self, version: str) -> Document | None:
        # Nobody reads a purged text, also where it is still in this process' memory.
        return self._read_once(version) if has_text(version, self.settings.index_dir) else None

    @cached_property
    def _read_once(self) -> Callable[[str], Document | None]:
        """`read_text`, which keeps the last texts in memory while this state is open."""
        return lru_cache(maxsize=MAX_TEXTS_IN_MEMORY)(partial(read_text, index_dir=self.settings.index_dir))

    def is_stale(self) -> bool:
        """True if the index has been committed to since it was opened."""
        return state_of(self.settings.index_dir) != self.state


def open_library(settings: Settings, models: Models) -> Library:
    """The committed state of the index at `settings.index_dir`, searched and read with `models`.

    An index of another embedder is searched with that embedder. Raises `IndexMissing` if there is no index,
    `IndexMismatch` if its model is not here any more or its format is too old, and `IndexDamaged` if it cannot be
    read.
    """
    state = state_of(settings.index_dir)  # before it is read: a commit in between makes it stale, not new
    manifest = require_manifest(settings.index_dir)
    is_outdated = not manifest.is_made_with(index_fingerprint(settings, models.embedder))
    if manifest.model != models.embedder.identity:
        models = _load_models_of(manifest, models, settings)
    try:
        check_if_doubtful(manifest, settings)
        store = open_build_of(manifest, settings, tokenise=models.embedder.subwords)
    except IndexDamaged as error:
        if manifest.format == FORMAT:
            raise
        raise IndexMismatch(f"{settings.index_dir} is too old to be asked; run: qa index") from error
    if is_outdated:
        logger.warning("%s is of another format, model or chunking; run: qa index", settings.index_dir)
    chunks = store.load_chunks(manifest.documents)
    return Library(
        settings=settings,
        manifest=manifest,
        retriever=Retriever(chunks, store=store, models=models, settings=settings),
        catalogue=parse_cities(manifest.cities, where="the index's table of cities"),
        state=state,
        is_outdated=is_outdated,
    )


def _load_models_of(manifest: Manifest, models: Models, settings: Settings) -> Models:
    """`models` with the embedder that made the index, and the reader that goes with it."""
    from qa.models.identity import load_identified

    try:
        embedder, reader = load_identified(manifest.model, settings)
    except ModelError as error:
        raise IndexMismatch(
            f"{settings.index_dir} was built with another model ({manifest.model}) than is set now "
            f"({models.embedder.identity}), and that one is not here ({error}); set it back, or run: qa index"
        ) from error
    return replace(models, embedder=embedder, reader=reader)
