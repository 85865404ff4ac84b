"""The way from a question to an answer, on one screen."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qa.answer.composition import Finding, compose_answer
from qa.answer.decision import decide
from qa.answer.verification import verify
from qa.config import Settings
from qa.corpus.receipts import IndexReport
from qa.domain import Answer, Citation, Document, Partial, Passage, Query, Step, Turn
from qa.engine.assembly import load_parts
from qa.engine.library import Library, open_library
from qa.engine.newest_library import NewestLibrary
from qa.errors import IndexDamaged, InputError
from qa.indexing.rollback import roll_back
from qa.indexing.run import Progress, index_corpus
from qa.overview.coverage import CITIES_IN_LIST, Coverage
from qa.overview.timeline import Event
from qa.question.smalltalk import talk_of
from qa.storage.manifest import DocumentRecord, require_manifest
from qa.system.stopwatch import Clock

if TYPE_CHECKING:
    from qa.cities import CityCatalogue
    from qa.drafting import Interpreter, Writer
    from qa.models import Models

STATEMENTS_PER_CITY = 2
"""The most statements for each city in an answer that goes city by city."""


class Pipeline:
    """Answers questions from the newest committed state of the index. Safe to be called from many threads."""

    def __init__(self, settings: Settings, models: Models, writer: Writer | None = None) -> None:
        self.settings = settings
        self.models = models
        self._writer = writer
        self._interpreter: Interpreter | None = None
        if writer:
            from qa.drafting import Interpreter  # not where no language model is set: it takes .1 s

            self._interpreter = Interpreter(writer.model, models.embedder)
        self.on_answer: Callable[[Answer], None] | None = None
        """Called with each answer, in the thread that asked: for counting and logging."""
        self._newest = NewestLibrary(settings.index_dir, lambda: open_library(settings, models))

    @classmethod
    def build(cls, settings: Settings, models: Models, writer: Writer | None = None) -> Pipeline:
        """The pipeline over an index that is first brought up to `settings.corpus_dir`."""
        index_corpus(settings, models.embedder)
        return cls(settings, models, writer)

    def ask(self, question: str, *, history: Sequence[Turn] = (), cities: Sequence[str] = ()) -> Answer:
        """The answer to `question`, asked after `history`, from documents about `cities` (empty: from all).

        Raises `InputError` for a question that is too long and for a city that the catalogue does not have.
        """
        *_, answer = self.work_on(question, history=history, cities=cities)
        assert isinstance(answer, Answer)  # noqa: S101  # for the type checker: it is what comes last
        return answer

    def quote(self, question: str, *, history: Sequence[Turn] = (), cities: Sequence[str] = ()) -> Answer:
        """The answer in quotes, also where a language model is set: asking it costs time and money."""
        *_, answer = self._work_on(question, history, cities, None)
        assert isinstance(answer, Answer)  # noqa: S101  # for the type checker: it is what comes last
        return answer

    def work_on(
        self, question: str, *, history: Sequence[Turn] = (), cities: Sequence[str] = ()
    ) -> Iterator[Step | Partial | Answer]:
        """What is being done for the answer, as it is begun, the sentences of it that a language model has written
        so far, and last the answer itself; see `ask`."""
        for step in self._work_on(question, history, cities, self._writer):
            if isinstance(step, Answer) and self.on_answer:
                self.on_answer(step)
            yield step

    def _work_on(
        self, question: str, history: Sequence[Turn], cities: Sequence[str], writer: Writer | None
    ) -> Iterator[Step | Partial | Answer]:
        opened = self._newest.opened
        try:
            yield from self._work_once(question, history, cities, writer)
        except IndexDamaged:
            self.catch_up()
            if self._newest.opened is opened:
                raise
            # Its files were taken away meanwhile, as a purge does: what took their place answers.
            yield from self._work_once(question, history, cities, writer)

    def _work_once(
        self, question: str, history: Sequence[Turn], cities: Sequence[str], writer: Writer | None
    ) -> Iterator[Step | Partial | Answer]:
        clock = Clock()
        until = time.monotonic() + writer.model.timeout_s if writer else None
        library = self._current()
        query = library.understand(question, history=history, cities=cities)
        talk = talk_of(query.question)
        if talk:
            yield library.reply(query, talk)
            return
        if writer and self._interpreter:
            query = self._interpreter.interpret(
                query,
                catalogue=library.catalogue,
                document_language=library.retriever.main_language,
                understand_whole=lambda whole: library.understand(
                    query.question, history=history, cities=cities, whole=whole
                ),
                history=history,
            )
        clock.lap("understand")
        findings = []
        for part in library.split(query):
            yield Step("search", cities=part.cities)
            clock.skip()
            passages = self._find(part, library, clock)
            yield Step("read", passages=len(passages), cities=part.cities)
            clock.skip()
            findings.append(self._read(part, passages, library, clock))
        answer = compose_answer(query, findings)
        answer = verify(answer, library.find_document)
        clock.lap("compose")
        if writer:
            answer = yield from self._write(answer, library, writer, clock, until=until)
        yield dataclasses.replace(answer, timings=clock.timings())

    def _write(
        self, answer: Answer, library: Library, writer: Writer, clock: Clock, *, until: float | None
    ) -> Generator[Step | Partial, None, Answer]:
        """What is being done for it; at the end, what `writer` has made of `answer`, or `answer` itself."""
        from qa.drafting import can_be_written, find_missing_with

        if not can_be_written(answer):
            return answer
        quotes = len(answer.citations)
        yield Step("write", passages=quotes)
        clock.skip()
        find_missing = find_missing_with(library.catalogue)
        for written in writer.write_on(answer, catalogue=library.catalogue, until=until):
            answer = verify(written, library.find_document, find_missing=find_missing)
            if answer.mode == "drafted":
                yield Partial(answer, quotes)
        clock.lap("write")
        return answer

    def _find(self, query: Query, library: Library, clock: Clock) -> tuple[Passage, ...]:
        passages = library.retriever.retrieve(query, clock) if query.text else ()
        if (query.is_city_by_city or query.wants_story) and len(query.cities) == 1:
            # A sentence that lists many cities says nothing of one; where it is all there is, it may stand.
            passages = tuple(p for p in passages if len(p.chunk.cities) <= CITIES_IN_LIST) or passages
        return passages

    def _read(self, query: Query, passages: tuple[Passage, ...], library: Library, clock: Clock) -> Finding:
        evidence, confidence = decide(
            query,
            passages,
            vocabulary=library.retriever.vocabulary,
            reranker=self.models.reranker,
            settings=self.settings,
            count=STATEMENTS_PER_CITY if query.is_city_by_city else None,
            clock=clock,
        )
        clock.lap("select")
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

    def translates(self, language: str, other: str) -> bool:
        """True if there is a language model that can translate text in `language` into `other`."""
        return self._interpreter is not None and self._interpreter.translates(language, other)

    def translate_quote(self, citation: Citation, language: str, *, until: float | None = None) -> str:
        """The quote of `citation` in `language`, by a machine, checked; empty where there is none that holds, or
        the quote does not stand in its document.

        It takes until `until`, of `time.monotonic()`, at most, by default `llm_timeout_s`.
        """
        document = self.document(citation.doc_id, citation.version)
        if not self._interpreter or not document or citation.span.cut(document.text) != citation.quote:
            return ""
        return self._interpreter.translate(citation, language, catalogue=self.catalogue, until=until)

    def translate(self, answer: Answer) -> Answer:
        """`answer` with translations of its quotes in other languages than the asker's, as far as they hold.

        It takes `llm_timeout_s` at most. Raises `InputError` where no language model is set.
        """
        if self._interpreter is None:
            raise InputError("there is no language model that could translate; set llm")
        until = time.monotonic() + self.settings.llm_timeout_s
        made = {
            each.number: self.translate_quote(each, answer.language, until=until)
            for each in answer.citations
            if self.translates(each.language, answer.language)
        }
        return dataclasses.replace(answer, translations=tuple(one for one in made.items() if one[1]))

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
        documents = roll_back(self.settings, self.models.embedder).documents
        self.catch_up()
        return len(documents)

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

        The next question is answered from what is there then. Another process that is writing to the index is
        waited for, for `wait_s` seconds at most.
        """
        report = index_corpus(
            self.settings, self.models.embedder, rebuild=rebuild, wait_s=wait_s, on_progress=on_progress
        )
        self.catch_up()
        return report

    def catch_up(self) -> None:
        """Open the newest committed state of the index, and let go of the one before, if there is a newer one."""
        self._newest.get(patience_s=None)

    def _current(self) -> Library:
        """The newest committed state, as soon as it is open: this or another process may have committed one."""
        return self._newest.get()


def open_pipeline(settings: Settings) -> Pipeline:
    """The pipeline over the index at `settings.index_dir`, with the models that are set.

    Raises `IndexMissing`, `IndexMismatch` or `ModelError`; the message says what to do.
    """
    require_manifest(settings.index_dir)  # before the models are loaded: it should say so at once
    return Pipeline(settings, *load_parts(settings))
