"""How many answers a second 1, 8 and 32 people get who ask at once; and how memory grows over many questions.

    python benchmarks/concurrency.py [--askers 1 8 32] [--each 64] [--at-once 2] [--passages 100]
    python benchmarks/concurrency.py --soak 10000
    PYTHONPATH=tests python benchmarks/concurrency.py --greedy

Everybody asks the next question as soon as the last one is answered. As on the page, so many are answered at once
and the others wait in the order in which they came; LangChain's tutorial stack is searched in the same run, in the
same way. Questions are never asked twice in a round, so that nothing is answered from memory. `--at-once` takes
several numbers, to find the best one for a machine. Needs what `benchmarks/retrieval.py` needs.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before the libraries are imported: all weights are local

from common import (
    describe_machine,
    describe_versions,
    memory_mib,
    percentile,
    ratio,
    synthetic_documents,
    synthetic_passage,
    table,
    write_synthetic_corpus,
)

from qa.config import Settings
from qa.evaluation.gold import GoldDocument
from qa.models import load_models
from qa.pipeline import Pipeline

if TYPE_CHECKING:
    from langchain_baseline import TutorialStack

Answer = Callable[[str], object]

QUESTIONS = (
    "When did {work} in {place}?",
    "Who brought {work} in {place}?",
    "How much did {work} in {place} cost?",
    "What did an evaluation find of {work} in {place}?",
    "How many people were trained for {work} in {place}?",
    "Which machines were built for {work} in {place}?",
    "Why was {work} in {place} put off?",
    "What is planned for {work} in {place}?",
)
"""Of each passage: as many questions as there are sizes of crowd, and more."""
SOAK_LINES = 10
GREEDY_EACH = 5
"""Questions of each ordinary visitor in a scene with a greedy one."""


@dataclass(frozen=True)
class Crowd:
    """How so many people fared: answers a second, seconds of waiting and answering, and how far one was overtaken.

    `processor` is the seconds of all cores that one answer took.
    """

    rate: float
    seconds: tuple[float, ...]
    overtaken: int
    processor: float


def ask_together(answer: Answer, questions: Sequence[str], *, askers: int, at_once: int) -> Crowd:
    """How `askers` fared who asked `questions` between them."""
    waiting: Iterator[str] = iter(questions)
    lock = threading.Lock()
    asked: list[str] = []
    begun: list[str] = []
    seconds: list[float] = []
    with ThreadPoolExecutor(at_once) as line, ThreadPoolExecutor(askers) as people:

        def take(question: str) -> None:
            with lock:
                begun.append(question)
            answer(question)

        def ask() -> None:
            while True:
                with lock:
                    question = next(waiting, None)
                    if question is None:
                        return
                    asked.append(question)
                    started = time.perf_counter()
                    answered = line.submit(take, question)
                answered.result()
                seconds.append(time.perf_counter() - started)

        started, worked = time.perf_counter(), time.process_time()
        for one in [people.submit(ask) for _ in range(askers)]:
            one.result()
        took, processor = time.perf_counter() - started, time.process_time() - worked
    late = [begun.index(question) - number for number, question in enumerate(asked)]
    return Crowd(len(asked) / took, tuple(seconds), max(0, *late), processor / len(asked))


def make_questions(passages: int, count: int, *, skip: int = 0) -> list[str]:
    """So many different questions about so many passages."""
    made = []
    for number in range(skip, skip + count):
        heading = synthetic_passage(number % passages)[0]
        work, _, place = heading.partition(" in ")
        form = QUESTIONS[number // passages % len(QUESTIONS)]
        again = f" ({number // passages // len(QUESTIONS)})" if number >= passages * len(QUESTIONS) else ""
        made.append(form.format(work=work.lower(), place=place) + again)
    return made


def compare(
    systems: dict[str, Answer],
    passages: int,
    *,
    askers: Sequence[int],
    at_once: Sequence[int],
    each: int,
    rounds: int,
) -> str:
    """The table of how many fared with each system: medians of `rounds`, in which all come in turn."""
    crowds: dict[tuple[str, int, int], list[Crowd]] = {
        (name, slots, people): [] for name in systems for slots in at_once for people in askers
    }
    for answer in systems.values():
        ask_together(
            answer, make_questions(passages, passages), askers=1, at_once=1
        )  # passages are known now
    for number in range(rounds):
        for name, slots, people in list(crowds)[:: -1 if number % 2 else 1]:
            # Others in each round and of each crowd; the same for each system.
            part = number * len(askers) * len(at_once) + askers.index(people) * len(at_once)
            skip = passages + (part + at_once.index(slots)) * each
            questions = make_questions(passages, each, skip=skip)
            crowd = ask_together(systems[name], questions, askers=people, at_once=slots)
            crowds[name, slots, people].append(crowd)
    rows = []
    for (name, slots, people), fared in crowds.items():
        rate, alone = (
            median(crowd.rate for crowd in runs) for runs in (fared, crowds[name, slots, askers[0]])
        )
        seconds = [one for crowd in fared for one in crowd.seconds]
        rows.append(
            [
                f"{name}, {slots} at once",
                people,
                f"{rate:.2f}",
                ratio(rate, alone),
                *(f"{1000 * percentile(seconds, share):.0f}" for share in (0.5, 1.0)),
                max(crowd.overtaken for crowd in fared),
                f"{1000 * median(crowd.processor for crowd in fared):.0f}",
            ]
        )
    headers = [
        "",
        "askers",
        "answers/s",
        f"by {askers[0]}'s",
        "ms p50",
        "longest",
        "overtaken",
        "processor ms",
    ]
    note = "The tutorial stack only searches. Overtaken: by how many that asked later, at most."
    return table("Many at once", headers, rows, note=note)


def soak(answer: Answer, passages: int, count: int) -> Iterator[str]:
    """Lines with the memory after each tenth of `count` questions."""
    for part in range(SOAK_LINES):
        questions = make_questions(passages, count // SOAK_LINES, skip=part * (count // SOAK_LINES))
        ask_together(answer, questions, askers=8, at_once=2)
        yield f"{(part + 1) * len(questions):>8,} questions  {memory_mib():8,.0f} MiB"


def open_stack(passages: int) -> TutorialStack:
    """LangChain's tutorial stack over the same text."""
    from langchain_baseline import MiniLM, TutorialStack  # the other measurements do without its packages

    stack = TutorialStack(MiniLM())
    stack.add(
        GoldDocument(id=name, title=name, text=text, language="en")
        for name, text in synthetic_documents(passages)
    )
    return stack


def greedy_table(passages: int, *, rounds: int) -> str:
    """What ordinary visitors notice of a greedy one; see `benchmarks/greedy.py`."""
    from greedy import measure_greedy  # it needs the tests' own modules

    questions = make_questions(passages, passages * len(QUESTIONS))
    with tempfile.TemporaryDirectory() as folder:
        return measure_greedy(Path(folder), questions, passages=passages, each=GREEDY_EACH, rounds=rounds)


def main() -> None:
    """Nothing; prints the table, or the memory."""
    parser = argparse.ArgumentParser(description="Measure how many can ask at once.")
    parser.add_argument("--askers", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--at-once", type=int, nargs="+", default=[2], help="questions answered at a time")
    parser.add_argument("--each", type=int, default=64, help="questions for each number of askers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--passages", type=int, default=100)
    parser.add_argument("--soak", type=int, metavar="COUNT", help="ask so many, and print the memory")
    parser.add_argument(
        "--greedy", action="store_true", help="one visitor asks as much as they can, over HTTP"
    )
    options = parser.parse_args()
    if options.greedy:
        print(describe_machine(), describe_versions(), sep="\n", flush=True)
        print(greedy_table(options.passages, rounds=options.rounds))
        return
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(corpus_dir=Path(folder, "corpus"), index_dir=Path(folder, "index"))
        write_synthetic_corpus(settings.corpus_dir, options.passages)
        pipeline = Pipeline.build(settings, load_models(settings))
        print(describe_machine(), describe_versions(), sep="\n", flush=True)
        if options.soak:
            print(f"{0:>8,} questions  {memory_mib():8,.0f} MiB", flush=True)
            for line in soak(pipeline.ask, options.passages, options.soak):
                print(line, flush=True)
            return
        systems: dict[str, Answer] = {"Kitakyushu QA": pipeline.ask}
        systems["tutorial stack"] = open_stack(options.passages).nearest
        wanted = {name: getattr(options, name) for name in ("askers", "at_once", "each", "rounds")}
        print(compare(systems, options.passages, **wanted))


if __name__ == "__main__":
    main()
