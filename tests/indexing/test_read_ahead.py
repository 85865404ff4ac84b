"""Facts about reading ahead: files come in order, are read before they are wanted, and end with who reads."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest

import qa.indexing.read_ahead
from commands import WATCHER, clean_environment
from qa.corpus.receipts import Receipt
from qa.indexing.read_ahead import Arrival, reading_ahead
from qa.storage.locks import lock_index
from sandboxes import OVERTAKEN, SITE, SLEEP, processes, wait_for


def arrival(path: Path) -> Arrival:
    return Arrival(Receipt(path=path.name, outcome="failed"))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number:02}.txt" for number in range(20)]
    for path in paths:
        path.write_text("x" * 10)
    return paths


class Reader:
    """Reads files that it is let read, and keeps what it has read."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.may_read = threading.Semaphore(0)

    def __call__(self, path: Path) -> Arrival:
        self.may_read.acquire()
        self.done.append(path.name)
        return arrival(path)


def never() -> None:
    raise AssertionError("nothing hangs here")


def test_files_come_in_their_order_whatever_they_are(files: list[Path]) -> None:
    files[3].unlink()  # gone since it was listed: reading it says so
    with reading_ahead(files, arrival, abort=never) as arriving:
        assert [(path, coming.result().receipt.path) for path, coming in arriving] == [
            (path, path.name) for path in files
        ]


def test_what_comes_next_is_read_while_something_is_done(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.indexing.read_ahead, "MAX_AHEAD_FILES", 5)
    reader = Reader()
    reader.may_read.release(100)
    with reading_ahead(files, reader, abort=never) as arriving:
        next(arriving)
        assert wait_for(lambda: len(reader.done) == 5)
        time.sleep(0.1)
        assert len(reader.done) == 5
        next(arriving)
        assert wait_for(lambda: len(reader.done) == 6)


def test_so_many_bytes_are_read_ahead_at_most_but_one_file_always(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.indexing.read_ahead, "MAX_AHEAD_BYTES", 35)
    files[4].write_text("x" * 1000)
    reader = Reader()
    reader.may_read.release(100)
    with reading_ahead(files, reader, abort=never) as arriving:
        next(arriving)
        assert wait_for(lambda: len(reader.done) == 3)
        assert [coming.result().receipt.path for _, coming in arriving][3] == files[4].name
    assert reader.done == [path.name for path in files]


@pytest.mark.parametrize("hangs", [False, True])
def test_where_no_more_is_wanted_a_file_that_takes_long_is_given_up(
    hangs: bool, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.indexing.read_ahead, "LET_END_S", 0.2)
    reader, aborted = Reader(), []

    def abort() -> None:
        aborted.append(list(reader.done))
        reader.may_read.release(100)

    coming: Future[Arrival] | None = None

    def leave_early() -> None:
        nonlocal coming
        with reading_ahead(files, reader, abort=abort) as arriving:
            _, coming = next(arriving)
            if not hangs:
                reader.may_read.release(100)
                coming.result()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave_early()
    assert aborted == ([[]] if hangs else [])
    assert coming
    coming.result(timeout=10)
    time.sleep(0.1)
    assert len(reader.done) < len(files) or not hangs  # what was not begun is not read any more


@contextmanager
def indexing_that_hangs(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`qa index` in a process of its own, at a file that takes ten minutes to read."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "sitecustomize.py").write_text(SITE)
    (programs / "overtaken.py").write_text(OVERTAKEN)
    (folder / "corpus").mkdir()
    (folder / "corpus" / "a.txt").write_text("text = 'It is short.'")
    (folder / "corpus" / "b.txt").write_text(SLEEP)
    command = [sys.executable, "-c", WATCHER, str(Path(__file__).parents[1]), "index"]
    environment = {**clean_environment(), "PYTHONPATH": str(programs)}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            # The program, the process that reads, and its child.
            assert wait_for(lambda: len(processes(programs)) == 3)
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_an_interruption_ends_what_is_being_read_too(tmp_path: Path) -> None:
    with indexing_that_hangs(tmp_path) as process:
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130, (tmp_path / "log").read_text()
        assert time.monotonic() - started < 30
    assert not processes(tmp_path / "programs")
    assert "Traceback" not in (tmp_path / "log").read_text()
    with lock_index(tmp_path / "index"):
        pass
