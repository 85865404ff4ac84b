"""What `from qa import …` offers, and that it costs nothing before it is used."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import qa
from conftest import REPOSITORY
from qa.cli import main


def test_the_public_names_are_sorted_and_there() -> None:
    assert list(qa.__all__) == sorted(qa.__all__)
    for name in qa.__all__:
        assert getattr(qa, name).__doc__, name
        assert name in dir(qa)


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'qa' has no attribute 'Pipelines'"):
        qa.Pipelines  # noqa: B018  # looking it up is what raises


def test_importing_the_package_loads_nothing_but_the_telemetry_switch() -> None:
    program = "import qa, sys; print(*sorted(name for name in sys.modules if name.startswith('qa.')))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["qa.system", "qa.system.telemetry"]


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    assert re.fullmatch(r"\d+\.\d+\.\d+", qa.__version__)
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"] == {"version": {"attr": "qa.__version__"}}


def test_the_newest_version_heads_the_changelog() -> None:
    log = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\S+)", log, flags=re.MULTILINE)
    assert versions == [qa.__version__, "0.1.0"]
    parts = re.findall(r"^### (.+)", log, flags=re.MULTILINE)
    assert set(parts) <= {"Added", "Changed", "Fixed"}


@pytest.mark.model
def test_the_example_answers_with_its_source(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    environment |= {"QA_CORPUS_DIR": str(REPOSITORY / "corpus"), "QA_INDEX_DIR": str(tmp_path / "index")}

    def run(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=600,
        ).stdout  # fmt: skip

    run("-m", "qa.cli", "index")
    said = run(str(REPOSITORY / "examples" / "ask.py"), "When did Phnom Penh become a sister city?")
    assert "sister city agreement in March 2016. [1]" in said
    assert "[1] phnom-penh.md: " in said


def test_the_command_says_which_version_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"qa {qa.__version__}\n")
