"""Facts about what `make test` says of tests that pass only when they are run again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY

TESTS = """
from pathlib import Path
import pytest
def test_well(): pass
@pytest.mark.parametrize("number", [1, 2])
def test_under_load(number):
    mark = Path(f"mark-{number}")
    was_there = mark.exists()
    mark.touch()
    assert was_there
def test_never(): assert False
"""


def run(folder: Path, *options: str) -> list[str]:
    """What pytest says of tests that passed at their second try."""
    command = [sys.executable, "-m", "pytest", "-p", "second_try", "--rootdir", str(folder), *options]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "tests"), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    return [line for line in done.stdout.splitlines() if line.startswith("failed at first")]


@pytest.mark.slow
def test_what_failed_at_first_and_passes_alone_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    assert run(tmp_path) == []
    assert run(tmp_path, "--last-failed") == [
        "failed at first, passed alone: test_it.py::test_under_load[1]",
        "failed at first, passed alone: test_it.py::test_under_load[2]",
    ]
    assert run(tmp_path, "--last-failed") == []
