"""The interpreter: a language model makes follow-up questions whole, and translates questions and quotes.

It only proposes. What it replies is held against what it was given, and where it fails, everything goes on without
it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qa.cities import CityCatalogue
from qa.domain import Citation, Query, Turn
from qa.drafting.checks import kind_of_fault
from qa.drafting.instructions import is_instruction
from qa.drafting.prompts import REQUESTS_VERSION, new_token, translation_request, whole_request
from qa.drafting.rewording import (
    MAX_QUESTION_CHARS,
    MAX_QUOTE_CHARS,
    fault_in_question,
    fault_in_quote,
    fault_in_whole,
    read_line,
)
from qa.drafting.support import COMPARED_PREFIX
from qa.errors import LLMError
from qa.i18n.messages import language_name
from qa.llm.language_model import LanguageModel
from qa.question.understanding import asked_before, last_whole, may_lean
from qa.system.lru import LRU

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from qa.models import Embedder

logger = logging.getLogger(__name__)

MAX_KEPT = 500
"""Replies kept, so that the same is not paid for twice: at some 1 KB each, half a MB."""

QUESTION_SHARE = 1 / 3
"""The share of `llm_timeout_s` that understanding the question may take: the rest is for writing the answer."""

MAX_ASKED, MAX_ANSWER_CHARS = 3, 600
"""The last questions that the model is shown, and the characters of the last answer."""

MIN_ALIKE = 0.82
"""The least cosine between a text and its translation.

Of 40 questions of XQuAD each in Vietnamese, Chinese and Arabic, .95 or more pass with their English ones, and of
other English questions .00 to .07: it tells what is about something else, and the facts tell the rest.
"""


class Interpreter:
    """Makes questions whole and translates, with a language model. Safe to be called from many threads."""

    def __init__(self, model: LanguageModel, embedder: Embedder) -> None:
        self._model = model
        self._embedder = embedder
        self._kept: LRU[tuple[str, ...], str] = LRU(MAX_KEPT)

    def interpret(
        self,
        query: Query,
        *,
        catalogue: CityCatalogue,
        document_languages: Sequence[str],
        understand_whole: Callable[[str], Query],
        history: Sequence[Turn] = (),
    ) -> Query:
        """`query`, with a follow-up made whole, and with a translation if most documents are in another language.

        `document_languages` has the language of most documents first. `understand_whole` understands the follow-up
        from its whole wording. All takes a third of `llm_timeout_s` at most. No failure of the model is an error
        here.
        """
        until = time.monotonic() + QUESTION_SHARE * self._model.timeout_s
        language = next(iter(document_languages), query.language)
        try:
            whole = self._make_whole(query, history, catalogue, until)
            if whole:
                query = understand_whole(whole)
            translation = self._translate_question(query, language, catalogue, until)
        except LLMError as error:
            logger.warning("the question is understood without the language model: %s", error)
            return query
        return (
            replace(query, translation=translation, translation_language=language) if translation else query
        )

    def translates(self, language: str, other: str) -> bool:
        """True if text in `language` can be translated into `other`: both have a name that a model knows."""
        names = {language_name(code, "en") for code in (language, other)}
        return language != other and language_name("-", "en") not in names

    def translate(
        self, citation: Citation, language: str, *, catalogue: CityCatalogue, until: float | None = None
    ) -> str:
        """The quote of `citation` in `language`, checked; empty where there is no translation that holds.

        It is there by `until`, of `time.monotonic()`, by default `llm_timeout_s` from now. Whatever calls this has
        seen that the quote stands in its document.
        """
        quote = citation.quote
        is_fit = len(quote) <= MAX_QUOTE_CHARS and not is_instruction(quote)
        if not is_fit or not self.translates(citation.source.language, language):
            return ""
        try:
            translation = self._translate("a quotation from a document", quote, language, until)
        except LLMError as error:
            logger.warning("a quote is not translated: %s", error)
            return ""
        fault = fault_in_quote(translation, quote, language=language, catalogue=catalogue)
        return self._held(translation, quote, fault, "a quote's translation")

    def _make_whole(
        self, query: Query, history: Sequence[Turn], catalogue: CityCatalogue, until: float
    ) -> str:
        """The question of `query` made whole; empty where the rules' way stands."""
        asked = asked_before(history)
        is_fit = len(query.question) <= MAX_QUESTION_CHARS and not is_instruction(query.question)
        if not asked or not is_fit or not may_lean(query, catalogue):
            return ""
        said = [each[:MAX_QUESTION_CHARS] for each in asked[-MAX_ASKED:] if not is_instruction(each)]
        answer = history[-1].text[:MAX_ANSWER_CHARS] if history[-1].role == "assistant" else ""
        answer = "" if is_instruction(answer) else answer
        messages = whole_request(
            query.question, asked=said, answer=answer, language=query.language, token=new_token()
        )
        key = ("whole", query.language, query.question, *said, answer)
        whole = read_line(self._ask(messages, key, until), language=query.language)
        last = [last_whole(asked, catalogue), answer]
        fault = fault_in_whole(whole, query, [*said, answer], last=last, catalogue=catalogue)
        if fault:
            logger.info(
                "a follow-up is made whole by the rules: the language model's has a fault: %s",
                kind_of_fault(fault),
            )
        return "" if fault or whole == query.question else whole

    def _translate_question(self, query: Query, language: str, catalogue: CityCatalogue, until: float) -> str:
        """What `query` asks in `language`; empty where it is in it, or there is no translation that holds."""
        is_fit = query.text and len(query.text) <= 2 * MAX_QUESTION_CHARS and not is_instruction(query.text)
        if not is_fit or not self.translates(query.language, language):
            return ""
        translation = self._translate("a question", query.text, language, until)
        fault = fault_in_question(translation, query.text, language=language, catalogue=catalogue)
        return self._held(translation, query.text, fault, "a question's translation")

    def _translate(self, kind: str, text: str, language: str, until: float | None) -> str:
        messages = translation_request(text, kind=kind, language=language, token=new_token())
        return read_line(self._ask(messages, (kind, language, text), until), language=language)

    def _held(self, translation: str, text: str, fault: str, what: str) -> str:
        """`translation` where it has no `fault` and the embedder finds it near `text`; else empty."""
        if not fault and self._alike(translation, text) < MIN_ALIKE:
            fault = "it says something else"
        if fault:
            logger.info("%s is not used: %s", what, kind_of_fault(fault))
        return "" if fault else translation

    def _alike(self, one: str, other: str) -> float:
        """The cosine of two texts: -1 to 1, higher is nearer."""
        first, second = self._embedder.encode_passages([COMPARED_PREFIX + one, COMPARED_PREFIX + other])
        return float(first @ second)

    def _ask(self, messages: Sequence[BaseMessage], about: tuple[str, ...], until: float | None) -> str:
        """The model's reply, the kept one where the same was asked before. Raises `LLMError`."""
        key = (REQUESTS_VERSION, self._model.name, *about)
        kept = self._kept.recall(key)
        if kept is None:
            kept = self._model.ask(messages, until=until)
            self._kept.keep(key, kept)
        return kept
