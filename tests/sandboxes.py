"""A reader that runs the file as a program, and the processes that it leaves."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

SITE = """
import dataclasses
from qa.loaders.formats import FORMATS
FORMATS["text"] = dataclasses.replace(FORMATS["text"], parser="overtaken:read_text")
"""
OVERTAKEN = """
import os, resource, signal, time
from qa.errors import LoadError
from qa.loaders.parsed import Parsed
def read_text(data):
    [pipe] = [fd for fd in range(3, 64) if os.path.exists(f"/proc/self/fd/{fd}")]
    scope = {**globals(), "pipe": pipe}
    exec(data, scope)
    return Parsed(text=str(scope["text"]))
"""
"""A reader with the worst of holes: the file is a program, and runs in the child. It says what it calls `text`."""

SLEEP = "time.sleep(1000)"


def write_programs(folder: Path) -> Path:
    """The folder, with all that a worker runs texts as programs by."""
    (folder / "sitecustomize.py").write_text(SITE)
    (folder / "overtaken.py").write_text(OVERTAKEN)
    return folder


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder by which workers run texts as programs; it stands in the environment of each of them."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(write_programs(folder)), prepend=os.pathsep)
    return folder


def processes(programs: Path) -> set[int]:
    """The processes that have the folder in their environment; those that have ended have none."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            found |= {int(path.parent.name)} if str(programs).encode() in path.read_bytes() else set()
    return found


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()
