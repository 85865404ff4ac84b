"""Results → rows of cells, and these as tables for a terminal. The report shows the same rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Literal

from qa.evaluation.bootstrap import Measured
from qa.evaluation.comparing import MIN_DIFFERENT, Comparison
from qa.evaluation.modes import Ways
from qa.evaluation.results import SetResult
from qa.evaluation.scoring import COUNTS
from qa.evaluation.writing import WAYS, Way

COLUMNS = 4
"""Groups side by side: with the figures' names they fill some 125 characters."""

MAX_IDS = 8
"""Questions named where some went right that had gone wrong, or the other way round."""

WAY_FIGURES = frozenset(
    {
        "contains", "contains_if_answered", "answer_f1", "cit_real", "cit_precision", "cit_recall", "cit_support",
        "mean_answer_chars", "seconds_p50", "seconds_p95",
    }
)  # fmt: skip
"""The figures that are shown of each way of answering: what they do not share."""

STATEMENT_TITLES = {
    "said": "statements",
    "not_in_quotes": "of them with a fact that their quotes do not have",
    "not_in_documents": "with a fact that their documents do not have",
    "stray_digits": "with digits that their documents do not have",
}

SENTENCE_TITLES = {
    "drafted": "sentences drafted",
    "passed_at_once": "passed at once",
    "mended": "passed once mended",
    "dropped": "dropped",
    "added": "added when asked for what was left out",
    "reached": "sentences that reached the reader",
}

WHOLE_NUMBERS = frozenset({*COUNTS, "mean_answer_chars"})
UNDEFINED = "–"

Cells = tuple[str, ...]


def format_result(result: SetResult, *, by: Literal["lang", "kind"] | None = None) -> str:
    """What was asked on one line, then a table: a figure a line with its interval, a column for each group."""
    columns = {"all": result.measured}
    if by is not None:
        columns |= {f"{by}={value}": measured for value, measured in result.by[by].items()}
    names = iter(columns)
    parts = [f"{result.name}: {summarise(result)}"]
    while block := list(islice(names, COLUMNS)):
        parts.append(_align(figure_rows({name: columns[name] for name in block})))
    if result.ways is not None:
        turned = [_name_ids(sentence, ids["verified"]) for _, sentence, ids in _turned(result.ways)]
        parts += [describe_ways(result.ways), _align(way_rows(result.ways)), "\n".join(turned)]
    if (moved := result.comparison) is not None:
        mended = _name_ids("right now, wrong then", moved.mended)
        broken = _name_ids("wrong now, right then", moved.broken)
        parts += [describe_comparison(moved), _align(change_rows(moved)), f"{mended}\n{broken}"]
    return "\n\n".join(parts)


def summarise(result: SetResult) -> str:
    """How much was asked and answered."""
    counts = {name: result.measured.figures[name] for name in COUNTS}
    missing = f"; {counts['missing']} have no prediction" if counts["missing"] else ""
    return (
        f"{counts['n']} questions, {counts['answerable']} with an answer and {counts['must_refuse']} without; "
        f"{counts['answered']} answered, with {counts['citations']} citations{missing}"
    )


def describe_comparison(comparison: Comparison) -> str:
    """What was compared with what, and how to read the verdicts."""
    return (
        f"Compared over the {comparison.questions} questions that were asked both times "
        f"({comparison.only_now} only now, {comparison.only_then} only then). Noise: the interval of the change "
        f"holds 0, or fewer than {MIN_DIFFERENT} questions differ. One figure in twenty moves by chance; "
        "seconds also move with what else the machine does."
    )


def describe_ways(ways: Ways) -> str:
    """What the columns of the table of ways are, and how many answers were to be written."""
    return (
        f"Answered in three ways: extractive (quotes), drafted (the language model's first reply, unchecked), "
        f"verified (what the reader gets). It was to write {ways.asked} answers, of which "
        f"{sum(ways.fallbacks.values())} were quoted after all."
    )


def way_rows(ways: Ways) -> list[Cells]:
    """A row of headings, a row for each figure of the three ways, and one for each count of what was written."""
    figures = figure_rows({way: ways.measured[way] for way in WAYS})
    counted = [measured.figures for measured in ways.measured.values()]
    rows = [figures[0], ("answered", *(str(each["answered"]) for each in counted))]
    rows += [row for row in figures if row[0] in WAY_FIGURES]
    for title, _, ids in _turned(ways):
        rows.append((title, "", *(str(len(ids[way])) for way in WAYS[1:])))
    for name, title in STATEMENT_TITLES.items():
        rows.append((title, *(str(ways.statements[way][name]) for way in WAYS)))
    sentences = [(title, ways.sentences[name]) for name, title in SENTENCE_TITLES.items()]
    faults = [(f"fault: {kind}", count) for kind, count in ways.faults.items()]
    rows += [(title, "", str(count), "") for title, count in (*sentences[:-1], *faults)]
    fallbacks = [(f"quoted after all: {reason}", count) for reason, count in ways.fallbacks.items()]
    rows += [(title, "", "", str(count)) for title, count in (sentences[-1], *fallbacks)]
    return rows


def figure_rows(columns: Mapping[str, Measured]) -> list[Cells]:
    """A row of headings, one of how many questions, then one for each figure: name, value (low to high), …"""
    names = dict.fromkeys(name for measured in columns.values() for name in measured.intervals)
    rows: list[Cells] = [("", *columns)]
    rows.append(("questions", *(str(measured.figures["n"]) for measured in columns.values())))
    rows += [(name, *(_figure(name, measured) for measured in columns.values())) for name in names]
    return rows


def change_rows(comparison: Comparison) -> list[Cells]:
    """A row of headings, then one for each figure: then, now, change, its interval, verdict."""
    rows: list[Cells] = [("", "then", "now", "change", "95% of the change", "verdict")]
    for change in comparison.changes:
        values = [_value(change.figure, value) for value in (change.then, change.now)]
        is_known = not math.isnan(change.change)
        amount = f"{change.change:+.3f}" if is_known else UNDEFINED
        interval = f"{change.low:+.3f} to {change.high:+.3f}" if is_known else UNDEFINED
        rows.append((change.figure, *values, amount, interval, change.verdict if is_known else UNDEFINED))
    return rows


def _figure(name: str, measured: Measured) -> str:
    interval = measured.intervals.get(name)
    if interval is None or math.isnan(measured.figures[name]):
        return UNDEFINED  # the group has no question of this kind
    low, high = _value(name, interval.low), _value(name, interval.high)
    return f"{_value(name, measured.figures[name])} ({low} to {high})"


def _value(name: str, value: float) -> str:
    if math.isnan(value):
        return UNDEFINED
    return f"{value:.0f}" if name in WHOLE_NUMBERS else f"{value:.3f}"


def _align(rows: Sequence[Cells]) -> str:
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join(
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _turned(ways: Ways) -> tuple[tuple[str, str, Mapping[Way, tuple[str, ...]]], ...]:
    """The questions that went otherwise than with the quotes: a row's title, a sentence for the reader's answers,
    and their ids for each way."""
    return (
        ("gold answer lost", "the quotes held the gold answer, what the reader gets does not", ways.lost),
        ("gold answer won", "what the reader gets holds the gold answer, the quotes did not", ways.won),
        (
            "citations less precise",
            "a smaller share of what the reader's answer cites is right",
            ways.less_precise,
        ),
    )


def _name_ids(title: str, ids: Sequence[str]) -> str:
    named = ", ".join(ids[:MAX_IDS]) + (", …" if len(ids) > MAX_IDS else "")
    return f"{title}: {len(ids)}" + (f" ({named})" if ids else "")
