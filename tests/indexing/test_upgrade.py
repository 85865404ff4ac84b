"""Facts about an index of an older program, or of another model: it answers until the new one takes its place."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from closed_disk import read_only, seen_in
from conftest import REPOSITORY, CountingEmbedder
from index_states import assert_everything_is_retrievable, assert_same_state, builds, committed
from qa.config import Settings
from qa.engine.library import open_library
from qa.errors import IndexMismatch, IndexTooNew, ModelError
from qa.indexing.rollback import roll_back
from qa.indexing.run import index_corpus
from qa.models import Models, load_embedder
from qa.models.identity import load_identified
from qa.pipeline import Pipeline
from qa.storage.manifest import FORMAT, MANIFEST_FILE, PREVIOUS_FILE, has_text
from qa.storage.upgrade import PROGRESS_FILE, Upgrade, read_upgrade
from qa.ui.server.health import make_ready_route
from qa.ui.server.stopping import DoorWatcher
from qa.ui.server.upkeep import upgrade

OLD_INDEX = REPOSITORY / "tests" / "data" / "old_index.zip"
"""Made by scripts/make_old_index.sh."""
QUESTION = "When did Dalian become a partner of Kitakyushu?"


@pytest.fixture
def old(settings: Settings) -> Settings:
    """The settings over the corpus and the index of the earlier program."""
    with zipfile.ZipFile(OLD_INDEX) as archive:
        archive.extractall(settings.index_dir.parent)
    return settings


def change_format(settings: Settings, number: int) -> None:
    """Let the manifest say that it is of another format."""
    path = settings.index_dir / MANIFEST_FILE
    table = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**table, "format": number}), encoding="utf-8")


def files_of(folder: Path) -> dict[str, bytes]:
    """All files but locks, with their bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def refuse_to_read(data: bytes, path: str) -> Any:
    raise AssertionError(f"{path} was read again")


def test_an_index_of_the_earlier_program_answers_at_once(old: Settings) -> None:
    pipeline = Pipeline(old, Models(CountingEmbedder()))
    assert not pipeline.is_outdated
    assert pipeline.search(QUESTION)[0].chunk.source.path == "dalian.md"
    assert len(pipeline.library.documents()) == 2


def test_an_index_of_the_earlier_program_is_brought_up_without_embedding(
    old: Settings, tmp_path: Path
) -> None:
    before = committed(old)
    embedder = CountingEmbedder()
    index_corpus(old, embedder)
    assert embedder.embedded == []
    assert committed(old).build == before.build
    assert all(
        has_text(version, old.index_dir) for version in before.versions
    )  # for the quotes of conversations
    fresh = dataclasses.replace(old, index_dir=tmp_path / "fresh")
    index_corpus(fresh, CountingEmbedder())
    assert_same_state(old, fresh)


@pytest.mark.parametrize("number", [0, FORMAT - 1])
def test_an_index_of_an_older_format_answers_until_the_new_one_takes_its_place(
    number: int, old: Settings
) -> None:
    embedder = CountingEmbedder()
    index_corpus(old, embedder)
    change_format(old, number)
    before, answered = committed(old), len(embedder.embedded)
    pipeline = Pipeline(old, Models(embedder))
    assert pipeline.is_outdated
    assert pipeline.search(QUESTION)[0].chunk.source.path == "dalian.md"

    report = index_corpus(old, embedder, read=refuse_to_read)

    assert {receipt.outcome for receipt in report.receipts} == {"unchanged"}
    assert len(embedder.embedded) == answered
    assert committed(old).format == FORMAT
    assert builds(old) == {before.build, committed(old).build}
    pipeline.catch_up()
    assert not pipeline.is_outdated
    assert pipeline.search(QUESTION)[0].chunk.source.path == "dalian.md"
    assert_everything_is_retrievable(old, embedder)


def test_an_index_of_an_older_format_can_be_brought_back(old: Settings) -> None:
    change_format(old, FORMAT - 1)
    before = committed(old)
    index_corpus(old, CountingEmbedder())
    roll_back(old, CountingEmbedder())
    assert (committed(old).format, committed(old).documents) == (before.format, before.documents)
    assert Pipeline(old, Models(CountingEmbedder())).is_outdated


def test_an_index_too_old_to_be_asked_is_built_anew_from_the_documents(old: Settings) -> None:
    change_format(old, 1)
    build = committed(old).build
    (old.index_dir / f"chroma-{build}").rename(old.index_dir / "chroma")  # where format 1 had it
    with pytest.raises(IndexMismatch, match="run: qa index"):
        open_library(old, Models(CountingEmbedder()))
    index_corpus(old, CountingEmbedder())
    assert_everything_is_retrievable(old, CountingEmbedder())


@pytest.mark.parametrize("rebuild", [False, True])
def test_an_index_of_a_newer_program_is_refused_and_loses_nothing(rebuild: bool, old: Settings) -> None:
    change_format(old, FORMAT + 1)
    before = files_of(old.index_dir)
    with pytest.raises(IndexTooNew, match=r"newer program.*index_dir"):
        open_library(old, Models(CountingEmbedder()))
    with pytest.raises(IndexTooNew, match="newer program"):
        index_corpus(old, CountingEmbedder(), rebuild=rebuild)
    with pytest.raises(IndexTooNew, match="newer program"):
        roll_back(old, CountingEmbedder())
    assert files_of(old.index_dir) == before


def test_an_index_of_another_model_is_asked_with_that_model_until_the_new_one_is_there(
    old: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    def load(identity: str, settings: Settings) -> tuple[CountingEmbedder, None]:
        loaded.append(identity)
        return CountingEmbedder(), None

    monkeypatch.setattr("qa.models.identity.load_identified", load)
    pipeline = Pipeline(old, Models(CountingEmbedder(identity="new")))
    assert (loaded, pipeline.is_outdated) == (["counting"], True)
    assert pipeline.search(QUESTION)[0].chunk.source.path == "dalian.md"
    upgrade(pipeline)
    assert (loaded, pipeline.is_outdated) == (["counting"], False)
    assert committed(old).model == "new"
    assert pipeline.search(QUESTION)[0].chunk.source.path == "dalian.md"


def test_a_page_goes_on_answering_where_another_program_has_changed_the_model(old: Settings) -> None:
    pipeline = Pipeline(old, Models(CountingEmbedder()))
    index_corpus(old, CountingEmbedder(identity="new"))
    assert pipeline.search(QUESTION)[0].chunk.source.path == "dalian.md"
    change_format(old, FORMAT + 1)
    assert pipeline.search(QUESTION)[0].chunk.source.path == "dalian.md"


def test_only_the_process_that_builds_it_anew_shows_how_far_it_is(old: Settings) -> None:
    seen: list[Upgrade | None] = []

    def look(done: int, total: int, name: str) -> None:
        seen.append(read_upgrade(old.index_dir))

    index_corpus(old, CountingEmbedder(), on_progress=look)
    assert set(seen) == {None}
    index_corpus(old, CountingEmbedder(identity="new"), on_progress=look)
    assert Upgrade(0, 2) in seen
    assert not (old.index_dir / PROGRESS_FILE).exists()
    (old.index_dir / PROGRESS_FILE).write_text("[1, 2]", encoding="utf-8")  # as a killed run leaves it
    assert read_upgrade(old.index_dir) is None


def test_a_probe_is_told_how_far_the_new_index_is(old: Settings) -> None:
    pipeline = Pipeline(old, Models(CountingEmbedder()))
    ready = make_ready_route(pipeline, DoorWatcher())
    said: list[dict[str, Any]] = []
    index_corpus(
        old,
        CountingEmbedder(identity="new"),
        on_progress=lambda done, total, name: said.append(json.loads(bytes(ready().body))),
    )
    assert {"ready": True, "upgrade": {"done": 0, "total": 2}} in said
    assert json.loads(bytes(ready().body)) == {"ready": True}


def test_an_old_index_that_cannot_be_written_to_answers_and_its_upgrade_is_told_of(
    old: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Paused(Exception):
        pass

    def pause(seconds: float) -> None:
        raise Paused

    monkeypatch.setattr("qa.ui.server.upkeep.time.sleep", pause)
    change_format(old, FORMAT - 1)
    with read_only(old.index_dir.parent) as view:
        pipeline = Pipeline(seen_in(view, old), Models(CountingEmbedder()))
        with pytest.raises(Paused):  # it would try again later
            upgrade(pipeline)
        assert str(view / "index") in caplog.text
        assert pipeline.is_outdated
        assert pipeline.search(QUESTION)[0].chunk.source.path == "dalian.md"


@pytest.mark.model
@pytest.mark.slow
def test_the_packaged_model_is_found_again_by_its_identity(settings: Settings) -> None:
    made_with = dataclasses.replace(settings, embedder_query_prefix="ask: ", embedder_passage_prefix="text: ")
    identity = load_embedder(made_with).identity
    embedder, reader = load_identified(identity, settings)
    assert embedder.identity == identity != load_embedder(settings).identity
    assert reader is not None


def test_an_upgrade_that_is_cut_off_loses_nothing_and_the_next_one_embeds_only_the_rest(
    old: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.indexing.run.COMMIT_CHUNKS", 1)
    before = committed(old)

    def cut_off(done: int, total: int, name: str) -> None:
        if done == 1 and first.embedded:
            raise KeyboardInterrupt

    first, second = CountingEmbedder(identity="new"), CountingEmbedder(identity="new")
    with pytest.raises(KeyboardInterrupt):
        index_corpus(old, first, on_progress=cut_off)
    assert committed(old) == before
    assert Pipeline(old, Models(CountingEmbedder())).search(QUESTION)[0].chunk.source.path == "dalian.md"
    index_corpus(old, second)
    assert first.embedded
    assert second.embedded
    assert not set(first.embedded) & set(second.embedded)
    assert builds(old) == {before.build, committed(old).build}
    assert_everything_is_retrievable(old, second)


def test_of_two_programs_that_upgrade_at_once_one_waits_and_finds_it_done(old: Settings) -> None:
    change_format(old, FORMAT - 1)
    embedders = [CountingEmbedder(), CountingEmbedder()]
    reports = []
    threads = [
        threading.Thread(target=lambda each=each: reports.append(index_corpus(old, each, wait_s=60)))
        for each in embedders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(report.notes) for report in reports) == [0, 1]
    assert_everything_is_retrievable(old, CountingEmbedder())


def test_the_texts_of_a_lost_state_stay_as_long_as_those_of_a_change(old: Settings) -> None:
    before = committed(old)
    for version in before.versions:
        text = old.index_dir / "texts" / f"{version}.json"
        os.utime(text, (0, 0))
    (old.index_dir / MANIFEST_FILE).write_text("{", encoding="utf-8")
    (old.index_dir / PREVIOUS_FILE).unlink(missing_ok=True)
    index_corpus(old, CountingEmbedder(), rebuild=True)
    assert all(has_text(version, old.index_dir) for version in before.versions)


@pytest.mark.parametrize("identity", ["counting", "packaged:x@1", "a@1|query=open(0)|passage=''"])
def test_a_model_that_its_identity_does_not_name_is_not_loaded(identity: str, settings: Settings) -> None:
    with pytest.raises(ModelError):
        load_identified(identity, settings)
