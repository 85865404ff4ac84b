"""What breaks an index while it is written or asked: a disk that fills up, and processes that are killed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from qa.config import Settings

CITIES = REPOSITORY / "corpus" / "cities.toml"
REPORTS = 36
FOUNDRY = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import chromadb
import qa.indexing.run, qa.loaders.sandbox
from chromadb.api.shared_system_client import SharedSystemClient
from conftest import CountingEmbedder
from qa.config import Settings
from qa.loaders.registry import read_parsed
qa.indexing.run.COMMIT_CHUNKS = 6
print("ready", flush=True)
for line in sys.stdin:
    corpus, index, cities, rebuild = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        settings = Settings(corpus_dir=Path(corpus), index_dir=Path(index), cities_file=Path(cities))
        try:
            is_rebuild = rebuild == "rebuild"
            qa.indexing.run.index_corpus(settings, CountingEmbedder(), rebuild=is_rebuild, read=read_parsed)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Indexes whenever it is told to, with many commits, in a child that can be killed; nothing is opened before."""

ASKER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from conftest import CountingEmbedder
from qa.config import Settings
from qa.models import Models
from qa.pipeline import Pipeline
settings = Settings(index_dir=Path(sys.argv[2]), threshold=0.0, reranker="none", reader="none")
pipeline = Pipeline(settings, Models(CountingEmbedder()))
print("ready", flush=True)
numbers = json.loads(sys.argv[3])
while True:
    for number in numbers:
        try:
            answer = pipeline.ask(f"what is the code of name{number}", cities=["Davao"] if number % 2 else [])
            said = [statement.text for statement in answer.statements]
            opened = all(
                c.place.span.cut(pipeline.library.find_document(c.source.doc_id, c.source.version).text) == c.quote
                for c in answer.citations
            )
        except BaseException as error:
            said, opened = repr(error), False
        print(json.dumps([number, said, opened]), flush=True)
"""
"""Asks for every report's code, again and again, in all reports or in a city's, and opens each citation."""


class Foundry:
    """A process that forks indexers: what takes long to import is imported once."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", FOUNDRY, str(Path(__file__).parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def index(self, settings: Settings, *, rebuild: bool = False, kill_after_s: float | None = None) -> bool:
        """True if it came to its end, False if it was killed before."""
        assert self.process.stdin
        words = [settings.corpus_dir, settings.index_dir, settings.cities_file, "rebuild" if rebuild else ""]
        self.process.stdin.write("\t".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        child = int(self._line())
        if kill_after_s is not None:
            until = time.perf_counter() + kill_after_s
            while time.perf_counter() < until and Path(f"/proc/{child}").exists():
                time.sleep(0.002)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        status = int(self._line())
        assert status in (0, -signal.SIGKILL)
        return status == 0

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextmanager
def asking(index_dir: Path, numbers: list[int], log: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that asks without stopping, and writes down what it is told."""
    command = [sys.executable, "-c", ASKER, str(Path(__file__).parent), str(index_dir), json.dumps(numbers)]
    with log.open("w") as stream, subprocess.Popen(command, stdout=stream, text=True) as process:
        while "ready" not in log.read_text():
            assert process.poll() is None
            time.sleep(0.05)
        try:
            yield process
            assert process.poll() is None, "the asker has ended"
        finally:
            process.kill()


def code(number: int, *, is_new: bool) -> str:
    return f"{'beta' if is_new and number % 3 == 0 else 'alpha'}{number}"


def write_reports(folder: Path, *, is_new: bool) -> None:
    """Reports with a code each; the new ones have other codes in every third, six are gone and six others come."""
    folder.mkdir()
    rng = random.Random(1)
    for number in range(6, REPORTS + 6) if is_new else range(REPORTS):
        filler = " ".join(
            f"It is {' '.join(rng.choices(['waste', 'water', 'plan', 'energy', 'harbour'], k=5))}."
            for _ in range(6)
        )
        text = (
            f"# Report {number} on Davao\n\n"
            f"The code of name{number} is {code(number, is_new=is_new)}.\n\n{filler}\n"
        )
        (folder / f"report-{number:02}.md").write_text(text, encoding="utf-8")


def read_log(log: Path) -> list[tuple[int, Any, bool]]:
    lines = [line for line in log.read_text().splitlines() if line.startswith("[") and line.endswith("]")]
    return [tuple(json.loads(line)) for line in lines]


def assert_every_answer_was_right(log: Path, *, least: int) -> None:
    answers = read_log(log)
    assert len(answers) >= least
    wrong = [
        (number, said, opened)
        for number, said, opened in answers
        if not opened
        or not isinstance(said, list)
        or f"The code of name{number} is" not in said[0]
        or not any(code(number, is_new=is_new) in said[0] for is_new in (False, True))
    ]
    assert wrong == []


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """A file system of its own with little room."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes the rights of root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path, *, free_kib: int) -> None:
    """Leave so much room on the disk of `path`."""
    path.unlink(missing_ok=True)
    room = shutil.disk_usage(path.parent).free - 1024 * free_kib
    with path.open("wb") as stream:
        stream.write(bytes(max(0, room)))
