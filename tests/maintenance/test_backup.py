"""Facts about saving corpus and index to one file while they are in use, and about what comes back of it."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from conftest import CountingEmbedder
from holding import held_elsewhere
from index_states import assert_everything_is_retrievable, assert_same_state, committed
from outages import CITIES, Foundry, asking, assert_every_answer_was_right, fill, small_disk, write_reports
from pages import serving
from qa.config import Settings
from qa.corpus.intake import ASIDE_FOLDER, add_address, remove
from qa.corpus.web_sources import read_sources
from qa.domain import Answer
from qa.errors import ConfigError, DiskError, IndexDamaged, IndexMissing, InputError, LoadError
from qa.feedback import feedback_on, keep_feedback, list_feedback, most_refused, note_refusal
from qa.fetching import Fetched
from qa.indexing.rollback import roll_back
from qa.indexing.run import index_corpus
from qa.maintenance.backup.creation import STALE_AFTER_S, WORK_PREFIX, back_up
from qa.maintenance.backup.restoration import restore
from qa.maintenance.backup.snapshot import copy_file
from qa.models import Models
from qa.pipeline import Pipeline
from qa.storage.locks import lock_graphs, lock_index, was_cut_off
from qa.storage.manifest import PREVIOUS_FILE, read_manifest, read_text
from qa.storage.store import chroma_folder, hold_builds
from qa.storage.store.chroma_places import CHROMA_FOLDER
from stores import EACH_SERVER, Server, setting_of

DALIAN = "Kitakyushu sent 67 experts to Dalian."
DALIAN_NOW = "Kitakyushu sent 68 experts to Dalian."
QUESTION = "experts to Dalian Kitakyushu sent?"
ADDRESS = "https://www.example.org/davao"
PAGE = "<!doctype html><title>Davao</title><main><p>Davao planted 70 mangroves in its harbour.</p></main>"


def build(settings: Settings) -> Pipeline:
    return Pipeline(settings, Models(CountingEmbedder()))


def ask(settings: Settings) -> Answer:
    """The answer, without how long it took."""
    return dataclasses.replace(build(settings).ask(QUESTION), timings={})


def elsewhere(settings: Settings, folder: Path) -> Settings:
    """The same settings over a corpus and an index in `folder`, which are not there yet."""
    return dataclasses.replace(settings, corpus_dir=folder / "corpus", index_dir=folder / "index")


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings over an index with a history: a document was changed, one was taken out, one came from the web, and
    readers have said something. Not to be changed."""
    folder = tmp_path_factory.mktemp("lived-in")
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index", cities_file=CITIES)
    corpus = settings.corpus_dir
    (corpus / "reports").mkdir(parents=True)
    shutil.copy(CITIES, corpus)
    (corpus / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    (corpus / "reports" / "スラバヤ.md").write_text(
        "# スラバヤ\n\n堆肥化は2万世帯に広がった。\n", encoding="utf-8"
    )
    (corpus / "old.txt").write_text("The old plan for Surabaya ended in 2009.", encoding="utf-8")
    fetched = Fetched(url=ADDRESS, status=200, data=PAGE.encode(), content_type="text/html", etag='"1"')
    add_address(ADDRESS, corpus, fetch=lambda url, **_: fetched)
    index_corpus(settings, CountingEmbedder())
    answer = build(settings).ask(QUESTION)
    keep_feedback(feedback_on(answer, "good", reason="right"), settings.index_dir)
    note_refusal("Who drives the tram?", "en", settings.index_dir)
    (corpus / "dalian.txt").write_text(DALIAN_NOW, encoding="utf-8")
    remove(["old.txt"], corpus)
    index_corpus(settings, CountingEmbedder())
    return settings


@pytest.fixture(scope="module")
def saved(lived_in: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it."""
    path = tmp_path_factory.mktemp("backups") / "qa.zip"
    back_up(lived_in, path)
    return path


@pytest.fixture
def restored(lived_in: Settings, saved: Path, tmp_path: Path) -> Settings:
    """Settings over what came back of it."""
    settings = elsewhere(lived_in, tmp_path)
    restore(saved, settings)
    return settings


def files_of(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in without
    }


def test_what_comes_back_answers_and_cites_as_before(lived_in: Settings, restored: Settings) -> None:
    before, after = ask(lived_in), ask(restored)
    assert before.statements[0].text == DALIAN_NOW
    assert after == before
    assert_same_state(restored, lived_in)


def test_a_citation_of_an_older_version_still_opens(lived_in: Settings, restored: Settings) -> None:
    previous = read_manifest(lived_in.index_dir, file=PREVIOUS_FILE)
    assert previous
    for record in previous.documents:
        kept = read_text(record.version, restored.index_dir)
        assert kept == read_text(record.version, lived_in.index_dir)
        opened = build(restored).library.find_document(record.doc_id, record.version)
        assert opened == kept
    assert any(DALIAN in str(text) for text in files_of(restored.index_dir / "texts").values())


def test_it_rolls_back_to_the_state_that_the_original_does(
    lived_in: Settings, restored: Settings, tmp_path: Path
) -> None:
    original = elsewhere(lived_in, tmp_path / "copy")
    shutil.copytree(lived_in.corpus_dir, original.corpus_dir)
    shutil.copytree(lived_in.index_dir, original.index_dir)
    assert roll_back(restored, CountingEmbedder()) == roll_back(original, CountingEmbedder())
    assert ask(restored) == ask(original)
    assert ask(restored).statements[0].text == DALIAN
    assert roll_back(restored, CountingEmbedder()).documents == committed(lived_in).documents


def test_corpus_feedback_and_addresses_come_back_as_they_were(lived_in: Settings, restored: Settings) -> None:
    assert files_of(restored.corpus_dir) == files_of(lived_in.corpus_dir)
    assert any(name.startswith(ASIDE_FOLDER) for name in files_of(restored.corpus_dir))
    assert read_sources(restored.corpus_dir) == read_sources(lived_in.corpus_dir) != {}
    assert list_feedback(restored.index_dir) == list_feedback(lived_in.index_dir) != ()
    assert most_refused(restored.index_dir) == most_refused(lived_in.index_dir) != ()
    kept = [path.stat().st_mtime_ns for path in sorted((restored.index_dir / "texts").iterdir())]
    assert kept == [path.stat().st_mtime_ns for path in sorted((lived_in.index_dir / "texts").iterdir())]


def test_the_next_run_finds_nothing_to_do(restored: Settings) -> None:
    embedder = CountingEmbedder()
    report = index_corpus(restored, embedder)
    assert {receipt.outcome for receipt in report.receipts} == {"unchanged"}
    assert embedder.embedded == []


def test_caches_and_locks_are_not_in_it(saved: Path) -> None:
    names = zipfile.ZipFile(saved).namelist()
    left = ("vectors.sqlite3", "checked.json", "lock", ".part", "page.sock", "-journal", "-wal")
    assert [name for name in names if name.endswith(left)] == []


def test_the_file_is_for_its_owner_only_and_nothing_lies_beside_it(saved: Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert list(saved.parent.iterdir()) == [saved]


def test_the_index_comes_back_for_its_owner_only(restored: Settings) -> None:
    assert stat.S_IMODE(restored.index_dir.stat().st_mode) == 0o700


def test_a_file_that_is_there_is_not_written_over(lived_in: Settings, tmp_path: Path) -> None:
    (tmp_path / "qa.zip").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        back_up(lived_in, tmp_path / "qa.zip")
    assert (tmp_path / "qa.zip").read_text() == "mine"


def test_a_file_that_comes_to_be_meanwhile_is_not_written_over(lived_in: Settings, tmp_path: Path) -> None:
    path = tmp_path / "qa.zip"
    with pytest.raises(InputError, match="is there already"):
        back_up(lived_in, path, on_progress=lambda *_: path.touch())
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b""


@pytest.mark.parametrize("inside", ["corpus/qa.zip", "index/qa.zip", "link/qa.zip"])
def test_a_file_within_what_is_saved_is_refused(lived_in: Settings, tmp_path: Path, inside: str) -> None:
    folder = lived_in.index_dir.parent
    if inside.startswith("link"):
        folder = tmp_path
        (folder / "link").symlink_to(lived_in.corpus_dir)
    with pytest.raises(InputError, match="which is what is saved"):
        back_up(lived_in, folder / inside)


def test_a_folder_that_is_not_there_is_named(lived_in: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere is no folder"):
        back_up(lived_in, tmp_path / "nowhere" / "qa.zip")


def test_folders_that_lie_in_each_other_are_refused(lived_in: Settings, tmp_path: Path) -> None:
    nested = dataclasses.replace(lived_in, index_dir=lived_in.corpus_dir / "index")
    for work in (lambda: back_up(nested, tmp_path / "qa.zip"), lambda: restore(tmp_path / "qa.zip", nested)):
        with pytest.raises(ConfigError, match="lie in each other"):
            work()


def test_without_an_index_there_is_nothing_to_save(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="qa index"):
        back_up(settings, tmp_path / "qa.zip")


def test_an_index_whose_vectors_are_gone_is_not_saved_as_if_it_were_whole(
    restored: Settings, tmp_path: Path
) -> None:
    shutil.rmtree(restored.index_dir / f"{CHROMA_FOLDER}{committed(restored).build}")
    with pytest.raises(IndexDamaged, match="qa index"):
        back_up(restored, tmp_path / "qa.zip")
    assert not list(tmp_path.glob("*.zip"))


def test_the_table_of_cities_in_force_becomes_the_corpus_own(
    settings: Settings, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    (settings.corpus_dir / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    index_corpus(settings, embedder)
    back_up(settings, tmp_path / "qa.zip")
    there = dataclasses.replace(elsewhere(settings, tmp_path / "there"), cities_file=tmp_path / "none")
    restore(tmp_path / "qa.zip", there)
    assert (there.corpus_dir / "cities.toml").read_bytes() == CITIES.read_bytes()
    assert {receipt.outcome for receipt in index_corpus(there, embedder).receipts} == {"unchanged"}


def test_links_out_of_the_corpus_and_what_is_no_file_are_left_out_by_name(
    settings: Settings, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    corpus = settings.corpus_dir
    (corpus / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    (corpus / "same.txt").symlink_to(corpus / "dalian.txt")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.txt").write_text("key")
    (corpus / "key.txt").symlink_to(tmp_path / "secret" / "key.txt")
    (corpus / "folder").symlink_to(tmp_path / "secret")
    os.mkfifo(corpus / "pipe.txt")
    Path(os.fsdecode(os.fsencode(corpus) + b"/caf\xe9.txt")).write_text("x")
    (corpus / ".new.txt.7.part").write_text("half")
    index_corpus(settings, embedder)
    backup = back_up(settings, tmp_path / "qa.zip")
    assert sorted(backup.left_out) == ["caf\\udce9.txt", "folder", "key.txt", "pipe.txt"]
    there = elsewhere(settings, tmp_path / "there")
    restore(tmp_path / "qa.zip", there)
    assert sorted(files_of(there.corpus_dir)) == ["cities.toml", "dalian.txt", "same.txt"]
    assert not (there.corpus_dir / "same.txt").is_symlink()


def test_a_file_that_goes_on_changing_is_not_saved_half(
    settings: Settings, embedder: CountingEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = settings.corpus_dir / "growing.txt"
    growing.write_text(DALIAN, encoding="utf-8")
    index_corpus(settings, embedder)
    copy = shutil.copyfile

    def copy_and_grow(source: Path, target: Path) -> None:
        copy(source, target)
        if source == growing:
            with growing.open("a") as stream:
                stream.write(".")

    monkeypatch.setattr("qa.maintenance.backup.snapshot.shutil.copyfile", copy_and_grow)
    with pytest.raises(LoadError, match=r"growing\.txt is being written to"):
        back_up(settings, tmp_path / "qa.zip")


# While others are at work


def test_it_waits_for_no_run_that_indexes_and_hinders_none(lived_in: Settings, tmp_path: Path) -> None:
    with held_elsewhere(lock_index, lived_in.index_dir):
        started = time.monotonic()
        back_up(lived_in, tmp_path / "qa.zip")
        assert time.monotonic() - started < 20
    with lock_index(lived_in.index_dir):
        pass


def test_it_waits_until_nobody_is_at_the_graphs(lived_in: Settings, tmp_path: Path) -> None:
    folder = lived_in.index_dir / f"{CHROMA_FOLDER}{committed(lived_in).build}"
    with held_elsewhere(lock_graphs, folder) as holder:
        saving = threading.Thread(target=back_up, args=(lived_in, tmp_path / "qa.zip"))
        saving.start()
        saving.join(0.5)
        assert saving.is_alive()
        assert holder.stdin
        holder.stdin.write("\n")
        holder.stdin.flush()
        saving.join(30)
    assert (tmp_path / "qa.zip").exists()


def test_feedback_that_is_being_written_is_saved_whole(
    restored: Settings, lived_in: Settings, tmp_path: Path
) -> None:
    path = restored.index_dir / "feedback.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM feedback")
        back_up(restored, tmp_path / "qa.zip")  # a reader sees what was there before
        connection.execute("ROLLBACK")
    there = elsewhere(restored, tmp_path / "there")
    restore(tmp_path / "qa.zip", there)
    assert list_feedback(there.index_dir) == list_feedback(lived_in.index_dir) != ()


def test_a_database_that_is_in_use_in_a_newer_way_is_saved_whole(restored: Settings, tmp_path: Path) -> None:
    path = restored.index_dir / "feedback.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("UPDATE feedback SET reason = 'still in the log of what is written'")
        back_up(restored, tmp_path / "qa.zip")
    there = elsewhere(restored, tmp_path / "there")
    restore(tmp_path / "qa.zip", there)
    assert list_feedback(there.index_dir)[0].reason == "still in the log of what is written"


def test_a_state_that_is_replaced_before_its_vectors_are_copied_is_not_saved(
    restored: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = CountingEmbedder()
    changes: list[str] = []

    @contextmanager
    def change_and_hold(settings: Settings, builds: Collection[str]) -> Iterator[tuple[Path, ...]]:
        if not changes:  # twice, so that what was live is not even the state before
            for text in ("It is new.", "It is newer."):
                (settings.corpus_dir / "new.txt").write_text(text, encoding="utf-8")
                index_corpus(settings, embedder, rebuild=True)
                changes.append(text)
        with hold_builds(settings, builds) as folders:
            yield folders

    monkeypatch.setattr("qa.maintenance.backup.snapshot.hold_builds", change_and_hold)
    back_up(restored, tmp_path / "qa.zip")
    there = elsewhere(restored, tmp_path / "there")
    restore(tmp_path / "qa.zip", there)
    assert_same_state(there, restored)
    assert roll_back(there, embedder).documents == roll_back(restored, embedder).documents


def test_a_text_that_goes_while_it_is_copied_has_all_be_copied_again(
    restored: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    previous = read_manifest(restored.index_dir, file=PREVIOUS_FILE)
    assert previous
    kept = min(previous.versions - committed(restored).versions)
    gone = restored.index_dir / "texts" / f"{kept}.json"
    copy = copy_file

    def remove_and_copy(source: Path, target: Path) -> None:
        if source == gone:
            gone.unlink()
        copy(source, target)

    monkeypatch.setattr("qa.maintenance.backup.snapshot.copy_file", remove_and_copy)
    backup = back_up(restored, tmp_path / "qa.zip")
    assert f"index/texts/{kept}.json" not in backup.header.members
    there = elsewhere(restored, tmp_path / "there")
    restore(tmp_path / "qa.zip", there)
    assert_same_state(there, restored)


@pytest.mark.slow
def test_each_of_many_backups_is_whole_while_one_process_indexes_and_another_asks(tmp_path: Path) -> None:
    embedder = CountingEmbedder()
    for name in ("old", "new"):
        write_reports(tmp_path / name, is_new=name == "new")
    live = Settings(corpus_dir=tmp_path / "old", index_dir=tmp_path / "live", cities_file=CITIES)
    index_corpus(live, embedder)
    changing = threading.Event()
    changing.set()

    def change(foundry: Foundry) -> None:
        for turn in range(1000):
            if not changing.is_set():
                break
            corpus = tmp_path / ("new", "old")[turn % 2]
            foundry.index(dataclasses.replace(live, corpus_dir=corpus), rebuild=turn % 3 == 2)

    generations, states = set(), set()
    log = tmp_path / "answers.jsonl"
    with closing(Foundry()) as foundry, asking(live.index_dir, list(range(6, 36)), log):
        indexing = threading.Thread(target=change, args=(foundry,))
        indexing.start()
        try:
            for number in range(60):
                path = tmp_path / f"{number}.zip"
                generations.add(back_up(live, path).header.generation)
                there = elsewhere(live, tmp_path / str(number))
                restore(path, there)
                assert_everything_is_retrievable(there, embedder)
                states.add(committed(there).build)
                if read_manifest(there.index_dir, file=PREVIOUS_FILE):
                    roll_back(there, embedder)
                    assert_everything_is_retrievable(there, embedder)
                if len(generations) > 4 and len(states) > 1:
                    break
        finally:
            changing.clear()
            indexing.join()
    assert len(generations) > 4
    assert len(states) > 1
    assert_every_answer_was_right(log, least=30)


@pytest.mark.model
@pytest.mark.server
@pytest.mark.slow
def test_the_page_answers_while_it_is_saved_and_what_comes_back_answers_the_same(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "qa.cli"]
    question = "When did Phnom Penh become a sister city?"
    with serving(tmp_path) as server:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
        folders = ["--corpus", str(server.corpus), "--index", str(server.index)]
        saving = subprocess.Popen([*command, "backup", *folders, tmp_path / "qa.zip"], env=environment)
        url = f"{server.address}gradio_api/call/ask"
        event = httpx.post(url, json={"data": [question, None, None, False]}, timeout=60).json()["event_id"]
        assert "March 2016" in httpx.get(f"{url}/{event}", timeout=120).text
        assert saving.wait(60) == 0
    there = tmp_path / "there"
    folders = ["--corpus", str(there / "corpus"), "--index", str(there / "index")]
    subprocess.run([*command, "restore", *folders, tmp_path / "qa.zip"], env=environment, check=True)
    asked = subprocess.run(
        [*command, "ask", "--index", there / "index", question],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert "March 2016" in asked.stdout, asked.stderr


# Vectors on a server


@pytest.mark.parametrize("kind", EACH_SERVER)
def test_vectors_on_a_server_are_made_anew(
    kind: str, settings: Settings, tmp_path: Path, start_server: Callable[[str], Server | None]
) -> None:
    on_server = dataclasses.replace(settings, **setting_of(start_server(kind)))
    (settings.corpus_dir / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    index_corpus(on_server, CountingEmbedder())
    backup = back_up(on_server, tmp_path / "qa.zip")
    assert not backup.header.has_vectors
    there = elsewhere(settings, tmp_path / "there")  # where vectors are kept in the index
    assert not restore(tmp_path / "qa.zip", there).has_vectors
    with pytest.raises(IndexDamaged, match="qa index"):
        build(there).ask(QUESTION)
    index_corpus(there, CountingEmbedder())
    assert ask(there).statements[0].text == DALIAN


# What goes wrong on the way


def stop_at(moment: int) -> Callable[[int, int, str], None]:
    def stop(done: int, total: int, name: str) -> None:
        if done == moment:
            raise KeyboardInterrupt

    return stop


@pytest.mark.parametrize("moment", [0, 3, 12])
def test_an_interrupted_backup_leaves_nothing(lived_in: Settings, tmp_path: Path, moment: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        back_up(lived_in, tmp_path / "qa.zip", on_progress=stop_at(moment))
    assert list(tmp_path.iterdir()) == []
    assert_everything_is_retrievable(lived_in, CountingEmbedder())


def test_a_full_disk_leaves_no_backup_and_says_so(lived_in: Settings, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        for free in (0, 4, 100, 300):
            fill(disk / "filler", free_kib=free)
            with pytest.raises(DiskError, match="no room left"):
                back_up(lived_in, disk / "qa.zip")
            assert [path.name for path in disk.iterdir()] == ["filler"]
        (disk / "filler").unlink()
        back_up(lived_in, disk / "qa.zip")


def test_what_a_killed_backup_left_goes_with_one_on_another_day(lived_in: Settings, tmp_path: Path) -> None:
    for name, age_s in (("old", STALE_AFTER_S + 60), ("new", 60)):
        left = tmp_path / f"{WORK_PREFIX}{name}"
        left.mkdir()
        os.utime(left, (time.time() - age_s,) * 2)
    back_up(lived_in, tmp_path / "qa.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{WORK_PREFIX}new", "qa.zip"]


def test_the_lock_of_who_only_copied_says_nothing_of_damage(lived_in: Settings, tmp_path: Path) -> None:
    def fail(source: Path, target: Path) -> None:
        raise OSError(5, "Input/output error", str(source))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qa.maintenance.backup.snapshot._copy", fail)
        with pytest.raises(DiskError, match="Input/output error"):
            back_up(lived_in, tmp_path / "qa.zip")
    folder = chroma_folder(lived_in, build=committed(lived_in).build)
    assert folder is not None
    assert not was_cut_off(folder)
