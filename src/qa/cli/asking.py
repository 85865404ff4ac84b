"""The commands that ask the index."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qa.cli.terminal import UsageError, open_out, show_progress
from qa.config import Settings
from qa.domain import Turn
from qa.errors import InputError
from qa.local_llm import serving_local_llm

if TYPE_CHECKING:
    from qa.pipeline import Pipeline


def run_ask(options: argparse.Namespace, settings: Settings) -> int:
    """`qa ask`."""
    if (options.question is None) == (options.batch is None):
        raise UsageError("give one question, or a file of questions with --batch")
    if options.out and not options.batch:
        raise UsageError("--out goes with --batch")
    if options.translate and options.batch:
        raise UsageError("--translate goes with one question")
    from qa.rendering import to_json, to_text

    if options.batch:
        return _ask_batch(options, settings)
    with _opened(settings) as pipeline:
        answer = pipeline.ask(options.question, cities=options.city)
        if options.translate:
            answer = pipeline.translate(answer)
    if options.json:
        print(json.dumps(to_json(answer), ensure_ascii=False))
    else:
        print(to_text(answer, name_city=pipeline.catalogue.display_name))
    return 0


def _ask_batch(options: argparse.Namespace, settings: Settings) -> int:
    from qa.batch import answer_line, read_batch

    questions = read_batch(options.batch)  # all of it first: a mistake in line 900 should not cost an hour
    with _opened(settings) as pipeline, open_out(options.out) as stream, show_progress("asking") as show:
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
    with _opened(settings) as pipeline:
        return _chat(options, pipeline)


def _chat(options: argparse.Namespace, pipeline: Pipeline) -> int:
    from qa.rendering import to_text

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
    from qa.ui.mcp import require_mcp

    if options.mcp:
        require_mcp()  # before the models are loaded: it should say so at once
    with serving_local_llm(settings, on_progress=_tell) as settings:
        return _serve(options, settings)


def _serve(options: argparse.Namespace, settings: Settings) -> int:
    from qa.manifest import read_manifest
    from qa.models import load_models
    from qa.pipeline import Pipeline, open_writer
    from qa.ui.page import launch

    models = load_models(settings)
    writer = open_writer(settings, *models)
    if read_manifest(settings.index_dir) is None:
        print(f"Reading the documents in {settings.corpus_dir}; this happens once.", flush=True)
        pipeline = Pipeline.build(settings, *models, writer)
    else:
        pipeline = Pipeline(settings, *models, writer)
    launch(pipeline, on_ready=lambda message: print(message, flush=True), mcp=options.mcp)
    return 0


@contextmanager
def _opened(settings: Settings) -> Iterator[Pipeline]:
    """The pipeline over the index that there is, and its language model, as long as it is used."""
    from qa.manifest import require_manifest
    from qa.pipeline import open_pipeline

    require_manifest(settings.index_dir)  # before any model is loaded: it should say so at once
    with serving_local_llm(settings, on_progress=_tell) as settings:
        yield open_pipeline(settings)


def _tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
