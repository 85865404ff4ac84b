"""The figures of three ways to answer, and what became of the sentences that a language model drafted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qa.evaluation.bootstrap import Measured, measure
from qa.evaluation.gold import GoldQuestion, GoldSet
from qa.evaluation.judging import Row, judge
from qa.evaluation.writing import WAYS, Way, Written, WrittenSentence

STATEMENTS = ("said", "not_in_quotes", "not_in_documents", "stray_digits")
"""What is counted of the statements of each way; see `Checked`."""

SENTENCES = ("drafted", "passed_at_once", "mended", "dropped", "added", "reached")
"""What is counted of the sentences that were written. A drafted sentence passed at once, or was mended, or
dropped. Added sentences come on top. Of all sentences that passed, some reached the reader."""


@dataclass(frozen=True, kw_only=True)
class Ways:
    """How the three ways did on the same questions.

    `statements` counts, for each way, the statements that were said and the doubtful ones among them. `sentences`
    counts what became of the model's sentences, `faults` what was wrong with them at first, by kind. `asked` is
    the number of answers that the model was to write, `fallbacks` counts why answers were quoted after all. `lost`
    are the questions for which a way has no longer the gold answer that the quotes had, `won` the other way round;
    for the questions in `less_precise` a smaller share of the way's citations is right.
    """

    rows: Mapping[Way, tuple[Row, ...]]
    measured: Mapping[Way, Measured]
    statements: Mapping[Way, Mapping[str, int]]
    sentences: Mapping[str, int]
    faults: Mapping[str, int]
    asked: int
    fallbacks: Mapping[str, int]
    lost: Mapping[Way, tuple[str, ...]]
    won: Mapping[Way, tuple[str, ...]]
    less_precise: Mapping[Way, tuple[str, ...]]


def judge_ways(gold: GoldSet, written: Sequence[Written]) -> Ways:
    """The figures of each way over the set's questions."""
    rows = {way: judge(gold, [each.predictions[way] for each in written]) for way in WAYS}
    sentences = [sentence for each in written for sentence in each.sentences]
    return Ways(
        rows=rows,
        measured={way: measure(rows[way]) for way in WAYS},
        statements={way: _count_statements(written, way) for way in WAYS},
        sentences=_count_sentences(sentences),
        faults=_by_count(fault_kind(sentence.first_fault) for sentence in sentences if sentence.first_fault),
        asked=sum(bool(each.evidence) for each in written),
        fallbacks=_by_count(each.fallback for each in written if each.fallback),
        lost={way: _held_only(rows["extractive"], rows[way]) for way in WAYS},
        won={way: _held_only(rows[way], rows["extractive"]) for way in WAYS},
        less_precise={way: _less_precise(rows[way], rows["extractive"]) for way in WAYS},
    )


def fault_kind(fault: str) -> str:
    """What `fault` is without its particulars, which stand behind a colon."""
    return fault.partition(":")[0]


def draft_lines(name: str, question: GoldQuestion, written: Written) -> list[dict[str, Any]]:
    """Each sentence that was written for a question of the set called `name`, with all that a person needs to
    judge it, as plain values; `evidence` are all the quotes, `quotes` those that it cites."""
    return [
        {
            "set": name,
            "question_id": question.id,
            "question": question.question,
            "language": question.language,
            "gold": [*question.answers, *question.answers_native],
            "sentence": sentence.text,
            "quotes": list(sentence.quotes),
            "first_fault": sentence.first_fault,
            "mended": sentence.mended,
            "fault": sentence.fault,
            "passed": not sentence.fault,
            "reached": sentence.has_reached,
            "added": sentence.is_added,
            "evidence": list(written.evidence),
        }
        for sentence in written.sentences
    ]


def _count_statements(written: Sequence[Written], way: Way) -> dict[str, int]:
    said = [checked for each in written for checked in each.said.get(way, ())]
    counts = {name: sum(bool(getattr(each, name)) for each in said) for name in STATEMENTS[1:]}
    return {STATEMENTS[0]: len(said), **counts}


def _count_sentences(sentences: Sequence[WrittenSentence]) -> dict[str, int]:
    first = [each for each in sentences if not each.is_added]
    counts = (
        len(first),
        sum(not each.first_fault for each in first),
        sum(bool(each.first_fault) and not each.fault for each in first),
        sum(bool(each.fault) for each in first),
        len(sentences) - len(first),
        sum(each.has_reached for each in sentences),
    )
    return dict(zip(SENTENCES, counts, strict=True))


def _by_count(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _less_precise(one: Sequence[Row], other: Sequence[Row]) -> tuple[str, ...]:
    """The ids of the questions for which a smaller share of the citations is right in `one`; both must cite."""
    return tuple(
        row.id
        for row, there in zip(one, other, strict=True)
        if row.citations and row.gold_citations * there.citations < there.gold_citations * row.citations
    )


def _held_only(one: Sequence[Row], other: Sequence[Row]) -> tuple[str, ...]:
    """The ids of the questions for which only `one` holds a gold answer."""
    return tuple(row.id for row, there in zip(one, other, strict=True) if row.contains and not there.contains)
