"""Facts about bringing the index up to the corpus, most of all when a file is bad or the process is killed."""

from __future__ import annotations

import dataclasses
import gc
import os
import random
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from chromadb.api.shared_system_client import SharedSystemClient

from conftest import REPOSITORY, CountingEmbedder
from holding import held_elsewhere
from index_states import (
    assert_everything_is_retrievable,
    assert_same_state,
    builds,
    committed,
    read_live,
    store_of,
)
from qa.config import Settings
from qa.corpus.receipts import IndexReport, Outcome
from qa.engine.library import open_library
from qa.errors import ConfigError, DiskError, IndexBusy, IndexDamaged, IndexMismatch, IndexMissing, LoadError
from qa.indexing.build import index_fingerprint
from qa.indexing.rollback import roll_back
from qa.indexing.run import index_corpus
from qa.loaders.parsed import Parsed
from qa.loaders.registry import read_parsed
from qa.models import Models
from qa.storage.integrity import check_store, note_checked
from qa.storage.locks import AT_WORK, GRAPHS_LOCK_FILE, lock_index, was_cut_off
from qa.storage.manifest import MANIFEST_FILE, read_manifest
from stores import Server, setting_of

IN_A_FOLDER = pytest.mark.parametrize("server", ["folder"], indirect=True)
CITIES = REPOSITORY / "corpus" / "cities.toml"
TWO_PARTS = "# Davao\n\n## Waste\n\nIt began in 2015. It goes on.\n\n## Water\n\nThe water is clean.\n"


@pytest.fixture
def settings(settings: Settings, server: Server | None) -> Settings:
    """Settings over an empty corpus, for each store that an index can be kept in."""
    return dataclasses.replace(settings, **setting_of(server))


def write(settings: Settings, **files: str) -> None:
    """Write `name="text"` to `name.md`; a double underscore in a name stands for a folder."""
    for name, text in files.items():
        path = settings.corpus_dir / f"{name.replace('__', '/')}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def refuse_to_read(data: bytes, path: str) -> Parsed:
    raise AssertionError(f"{path} was read again")


def names(report: IndexReport) -> dict[str, tuple[str, ...]]:
    """What a report says, without what was not the case."""
    said = {outcome: tuple(each.path for each in report.of(outcome)) for outcome in get_args(Outcome)}
    return {outcome: paths for outcome, paths in said.items() if paths}


def test_a_first_run_adds_everything(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, b=TWO_PARTS, a__c="Dalian is a city.\n")
    report = index_corpus(settings, embedder)
    assert names(report) == {"added": ("a/c.md", "b.md")}
    assert report.chunks == 3
    assert report.seconds > 0
    manifest = assert_everything_is_retrievable(settings, embedder)
    assert [(r.path, r.title, r.chunks, r.cities) for r in manifest.documents] == [
        ("a/c.md", "c", 1, ("Dalian",)),
        ("b.md", "Davao", 2, ("Davao",)),
    ]
    assert manifest.fingerprint == index_fingerprint(settings, embedder)


def test_a_run_tells_what_was_added_updated_unchanged_and_removed(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, same="It stays.\n", changed="It began.\n", gone="It goes.\n")
    index_corpus(settings, embedder)
    write(settings, changed="It began again.\n", new="It comes.\n")
    (settings.corpus_dir / "gone.md").unlink()
    report = index_corpus(settings, embedder)
    assert names(report) == {
        "added": ("new.md",),
        "updated": ("changed.md",),
        "unchanged": ("same.md",),
        "removed": ("gone.md",),
    }
    assert report.chunks == 3
    chunks = store_of(settings).load_chunks(committed(settings).documents)
    assert [chunk.text for chunk in chunks] == ["It began again.", "It comes.", "It stays."]


def test_after_changes_the_index_is_that_of_a_fresh_build(
    settings: Settings, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    write(settings, same="It stays.\n", changed=TWO_PARTS, gone="It goes.\n")
    index_corpus(settings, embedder)
    write(settings, changed=TWO_PARTS.replace("clean", "dirty"), new="It comes.\n")
    (settings.corpus_dir / "gone.md").unlink()
    index_corpus(settings, embedder)
    fresh = dataclasses.replace(settings, index_dir=tmp_path / "fresh")
    index_corpus(fresh, CountingEmbedder())
    assert_same_state(settings, fresh)


def test_unchanged_files_are_neither_read_again_nor_embedded(
    settings: Settings, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, a=TWO_PARTS, b="Dalian is a city.\n")
    index_corpus(settings, embedder)
    before = committed(settings)
    embedder.embedded.clear()
    monkeypatch.setattr("qa.indexing.run.parse_document", None)
    os.utime(settings.corpus_dir / "a.md")
    assert names(index_corpus(settings, embedder)) == {"unchanged": ("a.md", "b.md")}
    assert embedder.embedded == []
    assert committed(settings) == before


def test_every_text_is_embedded_once(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, a=TWO_PARTS, b=TWO_PARTS.replace("# Davao", "# Hai Phong"))
    index_corpus(settings, embedder)
    assert sorted(embedder.embedded) == sorted(
        [
            "Davao\nWaste\nIt began in 2015. It goes on.",
            "Davao\nWater\nThe water is clean.",
            "Hai Phong\nWaste\nIt began in 2015. It goes on.",
            "Hai Phong\nWater\nThe water is clean.",
            "It began in 2015.",
            "It goes on.",
            "The water is clean.",
        ]
    )


def test_of_an_updated_file_only_what_changed_is_embedded(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    embedder.embedded.clear()
    write(settings, a=TWO_PARTS.replace("It goes on.", "It ended."))
    assert names(index_corpus(settings, embedder)) == {"updated": ("a.md",)}
    assert sorted(embedder.embedded) == ["Davao\nWaste\nIt began in 2015. It ended.", "It ended."]
    assert_everything_is_retrievable(settings, embedder)


def test_the_same_text_under_two_names_stays_two_documents(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, one="# T\n\nThe same.\n", two="# T\n\nThe same.\n")
    report = index_corpus(settings, embedder)
    assert report.chunks == 2
    chunks = store_of(settings).load_chunks(committed(settings).documents)
    assert [(chunk.source.path, chunk.text) for chunk in chunks] == [
        ("one.md", "The same."),
        ("two.md", "The same."),
    ]
    (settings.corpus_dir / "one.md").unlink()
    index_corpus(settings, embedder)
    chunks = store_of(settings).load_chunks(committed(settings).documents)
    assert [chunk.source.path for chunk in chunks] == ["two.md"]


def test_a_file_that_was_renamed_is_removed_and_added(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, old="The same.\n")
    index_corpus(settings, embedder)
    (settings.corpus_dir / "old.md").rename(settings.corpus_dir / "new.md")
    assert names(index_corpus(settings, embedder)) == {"added": ("new.md",), "removed": ("old.md",)}
    assert [chunk.source.path for chunk, _, _ in read_live(settings).values()] == ["new.md"]


def test_unknown_types_are_skipped_broken_files_fail_and_all_others_are_indexed(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, good="It is good.\n", bad="---\ntitle: a: b\n---\nText.\n", z="It is last.\n")
    (settings.corpus_dir / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (settings.corpus_dir / "scan.pdf").write_bytes(b"%PDF-1.4")
    (settings.corpus_dir / "empty.md").touch()
    report = index_corpus(settings, embedder)
    assert names(report) == {
        "added": ("good.md", "z.md"),
        "skipped": ("photo.png",),
        "failed": ("bad.md", "empty.md", "scan.pdf"),
    }
    assert report.has_failures
    assert "line 2" in report.of("failed")[0].message
    assert all(file.path in file.message for file in (*report.of("failed"), *report.of("skipped")))
    assert_everything_is_retrievable(settings, embedder)


def test_a_reader_that_breaks_stops_no_other_file(settings: Settings, embedder: CountingEmbedder) -> None:
    def explode(data: bytes, name: str) -> Parsed:
        if name == "bad.md":
            raise RecursionError("too deep")
        return read_parsed(data, name)

    write(settings, good="It is good.\n", bad="It is bad.\n")
    report = index_corpus(settings, embedder, read=explode)
    assert names(report) == {"added": ("good.md",), "failed": ("bad.md",)}
    assert "bad.md" in report.of("failed")[0].message


def test_a_title_with_half_a_character_stops_no_other_file(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, good="It is good.\n", odd='---\ntitle: "\\ud800"\n---\nIt is odd.\n')
    assert "good.md" in names(index_corpus(settings, embedder))["added"]


def test_a_name_that_is_not_utf_8_stops_no_other_file(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, good="It is good.\n")
    (settings.corpus_dir / os.fsdecode(b"caf\xe9.md")).write_text("It is odd.\n", encoding="utf-8")
    assert "good.md" in names(index_corpus(settings, embedder))["added"]


def test_a_file_that_becomes_unreadable_keeps_what_was_indexed_of_it(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a=TWO_PARTS, b="Dalian is a city.\n")
    index_corpus(settings, embedder)
    before = committed(settings)
    write(settings, a="---\ntitle: a: b\n---\nText.\n")
    report = index_corpus(settings, embedder)
    assert names(report) == {"unchanged": ("b.md",), "failed": ("a.md",)}
    assert committed(settings) == before
    assert_everything_is_retrievable(settings, embedder)
    write(settings, a=TWO_PARTS)
    assert names(index_corpus(settings, embedder)) == {"unchanged": ("a.md", "b.md")}


def test_an_embedder_that_fails_leaves_the_index_as_it_was(
    settings: Settings, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    before = committed(settings)
    write(settings, a="All of it changed.\n", b="New.\n")

    def fail(texts: list[str], **_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(embedder, "encode_passages", fail)
        with pytest.raises(MemoryError):
            index_corpus(settings, embedder)
    assert committed(settings) == before
    assert_everything_is_retrievable(settings, embedder)
    assert names(index_corpus(settings, embedder)) == {"added": ("b.md",), "updated": ("a.md",)}


def test_an_empty_corpus_makes_an_empty_index(settings: Settings, embedder: CountingEmbedder) -> None:
    report = index_corpus(settings, embedder)
    assert names(report) == {}
    assert report.chunks == 0
    assert committed(settings).documents == ()
    assert store_of(settings).count() == (0, 0)


def test_a_corpus_that_has_become_empty_empties_the_index(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    (settings.corpus_dir / "a.md").unlink()
    report = index_corpus(settings, embedder)
    assert names(report) == {"removed": ("a.md",)}
    assert "qa rollback" in report.notes[0]
    assert read_live(settings) == {}


def test_a_corpus_that_is_not_there_loses_nothing(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    before = committed(settings)
    settings.corpus_dir.rename(settings.corpus_dir.with_name("moved"))
    with pytest.raises(LoadError, match="is not a folder"):
        index_corpus(settings, embedder)
    assert committed(settings) == before
    assert store_of(settings).count() == (2, 3)


def test_another_table_of_cities_has_every_document_read_again(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a="Metropolis is here.\n")
    index_corpus(settings, embedder)
    assert committed(settings).documents[0].cities == ()
    table = (
        '[[city]]\nname = "Metropolis"\ncountry = "Nowhere"\nlatitude = 1.0\nlongitude = 1.0\n'
        '[city.names]\nen = ["Metropolis"]\n'
    )
    (settings.corpus_dir / "cities.toml").write_text(table, encoding="utf-8")
    embedder.embedded.clear()
    assert names(index_corpus(settings, embedder)) == {"updated": ("a.md",)}
    assert committed(settings).documents[0].cities == ("Metropolis",)
    assert embedder.embedded == []
    assert committed(settings).cities.endswith(table)


def test_a_broken_table_of_cities_loses_nothing(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    before = committed(settings)
    (settings.corpus_dir / "cities.toml").write_text("[[city", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"cities\.toml"):
        index_corpus(settings, embedder)
    assert committed(settings) == before


def test_progress_names_each_file_and_ends_with_all_of_them(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a="One.\n", b="Two.\n")
    calls: list[tuple[int, int, str]] = []
    index_corpus(settings, embedder, on_progress=lambda *call: calls.append(call))
    assert calls == [(0, 2, "a.md"), (1, 2, "b.md"), (2, 2, "")]


def test_many_commits_make_the_same_index_as_one(
    settings: Settings, embedder: CountingEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, **{f"f{number}": TWO_PARTS.replace("2015", str(2000 + number)) for number in range(7)})
    index_corpus(settings, embedder)
    monkeypatch.setattr("qa.indexing.run.COMMIT_CHUNKS", 3)
    often = dataclasses.replace(settings, index_dir=tmp_path / "often")
    index_corpus(often, CountingEmbedder())
    assert committed(often).generation > committed(settings).generation
    assert_same_state(often, settings)


@pytest.mark.parametrize("changed", ["model", "chunk_tokens"])
def test_with_other_settings_the_index_is_built_anew_beside_the_one_that_answers(
    changed: str, settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    before = committed(settings)
    others = dataclasses.replace(
        settings, chunk_tokens=64 if changed == "chunk_tokens" else settings.chunk_tokens
    )
    other_embedder = CountingEmbedder(identity="other") if changed == "model" else embedder
    report = index_corpus(others, other_embedder, read=refuse_to_read)
    assert (names(report), len(report.notes)) == ({"unchanged": ("a.md",)}, 1)
    assert builds(settings) == {before.build, committed(settings).build}
    assert committed(settings).fingerprint == index_fingerprint(others, other_embedder) != before.fingerprint
    assert names(index_corpus(others, other_embedder)) == {"unchanged": ("a.md",)}


def test_a_rebuild_makes_everything_anew_and_leaves_one_build_only(
    settings: Settings, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    write(settings, a=TWO_PARTS, b="Dalian is a city.\n")
    index_corpus(settings, embedder)
    before = committed(settings)
    index_corpus(settings, embedder, rebuild=True)
    after = committed(settings)
    assert after.build != before.build
    assert after.generation > before.generation
    assert builds(settings) == {before.build, after.build}
    index_corpus(settings, embedder, rebuild=True)
    assert builds(settings) == {after.build, committed(settings).build}
    assert_everything_is_retrievable(settings, embedder)


def test_a_rebuild_that_fails_leaves_the_old_index(
    settings: Settings, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, a=TWO_PARTS, b="Dalian is a city.\n")
    index_corpus(settings, embedder)
    before = committed(settings)
    monkeypatch.setattr("qa.indexing.run.COMMIT_CHUNKS", 1)
    other = CountingEmbedder(identity="other")
    encode = other.encode_passages

    def fail_late(texts: list[str], **options: Any) -> Any:
        if other.embedded:
            raise MemoryError
        return encode(texts, **options)

    monkeypatch.setattr(other, "encode_passages", fail_late)
    with pytest.raises(MemoryError):
        index_corpus(settings, other, rebuild=True)
    assert committed(settings) == before
    assert_everything_is_retrievable(settings, embedder)
    index_corpus(settings, embedder)
    assert builds(settings) == {before.build}


def test_a_broken_manifest_is_refused_and_a_rebuild_mends_it(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    (settings.index_dir / MANIFEST_FILE).write_text("{", encoding="utf-8")
    with pytest.raises(IndexMismatch, match="qa index --rebuild"):
        index_corpus(settings, embedder)
    index_corpus(settings, embedder, rebuild=True)
    assert_everything_is_retrievable(settings, embedder)


@IN_A_FOLDER
def test_a_second_writer_is_told_who_writes(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, a=TWO_PARTS)
    with held_elsewhere(lock_index, settings.index_dir) as holder:
        with pytest.raises(
            IndexBusy, match=rf"index is being written to by process {holder.pid} on \S+ since \S+ \S+; wait"
        ):
            index_corpus(settings, embedder)
        assert read_manifest(settings.index_dir) is None


@IN_A_FOLDER
def test_the_lock_of_a_killed_process_is_free(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, a=TWO_PARTS)
    with held_elsewhere(lock_index, settings.index_dir) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert names(index_corpus(settings, embedder)) == {"added": ("a.md",)}


@IN_A_FOLDER
def test_a_second_writer_in_the_same_process_is_refused_too(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    settings.index_dir.mkdir()
    with lock_index(settings.index_dir), pytest.raises(IndexBusy, match=f"process {os.getpid()}"):
        index_corpus(settings, embedder)
    assert names(index_corpus(settings, embedder)) == {}


def test_the_state_before_the_last_change_can_be_brought_back_and_that_taken_back(
    settings: Settings, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    write(settings, same="It stays.\n", changed="It began.\n", gone="It goes.\n")
    index_corpus(settings, embedder)
    before, live = committed(settings), read_live(settings)
    write(settings, changed="It began again.\n")
    (settings.corpus_dir / "gone.md").unlink()
    index_corpus(settings, embedder)
    index_corpus(settings, embedder)  # nothing changes: that is no state to go back to
    after = committed(settings)

    assert roll_back(settings, embedder).documents == before.documents
    assert read_live(settings).keys() == live.keys()
    assert committed(settings).generation > after.generation
    assert_everything_is_retrievable(settings, embedder)
    assert roll_back(settings, embedder).documents == after.documents
    assert_everything_is_retrievable(settings, embedder)
    assert names(index_corpus(settings, embedder)) == {"unchanged": ("changed.md", "same.md")}


def test_a_rebuild_can_be_taken_back_with_the_settings_that_it_replaced(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    before = committed(settings)
    other = CountingEmbedder(identity="other")
    index_corpus(settings, other, rebuild=True)
    with pytest.raises(IndexMismatch, match="set it back"):
        roll_back(settings, other)
    roll_back(settings, embedder)
    assert (committed(settings).build, committed(settings).documents) == (before.build, before.documents)
    assert_everything_is_retrievable(settings, embedder)


def test_without_a_state_before_there_is_nothing_to_go_back_to(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    with pytest.raises(IndexMissing, match="qa index"):
        settings.index_dir.mkdir()
        roll_back(settings, embedder)
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    with pytest.raises(IndexMissing, match="no state before"):
        roll_back(settings, embedder)


def test_a_rebuild_keeps_a_document_whose_file_has_become_unreadable(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a=TWO_PARTS, b="Dalian is a city.\n")
    index_corpus(settings, embedder)
    live = read_live(settings)
    write(settings, a="---\ntitle: a: b\n---\nText.\n")
    report = index_corpus(settings, embedder, rebuild=True)
    assert names(report) == {"updated": ("b.md",), "failed": ("a.md",)}
    assert "is kept" in report.of("failed")[0].message
    assert read_live(settings).keys() == live.keys()


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root can look into any folder")
def test_documents_in_a_folder_that_cannot_be_looked_into_are_kept(
    settings: Settings, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, a=TWO_PARTS, sub__b="Dalian is a city.\n")
    index_corpus(settings, embedder)
    before = committed(settings)
    walk = os.walk

    def walk_but_not_into_sub(top: Path, onerror: Any) -> Iterator[Any]:
        for folder, folders, files in walk(top):
            if Path(folder).name == "sub":
                onerror(PermissionError(13, "Permission denied", folder))
            else:
                yield folder, folders, files

    monkeypatch.setattr("qa.corpus.files.os.walk", walk_but_not_into_sub)
    report = index_corpus(settings, embedder)
    assert names(report) == {"unchanged": ("a.md", "sub/b.md")}
    assert report.notes == ("sub cannot be looked into; check its permissions",)
    assert report.has_failures
    assert committed(settings) == before
    report = index_corpus(settings, embedder, rebuild=True)
    assert {record.path for record in committed(settings).documents} == {"a.md", "sub/b.md"}
    assert_everything_is_retrievable(settings, embedder)


def test_a_file_that_goes_on_changing_is_left_for_the_next_run(
    settings: Settings, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    before = committed(settings)
    read_whole = Path.read_bytes

    def read_and_write(path: Path) -> bytes:
        data = read_whole(path)
        if path.name == "a.md":
            path.write_bytes(data + b"More.\n")
        return data

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", read_and_write)
        report = index_corpus(settings, embedder)
    assert "is being written" in report.of("failed")[0].message
    assert committed(settings) == before
    assert names(index_corpus(settings, embedder)) == {"updated": ("a.md",)}


@IN_A_FOLDER
@pytest.mark.parametrize("how", ["emptied", "cut", "gone", "overwritten"])
def test_damaged_vectors_are_made_anew_and_nothing_is_lost(
    how: str, settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a=TWO_PARTS, b="Dalian is a city.\n")
    index_corpus(settings, embedder)
    live = read_live(settings)
    write(settings, b="---\ntitle: a: b\n---\nText.\n")  # only the index still has what it said
    SharedSystemClient.clear_system_cache()
    (database,) = settings.index_dir.glob("*/chroma.sqlite3")
    for beside in database.parent.glob("chroma.sqlite3-*"):
        beside.unlink()
    data = database.read_bytes()
    if how == "gone":
        shutil.rmtree(database.parent)
    else:
        broken = {"emptied": b"", "cut": data[: len(data) // 2], "overwritten": b"x" * len(data)}[how]
        database.write_bytes(broken)

    report = index_corpus(settings, embedder)

    assert "were damaged; all were made anew" in report.notes[0]
    assert names(report)["failed"] == ("b.md",)
    assert read_live(settings).keys() == live.keys()
    assert_everything_is_retrievable(settings, embedder)


@pytest.mark.slow
@IN_A_FOLDER
def test_a_graph_that_can_crash_chroma_is_made_anew(
    settings: Settings, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_to_start(*args: object, **options: object) -> None:
        raise AssertionError("a process was started")

    words = [f"word{number}" for number in range(2100)]
    write(settings, **{f"f{n}": f"It is {'. It is '.join(words[n::30])}.\n" for n in range(30)})
    index_corpus(settings, embedder)
    index_corpus(settings, embedder)
    graphs = [each.with_name("data_level0.bin") for each in settings.index_dir.glob("*/*/*.pickle")]
    assert graphs
    with monkeypatch.context() as patch:  # what was checked is not checked again
        patch.setattr("qa.storage.integrity.subprocess.run", refuse_to_start)
        assert index_corpus(settings, embedder).notes == ()
        open_library(settings, Models(embedder))
        write(settings, f0="It is changed.\n")  # nor after a change that went well
        index_corpus(settings, embedder)
        assert index_corpus(settings, embedder).notes == ()
        open_library(settings, Models(embedder))
    # Who is cut off while another one writes is not forgotten at the end of that one's run.
    (lock,) = settings.index_dir.glob(f"*/{GRAPHS_LOCK_FILE}")
    lock.write_bytes(AT_WORK)
    os.utime(graphs[0])
    note_checked(committed(settings), settings)
    assert was_cut_off(lock.parent)
    check_store(committed(settings), settings)
    assert not was_cut_off(lock.parent)
    for graph in graphs:  # which Chroma refuses, or falls over with SIGSEGV
        graph.write_bytes(random.Random(1).randbytes(graph.stat().st_size))
    with pytest.raises(IndexDamaged, match="cannot be read"):
        open_library(settings, Models(embedder))
    report = index_corpus(settings, embedder)
    assert "were damaged; all were made anew" in report.notes[0]
    assert_everything_is_retrievable(settings, embedder)


def test_a_folder_that_cannot_be_written_is_named_with_the_next_step(
    settings: Settings, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    before = committed(settings)
    write(settings, a="Other.\n")

    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(settings.index_dir / "texts"))

    with monkeypatch.context() as patch:
        patch.setattr("qa.indexing.run.write_text", refuse)
        with pytest.raises(DiskError, match="texts: Permission denied; check its permissions"):
            index_corpus(settings, embedder)
    assert committed(settings) == before


@IN_A_FOLDER
def test_a_writer_waits_for_the_one_before_it_for_as_long_as_it_may(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a=TWO_PARTS)
    with held_elsewhere(lock_index, settings.index_dir) as holder:
        with pytest.raises(IndexBusy):
            index_corpus(settings, embedder, wait_s=0.3)
        threading.Timer(0.5, holder.kill).start()
        assert names(index_corpus(settings, embedder, wait_s=60)) == {"added": ("a.md",)}


def test_each_receipt_tells_what_was_found_and_stays_the_same_when_nothing_changes(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a="---\ntitle: The plan\ndate: 2016-03-01\ncities: [Davao]\n---\nIt began.\n")
    (first,) = index_corpus(settings, embedder).receipts
    assert (first.title, first.date, first.cities, first.language) == (
        "The plan",
        "2016-03-01",
        ("Davao",),
        "en",
    )
    assert (first.passages, first.characters) == (1, 9)
    assert dict(first.origins) == dict.fromkeys(("title", "date", "cities"), "front_matter")
    (again,) = index_corpus(settings, embedder).receipts
    assert again == dataclasses.replace(first, outcome="unchanged")


def test_a_run_leaves_nothing_open_that_only_a_search_for_garbage_would_close(settings: Settings) -> None:
    settings.corpus_dir.mkdir(exist_ok=True)
    (settings.corpus_dir / "a.txt").write_text("Davao sorts its waste.", encoding="utf-8")
    gc.collect()
    gc.disable()  # as while a page starts
    try:
        before = opened_builds()
        index_corpus(settings, CountingEmbedder())
        left = [build for build in opened_builds() if not any(build is other for other in before)]
    finally:
        gc.enable()
    assert left == []


def opened_builds() -> list[object]:
    """The runs and stores that are in memory."""
    return [
        found
        for found in gc.get_objects()
        if type(found).__name__ in ("_Run", "ChromaStore", "PostgresStore")
    ]
