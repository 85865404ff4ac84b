"""A conversation on the page: what was asked, what was answered, and the evidence of every answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qa.config import Settings
from qa.domain import Answer, Partial, Refused, Replied, Step, Turn
from qa.errors import IndexMissing, QAError, StoreUnreachable
from qa.feedback import Feedback, Verdict, delete_feedback, feedback_on, keep_feedback, note_refusal
from qa.i18n.messages import say
from qa.i18n.reasons import in_language
from qa.pipeline import Pipeline
from qa.question.understanding import MAX_QUESTION_CHARS
from qa.rendering.escaping import Html, join
from qa.rendering.evidence import evidence_html
from qa.rendering.message import to_html
from qa.rendering.page_parts import notice_html, panel_html, pending_html, turn_html
from qa.rendering.text_formats import answer_text, to_text
from qa.rendering.wording import NameCity, shorten, shown_citations

logger = logging.getLogger(__name__)

MAX_EXCHANGES = 30
"""Exchanges that a conversation keeps on the page and in memory; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, the answer's words for the history (empty where there was none), and both as HTML."""

    turn: int
    question: str
    answer: str
    message: Html
    cards: Html
    language: str
    copy: str = ""
    """The answer as text with its references, to be taken along."""
    feedback: Feedback | None = None
    """What is kept of the exchange where the asker says what they think of it."""
    given: Answer | None = None
    """The answer, without the passages that it was chosen from."""

    def message_html(self, *, is_new: bool = False) -> Html:
        """The question and its answer, for the conversation."""
        return turn_html(
            turn=self.turn,
            question=self.question,
            body=self.message,
            language=self.language,
            copy=self.copy,
            is_new=is_new,
            takes_verdict=self.feedback is not None,
        )


@dataclass(frozen=True, slots=True)
class Conversation:
    """All exchanges so far, oldest first."""

    exchanges: tuple[Exchange, ...] = ()

    @property
    def next_turn(self) -> int:
        """The number of the exchange to come; numbers are never used twice."""
        return self.exchanges[-1].turn + 1 if self.exchanges else 1

    def history(self) -> tuple[Turn, ...]:
        """What was asked and answered, for understanding a follow-up."""
        turns: list[Turn] = []
        for exchange in self.exchanges:
            if exchange.answer:
                turns += [Turn("user", exchange.question), Turn("assistant", exchange.answer)]
        return tuple(turns)

    def with_exchange(self, exchange: Exchange) -> Conversation:
        """The conversation with one exchange more."""
        return Conversation((*self.exchanges, exchange)[-MAX_EXCHANGES:])

    def with_rating(
        self, turn: int, verdict: Verdict, reason: str, pipeline: Pipeline
    ) -> Conversation | None:
        """The conversation after its asker's verdict on an answer was kept, in place of an earlier one.

        None where there is no such answer, where it quotes what was purged since, and where verdicts are not kept.
        Raises `DiskError` and `IndexBusy`.
        """
        rated = next((each for each in self.exchanges if each.turn == turn and each.feedback), None)
        if rated is None or rated.feedback is None or rated.given is None:
            return None
        if not _are_sources_there(rated.given, pipeline):
            return None
        settings = pipeline.settings
        said = replace(rated.feedback, verdict=verdict, reason=reason)
        kept = keep_feedback(said, settings.index_dir, keep_days=settings.keep_questions_days)
        if rated.feedback.number:
            delete_feedback(settings.index_dir, [rated.feedback.number])
        changed = replace(rated, feedback=kept)
        return Conversation(tuple(changed if each is rated else each for each in self.exchanges))

    def with_translation(
        self, turn: int, number: int, text: str, pipeline: Pipeline, *, language: str
    ) -> Conversation:
        """The conversation with a translation of the quote with this number, on a page in `language`."""

        def add(exchange: Exchange) -> Exchange:
            given = exchange.given
            if exchange.turn != turn or given is None or isinstance(given, Replied):
                return exchange
            made = {**dict(given.translations), number: text}
            given = replace(given, translations=tuple(made.items()))
            anew = exchange_of(pipeline, given, turn=turn, language=language)
            return replace(exchange, cards=anew.cards, copy=anew.copy, given=given)

        return Conversation(tuple(add(exchange) for exchange in self.exchanges))

    def messages_html(self, *, has_new: bool = False) -> Html:
        """The conversation for the page, and nothing where nothing was asked."""
        newest = self.exchanges[-1] if has_new else None
        return join([exchange.message_html(is_new=exchange is newest) for exchange in self.exchanges])

    def waiting_html(
        self, question: str, step: Step | Partial | None = None, *, language: str, name_city: NameCity
    ) -> Html:
        """The conversation for the page while the answer to `question` is looked for; `step` says how, or has what
        is written of it."""
        if isinstance(step, Partial):
            body = to_html(step.answer, turn=self.next_turn, name_city=name_city)
            body = join([body, pending_html(language, Step("write", step.quotes))])
        else:
            body = pending_html(language, step, name_city=name_city)
        waiting = turn_html(turn=self.next_turn, question=shorten(question), body=body, language=language)
        return join([self.messages_html(), waiting])

    def evidence_html(self, *, language: str) -> Html:
        """The evidence of every answer; the page shows the newest."""
        with_cards = [exchange for exchange in self.exchanges if exchange.cards]
        if not self.exchanges or not with_cards:
            return notice_html(say("evidence_empty", language), kind="empty")
        newest = self.exchanges[-1]
        panels = [
            panel_html(
                turn=exchange.turn,
                question=shorten(exchange.question),
                cards=exchange.cards,
                is_shown=exchange is newest,
                language=language,
            )
            for exchange in with_cards
        ]
        if not newest.cards:
            panels.append(notice_html(say("evidence_empty", language), kind="empty"))
        return join(panels)


def hold_exchange(
    pipeline: Pipeline, question: str, *, conversation: Conversation, cities: Sequence[str], language: str
) -> Iterator[Step | Partial | Exchange]:
    """What is being done and written for `question`, and last the exchange that comes of it: an answer, a refusal,
    or a friendly word about what went wrong.

    `language` is the page's; the answer's is the question's own.
    """
    if len(question) > MAX_QUESTION_CHARS:
        words = say("question_too_long", language, count=len(question), limit=MAX_QUESTION_CHARS)
        yield _without_answer(question, words, conversation=conversation, language=language)
        return
    try:
        for step in pipeline.work_on(question, history=conversation.history(), cities=tuple(cities)):
            if isinstance(step, (Step, Partial)):
                yield step
                continue
            if isinstance(step, Refused):
                note = (step.question, step.language, pipeline.settings)
                threading.Thread(target=_note_refusal, args=note, daemon=True).start()
            yield exchange_of(pipeline, step, turn=conversation.next_turn, language=language)
        return
    except IndexMissing:
        words = say("refusal_empty_index", language)
    except StoreUnreachable as error:
        logger.warning("%s", error)
        words = in_language(error.message, language)
    except Exception:  # The outermost edge: a visitor sees words, the log has the rest
        logger.exception("a question could not be answered")
        words = say("error_answer", language)
    yield _without_answer(question, words, conversation=conversation, language=language)


def _note_refusal(question: str, language: str, settings: Settings) -> None:
    """Count the question among those that staff may want to write about. It runs in a thread of its own."""
    try:
        note_refusal(question, language, settings.index_dir, keep_days=settings.keep_questions_days)
    except QAError as error:
        logger.warning("a refused question could not be counted: %s", error)


def _are_sources_there(answer: Answer, pipeline: Pipeline) -> bool:
    """True if every document that `answer` quotes can still be opened: none was purged since."""
    library = pipeline.library
    cited = shown_citations(answer)
    return all(library.find_document(citation.source.doc_id, citation.source.version) for citation in cited)


def exchange_of(pipeline: Pipeline, answer: Answer, *, turn: int, language: str) -> Exchange:
    """The exchange in which `answer` was given, with labels in `language`."""
    library = pipeline.library
    found = {
        citation.source.doc_id: library.find_document(citation.source.doc_id, citation.source.version)
        for citation in shown_citations(answer)
    }
    documents = {doc_id: document for doc_id, document in found.items() if document is not None}
    name_city = library.catalogue.display_name
    translates = pipeline.translator.translates if pipeline.writes else None
    takes_verdict = pipeline.settings.keep_questions_days and not isinstance(answer, Replied)
    return Exchange(
        turn=turn,
        question=answer.question,
        answer=answer_text(answer),
        message=to_html(answer, turn=turn, name_city=name_city),
        cards=evidence_html(answer, documents, turn=turn, language=language, translates=translates),
        language=answer.language,
        copy=to_text(answer, name_city=name_city),
        feedback=feedback_on(answer, "good") if takes_verdict else None,
        given=replace(answer, passages=(), timings={}),
    )


def _without_answer(question: str, words: str, *, conversation: Conversation, language: str) -> Exchange:
    return Exchange(
        turn=conversation.next_turn,
        question=shorten(question),
        answer="",
        message=notice_html(words, kind="problem"),
        cards=Html(),
        language=language,
    )
