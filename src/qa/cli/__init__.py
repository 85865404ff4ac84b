"""The command `qa`. Results go to stdout, progress and errors to stderr, one line an error.

Exit status: 0 done (a refusal is an answer too), 1 something failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import qa
from qa.cli.asking import run_ask, run_chat, run_search, run_serve
from qa.cli.backup import run_backup, run_restore
from qa.cli.documents import (
    run_add,
    run_coverage,
    run_index,
    run_purge,
    run_refresh,
    run_remove,
    run_rollback,
    run_status,
)
from qa.cli.evaluating import run_eval
from qa.cli.feedback import run_feedback
from qa.cli.terminal import UsageError, explain_system, steady_streams
from qa.config import Settings, load_settings
from qa.errors import QAError
from qa.system.logs import write_json

Command = Callable[[argparse.Namespace, Settings], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of the command with these arguments (by default those of the process)."""
    steady_streams()
    parser = build_parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING, format="%(name)s: %(message)s"
    )
    try:
        overrides = {
            name: getattr(options, name, None)
            for name in ("corpus_dir", "index_dir", "host", "port", "local_llm", "log_format")
        }
        command: Command = options.command
        settings = load_settings(**overrides)
        if settings.log_format == "json":
            write_json()
        status = command(options, settings)
        sys.stdout.flush()  # here, where a reader that has gone is expected
        return status
    except UsageError as error:
        parser.error(str(error))
    except QAError as error:
        print(f"qa: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, `head` say, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # The outermost edge: what the system refuses is told in a sentence
        said = explain_system(error)
        if not said:
            raise
        print(f"qa: {said}", file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """The parser of `qa` and all its commands."""
    parser = argparse.ArgumentParser(
        prog="qa", description="Answers questions from documents, with citations that hold."
    )
    parser.add_argument("--version", action="version", version=f"qa {qa.__version__}")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more on stderr")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    index = argparse.ArgumentParser(add_help=False)
    index.add_argument(
        "--index", dest="index_dir", type=Path, metavar="DIR", help="the index (default: index)"
    )
    corpus = argparse.ArgumentParser(add_help=False)
    corpus.add_argument(
        "--corpus", dest="corpus_dir", type=Path, metavar="DIR", help="the documents (default: corpus)"
    )
    local_llm = argparse.ArgumentParser(add_help=False)
    local_llm.add_argument(
        "--local-llm", metavar="PATH.gguf", help="a language model's file, to be served here and used"
    )
    alone = argparse.ArgumentParser(add_help=False)
    alone.add_argument(
        "--alone", action="store_true", help="do not ask a page that is running, even of the same index"
    )
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="print JSON")

    def add(name: str, run: Command, help: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help, parents=list(parents))
        command.set_defaults(command=run)
        return command

    command = add("index", run_index, "Bring the index up to the documents.", corpus, index, as_json)
    command.add_argument(
        "--rebuild", action="store_true", help="build it anew (for another model or chunking)"
    )
    command.add_argument(
        "--watch", action="store_true", help="then go on, and do it again whenever the documents change"
    )
    command = add("add", run_add, "Bring files, folders or web pages in.", corpus, index, as_json)
    command.add_argument("what", nargs="+", metavar="PATH|URL", help="what to bring in")
    command = add(
        "remove", run_remove, "Take documents out, and keep their files aside.", corpus, index, as_json
    )
    command.add_argument("what", nargs="+", metavar="PATH|URL", help="as `qa status` names them")
    command = add(
        "purge",
        run_purge,
        "Remove documents for good, from everywhere.",
        corpus,
        index,
        as_json,
    )
    command.add_argument(
        "what", nargs="+", metavar="PATH|URL", help="as `qa status` names them, or of a file in .removed"
    )
    add("refresh", run_refresh, "Ask the web again for the pages that came from it.", corpus, index, as_json)
    add("rollback", run_rollback, "Bring back the state before the last change.", index)
    for name, run_file, help in (
        (
            "backup",
            run_backup,
            "Save documents, index and feedback to one new file, also while they are in use.",
        ),
        ("restore", run_restore, "Bring back what a backup holds, into folders that are empty or not there."),
    ):
        add(name, run_file, help, corpus, index).add_argument(
            "file", type=Path, metavar="FILE", help="the backup"
        )
    command = add("ask", run_ask, "Answer one question, or a file of them.", index, alone, as_json, local_llm)
    command.add_argument("question", nargs="?", help="the question")
    command.add_argument("--city", action="append", default=[], help="search only documents about this city")
    command.add_argument("--batch", type=Path, metavar="IN.jsonl", help="questions, one JSON object a line")
    command.add_argument("--out", type=Path, metavar="OUT.jsonl", help="where answers go (default: stdout)")
    command.add_argument(
        "--translate", action="store_true", help="let the language model translate quotes in other languages"
    )
    command = add("search", run_search, "Show the passages for a query, best first.", index, alone, as_json)
    command.add_argument("query")
    command.add_argument("-k", type=int, default=5, metavar="N", help="how many (default: 5)")
    command.add_argument("--city", action="append", default=[], help="search only documents about this city")
    command = add(
        "chat", run_chat, "Ask one question after another in the terminal.", index, alone, local_llm
    )
    command.add_argument("--city", action="append", default=[], help="search only documents about this city")
    command = add("serve", run_serve, "Serve the page for the browser.", corpus, index, local_llm)
    command.add_argument("--host", help="the address to serve at (default: 127.0.0.1)")
    command.add_argument("--port", type=int, help="the port to serve at (default: 7860)")
    command.add_argument("--log-format", choices=("text", "json"), help="how the log is written")
    command.add_argument(
        "--update", action="store_true", help="first bring the index up to the documents, as qa index does"
    )
    command.add_argument("--mcp", action="store_true", help="also let language models ask, over MCP")
    command = add("eval", run_eval, "Ask the questions of gold sets and print figures.", as_json)
    command.add_argument(
        "sets", nargs="+", type=Path, metavar="SET", help="a folder with documents.jsonl and questions.jsonl"
    )
    command.add_argument("--questions", default="questions.jsonl", metavar="FILE", help="another file in it")
    command.add_argument("--by", choices=("lang", "kind"), help="also show figures for each")
    command.add_argument("--html", type=Path, metavar="REPORT", help="write a report with plots and cases")
    command.add_argument(
        "--compare", type=Path, metavar="OLD.json", help="say what moved since this --json was printed"
    )
    command.add_argument("--most", type=int, metavar="N", help="ask a fixed sample of so many of each set")
    command.add_argument(
        "--llm", action="store_true", help="also let the language model that is set write the answers"
    )
    command.add_argument(
        "--llm-drafts",
        type=Path,
        metavar="FILE.jsonl",
        help="write each sentence that it drafts, to be judged",
    )
    command = add(
        "feedback", run_feedback, "Show what readers said of answers, newest first.", index, as_json
    )
    verdicts = command.add_mutually_exclusive_group()
    for verdict in ("good", "bad"):
        verdicts.add_argument(
            f"--{verdict}",
            dest="verdict",
            action="store_const",
            const=verdict,
            help=f"only what is {verdict}",
        )
    command.add_argument(
        "--refused", action="store_true", help="show the questions that most often had no answer instead"
    )
    command.add_argument(
        "-n", dest="count", type=int, metavar="N", help="how many (default: all; 20 with --refused)"
    )
    command.add_argument("--csv", type=Path, metavar="FILE", help="write a table for a spreadsheet")
    command.add_argument(
        "--delete",
        nargs="+",
        type=int,
        metavar="N",
        help="delete the feedback with these numbers; with --refused, the questions",
    )
    add("coverage", run_coverage, "Say which cities and subjects the documents cover.", index, as_json)
    command = add("status", run_status, "Say what the index holds.", index, as_json)
    command.add_argument(
        "--changes", action="store_true", help="show who changed which documents instead, newest first"
    )
    return parser
