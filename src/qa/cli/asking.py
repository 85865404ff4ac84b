"""The commands that ask the index."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qa.cli.documents import index_documents
from qa.cli.terminal import UsageError, open_out, show_progress, tell
from qa.config import Settings
from qa.domain import Turn
from qa.errors import IndexBusy, IndexDamaged, IndexMismatch, IndexMissing, IndexTooNew, InputError
from qa.handover.errand import Errand, run_errand
from qa.handover.page_socket import NoPage, hand_over
from qa.llm.llama_server import check_local_llm, serving_local_llm
from qa.system.startup import without_collecting

if TYPE_CHECKING:
    from qa.pipeline import Pipeline

Run = Callable[[Errand], str]

logger = logging.getLogger(__name__)


def run_ask(options: argparse.Namespace, settings: Settings) -> int:
    """`qa ask`."""
    if (options.question is None) == (options.batch is None):
        raise UsageError("give one question, or a file of questions with --batch")
    if options.out and not options.batch:
        raise UsageError("--out goes with --batch")
    if options.translate and options.batch:
        raise UsageError("--translate goes with one question")
    with _running(options, settings) as run:
        if options.batch:
            return _ask_batch(options, run)
        errand = Errand(
            kind="ask",
            text=options.question,
            cities=tuple(options.city),
            as_json=options.json,
            translate=options.translate,
        )
        print(run(errand))
    return 0


@contextmanager
def _running(options: argparse.Namespace, settings: Settings) -> Iterator[Run]:
    """A function that says what is printed for an errand.

    A running page of the same index does the errand, else this process, which serves the local language model that
    is set.
    """
    pipeline: Pipeline | None = None
    with ExitStack() as stack:

        def run(errand: Errand) -> str:
            nonlocal pipeline
            if pipeline is None and not options.alone:
                try:
                    return hand_over(errand, settings)
                except NoPage as reason:
                    logger.info("no running page was asked: %s", reason)
            if pipeline is None:
                from qa.storage.manifest import require_manifest

                require_manifest(settings.index_dir)  # before any model is loaded: it should say so at once
                served = stack.enter_context(serving_local_llm(settings, on_progress=tell))
                with without_collecting():
                    from qa.pipeline import open_pipeline

                    pipeline = open_pipeline(served)
            return run_errand(errand, pipeline)

        yield run


def _ask_batch(options: argparse.Namespace, run: Run) -> int:
    from qa.handover.batch import answer_line, read_batch

    questions = read_batch(options.batch)  # all of it first: a mistake in line 900 should not cost an hour
    with open_out(options.out) as stream, show_progress("asking") as show:
        for number, question in enumerate(questions):
            show(number, len(questions), "")
            print(json.dumps(answer_line(question, run), ensure_ascii=False), file=stream, flush=True)
        show(len(questions), len(questions), "")
    return 0


def run_search(options: argparse.Namespace, settings: Settings) -> int:
    """`qa search`."""
    errand = Errand(
        kind="search", text=options.query, cities=tuple(options.city), count=options.k, as_json=options.json
    )
    with _running(options, settings) as run:
        printed = run(errand)
    if printed:
        print(printed)
    return 0


def run_chat(options: argparse.Namespace, settings: Settings) -> int:
    """`qa chat`."""
    from qa.storage.manifest import require_manifest

    require_manifest(settings.index_dir)  # before anything is typed
    if settings.local_llm:
        check_local_llm(Path(settings.local_llm))
    with _running(options, settings) as run:
        return _chat(options, run)


def _chat(options: argparse.Namespace, run: Run) -> int:
    history: list[Turn] = []
    print("Ask a question; an empty line or Ctrl-D ends.", file=sys.stderr)
    while True:
        try:
            question = input("> ")
        except EOFError:
            return 0
        if not question.strip():
            return 0
        errand = Errand(kind="ask", text=question, cities=tuple(options.city), history=tuple(history))
        try:
            text = run(errand)
        except InputError as error:
            print(f"qa: {error}", file=sys.stderr)
            continue
        print(f"{text}\n")
        history += [Turn("user", question), Turn("assistant", text)]


def run_serve(options: argparse.Namespace, settings: Settings) -> int:
    """`qa serve`."""
    from qa.ui.server.mcp import require_mcp

    if options.mcp:
        require_mcp()  # before the models are loaded: it should say so at once
    with serving_local_llm(settings, on_progress=tell) as served:
        return _serve(options, served, given=settings)


def _serve(options: argparse.Namespace, settings: Settings, *, given: Settings) -> int:
    with without_collecting():
        from qa.engine.assembly import load_parts
        from qa.pipeline import Pipeline
        from qa.storage.manifest import make_index_folder
        from qa.system.disk import explaining_disk
        from qa.ui.page import launch

        models, writer = load_parts(settings)
        with explaining_disk(settings.index_dir):
            make_index_folder(settings.index_dir)
        pipeline: Pipeline | None = None
        try:
            pipeline = Pipeline(settings, models, writer)
        except IndexMissing:
            pass  # the documents are read below
        except IndexTooNew:
            raise
        except (IndexMismatch, IndexDamaged) as error:
            if isinstance(error, IndexDamaged) and not options.update:
                raise
            tell(f"qa: {error}")
    if pipeline is None:
        print(f"Reading the documents in {settings.corpus_dir}; this happens once.", flush=True)
        index_documents(settings, models.embedder)
        pipeline = Pipeline(settings, models, writer)
    elif options.update and not pipeline.is_outdated:  # one that is, the page builds anew while it answers
        try:
            index_documents(settings, models.embedder)
        except IndexBusy as error:
            tell(f"qa: {error}")
    launch(pipeline, given=given, on_ready=lambda message: print(message, flush=True), mcp=options.mcp)
    return 0
