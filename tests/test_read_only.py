"""Facts about an index that cannot be written to, or whose disk is full: who only asks is answered."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from closed_disk import read_only, seen_in
from conftest import REPOSITORY, CountingEmbedder
from outages import fill, small_disk
from pages import serving
from qa.config import Settings
from qa.errors import DiskError
from qa.feedback import list_feedback, note_refusal
from qa.models import Models
from qa.pipeline import Pipeline
from qa.storage.locks import lock_graphs, was_cut_off
from qa.storage.store.chroma_places import LITTLE_ROOM_BYTES, copy_to_read

DALIAN = "Kitakyushu sent 67 experts to Dalian."
QUESTION = "experts to Dalian Kitakyushu sent?"
REFUSED = "Who drives the xylophone tram in Zanzibar?"

real = [pytest.mark.model, pytest.mark.server, pytest.mark.slow]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Those of an index on a disk of its own."""
    with small_disk(tmp_path / "disk", megabytes=12) as disk:
        settings = Settings(
            corpus_dir=disk / "corpus",
            index_dir=disk / "index",
            cities_file=REPOSITORY / "corpus" / "cities.toml",
        )
        settings.corpus_dir.mkdir()
        (settings.corpus_dir / "dalian.txt").write_text(DALIAN, encoding="utf-8")
        Pipeline.build(settings, Models(CountingEmbedder()))
        yield settings


def assert_answers(settings: Settings) -> None:
    pipeline = Pipeline(settings, Models(CountingEmbedder()))

    assert [each.text for each in pipeline.ask(QUESTION).statements] == [DALIAN]
    assert [each.chunk.text for each in pipeline.search("experts")] == [DALIAN]
    assert pipeline.library.find_document(pipeline.library.records[0].doc_id) is not None
    assert list_feedback(settings.index_dir) == ()


def copies() -> set[Path]:
    return {path for place in ("/tmp", "/dev/shm") for path in Path(place).glob("qa-read-*")}


def test_an_index_that_cannot_be_written_to_is_asked_and_its_copy_goes_with_who_asked(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    before = copies()
    with read_only(settings.index_dir.parent) as view:
        assert_answers(seen_in(view, settings))
        assert "it is read from a copy" in caplog.text
        with pytest.raises(DiskError):
            note_refusal(REFUSED, "en", view / "index")

    gc.collect()  # the client is in circles of references
    assert copies() == before


def test_an_index_on_a_full_disk_is_asked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = settings.index_dir.parent
    monkeypatch.setenv("TMPDIR", str(disk))  # as where there is one disk for all
    fill(disk / "filler", free_kib=0)

    assert_answers(settings)
    with pytest.raises(DiskError):
        note_refusal(REFUSED, "en", settings.index_dir)


def test_what_was_cut_off_is_checked_and_asked_though_nothing_can_be_noted(settings: Settings) -> None:
    (folder,) = settings.index_dir.glob("chroma-*")
    (folder / ".graphs.lock").write_bytes(b"1")
    assert was_cut_off(folder)

    with read_only(settings.index_dir.parent) as view:
        assert_answers(seen_in(view, settings))


def test_where_nothing_can_be_written_nobody_is_waited_for(settings: Settings) -> None:
    (folder,) = settings.index_dir.glob("chroma-*")
    (folder / ".graphs.lock").unlink()

    with read_only(settings.index_dir.parent) as view, lock_graphs(view / "index" / folder.name):
        assert not (folder / ".graphs.lock").exists()


def test_a_copy_is_made_where_there_is_room(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder,) = settings.index_dir.glob("chroma-*")
    copy = copy_to_read(folder)
    try:
        graphs = [path.name for path in folder.iterdir() if path.is_dir()]
        assert sorted(path.name for path in copy.iterdir()) == sorted(["chroma.sqlite3", *graphs])
        assert all((copy / name).is_symlink() for name in graphs)
        assert os.stat(copy).st_mode & 0o077 == 0
    finally:
        shutil.rmtree(copy)
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=LITTLE_ROOM_BYTES))
    with pytest.raises(OSError, match="No space left"):
        copy_to_read(folder)


class TestThePageItself:
    pytestmark = real

    def test_the_page_and_the_commands_answer_from_a_folder_that_cannot_be_written_to(
        self, tmp_path: Path
    ) -> None:
        """And a refused question that cannot be counted leaves a warning without its words."""
        with small_disk(tmp_path / "disk", megabytes=60) as disk:
            environment = {
                **{name: value for name, value in os.environ.items() if not name.startswith("QA_")},
                "QA_CORPUS_DIR": str(REPOSITORY / "corpus"),
                "QA_INDEX_DIR": str(disk / "index"),
            }

            def run(*arguments: str) -> subprocess.CompletedProcess[str]:
                return subprocess.run(
                    [sys.executable, "-m", "qa.cli", *arguments],
                    cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=True,
                )  # fmt: skip

            run("index")
            folder = tmp_path / "page"
            folder.mkdir()
            with read_only(disk) as view, serving(folder, QA_INDEX_DIR=str(view / "index")) as server:
                environment["QA_INDEX_DIR"] = str(view / "index")
                assert "sister city" in asked(server.address, "When did Phnom Penh become a sister city?")
                refused = json.loads(asked(server.address, REFUSED).partition("data: ")[2])
                assert refused[0]["answered"] is False
                ended = run("ask", "--alone", "When did Phnom Penh become a sister city?")
                assert "sister city" in ended.stdout
                assert run("search", "--alone", "compost").stdout
                assert run("status").stdout
                log = (folder / "log").read_text(encoding="utf-8")
        assert "xylophone" not in log
        assert "Traceback" not in log + ended.stderr


def asked(address: str, question: str) -> str:
    """The event with the answer that programs get."""
    with httpx.Client(base_url=address, timeout=60) as client:
        call = client.post("/gradio_api/call/ask", json={"data": [question, None, None, False]})
        return client.get(f"/gradio_api/call/ask/{call.json()['event_id']}").text
