"""How well each system finds the right document: a table for each question set.

    python benchmarks/retrieval.py SET_DIR… [--questions questions_small.jsonl]

A set has the layout that `qa eval` reads. To measure another system, write a function that takes a set and
returns its rank function, and add it to `SYSTEMS`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before the libraries are imported: all weights are local

from langchain_baseline import MiniLM, TutorialStack

from qa.config import Settings
from qa.errors import QAError
from qa.evaluation.gold import GoldQuestion, GoldSet, write_gold_corpus
from qa.evaluation.gold_files import load_gold
from qa.evaluation.prediction import Prediction
from qa.evaluation.scoring import Figures, score
from qa.models import Models, load_models
from qa.pipeline import Pipeline

Rank = Callable[[GoldQuestion], Sequence[str]]
"""A question → the ids of documents, best first, each once."""

FIGURES = ("recall@1", "recall@5", "mrr@10", "ndcg@10")


def build_tutorial_stack(gold: GoldSet) -> Rank:
    """The rank function of LangChain's tutorial stack over the set's documents."""
    stack = TutorialStack(_minilm())
    stack.add(gold.documents)
    return lambda question: stack.rank(question.question)


def build_ours(gold: GoldSet) -> Rank:
    """The rank function of this project with its defaults over the set's documents."""
    folder = tempfile.TemporaryDirectory()
    settings = Settings(corpus_dir=Path(folder.name, "corpus"), index_dir=Path(folder.name, "index"))
    write_gold_corpus(gold, settings.corpus_dir)
    pipeline = Pipeline.build(settings, _models())

    def rank(
        question: GoldQuestion, folder: object = folder
    ) -> list[str]:  # the folder lives as long as this
        passages = pipeline.search(question.question)
        return list(dict.fromkeys(gold.id_of(passage.chunk.source.path) for passage in passages))

    return rank


SYSTEMS: tuple[tuple[str, Callable[[GoldSet], Rank]], ...] = (
    ("LangChain tutorial stack", build_tutorial_stack),
    ("Kitakyushu QA", build_ours),
)
"""Each system's name, and what indexes a set's documents and returns the rank function."""


def main() -> None:
    """Nothing; prints the tables."""
    parser = argparse.ArgumentParser(description="Measure how well each system finds the right document.")
    parser.add_argument("set_dirs", nargs="+", type=Path, metavar="SET_DIR")
    parser.add_argument(
        "--questions", default="questions.jsonl", help="the file in each set with its questions"
    )
    options = parser.parse_args()
    for set_dir in options.set_dirs:
        try:
            gold = load_gold(set_dir, questions=options.questions)
        except QAError as error:
            parser.error(str(error))
        print(f"\n{set_dir.name}: {_describe(gold)}")
        print(_line("", [*FIGURES, "index s", "ms p50", "ms p95"]))
        for name, build in SYSTEMS:
            print(_measure(name, build, gold), flush=True)


def _measure(name: str, build: Callable[[GoldSet], Rank], gold: GoldSet) -> str:
    start = time.perf_counter()
    rank = build(gold)
    index_seconds = time.perf_counter() - start
    figures = score(gold, [_predict(rank, question) for question in _answerable(gold)])
    return _line(name, [f"{figures[figure]:.3f}" for figure in FIGURES] + _timings(index_seconds, figures))


def _predict(rank: Rank, question: GoldQuestion) -> Prediction:
    start = time.perf_counter()
    ranked = tuple(rank(question))
    seconds = time.perf_counter() - start
    return Prediction(question_id=question.id, is_answered=False, ranked=ranked, seconds=seconds)


def _timings(index_seconds: float, figures: Figures) -> list[str]:
    milliseconds = [1000 * figures[name] for name in ("seconds_p50", "seconds_p95")]
    return [f"{index_seconds:.1f}", *(f"{value:.0f}" for value in milliseconds)]


def _answerable(gold: GoldSet) -> list[GoldQuestion]:
    """The questions that have a right document; the figures are over these only."""
    return [question for question in gold.questions if question.is_answerable]


def _describe(gold: GoldSet) -> str:
    return f"{len(gold.documents)} documents, {len(_answerable(gold))} answerable questions"


def _line(name: str, cells: Sequence[str]) -> str:
    return f"  {name:<28}" + "".join(f"{cell:>10}" for cell in cells)


@cache
def _minilm() -> MiniLM:
    """The model, loaded once, so that a set's indexing time is without it from the second set on."""
    return MiniLM()


@cache
def _models() -> Models:
    return load_models(Settings())


if __name__ == "__main__":
    main()
