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
from typing import Any

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

    def shared(*names: str, **settings: Any) -> argparse.ArgumentParser:
        """A parent for commands that have this argument."""
        parent = argparse.ArgumentParser(add_help=False)
        parent.add_argument(*names, **settings)
        return parent

    def add(name: str, run: Command, help: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help, parents=list(parents))
        command.set_defaults(command=run)
        return command

    index = shared("--index", dest="index_dir", type=Path, metavar="DIR", help="the index (default: index)")
    corpus = shared(
        "--corpus", dest="corpus_dir", type=Path, metavar="DIR", help="the documents (default: corpus)"
    )
    local_llm = shared(
        "--local-llm", metavar="PATH.gguf", help="a language model's file, to be served here and used"
    )
    alone = shared(
        "--alone", action="store_true", help="do not ask a page that is running, even of the same index"
    )
    as_json = shared("--json", action="store_true", help="print JSON")
    one_city: dict[str, Any] = {
        "action": "append",
        "default": [],
        "help": "search only documents about this city",
    }
    what: dict[str, Any] = {"nargs": "+", "metavar": "PATH|URL"}

    option = add(
        "index", run_index, "Bring the index up to the documents.", corpus, index, as_json
    ).add_argument
    option("--rebuild", action="store_true", help="build it anew (for another model or chunking)")
    option("--watch", action="store_true", help="then go on, and do it again whenever the documents change")

    option = add("add", run_add, "Bring files, folders or web pages in.", corpus, index, as_json).add_argument
    option("what", **what, help="what to bring in")

    help = "Take documents out, and keep their files aside."
    option = add("remove", run_remove, help, corpus, index, as_json).add_argument
    option("what", **what, help="as `qa status` names them")

    help = "Remove documents for good, from everywhere."
    option = add("purge", run_purge, help, corpus, index, as_json).add_argument
    option("what", **what, help="as `qa status` names them, or of a file in .removed")

    add("refresh", run_refresh, "Ask the web again for the pages that came from it.", corpus, index, as_json)
    add("rollback", run_rollback, "Bring back the state before the last change.", index)

    file = shared("file", type=Path, metavar="FILE", help="the backup")
    help = "Save documents, index and feedback to one new file, also while they are in use."
    add("backup", run_backup, help, corpus, index, file)
    help = "Bring back what a backup holds, into folders that are empty or not there."
    add("restore", run_restore, help, corpus, index, file)

    help = "Answer one question, or a file of them."
    option = add("ask", run_ask, help, index, alone, as_json, local_llm).add_argument
    option("question", nargs="?", help="the question")
    option("--city", **one_city)
    option("--batch", type=Path, metavar="IN.jsonl", help="questions, one JSON object a line")
    option("--out", type=Path, metavar="OUT.jsonl", help="where answers go (default: stdout)")
    option(
        "--translate", action="store_true", help="let the language model translate quotes in other languages"
    )

    help = "Show the passages for a query, best first."
    option = add("search", run_search, help, index, alone, as_json).add_argument
    option("query")
    option("-k", type=int, default=5, metavar="N", help="how many (default: 5)")
    option("--city", **one_city)

    help = "Ask one question after another in the terminal."
    option = add("chat", run_chat, help, index, alone, local_llm).add_argument
    option("--city", **one_city)

    option = add("serve", run_serve, "Serve the page for the browser.", corpus, index, local_llm).add_argument
    option("--host", help="the address to serve at (default: 127.0.0.1)")
    option("--port", type=int, help="the port to serve at (default: 7860)")
    option("--log-format", choices=("text", "json"), help="how the log is written")
    option(
        "--update", action="store_true", help="first bring the index up to the documents, as qa index does"
    )
    option("--mcp", action="store_true", help="also let language models ask, over MCP")

    option = add("eval", run_eval, "Ask the questions of gold sets and print figures.", as_json).add_argument
    option(
        "sets", nargs="+", type=Path, metavar="SET", help="a folder with documents.jsonl and questions.jsonl"
    )
    option("--questions", default="questions.jsonl", metavar="FILE", help="another file in it")
    option("--by", choices=("lang", "kind"), help="also show figures for each")
    option("--html", type=Path, metavar="REPORT", help="write a report with plots and cases")
    option("--compare", type=Path, metavar="OLD.json", help="say what moved since this --json was printed")
    option("--most", type=int, metavar="N", help="ask a fixed sample of so many of each set")
    option("--llm", action="store_true", help="also let the language model that is set write the answers")
    help = "write each sentence that it drafts, to be judged"
    option("--llm-drafts", type=Path, metavar="FILE.jsonl", help=help)

    help = "Show what readers said of answers, newest first."
    command = add("feedback", run_feedback, help, index, as_json)
    verdicts, option = command.add_mutually_exclusive_group(), command.add_argument
    for word in ("good", "bad"):
        verdicts.add_argument(
            f"--{word}", dest="verdict", action="store_const", const=word, help=f"only what is {word}"
        )
    option("--refused", action="store_true", help="show the questions that most often had no answer instead")
    option("-n", dest="count", type=int, metavar="N", help="how many (default: all; 20 with --refused)")
    option("--csv", type=Path, metavar="FILE", help="write a table for a spreadsheet")
    help = "delete the feedback with these numbers; with --refused, the questions"
    option("--delete", nargs="+", type=int, metavar="N", help=help)

    add("coverage", run_coverage, "Say which cities and subjects the documents cover.", index, as_json)
    option = add("status", run_status, "Say what the index holds.", index, as_json).add_argument
    option("--changes", action="store_true", help="show who changed which documents instead, newest first")
    return parser
