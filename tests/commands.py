"""What tests of the command line share: the command, run in this process or one of its own, and its folder."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import qa.cli
import qa.models
from conftest import REPOSITORY, CountingEmbedder
from qa.config import Settings
from qa.indexing.run import index_corpus

QA = Path(sys.executable).with_name("qa")
DALIAN = "Kitakyushu sent 67 experts to Dalian."
SURABAYA = "The composting method has spread to 20,000 households in Surabaya."
QUESTION = "experts to Dalian Kitakyushu sent?"


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: an empty corpus but for the table of cities, and no settings from outside."""
    for name in [name for name in os.environ if name.startswith("QA_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    shutil.copy(REPOSITORY / "corpus" / "cities.toml", tmp_path / "corpus")
    return tmp_path


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process, with predictable models."""
    monkeypatch.setattr(qa.models, "load_embedder", lambda settings: CountingEmbedder())
    monkeypatch.setattr(qa.models, "load_reader", lambda settings, embedder: None)

    def run(*arguments: str | Path, typed: str = "") -> Ended:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        capsys.readouterr()
        status = qa.cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ended(status, captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two documents and their index, to be copied."""
    template = tmp_path_factory.mktemp("template")
    corpus = template / "corpus"
    corpus.mkdir()
    shutil.copy(REPOSITORY / "corpus" / "cities.toml", corpus)
    (corpus / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    (corpus / "surabaya.md").write_text(
        f"---\ntitle: Report\ncities: [Surabaya]\n---\n\n# Report\n\n## Compost\n\n{SURABAYA}\n",
        encoding="utf-8",
    )
    index_corpus(Settings(corpus_dir=corpus, index_dir=template / "index"), CountingEmbedder())
    return template


@pytest.fixture
def indexed(folder: Path, template: Path) -> Path:
    """The working folder with two documents, indexed."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    return folder


def run_process(
    *arguments: str | Path, folder: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own, as it is installed."""
    return subprocess.run(
        [str(QA), *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={**clean_environment(), **(environment or {})},
    )


def clean_environment() -> dict[str, str]:
    """The environment without settings of this program and of how Python writes."""
    foreign = ("QA_", "PYTHONUNBUFFERED", "PYTHONIOENCODING", "PYTHONUTF8")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def assert_is_one_error_line(ended: Ended | subprocess.CompletedProcess[str]) -> str:
    """Holds an error against its form; the message."""
    err = ended.err if isinstance(ended, Ended) else ended.stderr
    assert (ended.status if isinstance(ended, Ended) else ended.returncode) == 1
    assert err.startswith("qa: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    return err.removeprefix("qa: ").strip()


WATCHER = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import qa.models
from conftest import CountingEmbedder
qa.models.load_embedder = lambda settings: CountingEmbedder()
from qa.cli import main
sys.exit(main(sys.argv[1:]))
"""
