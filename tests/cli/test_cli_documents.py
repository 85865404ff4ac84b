"""Facts about the commands that bring documents in and take them out."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import (
    DALIAN,
    WATCHER,
    Run,
    assert_is_one_error_line,
    clean_environment,
    folder,
    indexed,
    run,
    template,
)
from qa.feedback import most_refused, note_refusal
from qa.fetching import Fetched
from qa.storage.manifest import read_manifest
from verdicts import make_older

__all__ = ["folder", "indexed", "run", "template"]

PAGE = "https://www.example.org/davao"


def documents(index: Path) -> list[str]:
    manifest = read_manifest(index)
    return [record.path for record in manifest.documents] if manifest else []


def test_add_brings_files_and_folders_in_and_they_can_be_asked_about(indexed: Path, run: Run) -> None:
    (indexed / "papers").mkdir()
    (indexed / "papers" / "davao.txt").write_text("Davao separates its waste.", encoding="utf-8")
    (indexed / "photo.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))

    ended = run("add", "papers", "photo.txt")

    assert ended.status == 0
    assert "added     papers/davao.txt" in ended.out
    assert "skipped   photo.txt: pictures are not read" in ended.out
    assert "Davao separates its waste." in run("ask", "Davao separates its waste").out


def test_add_of_what_is_not_there_changes_nothing(indexed: Path, run: Run) -> None:
    before = documents(indexed / "index")
    assert "nothing.pdf is not there" in assert_is_one_error_line(run("add", "nothing.pdf"))
    assert documents(indexed / "index") == before


def test_add_of_an_address_that_may_not_be_fetched_says_so_and_takes_the_rest(
    indexed: Path, run: Run
) -> None:
    (indexed / "new.txt").write_text("It is new.", encoding="utf-8")
    ended = run("add", "http://127.0.0.1/secret", "http://169.254.169.254/latest/meta-data", "new.txt")
    assert ended.status == 1
    assert ended.out.count("failed    http://") == 2
    assert "added     new.txt" in ended.out


def test_a_fetched_page_is_refreshed_and_cited_with_its_address(
    indexed: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = "<!doctype html><title>Davao</title><main><p>Davao planted {} mangroves.</p></main>"

    def answer(count: int) -> Fetched:
        return Fetched(url=PAGE, status=200, data=html.format(count).encode(), content_type="text/html")

    monkeypatch.setattr("qa.corpus.intake.add_address.__kwdefaults__", {"fetch": lambda url, **_: answer(70)})
    assert "added     web/www.example.org/davao.html" in run("add", PAGE).out
    said = json.loads(run("ask", "Davao planted mangroves", "--json").out)
    assert said["citations"][0]["quote"] == "Davao planted 70 mangroves."

    defaults = {"fetch": lambda url, **_: answer(90), "on_progress": None}
    monkeypatch.setattr("qa.corpus.intake.refresh.__kwdefaults__", defaults)
    assert "updated   web/www.example.org/davao.html" in run("refresh").out
    assert "90 mangroves" in run("ask", "Davao planted mangroves").out
    assert run("remove", PAGE).status == 0
    assert "web/www.example.org/davao.html" not in documents(indexed / "index")


def test_remove_takes_a_document_out_and_keeps_its_file(indexed: Path, run: Run) -> None:
    ended = run("remove", "corpus/dalian.txt")
    assert ended.status == 0
    assert "removed   dalian.txt" in ended.out
    assert "corpus/.removed" in ended.err
    assert documents(indexed / "index") == ["surabaya.md"]
    (kept,) = (indexed / "corpus" / ".removed").rglob("dalian.txt")
    assert kept.read_text(encoding="utf-8") == DALIAN
    assert "there is no document" in assert_is_one_error_line(run("remove", "dalian.txt"))


def test_rollback_brings_back_what_was_removed_until_the_next_index(indexed: Path, run: Run) -> None:
    run("remove", "dalian.txt")
    ended = run("rollback")
    assert ended.status == 0
    assert "2 documents" in ended.out
    assert documents(indexed / "index") == ["dalian.txt", "surabaya.md"]
    assert "removed   dalian.txt" in run("index").out


def test_rollback_without_a_state_before_is_one_line(indexed: Path, run: Run) -> None:
    shutil.rmtree(indexed / "index")
    assert "qa index" in assert_is_one_error_line(run("rollback"))
    run("index")
    assert "no state before" in assert_is_one_error_line(run("rollback"))


def test_a_backup_brings_documents_and_answers_back(indexed: Path, run: Run) -> None:
    ended = run("backup", "qa.zip")
    assert ended.status == 0
    assert ended.out.startswith("qa.zip: 2 documents, ")
    assert "Settings, keys and models are not in it." in ended.err
    assert "is there already" in assert_is_one_error_line(run("backup", "qa.zip"))
    assert "corpus holds" in assert_is_one_error_line(run("restore", "qa.zip"))
    for name in ("corpus", "index"):
        shutil.rmtree(indexed / name)
    ended = run("restore", "qa.zip")
    assert ended.status == 0
    assert "2 documents are back in corpus" in ended.out
    assert ended.err == ""
    assert DALIAN in run("ask", "experts to Dalian Kitakyushu sent?").out
    assert "2 unchanged" in run("index").out


def test_a_backup_says_what_is_left_out_of_it(
    indexed: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (indexed / "corpus" / "link.txt").symlink_to("/etc/hostname")
    assert "left out  link.txt" in run("backup", "qa.zip").err
    monkeypatch.setenv("QA_CHROMA_URL", "http://127.0.0.1:9")  # which need not be there
    assert "the vectors, which are on a server" in run("backup", "other.zip").err
    ended = run("restore", "other.zip", "--corpus", indexed / "there", "--index", indexed / "its")
    assert "make them anew with: qa index" in ended.err


@pytest.mark.slow
def test_watching_takes_in_what_is_copied_in_and_takes_out_what_is_deleted(folder: Path) -> None:
    (folder / "corpus" / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    command = ["-c", WATCHER, str(Path(__file__).parents[1]), "index", "--watch"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env=clean_environment(),
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(folder, ["dalian.txt"], process)
            while "Watching" not in (folder / "log").read_text():
                time.sleep(0.1)
            (folder / "corpus" / "sub").mkdir()
            (folder / "corpus" / "sub" / "new.txt").write_text("It is new.", encoding="utf-8")
            wait_for(folder, ["dalian.txt", "sub/new.txt"], process)
            (folder / "corpus" / "dalian.txt").unlink()
            wait_for(folder, ["sub/new.txt"], process)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 130


def wait_for(folder: Path, expected: list[str], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while documents(folder / "index") != expected:
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.1)


def test_purge_removes_a_document_for_good_and_says_what_went(indexed: Path, run: Run) -> None:
    run("remove", "dalian.txt")
    ended = run(
        "purge", "corpus/.removed/" + next((indexed / "corpus" / ".removed").iterdir()).name + "/dalian.txt"
    )

    assert ended.status == 0
    assert ended.out.splitlines()[:4] == [
        "Removed for good: dalian.txt",
        "Files: 1",
        "Kept texts: 1",
        "Passages: 1",
    ]
    assert not list((indexed / "corpus" / ".removed").iterdir())
    assert "no document 'dalian.txt'" in assert_is_one_error_line(run("purge", "dalian.txt"))
    printed = json.loads(run("purge", "surabaya.md", "--json").out)
    assert (printed["documents"], printed["files"], printed["states"]) == (["surabaya.md"], 1, 2)
    assert not run("status").out.count("surabaya")


def test_indexing_deletes_questions_that_are_too_old_and_goes_on_where_it_cannot(
    indexed: Path, run: Run
) -> None:
    note_refusal("Why?", "en", indexed / "index")
    make_older(indexed / "index", days=181)
    assert run("index").status == 0
    assert most_refused(indexed / "index") == ()

    (indexed / "index" / "feedback.sqlite3").write_bytes(b"no database " * 99)
    ended = run("index")
    assert ended.status == 0
    assert "2 unchanged" in ended.out
    assert "move it away" in ended.err
