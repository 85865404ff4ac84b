"""How long the program takes to start, beside the bare imports of the libraries that it starts with, in one run.

    python benchmarks/start.py [--rounds 5] [--smallest] [--old CHECKOUT]

Medians of `--rounds`, every command in a process of its own, each round all of them in turn. The index is that of
`corpus/`, built before in a temporary folder. "× imports" is the wall time beside that of the bare imports. With
`--old`, an older checkout of this repository is measured too, round by round in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from qa.config import Settings
from qa.handover.errand import Errand
from qa.handover.page_socket import NoPage, hand_over

REPOSITORY = Path(__file__).parents[1]
QUESTION = "When did Phnom Penh become a sister city?"
QA = [sys.executable, "-m", "qa.cli"]

FOR_ASKING = (
    "import torch, tokenizers, safetensors.torch, onnxruntime, chromadb.api.rust, bm25s, py3langid.langid; "
    "from langchain_core.embeddings import Embeddings"
)
"""What `qa ask` computes, stores and searches with."""
FOR_THE_PAGE = f"{FOR_ASKING}; import gradio"
TUTORIAL_STACK = "import sentence_transformers, chromadb.api.rust, langchain"
"""What a program starts with that does the same by LangChain's tutorial."""

Measure = Callable[[], tuple[float, float]]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Measure cold starts.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--smallest", action="store_true", help="one round, to see that it works")
    parser.add_argument("--old", type=Path, metavar="CHECKOUT", help="an older build, to compare with")
    parser.add_argument("--json", action="store_true", help="print what was measured as JSON")
    options = parser.parse_args()
    if options.old:
        _compare(options.old.resolve(), rounds=options.rounds)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # A program that is used has its modules compiled.
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("QA_") and key != "PYTHONDONTWRITEBYTECODE"
        }
        environment |= {
            "QA_CORPUS_DIR": str(REPOSITORY / "corpus"),
            "QA_INDEX_DIR": str(folder / "index"),
            "QA_PORT": "0",
        }
        _run([*QA, "index"], environment)
        measured = _measure(folder, environment, rounds=1 if options.smallest else options.rounds)
    if options.json:
        print(json.dumps(measured))
    else:
        _print(measured)


def _compare(old: Path, *, rounds: int) -> None:
    """Print the medians of this build and of the checkout `old`, each measured by itself, in turn."""
    builds = {"this build": REPOSITORY, "older build": old}
    seconds: dict[str, dict[str, list[float]]] = {name: {} for name in builds}
    for _ in range(rounds):
        for name, checkout in builds.items():
            measured = subprocess.run(
                # Its own script: builds have their modules in different places.
                [sys.executable, str(checkout / "benchmarks" / "start.py"), "--rounds", "1", "--json"],
                env={**os.environ, "PYTHONPATH": str(checkout / "src")},
                stdout=subprocess.PIPE,
                check=True,
            )
            for command, ((wall, _used_s),) in json.loads(measured.stdout).items():
                seconds[name].setdefault(command, []).append(wall)
    print("| cold start of | this build, s | older build, s | ratio |\n|---|---|---|---|")
    for command in seconds["this build"]:
        new_s, old_s = (median(seconds[name][command]) for name in builds)
        print(f"| `{command}` | {new_s:.2f} | {old_s:.2f} | {new_s / old_s:.2f} |")


def _measure(
    folder: Path, environment: dict[str, str], *, rounds: int
) -> dict[str, list[tuple[float, float]]]:
    def command(*words: str) -> Measure:
        return lambda: _run([*QA, *words], environment)

    def imports(statement: str) -> Measure:
        return lambda: _run([sys.executable, "-c", statement], environment)

    systems: dict[str, Measure] = {
        "qa --help": command("--help"),
        "qa status": command("status"),
        FOR_ASKING: imports(FOR_ASKING),
        "qa ask --alone": command("ask", "--alone", QUESTION),
        FOR_THE_PAGE: imports(FOR_THE_PAGE),
        "qa serve, to its first answer": lambda: _serve(folder, environment),
        "qa ask, beside a running page": command("ask", QUESTION),
        TUTORIAL_STACK: imports(TUTORIAL_STACK),
    }
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in systems}
    for _ in range(rounds):
        for name, measure in systems.items():
            if "beside" in name:
                with _Page(folder, environment):
                    measured[name].append(measure())
            else:
                measured[name].append(measure())
    return measured


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds on the wall and of the processor that `command` takes."""
    before, start = _used(), time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start, _used() - before


def _serve(folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    before, start = _used(), time.perf_counter()
    with _Page(folder, environment) as page:
        wall = page.answered - start
    return wall, _used() - before


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class _Page:
    """A page that has answered once."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._settings = Settings(index_dir=folder / "index")
        self._environment = environment

    def __enter__(self) -> _Page:
        self._process = subprocess.Popen(
            [*QA, "serve"], env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while self._process.poll() is None:
            try:
                hand_over(Errand(kind="ask", text=QUESTION), self._settings)
            except NoPage:
                time.sleep(0.02)
            else:
                self.answered = time.perf_counter()
                return self
        raise SystemExit("the page did not start")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=120)


def _print(measured: dict[str, list[tuple[float, float]]]) -> None:
    wall = {name: median(wall for wall, _ in each) for name, each in measured.items()}
    used = {name: median(used for _, used in each) for name, each in measured.items()}
    beside = {"qa ask --alone": FOR_ASKING, "qa serve, to its first answer": FOR_THE_PAGE}
    print("| cold start of | s | s of processor | × imports | × imports, processor |\n|---|---|---|---|---|")
    for name in measured:
        bare = beside.get(name, "")
        ratios = [f"{each[name] / each[bare]:.2f}" if bare else "" for each in (wall, used)]
        print(f"| `{name}` | {wall[name]:.2f} | {used[name]:.2f} | {' | '.join(ratios)} |")


if __name__ == "__main__":
    main()
