"""Facts about mistakes on the command line: each is told in a sentence, and none as a traceback."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import qa.cli
import qa.engine.assembly
import qa.models
from commands import DALIAN, QUESTION, Ended, Run, folder, run, template
from qa.cli.terminal import explain_system

__all__ = ["folder", "run", "template"]

HALF = "\udcff"
"""A byte that is no UTF-8, as Python shows it in an argument."""

MEAN = (
    "missing", "a folder", "a socket", "/dev/null", "two\nlines", HALF, f"bad{HALF}name", "", " ", "~", "\x01",
    "9" * 300, "x" * 5000, "/proc/self/mem",
)  # fmt: skip

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("status", "--index", "{}"),
    ("feedback", "--index", "{}"),
    ("feedback", "--refused", "--index", "{}"),
    ("coverage", "--index", "{}"),
    ("rollback", "--index", "{}"),
    ("ask", "--alone", "--index", "{}", "q"),
    ("search", "--alone", "--index", "{}", "q"),
    ("chat", "--alone", "--index", "{}"),
    ("ask", "--alone", "{}"),
    ("search", "--alone", "{}"),
    ("ask", "--alone", "--city", "{}", "q"),
    ("ask", "--alone", "--batch", "{}"),
    ("remove", "{}"),
    ("add", "{}"),
    ("index", "--corpus", "{}", "--index", "other"),
    ("serve", "--local-llm", "{}"),
    ("eval", "{}"),
    ("eval", "a folder", "--compare", "{}"),
)


@pytest.fixture
def indexed(folder: Path, template: Path) -> Path:
    """The working folder with an index, a folder and a socket in it."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    (folder / "a folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "a socket"))
    return folder


def is_told(ended: Ended) -> bool:
    """True if the command did what it should, or said in a line of its own why not."""
    return ended.status == 0 or (ended.status == 1 and ended.err.startswith("qa: ")) or bool(ended.out)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_whatever_is_named_it_is_used_or_told_of_in_a_sentence(
    command: tuple[str, ...], run: Run, indexed: Path
) -> None:
    for mean in MEAN:
        if command[0] == "serve" and not mean:  # which names none, and would serve the page
            continue
        ended = run(*(part.replace("{}", mean) for part in command), typed="q\n")
        assert is_told(ended), (mean[:40], ended)
        assert "Traceback" not in ended.out + ended.err


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "\\ud800", "question": "\\ud800 experts to Dalian"}',
        '{"id": 1, "question": "q", "history": [{"role": "user", "text": "\\ud800"}]}',
    ],
)
def test_half_a_letter_in_a_question_is_answered_and_its_line_is_json(
    line: str, run: Run, indexed: Path
) -> None:
    (indexed / "in.jsonl").write_text(f"{line}\n", encoding="utf-8")

    assert run("ask", "--alone", "--batch", "in.jsonl", "--out", "out.jsonl").status == 0
    (answer,) = (indexed / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(answer)["id"] == json.loads(line)["id"]


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_half_a_letter_on_the_command_line_is_answered(
    more: tuple[str, ...], run: Run, indexed: Path
) -> None:
    ended = run("ask", "--alone", f"{HALF} {QUESTION}", *more)

    assert ended.status == 0
    assert DALIAN in ended.out


def test_a_file_with_a_name_that_is_no_utf_8_is_told_and_stops_no_other(run: Run, indexed: Path) -> None:
    (indexed / "corpus" / os.fsdecode(b"bad\xff.txt")).write_text("Words.", encoding="utf-8")
    (indexed / "corpus" / "good.txt").write_text("Good words.", encoding="utf-8")

    ended = run("index")

    assert "its name is not UTF-8" in ended.out
    assert "1 added" in ended.out


def test_a_settings_file_that_is_a_folder_is_told(run: Run, folder: Path) -> None:
    (folder / "qa.toml").mkdir()

    ended = run("status")

    assert (ended.status, ended.out) == (1, "")
    assert ended.err == "qa: qa.toml is not a file; the settings are read from a file of that name\n"


def test_an_impossible_date_is_a_warning_in_the_receipt_and_the_document_is_indexed(
    run: Run, folder: Path
) -> None:
    (folder / "corpus" / "a.md").write_text(f"---\ndate: 2020-02-31\n---\n{DALIAN}\n", encoding="utf-8")

    ended = run("index", "--json")

    (receipt,) = json.loads(ended.out)["receipts"]
    assert (ended.status, receipt["outcome"]) == (0, "added")
    assert "2020-02-31" in str(receipt["warnings"])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "too little memory"),
        (OSError(12, "Cannot allocate memory"), "too little memory"),
        (ImportError("x.so: failed to map segment from shared object"), "too little memory"),
        (RuntimeError("can't start new thread"), "too little memory"),
        (OSError(28, "No space left on device", "index/x"), "index/x: No space left on device"),
        (OSError(36, "File name too long", "x" * 5000), f"{'x' * 200}: File name too long"),
        (OSError("no more"), "the system: no more"),
    ],
)
def test_what_the_system_refuses_is_told(
    error: Exception, words: str, run: Run, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(qa.engine.assembly, "load_early", fail)
    ended = run("ask", "--alone", "q")

    assert ended.status == 1
    assert ended.err.startswith(
        f"qa: {words}" if "memory" not in words else "qa: there is too little memory; "
    )


def test_what_is_a_mistake_of_the_program_is_not_taken_for_one_of_the_system() -> None:
    assert explain_system(ValueError("x")) == ""
    assert explain_system(RuntimeError("x")) == ""


def started(
    *arguments: str, shell: str, folder: Path, prefix: str = ""
) -> subprocess.CompletedProcess[bytes]:
    """The program itself, with its streams as `shell` leaves them."""
    command = f'{prefix} exec "$0" -m qa.cli "$@" {shell}'
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    return subprocess.run(
        ["sh", "-c", command, sys.executable, *arguments],
        cwd=folder, env=environment, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("shell", [">&-", "<&-", "2>&-", "<&- >&- 2>&-", ">/dev/full"])
def test_a_stream_that_is_closed_or_full_is_no_traceback(shell: str, indexed: Path) -> None:
    ended = started("status", shell=shell, folder=indexed)

    assert b"Traceback" not in ended.stdout + ended.stderr
    assert ended.returncode == (1 if "full" in shell else 0)
    if "full" in shell:
        assert b"No space left on device" in ended.stderr


@pytest.mark.slow
def test_too_little_memory_is_told(indexed: Path) -> None:
    ended = started("ask", "--alone", "q", shell="", folder=indexed, prefix="ulimit -v 600000;")

    assert b"Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith(b"qa: there is too little memory")
    assert ended.returncode == 1


def test_bytes_that_are_no_utf_8_can_be_typed(
    indexed: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = io.TextIOWrapper(io.BytesIO(QUESTION.encode() + b" \xff\n"), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", typed)

    assert qa.cli.main(["chat", "--alone"]) == 0
