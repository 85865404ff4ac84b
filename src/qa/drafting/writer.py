"""The writer: quotes → an answer in a language model's sentences, each of which the quotes support."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from qa.answer.composition import is_translated
from qa.cities import CityCatalogue
from qa.domain import Citation, Quoted, Statement, Written
from qa.drafting import prompts
from qa.drafting.checks import Checker, cities_given, cities_of, find_untold, kind_of_fault
from qa.drafting.drafts import Draft, Drafted
from qa.drafting.instructions import without_instructions
from qa.drafting.replies import MAX_SENTENCES_READ, Sentence, is_no_answer, read_begun, read_reply
from qa.drafting.support import Support
from qa.errors import LLMError
from qa.llm.language_model import LanguageModel, count_tokens
from qa.system.lru import LRU

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

logger = logging.getLogger(__name__)

MAX_KEPT = 500
"""Drafts kept: at some 2 KB each: 1 MB."""

MAX_DROPPED = 0.5
"""The share of the sentences that may be dropped: of a draft that is mostly wrong the rest is not trusted."""

TIME_TO_MEND_S = 1.0
"""With less time left the model is not asked again."""

Citations = tuple[Citation, ...]


class Writer:
    """Writes answers with a language model. Safe to be called from many threads."""

    def __init__(
        self, model: LanguageModel, support: Support, *, on_draft: Callable[[Draft], None] | None = None
    ) -> None:
        """`on_draft` is told of every draft with all its sentences, for measuring; it is not kept then."""
        self.model = model
        self._support = support
        self._on_draft = on_draft
        self._kept: LRU[tuple[str, ...], Draft] = LRU(MAX_KEPT)

    def write(
        self, answer: Quoted, *, catalogue: CityCatalogue | None = None, until: float | None = None
    ) -> Quoted | Written:
        """`answer` in the model's words, each sentence checked; or `answer` itself, with why in `fallback`.

        It is there by `until`, of `time.monotonic()`, by default `llm_timeout_s` from now, and no failure of the
        model is an error here.
        """
        *_, last = self.write_on(answer, catalogue=catalogue, until=until)
        return last

    def write_on(
        self, answer: Quoted, *, catalogue: CityCatalogue | None = None, until: float | None = None
    ) -> Iterator[Quoted | Written]:
        """The answer with the sentences that have passed so far, as each does, and last what `write` gives."""
        citations = without_instructions(answer.citations)
        if len(citations) < len(answer.citations):
            logger.warning("a quote reads as an instruction to a language model; it is not written from")
        if not citations:
            yield replace(answer, fallback="unsupported")
            return
        try:
            draft = Draft()
            for draft in self._draft_on(answer, citations, catalogue, until):
                if draft.passed:
                    yield _written(answer, draft.passed, catalogue)
        except LLMError as error:
            logger.warning("the answer is quoted, not written: %s", error)
            yield replace(answer, fallback=error.kind)
            return
        if draft.dropped:
            logger.info("%d sentences of a draft were dropped, %d passed", draft.dropped, len(draft.passed))
        if draft.is_declined:
            yield replace(answer, fallback="declined")
        elif not _is_enough(draft, answer):
            yield replace(answer, fallback="unsupported")
        elif answer.is_by_city:
            written = _written(answer, draft.passed, catalogue, quoted=draft.left_out)
            texts = {statement.text for statement in answer.statements}
            is_all_quoted = texts.issuperset(statement.text for statement in written.statements)
            yield replace(answer, fallback="unsupported") if is_all_quoted else written
        else:
            known = {citation.number for citation in citations}
            untold = [each for each in find_untold(answer, draft.passed) if known.issuperset(each.citations)]
            if untold:
                yield _with_quotes(answer, draft.passed, untold)

    def _draft_on(
        self, answer: Quoted, citations: Citations, catalogue: CityCatalogue | None, until: float | None
    ) -> Iterator[Draft]:
        """The draft of an answer from `citations` as it grows; the kept one where the same was asked before."""
        key = (
            prompts.PROMPT_VERSION,
            self.model.name,
            answer.language,
            answer.interpreted_as,
            *(
                f"{each.number} {','.join(cities_given(answer, each.number))} {each.quote}"
                for each in citations
            ),
        )
        kept = self._kept.recall(key)
        if kept:
            yield kept
            return
        until = time.monotonic() + self.model.timeout_s if until is None else until
        draft = Draft()
        for draft in self._ask(answer, citations, catalogue, until):
            yield draft
        if self._on_draft:
            self._on_draft(draft)
            return
        self._kept.keep(key, draft)

    def _ask(
        self, answer: Quoted, citations: Citations, catalogue: CityCatalogue | None, until: float
    ) -> Iterator[Draft]:
        messages, citations = self._messages(answer, citations)
        checker = Checker(answer, citations, self._support, catalogue)
        checked: dict[Sentence, Drafted] = {}

        def check(sentences: Sequence[Sentence]) -> Draft:
            for sentence in sentences:
                if sentence not in checked:
                    marked = checker.with_marks(sentence)
                    fault = checker.find_fault(marked)
                    checked[sentence] = Drafted(marked, fault, None, fault)
            return Draft(tuple(checked[each] for each in sentences))

        reply = ""
        for piece in self.model.stream(messages, until=until):
            reply += piece
            begun = read_begun(reply, language=answer.language)
            if begun and begun[-1] not in checked and len(begun) <= MAX_SENTENCES_READ:
                yield check(begun)
        if is_no_answer(reply):
            yield Draft(is_declined=True)
            return
        sentences = read_reply(reply, language=answer.language)
        if not sentences or len(sentences) > MAX_SENTENCES_READ:
            raise LLMError("the language model's reply is not an answer in sentences", kind="wrong_form")
        draft = check(sentences)
        left_out = checker.find_left_out(draft.passed)
        if draft.dropped or left_out:
            mended = self._mend(messages, reply, draft, left_out, answer, until)
            draft = _with_mended(draft, mended, checker, is_more_wanted=bool(left_out))
        for each in draft.sentences:
            if each.fault:
                logger.info("a sentence was dropped: %s", kind_of_fault(each.fault))
        yield replace(draft, left_out=checker.find_left_out(draft.passed))

    def _messages(self, answer: Quoted, citations: Citations) -> tuple[list[BaseMessage], Citations]:
        """The messages to the model, and the citations that they hold: the first ones, as many as it can read."""
        token = prompts.new_token()
        by_city = {each.number: cities_given(answer, each.number) for each in citations}
        cities = len({city for given in by_city.values() for city in given})
        rules = prompts.rules(answer.language, token=token, cities=cities)
        question = answer.interpreted_as or answer.question
        # Room for the reply, for mending it, which repeats it, and for what chat templates add.
        room = self.model.context_tokens - 3 * self.model.max_tokens - count_tokens(rules) - 64
        for count in range(len(citations), 0, -1):
            request = prompts.request(question, citations[:count], token=token, by_city=by_city)
            if count_tokens(request) <= room:
                return prompts.messages_of(rules, request), citations[:count]
        raise LLMError("one quote is more than the language model can read; set llm_context_tokens")

    def _mend(
        self,
        messages: Sequence[BaseMessage],
        reply: str,
        draft: Draft,
        left_out: Mapping[str | None, Sequence[str]],
        answer: Quoted,
        until: float,
    ) -> tuple[Sentence, ...]:
        """The model's sentences in place of those that failed, and for what it left out, once it is told what is
        wrong; none if it fails at that."""
        from langchain_core.messages import AIMessage, HumanMessage

        if until - time.monotonic() < TIME_TO_MEND_S:
            return ()
        faults = [(each.first.text, each.fault) for each in draft.sentences if each.fault]
        request = prompts.mend_request(faults, [words for each in left_out.values() for words in each])
        try:
            mended = self.model.ask([*messages, AIMessage(reply), HumanMessage(request)], until=until)
        except LLMError as error:
            logger.warning("sentences could not be mended: %s", error)
            return ()
        sentences = read_reply(mended, language=answer.language)[:MAX_SENTENCES_READ]
        return () if is_no_answer(mended) else sentences


def _with_mended(
    draft: Draft, mended: Sequence[Sentence], checker: Checker, *, is_more_wanted: bool
) -> Draft:
    """`draft` with the sentences of `mended` in the places of those that failed, one after the other. If
    `is_more_wanted`, further sentences that hold come last."""
    waiting = list(mended)
    sentences = []
    for each in draft.sentences:
        if each.fault and waiting:
            again = checker.with_marks(waiting.pop(0))
            each = replace(each, mended=again, fault=checker.find_fault(again))
        sentences.append(each)
    more = map(checker.with_marks, waiting) if is_more_wanted else ()
    added = [each for each in more if not checker.find_fault(each)]
    return Draft((*sentences, *map(Drafted, added)))


def _is_enough(draft: Draft, answer: Quoted) -> bool:
    """True if the sentences that passed tell what the quotes would: most of the draft, the words asked for, and
    both sides if documents differ."""
    if not draft.passed or None in draft.left_out or draft.dropped > MAX_DROPPED * len(draft.sentences):
        return False
    cited = {number for sentence in draft.passed for number in sentence.marks}
    return all(cited.issuperset(pair) for pair in answer.disagreements)


def _written(
    answer: Quoted,
    passed: Sequence[Sentence],
    catalogue: CityCatalogue | None,
    *,
    quoted: Collection[str | None] | None = None,
) -> Written:
    """`answer` in the sentences of `passed`. If it goes city by city and `quoted` is given, the cities in
    `quoted`, and cities without a sentence that holds, get their quotes."""
    if not answer.is_by_city:
        return _with_quotes(answer, passed, ())
    statements: list[Statement] = []
    for city in dict.fromkeys(each.city for each in answer.statements):
        of_city = [each for each in passed if city in cities_of(each, answer, catalogue)]
        if quoted is not None and city in quoted:
            of_city = []
        statements += [Statement(each.text, each.marks, city) for each in of_city]
        if quoted is not None and not of_city:
            statements += [each for each in answer.statements if each.city == city]
    return _renumbered(answer, _beneath_quotes(answer, statements))


def _with_quotes(answer: Quoted, passed: Sequence[Sentence], quotes: Sequence[Statement]) -> Written:
    """`answer` in the sentences of `passed`, and after them those of its statements that stay as they are."""
    written = _beneath_quotes(answer, [Statement(each.text, each.marks) for each in passed])
    return _renumbered(answer, [*written, *(each for each in quotes if each not in written)])


def _beneath_quotes(answer: Quoted, statements: Sequence[Statement]) -> list[Statement]:
    """`statements`, each translation after the quotes in `answer` that it rests on, unless the statement right
    above rests on the same quotes."""
    drafted = as_written(answer)
    placed: list[Statement] = []
    above: set[tuple[int, str | None]] = set()
    for statement in statements:
        rests_on: set[tuple[int, str | None]] = set()
        if is_translated(statement, drafted):
            rests_on = {(number, statement.city) for number in statement.citations}
            placed += [
                quote for quote in answer.statements if (quote.citations[0], quote.city) in rests_on - above
            ]
        placed.append(statement)
        above = rests_on
    return placed


def _renumbered(answer: Quoted, statements: Sequence[Statement]) -> Written:
    """`answer` with these statements, and the citations that they rest on numbered anew from 1."""
    order = dict.fromkeys(number for statement in statements for number in statement.citations)
    renumbered = {number: new for new, number in enumerate(order, start=1)}
    cited = {citation.number: citation for citation in answer.citations}
    return replace(
        as_written(answer),
        statements=tuple(
            replace(each, citations=tuple(renumbered[number] for number in each.citations))
            for each in statements
        ),
        citations=tuple(replace(cited[number], number=new) for number, new in renumbered.items()),
        disagreements=tuple(
            (renumbered[one], renumbered[other])
            for one, other in answer.disagreements
            if one in renumbered and other in renumbered
        ),
    )


def as_written(answer: Quoted) -> Written:
    """What `answer` says, as a written answer."""
    return Written(**{each.name: getattr(answer, each.name) for each in fields(Written)})
