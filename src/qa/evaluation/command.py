"""The command `qa eval`: each set's documents indexed in a folder of their own, its questions asked, judged."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from qa.config import Settings
from qa.domain import Answer
from qa.errors import InputError
from qa.evaluation.gold import GoldQuestion, GoldSet, write_gold_corpus
from qa.evaluation.prediction import Prediction, predict
from qa.evaluation.reading import QUESTIONS_FILE, load_gold
from qa.evaluation.report import render_report
from qa.evaluation.results import SetResult, check_comparable, evaluate_set, read_earlier

if TYPE_CHECKING:
    from langchain_core.cross_encoders import BaseCrossEncoder

    from qa.models import Embedder, Reader

Progress = Callable[[int, int, str], None]
"""(questions done, questions there are, the set's name)."""


def evaluate(
    set_dirs: Sequence[Path],
    settings: Settings,
    *,
    questions: str = QUESTIONS_FILE,
    compare: Path | None = None,
    on_progress: Progress | None = None,
) -> tuple[SetResult, ...]:
    """The result of each set, held against those in the file `compare`, if given; models are loaded once.

    Raises `InputError` before anything costly is done if a set or that file cannot be used.
    """
    from qa.models import load_models

    golds = load_sets(set_dirs, questions=questions)
    earlier = None
    if compare is not None:
        earlier = read_earlier(compare)
        check_comparable(earlier, golds, compare)
    models = load_models(settings)
    results = []
    for name, gold in golds.items():
        predictions = ask_all(name, gold, settings, models, on_progress=on_progress)
        results.append(evaluate_set(name, gold, predictions, earlier=earlier))
    return tuple(results)


def load_sets(set_dirs: Sequence[Path], *, questions: str = QUESTIONS_FILE) -> dict[str, GoldSet]:
    """The sets by name: that of their folder. Raises `InputError` for one that cannot be used or named."""
    golds: dict[str, GoldSet] = {}
    for set_dir in set_dirs:
        name = set_dir.resolve().name
        if name in golds:
            raise InputError(f"{set_dir}: there is another set called {name}; give sets with different names")
        golds[name] = load_gold(set_dir, questions=questions)
        if not golds[name].questions:
            raise InputError(f"{set_dir / questions} has no questions; give a file that has some")
    return golds


def ask_all(
    name: str,
    gold: GoldSet,
    settings: Settings,
    models: tuple[Embedder, BaseCrossEncoder | None, Reader | None],
    *,
    on_progress: Progress | None = None,
) -> tuple[Prediction, ...]:
    """What a pipeline over the set's documents alone says to each of its questions."""
    from qa.pipeline import Pipeline

    with tempfile.TemporaryDirectory() as folder:
        own = dataclasses.replace(
            settings, corpus_dir=Path(folder, "corpus"), index_dir=Path(folder, "index")
        )
        write_gold_corpus(gold, own.corpus_dir)
        pipeline = Pipeline.build(own, *models)

        def ask(question: GoldQuestion) -> Answer:
            cities = () if question.city is None else (question.city,)
            return pipeline.ask(question.question, history=question.history, cities=cities)

        return predict(
            gold, ask, on_progress=on_progress and (lambda done, total: on_progress(done, total, name))
        )


def check_writable(path: Path) -> None:
    """Nothing. Raises `InputError` if no file can be made at `path`: better before the questions than after."""
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"{path} cannot be written; give a file in a folder that exists")


def write_report(path: Path, results: Sequence[SetResult], settings: Settings) -> None:
    """Nothing; afterwards the report of `results` is at `path`. Raises `InputError` if it cannot be."""
    about = (
        f"Made on {date.today().isoformat()} with embedder {settings.embedder}, reranker {settings.reranker}, "
        f"threshold {settings.threshold:g}. Brackets and whiskers are 95% intervals (bootstrap over questions)."
    )
    report = render_report(results, threshold=settings.threshold, about=about)
    try:
        path.write_text(report, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; choose another --html") from error
