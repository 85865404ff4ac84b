"""The command `qa`. Results go to stdout, progress and errors to stderr, one line an error.

Exit status: 0 done (a refusal is an answer too), 1 something failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.config import Settings, load_settings
from qa.domain import Turn
from qa.errors import InputError, QAError

if TYPE_CHECKING:
    pass


class UsageError(Exception):
    """The arguments do not go together."""


Command = Callable[[argparse.Namespace, Settings], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of the command with these arguments (by default those of the process)."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING, format="%(name)s: %(message)s"
    )
    try:
        overrides = {
            name: getattr(options, name, None) for name in ("corpus_dir", "index_dir", "host", "port")
        }
        command: Command = options.command
        status = command(options, load_settings(**overrides))
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


def build_parser() -> argparse.ArgumentParser:
    """The parser of `qa` and all its commands."""
    parser = argparse.ArgumentParser(
        prog="qa", description="Answers questions from documents, with citations that hold."
    )
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
    command = add("ask", run_ask, "Answer one question, or a file of them.", index, as_json)
    command.add_argument("question", nargs="?", help="the question")
    command.add_argument("--city", action="append", default=[], help="search only documents about this city")
    command.add_argument("--batch", type=Path, metavar="IN.jsonl", help="questions, one JSON object a line")
    command.add_argument("--out", type=Path, metavar="OUT.jsonl", help="where answers go (default: stdout)")
    command = add("search", run_search, "Show the passages for a query, best first.", index, as_json)
    command.add_argument("query")
    command.add_argument("-k", type=int, default=5, metavar="N", help="how many (default: 5)")
    command.add_argument("--city", action="append", default=[], help="search only documents about this city")
    command = add("chat", run_chat, "Ask one question after another in the terminal.", index)
    command.add_argument("--city", action="append", default=[], help="search only documents about this city")
    command = add("serve", run_serve, "Serve the page for the browser.", corpus, index)
    command.add_argument("--host", help="the address to serve at (default: 127.0.0.1)")
    command.add_argument("--port", type=int, help="the port to serve at (default: 7860)")
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
    add("status", run_status, "Say what the index holds.", index, as_json)
    return parser


def run_index(options: argparse.Namespace, settings: Settings) -> int:
    """`qa index`."""
    from qa.indexing import index_corpus
    from qa.loaders import find_files
    from qa.models import load_embedder
    from qa.rendering import report_lines

    find_files(settings.corpus_dir)  # before the model is loaded: a wrong folder should say so at once
    embedder = load_embedder(settings)
    with _progress("indexing") as show:
        report = index_corpus(settings, embedder, rebuild=options.rebuild, on_progress=show)
    if options.json:
        print(json.dumps(dataclasses.asdict(report), ensure_ascii=False))
    else:
        print("\n".join(report_lines(report)))
    return 1 if report.has_failures else 0


def run_ask(options: argparse.Namespace, settings: Settings) -> int:
    """`qa ask`."""
    if (options.question is None) == (options.batch is None):
        raise UsageError("give one question, or a file of questions with --batch")
    if options.out and not options.batch:
        raise UsageError("--out goes with --batch")
    from qa.pipeline import open_pipeline
    from qa.rendering import to_json, to_text

    if options.batch:
        return _ask_batch(options, settings)
    pipeline = open_pipeline(settings)
    answer = pipeline.ask(options.question, cities=options.city)
    if options.json:
        print(json.dumps(to_json(answer), ensure_ascii=False))
    else:
        print(to_text(answer, name_city=pipeline.catalogue.display_name))
    return 0


def _ask_batch(options: argparse.Namespace, settings: Settings) -> int:
    from qa.batch import answer_line, read_batch
    from qa.pipeline import open_pipeline

    questions = read_batch(options.batch)  # all of it first: a mistake in line 900 should not cost an hour
    pipeline = open_pipeline(settings)
    with _open_out(options.out) as stream, _progress("asking") as show:
        for number, question in enumerate(questions):
            show(number, len(questions), "")
            print(json.dumps(answer_line(question, pipeline), ensure_ascii=False), file=stream, flush=True)
        show(len(questions), len(questions), "")
    return 0


def run_search(options: argparse.Namespace, settings: Settings) -> int:
    """`qa search`."""
    from qa.pipeline import open_pipeline

    passages = open_pipeline(settings).search(options.query, cities=options.city)[: max(options.k, 0)]
    if options.json:
        print(json.dumps([dataclasses.asdict(passage) for passage in passages], ensure_ascii=False))
        return 0
    for number, passage in enumerate(passages, start=1):
        chunk = passage.chunk
        place = f" › {chunk.heading}" if chunk.heading else ""
        rerank = f", rerank {passage.rerank_score:.2f}" if passage.rerank_score is not None else ""
        print(f"{number}. {chunk.title}{place}  ({chunk.path}; similarity {passage.similarity:.3f}{rerank})")
        print(f"   {' '.join(chunk.text.split())}\n")
    return 0


def run_chat(options: argparse.Namespace, settings: Settings) -> int:
    """`qa chat`."""
    from qa.pipeline import open_pipeline
    from qa.rendering import to_text

    pipeline = open_pipeline(settings)
    history: list[Turn] = []
    print("Ask a question; an empty line or Ctrl-D ends.", file=sys.stderr)
    while True:
        try:
            question = input("> ")
        except EOFError:
            return 0
        if not question.strip():
            return 0
        try:
            answer = pipeline.ask(question, history=history, cities=options.city)
        except InputError as error:
            print(f"qa: {error}", file=sys.stderr)
            continue
        text = to_text(answer, name_city=pipeline.catalogue.display_name)
        print(f"{text}\n")
        history += [Turn("user", question), Turn("assistant", text)]


def run_serve(options: argparse.Namespace, settings: Settings) -> int:
    """`qa serve`."""
    from qa.manifest import read_manifest
    from qa.models import load_models
    from qa.pipeline import Pipeline
    from qa.ui.page import launch

    models = load_models(settings)
    if read_manifest(settings.index_dir) is None:
        print(f"Reading the documents in {settings.corpus_dir}; this happens once.", flush=True)
        pipeline = Pipeline.build(settings, *models)
    else:
        pipeline = Pipeline(settings, *models)
    launch(pipeline, on_ready=lambda message: print(message, flush=True))
    return 0


def run_eval(options: argparse.Namespace, settings: Settings) -> int:
    """`qa eval`."""
    from qa.evaluation.command import check_writable, evaluate, write_report
    from qa.evaluation.results import to_json
    from qa.evaluation.tables import format_result

    if options.html:
        check_writable(options.html)
    with _progress("asking") as show:
        results = evaluate(
            options.sets, settings, questions=options.questions, compare=options.compare, on_progress=show
        )
    if options.html:
        write_report(options.html, results, settings)
    if options.json:
        print(json.dumps(to_json(results), ensure_ascii=False))
    else:
        print("\n\n\n".join(format_result(result, by=options.by) for result in results))
    return 0


def run_status(options: argparse.Namespace, settings: Settings) -> int:
    """`qa status`."""
    from qa.manifest import require_manifest

    manifest = require_manifest(settings.index_dir)
    if options.json:
        print(json.dumps(dataclasses.asdict(manifest), ensure_ascii=False))
        return 0
    chunks = sum(record.chunks for record in manifest.documents)
    print(f"index       {settings.index_dir} (generation {manifest.generation})")
    print(f"made with   {manifest.fingerprint}")
    print(f"documents   {len(manifest.documents)}, in {chunks} chunks")
    for record in manifest.documents:
        cities = f"; {', '.join(record.cities)}" if record.cities else ""
        print(f"  {record.path}: {record.title} ({record.language}, {record.chunks} chunks{cities})")
    return 0


@contextmanager
def _open_out(path: Path | None) -> Iterator[Any]:
    if path is None:
        yield sys.stdout
        return
    try:
        stream = path.open("w", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; choose another --out") from error
    with stream:
        yield stream


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """A function that shows how far the work is, as a bar on stderr if that is a terminal."""
    from tqdm import tqdm

    with tqdm(desc=title, unit="", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(done: int, total: int, name: str) -> None:
            bar.total = total
            bar.n = done
            bar.set_postfix_str(name[-40:])

        yield show


if __name__ == "__main__":
    sys.exit(main())
