"""Gold questions → answers in three ways: quoted, as a language model drafts them, and as the reader gets them.

Extractive are the quotes, without a language model. Drafted is every sentence of the model's first reply, which
nobody checked: what the reader would get without the check. Verified is what the reader gets.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from qa.answer.composition import fallback_of
from qa.config import Settings
from qa.domain import Citation, Quoted, Stated
from qa.domain import Written as WrittenAnswer
from qa.drafting.drafts import Draft, Drafted
from qa.drafting.replies import Sentence, is_no_answer, read_reply
from qa.errors import InputError
from qa.evaluation.gold import GoldQuestion, GoldSet
from qa.evaluation.prediction import Prediction, prediction_of
from qa.evaluation.recording_model import Overheard, OverheardModel
from qa.evaluation.unsupported_facts import Checked, check_said
from qa.llm import language_model as llm

if TYPE_CHECKING:
    from qa.models import Models
    from qa.pipeline import Pipeline

Way = Literal["extractive", "drafted", "verified"]
WAYS: tuple[Way, ...] = ("extractive", "drafted", "verified")

FAILED = "the reply failed: "
"""What is wrong with the sentences of a reply that broke off or did not end: none of them is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSentence:
    """One sentence of the model's first reply; if `is_added`, one written for what the reply had left out.

    `quotes` are the quotes that it cites. `first_fault` is what was wrong with it, `mended` how it was written
    again, `fault` what is wrong in the end; each is empty if there is none. `has_reached` tells that the reader
    got it: a sentence that passed does not reach the reader if too little else of its answer passed.
    """

    text: str
    quotes: tuple[str, ...]
    first_fault: str = ""
    mended: str = ""
    fault: str = ""
    is_added: bool = False
    has_reached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One question answered in three ways.

    `evidence` are the quotes that the model was to write from, empty if it was not asked. `fallback` tells why the
    reader got the quotes instead of the model's sentences, empty if they got the sentences. `said` has the
    statements of each way as they were checked anew.
    """

    question_id: str
    predictions: Mapping[Way, Prediction]
    evidence: tuple[str, ...] = ()
    sentences: tuple[WrittenSentence, ...] = ()
    fallback: str = ""
    said: Mapping[Way, tuple[Checked, ...]] = field(default_factory=dict)


class ThreeWays:
    """Answers questions in all three ways, the quotes being searched for once. One question at a time."""

    def __init__(self, settings: Settings, models: Models) -> None:
        """Raises `ModelError` if the language model that is set cannot be opened."""
        from qa.engine.assembly import writer_with

        self._model = OverheardModel(llm.open_chat(settings), settings)
        self._drafts: list[Draft] = []
        self._writer = writer_with(self._model, settings, models, on_draft=self._drafts.append)

    def answer(self, gold: GoldSet, question: GoldQuestion, pipeline: Pipeline) -> Written:
        """The answers to `question` of `gold`, from the documents of `pipeline`."""
        cities = () if question.city is None else (question.city,)
        start = time.perf_counter()
        quoted = pipeline.quote(question.question, history=question.history, cities=cities)
        seconds = time.perf_counter() - start
        self._model.listen()
        self._drafts.clear()
        extractive = prediction_of(gold, question, quoted, seconds)
        if not isinstance(quoted, Quoted):
            return Written(question_id=question.id, predictions=dict.fromkeys(WAYS, extractive))
        begun = time.perf_counter()
        verified = self._writer.write(quoted, catalogue=pipeline.library.catalogue)
        verified_s = seconds + time.perf_counter() - begun
        heard = self._model.heard
        read = () if is_no_answer(heard.reply) else read_reply(heard.reply, language=quoted.language)
        draft = self._drafts[-1] if self._drafts else _failed(read, verified)
        first = tuple(dict.fromkeys(read))  # one that does not end says the same again and again
        return Written(
            question_id=question.id,
            predictions={
                "extractive": extractive,
                "drafted": _drafted(gold, extractive, quoted, first, heard),
                "verified": prediction_of(gold, question, verified, verified_s),
            },
            evidence=tuple(each.quote for each in quoted.citations),
            sentences=_sentences(draft, len(read), quoted, verified),
            fallback=fallback_of(verified),
            said={
                "extractive": _check_statements(quoted, pipeline),
                "drafted": _check([(each.text, each.marks) for each in first], quoted, pipeline),
                "verified": _check_statements(verified, pipeline),
            },
        )


def check_language_model(settings: Settings) -> None:
    """Raise `InputError` where no language model is set."""
    if not settings.llm:
        raise InputError(
            "no language model is set, and --llm measures one; set QA_LLM to provider:model, such as "
            "ollama:llama3.2, and where it runs elsewhere QA_LLM_BASE_URL and QA_LLM_API_KEY; or QA_LOCAL_LLM "
            "to a GGUF file"
        )


def write_all(
    gold: GoldSet,
    pipeline: Pipeline,
    ways: ThreeWays,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    on_written: Callable[[Written], None] | None = None,
) -> tuple[Written, ...]:
    """Each question of the set answered in three ways, in the set's order.

    After each question `on_written` is told what came of it, `on_progress` how many are done and how many there
    are. Raises `InputError` where an answer comes from a document that is not of the set.
    """
    written: list[Written] = []
    for question in gold.questions:
        written.append(ways.answer(gold, question, pipeline))
        if on_written is not None:
            on_written(written[-1])
        if on_progress is not None:
            on_progress(len(written), len(gold.questions))
    return tuple(written)


def _drafted(
    gold: GoldSet, extractive: Prediction, quoted: Quoted, first: Sequence[Sentence], heard: Overheard
) -> Prediction:
    paths = {each.number: (gold.id_of(each.source.path), each.quote) for each in quoted.citations}
    marks = dict.fromkeys(mark for sentence in first for mark in sentence.marks)
    return replace(
        extractive,
        is_answered=bool(first),
        answer=" ".join(sentence.text for sentence in first),
        # A mark that there is no quote for cites nothing real.
        citations=tuple(paths.get(mark, ("", "")) for mark in marks),
        seconds=extractive.seconds + heard.seconds,
        reason="" if first else "declined" if heard.reply.strip() else "nothing_written",
    )


def _failed(first: Sequence[Sentence], verified: Quoted | WrittenAnswer) -> Draft:
    """The draft of a reply that failed: none of its sentences is used."""
    fault = FAILED + fallback_of(verified)
    return Draft(tuple(Drafted(sentence, fault, None, fault) for sentence in first))


def _sentences(
    draft: Draft, first: int, quoted: Quoted, verified: Quoted | WrittenAnswer
) -> tuple[WrittenSentence, ...]:
    """What became of each sentence of `draft`, once each. Sentences after the `first` so many were added."""
    shown = {each.text for each in verified.statements} if isinstance(verified, WrittenAnswer) else set()
    sentences: dict[Sentence, WrittenSentence] = {}
    for place, each in enumerate(draft.sentences):
        written = WrittenSentence(
            text=each.first.text,
            quotes=_cited(each.final, quoted.citations),
            first_fault=each.first_fault,
            mended=each.mended.text if each.mended else "",
            fault=each.fault,
            is_added=place >= first,
            has_reached=not each.fault and each.final.text in shown,
        )
        sentences.setdefault(each.first, written)
    return tuple(sentences.values())


def _cited(sentence: Sentence, citations: Sequence[Citation]) -> tuple[str, ...]:
    return tuple(each.quote for each in citations if each.number in sentence.marks)


def _check_statements(answer: Stated, pipeline: Pipeline) -> tuple[Checked, ...]:
    return _check([(each.text, each.citations) for each in answer.statements], answer, pipeline)


def _check(
    sentences: Sequence[tuple[str, Sequence[int]]], answer: Stated, pipeline: Pipeline
) -> tuple[Checked, ...]:
    """Each sentence held against the citations that it numbers; one without a number, against all citations."""
    return tuple(
        check_said(
            text,
            [citation for citation in answer.citations if citation.number in numbers] or answer.citations,
            question=answer.interpreted_as,
            pipeline=pipeline,
        )
        for text, numbers in sentences
    )
