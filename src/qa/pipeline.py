"""The way from a question to an answer, on one screen."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.answering import Finding, compose_answer
from qa.config import Settings
from qa.coverage import CITIES_IN_LIST, Coverage
from qa.domain import Answer, Document, Passage, Query, Step, Turn
from qa.drafting import Support, Writer, can_be_written, find_missing_with
from qa.errors import StoreUnreachable
from qa.evidence import select
from qa.indexing import Progress, index_corpus, roll_back
from qa.library import Library, open_library
from qa.llm import open_language_model
from qa.manifest import DocumentRecord, require_manifest
from qa.receipts import IndexReport
from qa.smalltalk import talk_of
from qa.timeline import Event
from qa.verification import verify

if TYPE_CHECKING:
    from langchain_core.cross_encoders import BaseCrossEncoder
    from langchain_core.runnables import Runnable

    from qa.cities import CityCatalogue
    from qa.models import Embedder, Reader

logger = logging.getLogger(__name__)

STATEMENTS_PER_CITY = 2
"""The most statements for each city in an answer that goes city by city."""


class Pipeline:
    """Answers questions from the newest committed state of the index. Safe to be called from many threads."""

    def __init__(
        self,
        settings: Settings,
        embedder: Embedder,
        reranker: BaseCrossEncoder | None,
        reader: Reader | None = None,
        writer: Writer | None = None,
    ) -> None:
        self.settings = settings
        self._embedder = embedder
        self._reranker = reranker
        self._reader = reader
        self._writer = writer
        self._opening = threading.Lock()
        self._library = self._open()

    @classmethod
    def build(
        cls,
        settings: Settings,
        embedder: Embedder,
        reranker: BaseCrossEncoder | None,
        reader: Reader | None = None,
        writer: Writer | None = None,
    ) -> Pipeline:
        """The pipeline over an index that is first brought up to `settings.corpus_dir`."""
        index_corpus(settings, embedder)
        return cls(settings, embedder, reranker, reader, writer)

    def ask(self, question: str, *, history: Sequence[Turn] = (), cities: Sequence[str] = ()) -> Answer:
        """The answer to `question`, asked after `history`, from documents about `cities` (empty: from all).

        Raises `InputError` for a question that is too long and for a city that the catalogue does not have.
        """
        *_, answer = self.work_on(question, history=history, cities=cities)
        assert isinstance(answer, Answer)  # noqa: S101  # for the type checker: it is what comes last
        return answer

    def quote(self, question: str, *, cities: Sequence[str] = ()) -> Answer:
        """The answer in quotes, also where a language model is set: asking it costs time and money."""
        *_, answer = self._work_on(question, (), cities, None)
        assert isinstance(answer, Answer)  # noqa: S101  # for the type checker: it is what comes last
        return answer

    def work_on(
        self, question: str, *, history: Sequence[Turn] = (), cities: Sequence[str] = ()
    ) -> Iterator[Step | Answer]:
        """What is being done for the answer, as it is begun, and last the answer itself; see `ask`."""
        return self._work_on(question, history, cities, self._writer)

    def _work_on(
        self, question: str, history: Sequence[Turn], cities: Sequence[str], writer: Writer | None
    ) -> Iterator[Step | Answer]:
        clock = _Clock()
        library = self._current()
        query = library.understand(question, history=history, cities=cities)
        clock.lap("understand")
        talk = talk_of(query.question)
        if talk:
            yield library.reply(query, talk)
            return
        findings = []
        for part in library.split(query):
            yield Step("search", cities=part.cities)
            passages = self._find(part, library)
            yield Step("read", passages=len(passages), cities=part.cities)
            findings.append(self._read(part, passages, library))
        clock.lap("find")
        answer = compose_answer(query, findings)
        answer = verify(answer, library.find_document)
        clock.lap("compose")
        if writer and can_be_written(answer):
            yield Step("write", passages=len(answer.citations))
            find_missing = find_missing_with(library.catalogue)
            answer = writer.write(answer, find_missing=find_missing)
            answer = verify(answer, library.find_document, find_missing=find_missing)
            clock.lap("write")
        yield dataclasses.replace(answer, timings=clock.timings())

    def _find(self, query: Query, library: Library) -> tuple[Passage, ...]:
        passages = library.retriever.retrieve(query) if query.text else ()
        if (query.is_city_by_city or query.wants_story) and len(query.cities) == 1:
            # A sentence that lists many cities says nothing of one; where it is all there is, it may stand.
            passages = tuple(p for p in passages if len(p.chunk.cities) <= CITIES_IN_LIST) or passages
        return passages

    def _read(self, query: Query, passages: tuple[Passage, ...], library: Library) -> Finding:
        evidence, confidence = select(
            query,
            passages,
            retriever=library.retriever,
            reranker=self._reranker,
            settings=self.settings,
            count=STATEMENTS_PER_CITY if query.is_city_by_city else None,
        )
        return Finding(query, passages, evidence, confidence)

    def search(self, text: str, *, cities: Sequence[str] = ()) -> tuple[Passage, ...]:
        """The passages for `text`, best first, from documents about `cities` (empty: from all)."""
        library = self._current()
        return library.retriever.retrieve(library.understand(text, cities=cities))

    @property
    def catalogue(self) -> CityCatalogue:
        """The table of cities."""
        return self._current().catalogue

    @property
    def covered_cities(self) -> tuple[str, ...]:
        """The partner cities that the documents are about."""
        return self._current().covered_cities

    @property
    def writes(self) -> bool:
        """True if a language model may write the answers."""
        return self._writer is not None

    @property
    def newest_date(self) -> str:
        """The newest date in the documents; see `Library.newest_date`."""
        return self._current().newest_date

    @property
    def state(self) -> object:
        """What is another one after each change of the index."""
        return self._current().state

    def documents(self) -> tuple[Document, ...]:
        """Every document in the index, as it was read, in the order of their paths."""
        return self._current().documents()

    def records(self) -> tuple[DocumentRecord, ...]:
        """What the index says of every document, in the order of their paths."""
        return self._current().manifest.documents

    def events(self) -> tuple[Event, ...]:
        """What the documents date, in the order of time."""
        return self._current().events

    def coverage(self) -> Coverage:
        """Which cities and subjects the documents cover; worked out when it is first asked for."""
        return self._current().coverage

    def original(self, doc_id: str) -> Path | None:
        """The file of the document with this id, as it is now; None if there is none, or none any more."""
        for record in self.records():
            path = self.settings.corpus_dir / record.path
            if record.doc_id == doc_id and path.is_file():
                return path
        return None

    def roll_back(self) -> int:
        """How many documents there are, after the state before the last change was brought back."""
        return len(roll_back(self.settings, self._embedder).documents)

    def document(self, doc_id: str, version: str = "") -> Document | None:
        """The document with this id, as it was read when it was indexed now or in `version`; None if there is
        none."""
        return self._current().find_document(doc_id, version)

    def is_current(self, document: Document) -> bool | None:
        """True if the source of `document` is still what was read, False if it has changed, None if it is gone."""
        return self._current().is_current(document)

    def reindex(
        self, *, rebuild: bool = False, wait_s: float = 0.0, on_progress: Progress | None = None
    ) -> IndexReport:
        """What changed after the index was brought up to the corpus; questions go on being answered.

        Another process that is writing to the index is waited for, for `wait_s` seconds at most.
        """
        return index_corpus(
            self.settings, self._embedder, rebuild=rebuild, wait_s=wait_s, on_progress=on_progress
        )

    def as_runnable(self) -> Runnable[str, Answer]:
        """The way from question to answer as a LangChain `Runnable`."""
        from langchain_core.runnables import RunnableLambda

        return RunnableLambda(lambda question: self.ask(question))

    def _open(self) -> Library:
        return open_library(self.settings, self._embedder, self._reranker, self._reader)

    def _current(self) -> Library:
        """The newest committed state: opened again where this or another process has committed a new one."""
        if self._library.is_stale():
            with self._opening:
                if self._library.is_stale():
                    try:
                        self._library = self._open()
                    except StoreUnreachable as error:
                        # What needs no vectors goes on with the state before; a search says itself what is wrong.
                        logger.warning("the index cannot be opened again: %s", error)
        return self._library


def open_pipeline(settings: Settings) -> Pipeline:
    """The pipeline over the index at `settings.index_dir`, with the models that are set.

    Raises `IndexMissing`, `IndexMismatch` or `ModelError`; the message says what to do.
    """
    from qa.models import load_models

    require_manifest(settings.index_dir)  # before the models are loaded: it should say so at once
    models = load_models(settings)
    return Pipeline(settings, *models, open_writer(settings, *models))


def open_writer(
    settings: Settings, embedder: Embedder, reranker: BaseCrossEncoder | None, reader: Reader | None = None
) -> Writer | None:
    """What writes answers with the language model that is set, checked with the other models; None if none is set.

    Raises `ModelError`; the message says what to install or to set.
    """
    model = open_language_model(settings)
    if model is None:
        return None
    return Writer(model, Support(embedder, reranker, reranker_languages=settings.reranker_languages))


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, Any] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._laps[stage] = now - self._last
        self._last = now

    def timings(self) -> dict[str, float]:
        return {**self._laps, "total": self._last - self._start}
