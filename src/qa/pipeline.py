"""The way from a question to an answer."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from qa.answer.composition import Finding, compose_answer
from qa.answer.decision import decide
from qa.answer.verification import verify
from qa.config import Settings
from qa.corpus.receipts import IndexReport, Progress
from qa.domain import Answer, Partial, Passage, Query, Quoted, Step, Turn, Written
from qa.engine.assembly import load_parts
from qa.engine.library import Library, open_library
from qa.engine.newest_library import NewestLibrary
from qa.errors import IndexDamaged, InputError
from qa.indexing.rollback import roll_back
from qa.indexing.run import index_corpus
from qa.overview.coverage import CITIES_IN_LIST
from qa.question.smalltalk import talk_of
from qa.storage.manifest import require_manifest
from qa.system.stopwatch import Stopwatch

if TYPE_CHECKING:
    from qa.drafting import Interpreter, Translator, Writer
    from qa.models import Models

STATEMENTS_PER_CITY = 2
"""The most statements for each city in an answer that goes city by city."""


class Pipeline:
    """Answers questions from the newest committed state of the index. Safe to be called from many threads."""

    def __init__(self, settings: Settings, models: Models, writer: Writer | None = None) -> None:
        self.settings = settings
        self.models = models
        self._writer = writer
        self.on_answer: Callable[[Answer], None] | None = None
        """Called with each answer, in the thread that asked: for counting and logging."""
        self._newest = NewestLibrary(settings.index_dir, lambda: open_library(settings, models))
        self._interpreter: Interpreter | None = None
        self._translator: Translator | None = None
        if writer:
            from qa.drafting import Interpreter, Translator  # only with a language model: it takes .1 s

            self._interpreter = Interpreter(writer.model, models.embedder)
            self._translator = Translator(
                self._interpreter, self._newest.get, timeout_s=settings.llm_timeout_s
            )

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
        clock = Stopwatch()
        until = time.monotonic() + writer.model.timeout_s if writer else None
        library = self.library
        query = library.understand(question, history=history, cities=cities)
        talk = talk_of(query.question)
        if talk:
            yield library.reply(query, talk)
            return
        if writer and self._interpreter:
            query = self._interpreter.interpret(
                query,
                catalogue=library.catalogue,
                document_languages=library.retriever.languages,
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
        answer: Answer = verify(compose_answer(query, findings), library.find_document)
        clock.lap("compose")
        if writer:
            answer = yield from self._write(answer, library, writer, clock, until=until)
        yield dataclasses.replace(answer, timings=clock.timings())

    def _write(
        self, answer: Answer, library: Library, writer: Writer, clock: Stopwatch, *, until: float | None
    ) -> Generator[Step | Partial, None, Answer]:
        """What is being done for it; at the end, what `writer` has made of `answer`, or `answer` itself."""
        if not isinstance(answer, Quoted):
            return answer
        from qa.facts.missing import find_missing_with

        quotes = len(answer.citations)
        yield Step("write", passages=quotes)
        clock.skip()
        find_missing = find_missing_with(library.catalogue)
        last: Quoted | Written = answer
        for written in writer.write_on(answer, catalogue=library.catalogue, until=until):
            last = verify(written, library.find_document, find_missing=find_missing)
            if isinstance(last, Written):
                yield Partial(last, quotes)
        clock.lap("write")
        return last

    def _find(self, query: Query, library: Library, clock: Stopwatch) -> tuple[Passage, ...]:
        passages = library.retriever.retrieve(query, clock) if query.text else ()
        if (query.is_city_by_city or query.wants_story) and len(query.cities) == 1:
            # A sentence that lists many cities says nothing of one; where it is all there is, it may stand.
            passages = tuple(p for p in passages if len(p.chunk.source.cities) <= CITIES_IN_LIST) or passages
        return passages

    def _read(
        self, query: Query, passages: tuple[Passage, ...], library: Library, clock: Stopwatch
    ) -> Finding:
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
        library = self.library
        return library.retriever.retrieve(library.understand(text, cities=cities))

    @property
    def library(self) -> Library:
        """The newest committed state, as soon as it is open: this or another process may have committed one.

        Take it once for look-ups that belong together, and do not keep it: texts that are purged stay in it.
        """
        return self._newest.get()

    @property
    def writes(self) -> bool:
        """True if a language model may write the answers."""
        return self._writer is not None

    @property
    def translator(self) -> Translator:
        """What translates quotes. Raises `InputError` where no language model is set."""
        if self._translator is None:
            raise InputError("there is no language model that could translate; set llm")
        return self._translator

    @property
    def is_outdated(self) -> bool:
        """True if what answers is to be built anew: its format, model or chunking is another one."""
        return self._newest.opened.is_outdated

    def roll_back(self) -> int:
        """How many documents there are, after the state before the last change was brought back."""
        documents = roll_back(self.settings, self.models.embedder).documents
        self.catch_up()
        return len(documents)

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


def open_pipeline(settings: Settings) -> Pipeline:
    """The pipeline over the index at `settings.index_dir`, with the models that are set.

    Raises `IndexMissing`, `IndexMismatch` or `ModelError`; the message says what to do.
    """
    require_manifest(settings.index_dir)  # before the models are loaded: it should say so at once
    return Pipeline(settings, *load_parts(settings))
