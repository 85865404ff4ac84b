"""Facts about commands over an index of another program or model: none is stopped, and each says what is so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import qa.models
import qa.ui.page
from commands import QUESTION, Run, folder, indexed, run, template
from conftest import CountingEmbedder
from qa.pipeline import Pipeline
from qa.storage.locks import lock_index
from qa.storage.manifest import FORMAT, MANIFEST_FILE
from qa.storage.upgrade import noting_upgrade

__all__ = ["folder", "indexed", "run", "template"]

DALIAN = "Dalian"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Pipeline]:
    """The pipelines of pages that were opened; none is served."""
    opened: list[Pipeline] = []
    monkeypatch.setattr(qa.ui.page, "launch", lambda pipeline, **options: opened.append(pipeline))
    return opened


def change_format(index_dir: Path, number: int) -> None:
    path = index_dir / MANIFEST_FILE
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**table, "format": number}), encoding="utf-8")


def test_an_older_index_answers_and_status_names_the_next_step(indexed: Path, run: Run) -> None:
    change_format(indexed / "index", FORMAT - 1)
    assert DALIAN in run("ask", QUESTION).out
    assert "qa index builds it anew" in run("status").out
    assert run("index").status == 0
    assert "upgrade" not in run("status").out


def test_status_says_how_far_the_new_index_is(indexed: Path, run: Run) -> None:
    with lock_index(indexed / "index"), noting_upgrade(indexed / "index") as note:
        note(1, 3)
        assert "1 of 3 files" in run("status").out
        assert json.loads(run("status", "--json").out)["upgrade"] == {"done": 1, "total": 3}


def test_the_page_opens_over_an_older_index_before_it_is_built_anew(
    indexed: Path, run: Run, served: list[Pipeline]
) -> None:
    change_format(indexed / "index", FORMAT - 1)
    assert run("serve", "--update").status == 0
    assert served[0].is_outdated


def test_where_the_model_of_the_index_is_gone_the_page_opens_when_it_is_built_anew(
    indexed: Path, run: Run, served: list[Pipeline], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.models, "load_embedder", lambda settings, **_: CountingEmbedder(identity="new"))
    ended = run("serve")
    assert (ended.status, served[0].is_outdated) == (0, False)
    assert "(counting)" in ended.err
    assert "this happens once" in ended.out


def test_one_bad_file_does_not_keep_the_page_from_opening(
    indexed: Path, run: Run, served: list[Pipeline]
) -> None:
    (indexed / "corpus" / "bad.pdf").write_bytes(b"%PDF-1.7 and no more")
    ended = run("serve", "--update")
    assert (ended.status, len(served)) == (0, 1)
    assert "bad.pdf" in ended.out


def test_where_another_process_indexes_the_page_opens_over_what_is_there(
    indexed: Path, run: Run, served: list[Pipeline]
) -> None:
    with lock_index(indexed / "index"):
        ended = run("serve", "--update")
    assert (ended.status, len(served)) == (0, 1)
    assert "process" in ended.err


@pytest.mark.parametrize("command", ["serve", "index", "ask", "status"])
def test_an_index_of_a_newer_program_is_an_error_that_says_what_to_do(
    command: str, indexed: Path, run: Run, served: list[Pipeline]
) -> None:
    change_format(indexed / "index", FORMAT + 1)
    ended = run(command, *([QUESTION] if command == "ask" else []))
    assert (ended.status, served) == (1, [])
    assert ended.err.startswith("qa: ")
    assert "newer program" in ended.err


def test_where_indexing_fails_the_page_does_not_open(
    indexed: Path, run: Run, served: list[Pipeline], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", "index/texts")

    monkeypatch.setattr("qa.indexing.run.write_text", refuse)
    (indexed / "corpus" / "new.md").write_text("It is new.\n", encoding="utf-8")
    ended = run("serve", "--update")
    assert (ended.status, served) == (1, [])
    assert ended.err.startswith("qa: ")
