"""The wheel answers questions from any folder, installed into an environment without this checkout."""

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

pytestmark = [pytest.mark.model, pytest.mark.slow]

SENTENCE = "Kitakyushu sent 67 experts to Dalian between 1996 and 2001."
OTHER_SENTENCE = "Kitakyushu sent 12 experts to Surabaya between 2004 and 2009."
DOCUMENTS = {
    "dalian.md": f"# Work in one city\n\n{SENTENCE}\n",
    "surabaya.md": f"# Work in another city\n\n{OTHER_SENTENCE}\n",
}


def run_in(folder: Path, *command: str | Path) -> str:
    """What `command` prints in `folder`. It sees no settings from outside, and no path to this checkout."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("QA_", "PYTHON", "PIP_"))
    }
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tracked files, so that building leaves nothing in the repository."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = run_in(
        REPOSITORY, "git", "ls-files", "-z", "src", "pyproject.toml", "README.md", "LICENSE", "NOTICE"
    )
    for name in listed.rstrip("\0").split("\0"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def environment(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has the wheel, and sees the packages of the running one but not this project there."""
    folder = tmp_path_factory.mktemp("wheel")
    run_in(checkout, sys.executable, "-m", "build", "--no-isolation", "--outdir", folder)
    environment = folder / "environment"
    run_in(folder, sys.executable, "-m", "venv", environment)
    (wheel,) = folder.glob("*.whl")
    run_in(folder, environment / "bin" / "pip", "install", "--no-deps", "--no-index", wheel)
    # Python reads no .pth file of a folder that a .pth file adds, so an editable install is not followed.
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    (packages / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return environment


@pytest.fixture(scope="module")
def installed(environment: Path) -> Path:
    """The folder of the installed package."""
    python = environment / "bin" / "python"
    return Path(run_in(environment, python, "-c", "import qa; print(qa.__path__[0])").strip())


@pytest.fixture(scope="module")
def office(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with an index of two documents and without a table of cities."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "corpus").mkdir()
    for name, text in DOCUMENTS.items():
        (folder / "corpus" / name).write_text(text, encoding="utf-8")
    run_in(folder, environment / "bin" / "qa", "index")
    return folder


def test_the_package_that_runs_is_the_one_in_the_wheel(environment: Path, installed: Path) -> None:
    assert installed.is_relative_to(environment)


def test_every_file_of_the_package_is_in_the_wheel(checkout: Path, installed: Path) -> None:
    source = checkout / "src" / "qa"
    files = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    assert {Path("data/cities.toml"), Path("i18n/locales/ja.toml"), Path("ui/page.css")} <= files
    assert {str(path) for path in files if not (installed / path).is_file()} == set()


def test_an_answer_quotes_the_sentence_of_its_document(environment: Path, office: Path) -> None:
    question = "How many experts did Kitakyushu send to Dalian?"
    answer = json.loads(run_in(office, environment / "bin" / "qa", "ask", question, "--json"))
    assert [statement["text"] for statement in answer["statements"]] == [SENTENCE]
    assert [citation["source"] for citation in answer["citations"]] == ["dalian.md"]


@pytest.mark.parametrize(
    ("city", "sentence"), [("大連", SENTENCE), ("スラバヤ", OTHER_SENTENCE)], ids=["Dalian", "Surabaya"]
)
def test_a_city_is_found_by_its_japanese_name(
    city: str, sentence: str, environment: Path, office: Path
) -> None:
    question = "How many experts did Kitakyushu send?"
    answer = json.loads(run_in(office, environment / "bin" / "qa", "ask", question, "--city", city, "--json"))
    assert [statement["text"] for statement in answer["statements"]] == [sentence]
