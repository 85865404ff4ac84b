"""How long questions take in this build and in an older one, in turn, on sets of questions.

    python benchmarks/questions.py --old CHECKOUT SET_DIR… [--questions 40] [--rounds 3] [--askers 1 8]

A set is a folder with `questions.jsonl`, and with `documents.jsonl` or `corpus/`. Each build indexes each once;
then, in each round, each opens its index in a process of its own, answers three questions to begin with, then all
by one asker, then all again by several. Figures are medians of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from common import describe_machine, table

from qa.evaluation.gold import write_gold_corpus
from qa.evaluation.gold_files import load_gold

REPOSITORY = Path(__file__).parents[1]

ASK = """
import json, resource, sys, time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from qa.config import load_settings
from qa.pipeline import open_pipeline

questions, askers = json.loads(sys.stdin.read())
pipeline = open_pipeline(load_settings())
for question in questions[:3]:
    pipeline.ask(question)

def ask(question):
    began = time.perf_counter()
    pipeline.ask(question)
    return time.perf_counter() - began

figures = {}
for count in askers:
    began = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        taken = list(pool.map(ask, questions[3:]))
    figures[f"seconds, {count} at once"] = median(taken)
    figures[f"answers a second, {count} at once"] = len(taken) / (time.perf_counter() - began)
figures["memory, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(json.dumps(figures))
"""


def main() -> None:
    """Print a table for each set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--old", type=Path, required=True, metavar="CHECKOUT", help="an older build")
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--askers", type=int, nargs="+", default=[1, 8])
    options = parser.parse_args()
    builds = {"this build": REPOSITORY, "older build": options.old.resolve()}
    print(describe_machine())
    for folder in options.sets:
        with tempfile.TemporaryDirectory() as name:
            _compare(folder, Path(name), builds, options)


def _compare(folder: Path, place: Path, builds: Mapping[str, Path], options: argparse.Namespace) -> None:
    corpus = folder / "corpus"
    if not corpus.exists():
        corpus = place / "corpus"
        write_gold_corpus(load_gold(folder), corpus)
    lines = (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line)["question"] for line in lines]
    asked = asked[:: max(1, len(asked) // (options.questions + 3))][: options.questions + 3]
    given = json.dumps([asked, options.askers])
    found: dict[str, list[dict[str, float]]] = {build: [] for build in builds}
    for build, checkout in builds.items():
        _run(["-m", "qa.cli", "index"], checkout, corpus, place / build, "")
    for _ in range(options.rounds):
        for build, checkout in builds.items():
            found[build].append(json.loads(_run(["-c", ASK], checkout, corpus, place / build, given)))
    rows = []
    for figure in found["this build"][0]:
        new, old = (median(each[figure] for each in found[build]) for build in builds)
        rows.append([figure, f"{new:.3g}", f"{old:.3g}", f"{new / old:.2f}"])
    print(table(f"{folder.resolve().name}, {len(asked) - 3} questions", ["", *builds, "ratio"], rows))


def _run(command: list[str], checkout: Path, corpus: Path, index: Path, given: str) -> str:
    """What a Python with `command` of the build at `checkout` prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    environment |= {
        "PYTHONPATH": os.pathsep.join([str(checkout / "src"), os.environ.get("PYTHONPATH", "")]),
        "QA_CORPUS_DIR": str(corpus),
        "QA_INDEX_DIR": str(index),
    }
    ended = subprocess.run(
        [sys.executable, *command],
        env=environment,
        input=given,
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    return ended.stdout


if __name__ == "__main__":
    main()
