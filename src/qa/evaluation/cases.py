"""The questions of a set that went worst, each with what was said and found."""

from __future__ import annotations

from collections.abc import Callable

from qa.evaluation.gold import GoldQuestion
from qa.evaluation.judging import Row
from qa.evaluation.prediction import Prediction
from qa.evaluation.results import SetResult
from qa.rendering.evaluation import Case, CaseList, ShownPassage

MAX_CASES = 10
"""Cases listed of each kind: more are not read."""


def worst_cases(result: SetResult) -> tuple[CaseList, ...]:
    """What was answered and should not have been, what was refused, what was answered wrongly: worst first."""

    def listed(title: str, is_bad: Callable[[Row], bool], badness: Callable[[Row], float]) -> CaseList:
        bad = sorted(filter(is_bad, result.rows), key=lambda row: (-badness(row), row.id))
        return CaseList(title, tuple(_case(result, row) for row in bad[:MAX_CASES]), len(bad))

    return (
        listed(
            "Answered, though the documents do not say: the surest first",
            lambda row: row.is_answered and not row.is_answerable,
            lambda row: row.confidence,
        ),
        listed(
            "Refused, though the documents do say: the least sure first",
            lambda row: row.is_answerable and not row.is_answered,
            lambda row: -row.confidence,
        ),
        listed(
            "Answered without the gold answer: the surest first",
            lambda row: row.is_answerable and row.is_answered and not row.contains,
            lambda row: row.confidence,
        ),
    )


def _case(result: SetResult, row: Row) -> Case:
    question = result.gold.question(row.id)
    prediction = next((found for found in result.predictions if found.question_id == row.id), None)
    titles = {document.id: document.title for document in result.gold.documents}
    passages = prediction.passages if prediction else ()
    return Case(
        id=row.id,
        question=_with_history(question),
        language=row.lang,
        gold=question.answers + question.answers_native,
        said=_said(prediction),
        confidence=row.confidence,
        passages=tuple(
            ShownPassage(
                titles.get(doc_id) or doc_id, text, question.is_answerable and doc_id in question.doc_ids
            )
            for doc_id, text in passages
        ),
    )


def _with_history(question: GoldQuestion) -> str:
    """The question after what was said before it, for a follow-up says little alone."""
    return " → ".join([*(turn.text for turn in question.history), question.question])


def _said(prediction: Prediction | None) -> str:
    if prediction is None:
        return "nothing: there is no prediction"
    if prediction.is_answered:
        return prediction.answer
    return f"refused ({prediction.reason or 'no reason given'})"
