"""Gold questions → what the system made of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from qa.domain import Answer, Refused
from qa.evaluation.gold import GoldQuestion, GoldSet
from qa.rendering.text_formats import answer_text

MAX_PASSAGES_KEPT = 3
"""How many of the passages found are kept with their text, for reading why an answer is wrong: answers are
taken from the best three, and thousands of predictions are held at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What was said to one question.

    `citations` are pairs of a document's id and a quote; `ranked` has the ids of the documents found, best
    first; `seconds` is the wall-clock time that the answer took; `confidence` is the probability (0 to 1)
    that the evidence answers; `reason` says why there is no answer, empty where there is one; `passages` are
    the best few passages, each a pair of a document's id and a text.
    """

    question_id: str
    is_answered: bool
    answer: str = ""
    citations: tuple[tuple[str, str], ...] = ()
    ranked: tuple[str, ...] = ()
    seconds: float = 0.0
    confidence: float = 0.0
    reason: str = ""
    passages: tuple[tuple[str, str], ...] = ()


def predict(
    gold: GoldSet,
    ask: Callable[[GoldQuestion], Answer],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Prediction, ...]:
    """A prediction for each question, in the set's order, from what `ask` answers.

    `on_progress` is told after each question how many are done and how many there are. Raises `InputError`
    where an answer comes from a document that is not of the set.
    """
    predictions: list[Prediction] = []
    for question in gold.questions:
        start = time.perf_counter()
        answer = ask(question)
        seconds = time.perf_counter() - start
        predictions.append(prediction_of(gold, question, answer, seconds))
        if on_progress is not None:
            on_progress(len(predictions), len(gold.questions))
    return tuple(predictions)


def prediction_of(gold: GoldSet, question: GoldQuestion, answer: Answer, seconds: float) -> Prediction:
    """What `answer`, which took so many seconds, said to `question`; see `predict`."""
    return Prediction(
        question_id=question.id,
        is_answered=not isinstance(answer, Refused),
        answer="" if isinstance(answer, Refused) else answer_text(answer),
        citations=tuple((gold.id_of(each.source.path), each.quote) for each in answer.citations),
        ranked=tuple(dict.fromkeys(gold.id_of(passage.chunk.source.path) for passage in answer.passages)),
        seconds=seconds,
        confidence=answer.confidence,
        reason=answer.refusal.reason if isinstance(answer, Refused) else "",
        passages=tuple(
            (gold.id_of(passage.chunk.source.path), passage.chunk.text)
            for passage in answer.passages[:MAX_PASSAGES_KEPT]
        ),
    )
