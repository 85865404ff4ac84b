"""The results of question sets, and their way into JSON and back."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from qa.errors import InputError
from qa.evaluation.bootstrap import RESAMPLES, SEED, Measured, measure
from qa.evaluation.comparing import Comparison, compare
from qa.evaluation.gold import GoldSet
from qa.evaluation.judging import Row, judge, question_digest
from qa.evaluation.modes import Ways, judge_ways
from qa.evaluation.prediction import Prediction
from qa.evaluation.scoring import group_rows
from qa.evaluation.writing import Written

FORMAT = 1
"""Counted up when an older reader could not make sense of what is written."""

Earlier = Mapping[str, tuple[Row, ...]]
"""The rows of an earlier run by the name of their set."""

COUNTS_OF_WAYS = ("statements", "sentences", "faults", "asked", "fallbacks", "lost", "won", "less_precise")
"""The fields of `Ways` that are written as they are."""

_KINDS_OF_VALUES: Mapping[str, type | tuple[type, ...]] = {
    "str": str,
    "bool": bool,
    "int": int,
    "float": (int, float),
}


@dataclass(frozen=True, kw_only=True)
class SetResult:
    """One set, what was said to its questions, and the figures over all of them and by group."""

    name: str
    gold: GoldSet
    predictions: tuple[Prediction, ...]
    rows: tuple[Row, ...]
    measured: Measured
    by: Mapping[Literal["lang", "kind"], Mapping[str, Measured]]
    comparison: Comparison | None = None
    ways: Ways | None = None


def evaluate_set(
    name: str,
    gold: GoldSet,
    predictions: Sequence[Prediction],
    *,
    earlier: Earlier | None = None,
    written: Sequence[Written] | None = None,
) -> SetResult:
    """The figures of a set, held against those of an earlier run where there is one, and beside those of the ways
    in which a language model answered where one did."""
    rows = judge(gold, predictions)
    keys: tuple[Literal["lang", "kind"], ...] = ("lang", "kind")
    by = {key: {value: measure(group) for value, group in group_rows(rows, key).items()} for key in keys}
    return SetResult(
        name=name,
        gold=gold,
        predictions=tuple(predictions),
        rows=rows,
        measured=measure(rows),
        by=by,
        comparison=compare(earlier[name], rows) if earlier is not None else None,
        ways=judge_ways(gold, written) if written is not None else None,
    )


def to_json(results: Sequence[SetResult]) -> dict[str, Any]:
    """Everything that was measured as plain values; null stands for a figure with nothing to measure."""
    return {
        "format": FORMAT,
        "resamples": RESAMPLES,
        "seed": SEED,
        "sets": [
            {
                "name": result.name,
                "figures": _measured_values(result.measured),
                "by": {
                    key: {value: _measured_values(measured) for value, measured in groups.items()}
                    for key, groups in result.by.items()
                },
                "questions": [_row_values(row) for row in result.rows],
                "comparison": _comparison_values(result.comparison),
                "ways": _ways_values(result.ways),
            }
            for result in results
        ],
    }


def read_earlier(path: Path) -> Earlier:
    """The rows in a file that `qa eval --json` wrote, by set. Raises `InputError` if it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; give a file of qa eval --json") from error
    except ValueError as error:  # both UnicodeDecodeError and JSONDecodeError
        raise InputError(f"{path} is not JSON ({error}); give a file of qa eval --json") from error
    try:
        if content["format"] != FORMAT:
            raise InputError(f"{path} has format {content['format']}, not {FORMAT}; run qa eval --json again")
        return {entry["name"]: tuple(map(_read_row, entry["questions"])) for entry in content["sets"]}
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{path} was not written by qa eval --json ({error}); give a file that was"
        ) from error


def check_comparable(earlier: Earlier, golds: Mapping[str, GoldSet], path: Path) -> None:
    """Raise `InputError` if the file at `path` is about other sets or other questions."""
    for name, gold in golds.items():
        if name not in earlier:
            has = ", ".join(earlier) or "none"
            raise InputError(f"{path} has no set called {name} (it has: {has}); compare the sets it has")
        asked = {(row.id, row.digest) for row in earlier[name]}
        if asked.isdisjoint((question.id, question_digest(question)) for question in gold.questions):
            raise InputError(
                f"{path} is about another question set: none of the {len(gold.questions)} questions of {name} "
                "is in it as it is asked now; compare with a file made from the same questions"
            )


def _measured_values(measured: Measured) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in measured.figures.items():
        interval = measured.intervals.get(name)
        values[name] = {"value": _or_null(value)}
        if interval is not None:
            values[name] |= {"low": _or_null(interval.low), "high": _or_null(interval.high)}
    return values


def _comparison_values(comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    changes: dict[str, Any] = {}
    for change in comparison.changes:
        values = {**dataclasses.asdict(change), "change": change.change, "verdict": change.verdict}
        changes[values.pop("figure")] = {name: _or_null(value) for name, value in values.items()}
    return {**dataclasses.asdict(comparison), "changes": changes}


def _ways_values(ways: Ways | None) -> dict[str, Any] | None:
    if ways is None:
        return None
    return {
        "figures": {way: _measured_values(measured) for way, measured in ways.measured.items()},
        "questions": {way: [_row_values(row) for row in rows] for way, rows in ways.rows.items()},
        **{name: getattr(ways, name) for name in COUNTS_OF_WAYS},
    }


def _row_values(row: Row) -> dict[str, Any]:
    """The row with names as programs expect them: `answered`, not `is_answered`."""
    return {name.removeprefix("is_"): _or_null(value) for name, value in dataclasses.asdict(row).items()}


def _read_row(values: Mapping[str, Any]) -> Row:
    """The row that `_row_values` wrote. Raises `KeyError` or `TypeError` if it is none."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(Row):
        name = field.name.removeprefix("is_")
        value = math.nan if values[name] is None and field.type == "float" else values[name]
        if not isinstance(value, _KINDS_OF_VALUES[str(field.type)]):
            raise TypeError(f'"{name}" is {value!r}')
        found[field.name] = value
    return Row(**found)


def _or_null(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
