"""The command that shows what readers said of answers, and which questions had no answer."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qa.cli.terminal import UNENCODABLE, UsageError
from qa.config import Settings
from qa.errors import InputError

if TYPE_CHECKING:
    from qa.feedback import Feedback

FORMULA_STARTS = re.compile(r"(^|;)([ \u3000\"']*)(?=[=+\-@＝＋－＠])", re.MULTILINE)
"""The places where a spreadsheet may see a formula: at the start of a cell, and after a semicolon, which stands
between cells in much of Asia and Europe. Japanese spreadsheets also take the wide signs."""

MAX_CELL_CHARS = 32_000
"""Limits a cell. Excel takes 32,767, and a longer cell can break its rows."""

MAX_REFUSED = 20
"""Limits the refused questions in a list where no number is given."""

COLUMNS = "number time verdict reason question answer citations language refused".split()
"""The columns of feedback in a spreadsheet."""


def run_feedback(options: argparse.Namespace, settings: Settings) -> int:
    """`qa feedback`."""
    if options.count is not None and options.count < 1:
        raise UsageError("-n takes a number from 1 on")
    if options.json and options.csv:
        raise UsageError("print --json or write --csv, not both")
    if options.delete is not None and (options.verdict or options.csv or options.count):
        raise UsageError("--delete takes numbers only, as the list shows them")
    if options.refused and options.verdict:
        raise UsageError("--good and --bad do not go with --refused")
    from qa.feedback import forget_older

    forget_older(settings.index_dir, days=settings.keep_questions_days)
    if options.delete is not None:
        return _delete(options, settings)
    return _show_refused(options, settings) if options.refused else _show_feedback(options, settings)


def _show_feedback(options: argparse.Namespace, settings: Settings) -> int:
    from qa.feedback import list_feedback

    listed = list_feedback(settings.index_dir, verdict=options.verdict, limit=options.count)
    if options.json:
        print(json.dumps({"feedback": list(map(dataclasses.asdict, listed))}, ensure_ascii=False))
    elif options.csv:
        _write_csv(options.csv, COLUMNS, list(map(_row, listed)))
    elif listed:
        print("\n\n".join("\n".join(_lines(feedback)) for feedback in listed))
    else:
        print(f"There is no such feedback in {settings.index_dir}.", file=sys.stderr)
    return 0


def _show_refused(options: argparse.Namespace, settings: Settings) -> int:
    from qa.feedback import RefusedQuestion, most_refused
    from qa.rendering.escaping import one_line

    refused = most_refused(settings.index_dir, count=options.count or MAX_REFUSED)
    if options.json:
        print(json.dumps({"refused": [question._asdict() for question in refused]}, ensure_ascii=False))
    elif options.csv:
        _write_csv(options.csv, RefusedQuestion._fields, refused)
    elif refused:
        for number, question, times, last_time in refused:
            last = one_line(last_time)[:10]
            print(f"{number:5}. {times:5} times, last on {last}: {one_line(question)}")
    else:
        print(f"No refused question is counted in {settings.index_dir}.", file=sys.stderr)
    return 0


def _delete(options: argparse.Namespace, settings: Settings) -> int:
    from qa.feedback import delete_feedback, delete_refused

    delete = delete_refused if options.refused else delete_feedback
    deleted = delete(settings.index_dir, options.delete)
    missing = sorted(set(options.delete) - set(deleted))
    if options.json:
        print(json.dumps({"deleted": list(deleted), "missing": missing}))
    elif deleted:
        print(f"deleted   {', '.join(map(str, deleted))}")
    if missing:
        what, listing = ("refused question", " --refused") if options.refused else ("feedback", "")
        raise InputError(
            f"there is no {what} {', '.join(map(str, missing))} in {settings.index_dir}; "
            f"see the numbers with: qa feedback{listing}"
        )
    return 0


def _lines(feedback: Feedback) -> Iterator[str]:
    from qa.rendering.escaping import one_line
    from qa.rendering.wording import shorten

    refused = ", refused" if feedback.refused else ""
    facts = f"{feedback.verdict} on {one_line(feedback.time)} ({one_line(feedback.language)}{refused})"
    yield f"{feedback.number}. {facts}: {one_line(feedback.question)}"
    if feedback.reason:
        yield f"   reason    {one_line(feedback.reason)}"
    if feedback.answer:
        yield f"   answer    {one_line(shorten(feedback.answer))}"
    for path, quote in feedback.citations:
        yield f"   cited     {one_line(path)}: “{one_line(shorten(quote))}”"


def _row(feedback: Feedback) -> Sequence[object]:
    citations = "\n".join(f"{path}: “{quote}”" for path, quote in feedback.citations)
    written = {"citations": citations, "refused": "yes" if feedback.refused else "no"}
    return [written.get(name, getattr(feedback, name)) for name in COLUMNS]


def _write_csv(path: Path, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table for a spreadsheet. The mark at its start tells Excel that the file is UTF-8."""
    try:
        with path.open("w", encoding="utf-8-sig", newline="", errors=UNENCODABLE) as stream:
            writer = csv.writer(stream)
            writer.writerow(names)
            writer.writerows([_cell(value) for value in row] for row in rows)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; choose another --csv") from error
    print(f"{path}: {len(rows)} rows", file=sys.stderr)


def _cell(value: object) -> object:
    """The value as a cell that no spreadsheet takes for a formula. Numbers stay as they are."""
    from qa.rendering.escaping import without_controls

    if not isinstance(value, str):
        return value
    text = without_controls(value.replace("\t", " "))
    return FORMULA_STARTS.sub(r"\1\2'", text)[:MAX_CELL_CHARS]
