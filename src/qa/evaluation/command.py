"""The command `qa eval`: it indexes each set's documents in a folder of their own, asks and judges."""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qa.config import Settings
from qa.domain import Answer
from qa.errors import InputError
from qa.evaluation.gold import GoldQuestion, GoldSet, write_gold_corpus
from qa.evaluation.gold_files import QUESTIONS_FILE, load_gold
from qa.evaluation.prediction import Prediction, predict
from qa.evaluation.report import render_report
from qa.evaluation.results import SetResult, check_comparable, evaluate_set, read_earlier
from qa.evaluation.writing import ThreeWays, Written, check_language_model, write_all

if TYPE_CHECKING:
    from qa.models import Models
    from qa.pipeline import Pipeline

Progress = Callable[[int, int, str], None]
"""(questions done, questions there are, the set's name)."""

OnWritten = Callable[[str, GoldSet, Written], None]
"""The set's name, the set, and what came of one of its questions."""


def evaluate(
    set_dirs: Sequence[Path],
    settings: Settings,
    *,
    questions: str = QUESTIONS_FILE,
    most: int | None = None,
    compare: Path | None = None,
    writes: bool = False,
    on_progress: Progress | None = None,
    on_written: OnWritten | None = None,
) -> tuple[SetResult, ...]:
    """The result of each set, held against those in the file `compare`, if given; models are loaded once.

    `most` is how many questions of each set are asked; see `sample`. With `writes` the results also tell what the
    language model makes of the same quotes (see `Ways`), and `on_written` is told of each question as it is
    answered. Raises `InputError`, before anything costly is done, if a set or that file cannot be used, or no
    language model is set; `ModelError` where it cannot be opened.
    """
    from qa.models import load_models

    if writes:
        check_language_model(settings)
    golds = load_sets(set_dirs, questions=questions, most=most)
    earlier = read_earlier(compare) if compare else None
    if earlier is not None and compare:
        check_comparable(earlier, golds, compare)
    models = load_models(settings)
    ways = ThreeWays(settings, models) if writes else None
    results = []
    for name, gold in golds.items():
        written = None
        progress = on_progress and partial(_tell, on_progress, name)
        with _pipeline_over(gold, settings, models) as pipeline:
            if ways is None:
                predictions = ask_all(gold, pipeline, on_progress=progress)
            else:
                told = on_written and partial(on_written, name, gold)
                written = write_all(gold, pipeline, ways, on_progress=progress, on_written=told)
                predictions = tuple(each.predictions["extractive"] for each in written)
        results.append(evaluate_set(name, gold, predictions, earlier=earlier, written=written))
    return tuple(results)


def _tell(on_progress: Progress, name: str, done: int, total: int) -> None:
    on_progress(done, total, name)


def load_sets(
    set_dirs: Sequence[Path], *, questions: str = QUESTIONS_FILE, most: int | None = None
) -> dict[str, GoldSet]:
    """The sets by name: that of their folder. Raises `InputError` for one that cannot be used or named."""
    golds: dict[str, GoldSet] = {}
    for set_dir in set_dirs:
        name = set_dir.resolve().name
        if name in golds:
            raise InputError(f"{set_dir}: there is another set called {name}; give sets with different names")
        golds[name] = sample(load_gold(set_dir, questions=questions), most)
        if not golds[name].questions:
            raise InputError(f"{set_dir / questions} has no questions; give a file that has some")
    return golds


def sample(gold: GoldSet, most: int | None) -> GoldSet:
    """The set with `most` of its questions (None: all), in its order. It is always the same sample, and a larger
    sample holds the smaller ones.

    The sample are the questions whose ids have the least digests, as a file may go language by language.
    """
    if most is None:
        return gold
    ids = sorted(
        (question.id for question in gold.questions), key=lambda id: hashlib.sha256(id.encode()).digest()
    )
    kept = set(ids[:most])
    return dataclasses.replace(
        gold, questions=tuple(question for question in gold.questions if question.id in kept)
    )


def ask_all(
    gold: GoldSet, pipeline: Pipeline, *, on_progress: Callable[[int, int], None] | None = None
) -> tuple[Prediction, ...]:
    """What the pipeline says to each of the set's questions."""

    def ask(question: GoldQuestion) -> Answer:
        cities = () if question.city is None else (question.city,)
        return pipeline.ask(question.question, history=question.history, cities=cities)

    return predict(gold, ask, on_progress=on_progress)


@contextmanager
def _pipeline_over(gold: GoldSet, settings: Settings, models: Models) -> Iterator[Pipeline]:
    """The pipeline over the set's documents alone, in a folder that is gone afterwards."""
    from qa.pipeline import Pipeline

    with tempfile.TemporaryDirectory() as folder:
        own = dataclasses.replace(
            settings, corpus_dir=Path(folder, "corpus"), index_dir=Path(folder, "index")
        )
        write_gold_corpus(gold, own.corpus_dir)
        yield Pipeline.build(own, models)


def check_writable(path: Path) -> None:
    """Raise `InputError` if no file can be made at `path`: better before the questions than after."""
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"{path} cannot be written; give a file in a folder that exists")


def write_report(path: Path, results: Sequence[SetResult], settings: Settings) -> None:
    """Write the report of `results` to `path`. Raises `InputError` if it cannot be written."""
    about = (
        f"Made on {date.today().isoformat()} with embedder {settings.embedder}, reranker {settings.reranker}, "
        f"threshold {settings.threshold:g}. Brackets and whiskers are 95% intervals (bootstrap over questions)."
    )
    report = render_report(results, threshold=settings.threshold, about=about)
    try:
        path.write_text(report, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; choose another --html") from error
