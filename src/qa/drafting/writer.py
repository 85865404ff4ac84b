"""The writer: an answer of quotes → one that a language model writes from them and that is held up by them."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qa.domain import Answer, Citation, Statement
from qa.drafting import prompts
from qa.drafting.figures import FindMissing, missing_facts
from qa.drafting.instructions import is_instruction
from qa.drafting.replies import MOST_SENTENCES_READ, Sentence, is_no_answer, read_reply
from qa.drafting.support import Support, is_in_script_of
from qa.errors import LLMError
from qa.llm import LanguageModel, count_tokens

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

logger = logging.getLogger(__name__)

MOST_KEPT = 500
"""Written answers kept, those that were not asked for the longest go first; at some 2 KB each: 1 MB."""

MOST_CHARACTERS = 600
"""A longer sentence is not one that can be checked."""

LEAST_LEFT = 0.5
"""The share of the sentences that must be left: of a draft that is mostly wrong the rest is not to be trusted."""

TIME_TO_MEND_S = 1.0
"""With less time left the model is not asked again."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The sentences that passed, with their citations, and how many did not; `is_declined` tells that the model
    found no answer."""

    statements: tuple[Statement, ...] = ()
    dropped: int = 0
    is_declined: bool = False


def can_be_written(answer: Answer) -> bool:
    """True if `answer` is one that a language model may write anew: it quotes, and not city by city."""
    return bool(answer.statements) and all(statement.city is None for statement in answer.statements)


class Writer:
    """Writes answers with a language model. Safe to be called from many threads."""

    def __init__(self, model: LanguageModel, support: Support) -> None:
        self._model = model
        self._support = support
        self._kept: OrderedDict[tuple[str, ...], Draft] = OrderedDict()
        self._keeping = threading.Lock()

    @property
    def model(self) -> LanguageModel:
        """The language model that writes."""
        return self._model

    def write(
        self, answer: Answer, *, find_missing: FindMissing = missing_facts, until: float | None = None
    ) -> Answer:
        """`answer` in the model's words, each sentence checked; or `answer` itself, with why in `fallback`.

        It is there by `until`, of `time.monotonic()`, by default `llm_timeout_s` from now, and no failure of the
        model is an error here.
        """
        citations = tuple(each for each in answer.citations if not is_instruction(each.quote))
        if len(citations) < len(answer.citations):
            logger.warning("a quote reads as an instruction to a language model; it is not written from")
        if not citations:
            return replace(answer, fallback="unsupported")
        try:
            draft = self._draft(answer, citations, find_missing, until)
        except LLMError as error:
            logger.warning("the answer is quoted, not written: %s", error)
            return replace(answer, fallback=error.kind)
        if draft.is_declined:
            return replace(answer, fallback="declined")
        if draft.dropped:
            logger.info(
                "%d sentences of a draft were dropped, %d passed", draft.dropped, len(draft.statements)
            )
        if not _is_enough(draft, answer):
            return replace(answer, fallback="unsupported")
        return _written(answer, draft)

    def _draft(
        self,
        answer: Answer,
        citations: tuple[Citation, ...],
        find_missing: FindMissing,
        until: float | None,
    ) -> Draft:
        """The draft of an answer from `citations`, the kept one where the same was asked before."""
        key = (
            prompts.PROMPT_VERSION,
            self._model.name,
            answer.language,
            answer.interpreted_as,
            *(f"{citation.number} {citation.quote}" for citation in citations),
        )
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        until = time.monotonic() + self._model.timeout_s if until is None else until
        draft = self._ask(answer, citations, find_missing, until)
        with self._keeping:
            self._kept[key] = draft
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return draft

    def _ask(
        self, answer: Answer, citations: tuple[Citation, ...], find_missing: FindMissing, until: float
    ) -> Draft:
        messages, citations = self._messages(answer, citations)
        reply = self._model.ask(messages, until=until)
        if is_no_answer(reply):
            return Draft(is_declined=True)
        sentences = read_reply(reply, language=answer.language)
        if not sentences or len(sentences) > MOST_SENTENCES_READ:
            raise LLMError("the language model's reply is not an answer in sentences", kind="wrong_form")
        checked = [(each, self._fault(each, answer, citations, find_missing)) for each in sentences]
        faults = [(each.text, fault) for each, fault in checked if fault]
        mended = self._mend(messages, reply, faults, answer, until) if faults else ()
        passed: list[Statement] = []
        dropped = 0
        for sentence, fault in checked:
            if fault and mended:
                sentence, mended = mended[0], mended[1:]
                fault = self._fault(sentence, answer, citations, find_missing)
            if fault:
                dropped += 1
                logger.info("a sentence was dropped: %s", fault)
            elif sentence.text not in {statement.text for statement in passed}:
                passed.append(Statement(sentence.text, sentence.marks))
        return Draft(tuple(passed), dropped)

    def _messages(
        self, answer: Answer, citations: tuple[Citation, ...]
    ) -> tuple[list[BaseMessage], tuple[Citation, ...]]:
        """What the model is told, and the citations of which it is: as many as it can read, the first ones."""
        from langchain_core.messages import HumanMessage, SystemMessage

        token = prompts.new_token()
        rules = prompts.rules(answer.language, token=token)
        question = answer.interpreted_as or answer.question
        # Room for the reply, for mending it, which repeats it, and for what chat templates add.
        room = self._model.context_tokens - 3 * self._model.max_tokens - count_tokens(rules) - 64
        for count in range(len(citations), 0, -1):
            request = prompts.request(question, citations[:count], token=token)
            if count_tokens(request) <= room:
                return [SystemMessage(rules), HumanMessage(request)], citations[:count]
        raise LLMError(
            "one quote is more than the language model can read; set llm_context_tokens", kind="failed"
        )

    def _mend(
        self,
        messages: Sequence[BaseMessage],
        reply: str,
        faults: Sequence[tuple[str, str]],
        answer: Answer,
        until: float,
    ) -> tuple[Sentence, ...]:
        """What the model writes for the sentences that failed, told what is wrong; none where it fails at that."""
        from langchain_core.messages import AIMessage, HumanMessage

        if until - time.monotonic() < TIME_TO_MEND_S:
            return ()
        try:
            asked = [*messages, AIMessage(reply), HumanMessage(prompts.mend_request(faults))]
            mended = self._model.ask(asked, until=until)
        except LLMError as error:
            logger.warning("sentences could not be mended: %s", error)
            return ()
        return () if is_no_answer(mended) else read_reply(mended, language=answer.language)

    def _fault(
        self, sentence: Sentence, answer: Answer, citations: Sequence[Citation], find_missing: FindMissing
    ) -> str:
        """What is wrong with `sentence`, in words for the model; empty if nothing is."""
        cited = [citation for citation in citations if citation.number in sentence.marks]
        quotes = [citation.quote for citation in cited]
        if sentence.has_carrier:
            return "it has a link, an image or a tag in it"
        if len(sentence.text) > MOST_CHARACTERS:
            return "it is too long"
        if not sentence.marks:
            return "it has no quote's number after it"
        if len(quotes) < len(sentence.marks):
            return "it names a quote that there is not"
        missing = find_missing(sentence.text, quotes, question=answer.interpreted_as)
        if missing:
            return f"the quotes that it names do not have: {', '.join(missing)}"
        if not is_in_script_of(sentence.text, answer.language):
            return "it is in another language"
        languages = {answer.language, *(citation.language for citation in cited)}
        question = answer.interpreted_as
        if not self._support.holds(sentence.text, quotes, languages=languages, question=question):
            return "the quotes that it names do not say so"
        return ""


def _is_enough(draft: Draft, answer: Answer) -> bool:
    """True if what is left tells what the quotes would: most of the draft, the words asked for, both sides where
    documents differ."""
    total = len(draft.statements) + draft.dropped
    if not draft.statements or len(draft.statements) < LEAST_LEFT * total:
        return False
    cited = {number for statement in draft.statements for number in statement.citations}
    if any(not cited.issuperset(pair) for pair in answer.disagreements):
        return False
    exact = {number for each in answer.statements if each.focus for number in each.citations}
    return not exact or bool(cited & exact)


def _written(answer: Answer, draft: Draft) -> Answer:
    """`answer` with the statements of `draft`, and the citations that they rest on, numbered anew from 1."""
    order = dict.fromkeys(number for statement in draft.statements for number in statement.citations)
    renumbered = {number: new for new, number in enumerate(order, start=1)}
    cited = {citation.number: citation for citation in answer.citations}
    return replace(
        answer,
        mode="drafted",
        statements=tuple(
            replace(each, citations=tuple(renumbered[number] for number in each.citations))
            for each in draft.statements
        ),
        citations=tuple(replace(cited[number], number=new) for number, new in renumbered.items()),
        disagreements=tuple((renumbered[one], renumbered[other]) for one, other in answer.disagreements),
    )
