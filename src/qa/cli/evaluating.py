"""The command that asks the questions of gold sets."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from qa.cli.terminal import UsageError, open_out, show_progress, tell
from qa.config import Settings
from qa.llm.llama_server import serving_local_llm

if TYPE_CHECKING:
    from qa.evaluation.command import OnWritten
    from qa.evaluation.gold import GoldSet
    from qa.evaluation.writing import Written


def run_eval(options: argparse.Namespace, settings: Settings) -> int:
    """`qa eval`."""
    from qa.evaluation.command import check_writable, evaluate, write_report
    from qa.evaluation.results import to_json
    from qa.evaluation.tables import format_result

    if options.llm_drafts and not options.llm:
        raise UsageError("--llm-drafts goes with --llm")
    if options.most is not None and options.most < 1:
        raise UsageError("--most must be 1 or more")
    if options.html:
        check_writable(options.html)
    serving = serving_local_llm(settings, on_progress=tell) if options.llm else nullcontext(settings)
    with _drafts_to(options.llm_drafts) as on_written, show_progress("asking") as show, serving as served:
        results = evaluate(
            options.sets,
            served,
            questions=options.questions,
            most=options.most,
            compare=options.compare,
            writes=options.llm,
            on_progress=show,
            on_written=on_written,
        )
    if options.html:
        write_report(options.html, results, settings)
    if options.json:
        print(json.dumps(to_json(results), ensure_ascii=False))
    else:
        print("\n\n\n".join(format_result(result, by=options.by) for result in results))
    return 0


@contextmanager
def _drafts_to(path: Path | None) -> Iterator[OnWritten | None]:
    """A function that writes the sentences of each question to the file at `path`; None without a path.

    At the end, stderr says how many sentences there are.
    """
    if path is None:
        yield None
        return
    from qa.evaluation.modes import draft_lines

    count = 0
    with open_out(path, option="--llm-drafts") as stream:

        def write(name: str, gold: GoldSet, written: Written) -> None:
            nonlocal count
            for line in draft_lines(name, gold.question(written.question_id), written):
                print(json.dumps(line, ensure_ascii=False), file=stream, flush=True)
                count += 1

        yield write
    print(f"{path}: {count} sentences that the language model wrote, to be judged by hand", file=sys.stderr)
