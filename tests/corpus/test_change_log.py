"""Facts about the list of who changed which documents."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

import qa.corpus.change_log
from commands import Run, folder, indexed, run, template
from conftest import CountingEmbedder
from qa.config import Settings
from qa.corpus.change_log import (
    CHANGES_FILE,
    GONE,
    MAX_NAMES,
    OLDER_FILE,
    STAFF,
    THIS_MACHINE,
    Change,
    Deed,
    list_changes,
    note_change,
    operator,
)
from qa.i18n.messages import LANGUAGES
from qa.indexing.run import index_corpus
from qa.rendering.changes import changes_html, changes_lines

__all__ = ["folder", "indexed", "run", "template"]

HOSTILE = "<img src=x>\x1b[31m"


def change(who: str = "Aoi", *names: str, what: Deed = "added") -> Change:
    names = names or ("a.md",)
    return Change(
        time="2026-11-30T08:15:00+00:00",
        who=who,
        what=what,
        names=names,
        count=len(names),
    )


def test_the_newest_change_comes_first(tmp_path: Path) -> None:
    note_change(tmp_path, "Aoi", "added", ["a.md", "大連.pdf"])
    note_change(tmp_path, "Minh", "removed", ["a.md"])
    assert [(each.who, each.what, each.names) for each in list_changes(tmp_path)] == [
        ("Minh", "removed", ("a.md",)),
        ("Aoi", "added", ("a.md", "大連.pdf")),
    ]


def test_where_nothing_was_noted_there_is_no_change(tmp_path: Path) -> None:
    assert list_changes(tmp_path) == ()


def test_a_change_of_many_documents_names_the_first_and_counts_all(tmp_path: Path) -> None:
    note_change(tmp_path, "Aoi", "added", [f"{number}.md" for number in range(MAX_NAMES + 7)])
    (noted,) = list_changes(tmp_path)
    assert (len(noted.names), noted.count) == (MAX_NAMES, MAX_NAMES + 7)


def test_names_that_are_no_text_are_noted_all_the_same(tmp_path: Path) -> None:
    note_change(tmp_path, "Aoi\nBob", "added", ["a\ud800.md", "b\n.md", "x" * 1000])
    (noted,) = list_changes(tmp_path)
    assert noted.names[:2] == ("a\ud800.md", "b\n.md")
    assert len(noted.names[2]) < 1000
    assert len((tmp_path / CHANGES_FILE).read_bytes().splitlines()) == 1


def test_two_files_hold_the_newest_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qa.corpus.change_log, "MAX_FILE_BYTES", 2000)
    for number in range(100):
        note_change(tmp_path, "Aoi", "added", [f"{number}.md"])
    noted = [each.names[0] for each in list_changes(tmp_path)]
    assert noted == [f"{number}.md" for number in range(99, 99 - len(noted), -1)]
    assert 10 < len(noted) < 100
    assert sum((tmp_path / file).stat().st_size for file in (CHANGES_FILE, OLDER_FILE)) < 2 * 2500


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    note_change(tmp_path, "Aoi", "added", ["a.md"])
    with (tmp_path / CHANGES_FILE).open("ab") as stream:
        stream.write(b'{"time": "2026')
    note_change(tmp_path, "Minh", "added", ["b.md"])
    assert [each.who for each in list_changes(tmp_path)] == ["Minh", "Aoi"]


def test_what_a_newer_program_noted_is_passed_over(tmp_path: Path) -> None:
    note_change(tmp_path, "Aoi", "added", ["a.md"])
    with (tmp_path / CHANGES_FILE).open("ab") as stream:
        stream.write(b'{"time": "t", "who": "x", "what": "moved", "names": [], "count": 0}\n[]\n\xff\n')
    assert [each.who for each in list_changes(tmp_path)] == ["Aoi"]


def test_several_processes_lose_none_of_each_others_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sys, pathlib, qa.corpus.change_log as c\n"
        "for n in range(40): c.note_change(pathlib.Path(sys.argv[1]), sys.argv[2], 'added', [f'{n}.md'])"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), who]) for who in "ABC"]
    assert [each.wait(timeout=120) for each in running] == [0, 0, 0]
    noted = list_changes(tmp_path)
    for who in "ABC":
        assert [each.names[0] for each in noted if each.who == who] == [f"{n}.md" for n in range(39, -1, -1)]


def test_a_change_that_cannot_be_noted_is_told_of_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "index").write_text("not a folder")
    with caplog.at_level(logging.WARNING):
        note_change(tmp_path / "index", "Aoi", "added", ["a.md"])
    assert "could not be noted" in caplog.text


def test_commands_are_noted_with_the_operating_system_s_user(indexed: Path, run: Run) -> None:
    (indexed / "new.md").write_text("# New\n\nIt is new.\n", encoding="utf-8")
    run("add", "new.md")
    (indexed / "corpus" / "new.md").write_text("# New\n\nIt is newer.\n", encoding="utf-8")
    run("index")
    run("index")  # nothing changed
    run("remove", "new.md")
    run("rollback")
    printed = json.loads(run("status", "--changes", "--json").out)["changes"]
    assert [(each["what"], each["names"]) for each in printed] == [
        ("rolled_back", ["new.md"]),
        ("removed", ["new.md"]),
        ("updated", ["new.md"]),
        ("added", ["new.md"]),
    ]
    assert {each["who"] for each in printed} == {operator()}
    lines = run("status", "--changes").out.splitlines()
    assert len(lines) == 4
    assert lines[1].endswith("(command line) took out: new.md")


def test_where_no_change_is_noted_the_command_says_so(indexed: Path, run: Run) -> None:
    ended = run("status", "--changes")
    assert (ended.status, ended.out) == (0, "")
    assert "No change is noted" in ended.err


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_is_in_the_page_s_language_and_harmless(language: str) -> None:
    html = changes_html(
        [change(HOSTILE, HOSTILE), change(STAFF), change(THIS_MACHINE), change(operator())], language=language
    )
    assert "<img" not in html
    assert "\x1b" not in html
    assert html.count("<li>") == 4
    assert html.count("2026-11-30 08:15 UTC") == 4
    assert (f">{THIS_MACHINE} " in html, f">{STAFF} " in html) == (False, False)


def test_a_long_change_is_shortened_in_the_list_and_whole_in_the_terminal() -> None:
    names = [f"{number}.md" for number in range(9)]
    assert "4.md and 4 more" in changes_html([change("Aoi", *names)], language="en")
    (line,) = changes_lines([change("Aoi\x1b[2J", *names)])
    assert line == f"2026-11-30 08:15 UTC  Aoi[2J brought in: {', '.join(names)}"


def test_an_empty_list_says_so() -> None:
    assert "No change has been noted yet." in changes_html([], language="en")


def test_an_index_is_as_good_with_the_list_beside_it(settings: Settings) -> None:
    (settings.corpus_dir / "a.txt").write_text("It is here.", encoding="utf-8")
    index_corpus(settings, CountingEmbedder())
    note_change(settings.index_dir, "Aoi", "added", ["a.txt"])
    assert not index_corpus(settings, CountingEmbedder()).has_failures
    assert len(list_changes(settings.index_dir)) == 1


def test_a_document_that_is_removed_for_good_keeps_no_name_in_the_list(indexed: Path, run: Run) -> None:
    note_change(indexed / "index", "Aoi", "updated", ["dalian.txt", "surabaya.md"])
    run("purge", "dalian.txt")
    purged, updated = list_changes(indexed / "index")
    assert (purged.who, purged.what, purged.names, purged.count) == (operator(), "purged", (GONE,), 1)
    assert (updated.who, updated.names) == ("Aoi", (GONE, "surabaya.md"))
    assert b"dalian.txt" not in (indexed / "index" / CHANGES_FILE).read_bytes()
