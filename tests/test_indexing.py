"""Facts about bringing the index up to the corpus, most of all when a file is bad or the process is killed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from chromadb.api.shared_system_client import SharedSystemClient

from conftest import REPOSITORY, CountingEmbedder
from qa.chunking import text_to_embed
from qa.cities import CITIES_FILE
from qa.config import Settings
from qa.domain import IndexReport
from qa.errors import ConfigError, IndexBusy, IndexMismatch, LoadError
from qa.indexing import index_corpus, index_fingerprint, lock_index
from qa.manifest import MANIFEST_FILE, TEXTS_FOLDER, Manifest, read_manifest, read_text
from qa.store import CHROMA_FOLDER, VectorStore

CITIES = REPOSITORY / "corpus" / "cities.toml"
TWO_PARTS = "# Davao\n\n## Waste\n\nIt began in 2015. It goes on.\n\n## Water\n\nThe water is clean.\n"

ROUNDING = 1e-6
"""Chroma makes vectors unit again each time they are written, which can change their last bits."""


def write(settings: Settings, **files: str) -> None:
    """Write `name="text"` to `name.md`; a double underscore in a name stands for a folder."""
    for name, text in files.items():
        path = settings.corpus_dir / f"{name.replace('__', '/')}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def committed(settings: Settings) -> Manifest:
    manifest = read_manifest(settings.index_dir)
    assert manifest is not None
    return manifest


def open_store(settings: Settings) -> VectorStore:
    manifest = committed(settings)
    return VectorStore(settings.index_dir, build=manifest.build, fingerprint=manifest.fingerprint)


def read_collections(index_dir: Path) -> dict[str, dict[str, tuple[Any, Any, Any]]]:
    """Everything in Chroma: collection → id → metadata, text, vector."""
    SharedSystemClient.clear_system_cache()
    client = chromadb.PersistentClient(
        path=str(index_dir / CHROMA_FOLDER), settings=chromadb.Settings(anonymized_telemetry=False)
    )
    found = {}
    for collection in client.list_collections():
        got = collection.get(include=["metadatas", "documents", "embeddings"])
        rows = zip(got["metadatas"], got["documents"], got["embeddings"], strict=True)
        found[collection.name] = dict(zip(got["ids"], rows, strict=True))
    return found


def assert_same_state(settings: Settings, fresh: Settings) -> None:
    """The index of `settings` holds what that of `fresh` holds, and nothing else."""
    manifest, expected = committed(settings), committed(fresh)
    assert manifest.documents == expected.documents
    assert manifest.fingerprint == expected.fingerprint
    collections, expected_collections = (read_collections(each.index_dir) for each in (settings, fresh))
    for kind in ("passages", "sentences"):
        rows = collections.pop(f"{kind}-{manifest.build}")
        expected_rows = expected_collections.pop(f"{kind}-{expected.build}")
        assert rows.keys() == expected_rows.keys()
        for record_id, (metadata, text, vector) in rows.items():
            assert (metadata, text) == expected_rows[record_id][:2]
            np.testing.assert_allclose(vector, expected_rows[record_id][2], atol=ROUNDING)
    assert collections == {}
    texts, expected_texts = (
        {path.name: path.read_bytes() for path in (each.index_dir / TEXTS_FOLDER).glob("*")}
        for each in (settings, fresh)
    )
    assert texts == expected_texts


def assert_everything_is_retrievable(settings: Settings, embedder: CountingEmbedder) -> Manifest:
    """Every chunk of the committed documents is there, with its text and its vectors, and is found by them."""
    manifest, store = committed(settings), open_store(settings)
    chunks = store.load_chunks(manifest.documents)
    vectors = store.fetch_vectors(chunks) if chunks else {}
    for record in manifest.documents:
        document = read_text(record.version, settings.index_dir)
        own = [chunk for chunk in chunks if chunk.doc_id == record.doc_id]
        assert document is not None
        assert (document.path, document.sha256) == (record.path, record.sha256)
        assert len(own) == record.chunks
        for chunk in own:
            assert chunk.span.cut(document.text) == chunk.text
            passage, sentences = vectors[chunk.chunk_id]
            expected = embedder.encode_passages([text_to_embed(chunk, document)])[0]
            np.testing.assert_allclose(passage, expected, atol=ROUNDING)
            assert len(sentences) == len(chunk.sentences)
    for kind in ("passages", "sentences"):
        if chunks:
            found = store.query(vectors[chunks[0].chunk_id][0], kind=kind, count=sum(store.count()))
            assert {chunk.chunk_id for chunk in chunks} <= {chunk_id for chunk_id, _ in found}
    return manifest


def names(report: IndexReport) -> dict[str, tuple[str, ...]]:
    """What a report says, without what was not the case."""
    said = {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "skipped": tuple(file.path for file in report.skipped),
        "failed": tuple(file.path for file in report.failed),
    }
    return {name: paths for name, paths in said.items() if paths}


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
    chunks = open_store(settings).load_chunks(committed(settings).documents)
    assert [chunk.text for chunk in chunks] == ["It began again.", "It comes.", "It stays."]


def test_after_changes_the_index_is_that_of_a_fresh_build(
    settings: Settings, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    write(settings, same="It stays.\n", changed=TWO_PARTS, gone="It goes.\n")
    index_corpus(settings, embedder)
    write(settings, changed=TWO_PARTS.replace("clean", "dirty"), new="It comes.\n")
    (settings.corpus_dir / "gone.md").unlink()
    index_corpus(settings, embedder)
    fresh = Settings(corpus_dir=settings.corpus_dir, index_dir=tmp_path / "fresh", cities_file=CITIES)
    index_corpus(fresh, CountingEmbedder())
    assert_same_state(settings, fresh)


def test_unchanged_files_are_neither_read_again_nor_embedded(
    settings: Settings, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, a=TWO_PARTS, b="Dalian is a city.\n")
    index_corpus(settings, embedder)
    before = committed(settings)
    embedder.embedded.clear()
    monkeypatch.setattr("qa.indexing.parse_document", None)
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
    chunks = open_store(settings).load_chunks(committed(settings).documents)
    assert [(chunk.path, chunk.text) for chunk in chunks] == [
        ("one.md", "The same."),
        ("two.md", "The same."),
    ]
    (settings.corpus_dir / "one.md").unlink()
    index_corpus(settings, embedder)
    chunks = open_store(settings).load_chunks(committed(settings).documents)
    assert [chunk.path for chunk in chunks] == ["two.md"]


def test_a_file_that_was_renamed_is_removed_and_added(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, old="The same.\n")
    index_corpus(settings, embedder)
    (settings.corpus_dir / "old.md").rename(settings.corpus_dir / "new.md")
    assert names(index_corpus(settings, embedder)) == {"added": ("new.md",), "removed": ("old.md",)}
    assert open_store(settings).count() == (1, 1)


def test_unknown_types_are_skipped_broken_files_fail_and_all_others_are_indexed(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, good="It is good.\n", bad="---\ntitle: a: b\n---\nText.\n", z="It is last.\n")
    (settings.corpus_dir / "scan.pdf").write_bytes(b"%PDF-1.4")
    (settings.corpus_dir / "binary.txt").write_bytes(bytes(range(128, 256)))
    (settings.corpus_dir / "empty.md").touch()
    report = index_corpus(settings, embedder)
    assert names(report) == {
        "added": ("good.md", "z.md"),
        "skipped": ("scan.pdf",),
        "failed": ("bad.md", "binary.txt", "empty.md"),
    }
    assert "line 2" in report.failed[0].message
    assert all(file.path in file.message for file in (*report.failed, *report.skipped))
    assert_everything_is_retrievable(settings, embedder)


def test_a_reader_that_breaks_stops_no_other_file(
    settings: Settings, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(data: bytes) -> None:
        raise RecursionError("too deep")

    monkeypatch.setitem(sys.modules["qa.loaders"].READERS, ".html", explode)
    write(settings, good="It is good.\n")
    (settings.corpus_dir / "deep.html").write_bytes(b"<p>")
    report = index_corpus(settings, embedder)
    assert names(report) == {"added": ("good.md",), "failed": ("deep.html",)}
    assert "deep.html" in report.failed[0].message


def test_a_title_with_half_a_character_stops_no_other_file(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, good="It is good.\n", odd='---\ntitle: "\\ud800"\n---\nIt is odd.\n')
    assert "good.md" in index_corpus(settings, embedder).added


def test_a_name_that_is_not_utf_8_stops_no_other_file(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, good="It is good.\n")
    (settings.corpus_dir / os.fsdecode(b"caf\xe9.md")).write_text("It is odd.\n", encoding="utf-8")
    assert "good.md" in index_corpus(settings, embedder).added


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
    assert open_store(settings).count() == (0, 0)


def test_a_corpus_that_has_become_empty_empties_the_index(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    (settings.corpus_dir / "a.md").unlink()
    assert names(index_corpus(settings, embedder)) == {"removed": ("a.md",)}
    assert open_store(settings).count() == (0, 0)
    assert list((settings.index_dir / TEXTS_FOLDER).iterdir()) == []


def test_a_corpus_that_is_not_there_loses_nothing(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    before = committed(settings)
    settings.corpus_dir.rename(settings.corpus_dir.with_name("moved"))
    with pytest.raises(LoadError, match="is not a folder"):
        index_corpus(settings, embedder)
    assert committed(settings) == before
    assert open_store(settings).count() == (2, 3)


def test_another_table_of_cities_has_every_document_read_again(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a="Metropolis is here.\n")
    index_corpus(settings, embedder)
    assert committed(settings).documents[0].cities == ()
    table = CITIES.read_text(encoding="utf-8") + (
        '\n[[city]]\nname = "Metropolis"\ncountry = "Nowhere"\nlatitude = 1.0\nlongitude = 1.0\n'
        '[city.names]\nen = ["Metropolis"]\n'
    )
    (settings.corpus_dir / "cities.toml").write_text(table, encoding="utf-8")
    embedder.embedded.clear()
    assert names(index_corpus(settings, embedder)) == {"updated": ("a.md",)}
    assert committed(settings).documents[0].cities == ("Metropolis",)
    assert embedder.embedded == []
    assert (settings.index_dir / CITIES_FILE).read_text(encoding="utf-8") == table


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
    monkeypatch.setattr("qa.indexing.COMMIT_CHUNKS", 3)
    often = Settings(corpus_dir=settings.corpus_dir, index_dir=tmp_path / "often", cities_file=CITIES)
    index_corpus(often, CountingEmbedder())
    assert committed(often).generation > committed(settings).generation
    assert_same_state(often, settings)


@pytest.mark.parametrize("changed", ["model", "chunk_tokens"])
def test_other_settings_are_refused_with_the_next_step_and_lose_nothing(
    changed: str, settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    before = committed(settings)
    others = Settings(
        corpus_dir=settings.corpus_dir,
        index_dir=settings.index_dir,
        cities_file=CITIES,
        chunk_tokens=64 if changed == "chunk_tokens" else settings.chunk_tokens,
    )
    other_embedder = CountingEmbedder(identity="other") if changed == "model" else embedder
    with pytest.raises(IndexMismatch, match="qa index --rebuild"):
        index_corpus(others, other_embedder)
    assert committed(settings) == before
    assert names(index_corpus(others, other_embedder, rebuild=True)) == {"added": ("a.md",)}
    assert committed(settings).fingerprint == index_fingerprint(others, other_embedder) != before.fingerprint
    assert names(index_corpus(others, other_embedder)) == {"unchanged": ("a.md",)}


def test_a_rebuild_embeds_everything_again_and_leaves_one_build_only(
    settings: Settings, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    write(settings, a=TWO_PARTS, b="Dalian is a city.\n")
    index_corpus(settings, embedder)
    before = committed(settings)
    first, embedder.embedded = embedder.embedded, []
    index_corpus(settings, embedder, rebuild=True)
    assert embedder.embedded == first
    after = committed(settings)
    assert after.build != before.build
    assert after.generation > before.generation
    assert set(read_collections(settings.index_dir)) == {
        f"passages-{after.build}",
        f"sentences-{after.build}",
    }
    assert_everything_is_retrievable(settings, embedder)


def test_a_rebuild_that_fails_leaves_the_old_index(
    settings: Settings, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, a=TWO_PARTS, b="Dalian is a city.\n")
    index_corpus(settings, embedder)
    before = committed(settings)
    monkeypatch.setattr("qa.indexing.COMMIT_CHUNKS", 1)
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
    assert set(read_collections(settings.index_dir)) == {
        f"passages-{before.build}",
        f"sentences-{before.build}",
    }


def test_a_broken_manifest_is_refused_and_a_rebuild_mends_it(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    write(settings, a=TWO_PARTS)
    index_corpus(settings, embedder)
    (settings.index_dir / MANIFEST_FILE).write_text("{", encoding="utf-8")
    with pytest.raises(IndexMismatch, match="qa index --rebuild"):
        index_corpus(settings, embedder)
    index_corpus(settings, embedder, rebuild=True)
    assert len(read_collections(settings.index_dir)) == 2
    assert_everything_is_retrievable(settings, embedder)


HOLDER = """
import sys
from pathlib import Path
from qa.indexing import lock_index
with lock_index(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def lock_held_elsewhere(index_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    index_dir.mkdir(exist_ok=True)
    command = [sys.executable, "-c", HOLDER, str(index_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_writer_is_told_who_writes(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, a=TWO_PARTS)
    with lock_held_elsewhere(settings.index_dir) as holder:
        with pytest.raises(IndexBusy, match=rf"index is being written to by process {holder.pid}; wait"):
            index_corpus(settings, embedder)
        assert read_manifest(settings.index_dir) is None


def test_the_lock_of_a_killed_process_is_free(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, a=TWO_PARTS)
    with lock_held_elsewhere(settings.index_dir) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert names(index_corpus(settings, embedder)) == {"added": ("a.md",)}


def test_a_second_writer_in_the_same_process_is_refused_too(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    settings.index_dir.mkdir()
    with lock_index(settings.index_dir), pytest.raises(IndexBusy, match=f"process {os.getpid()}"):
        index_corpus(settings, embedder)
    assert names(index_corpus(settings, embedder)) == {}


CHILD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import chromadb
import qa.indexing
from conftest import CountingEmbedder
from qa.config import Settings
qa.indexing.COMMIT_CHUNKS = 6
folder, index, cities = map(Path, sys.argv[2:5])
settings = Settings(corpus_dir=folder, index_dir=index, cities_file=cities)
embedder = CountingEmbedder()
print("ready", flush=True)
sys.stdin.readline()
started = time.perf_counter()
qa.indexing.index_corpus(settings, embedder, rebuild="rebuild" in sys.argv)
print(time.perf_counter() - started, flush=True)
"""
"""Indexes when it is told to, with many commits; prints how many seconds that took."""

KILLS = 24


class Indexer:
    """A process that is ready to index: everything is imported, nothing is opened."""

    def __init__(self, settings: Settings, *, rebuild: bool = False) -> None:
        paths = (Path(__file__).parent, settings.corpus_dir, settings.index_dir, settings.cities_file)
        command = [sys.executable, "-c", CHILD, *map(str, paths), *(["rebuild"] if rebuild else [])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"

    def finish(self) -> float:
        """How many seconds it took to index."""
        output, errors = self.process.communicate("go\n")
        assert self.process.returncode == 0, errors
        return float(output)

    def kill_after(self, delay_s: float) -> bool:
        """True if it was killed before it was done."""
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        time.sleep(delay_s)
        self.process.kill()
        _, errors = self.process.communicate()
        assert self.process.returncode in (0, -signal.SIGKILL), errors
        return self.process.returncode == -signal.SIGKILL


def make_text(rng: random.Random, number: int) -> str:
    words = ["waste", "water", "Dalian", "Davao", "plan", "北九州", "ភ្នំពេញ", "energy", "compost", "harbour"]
    parts = [f"# Report {number}"]
    for section in range(rng.randint(1, 3)):
        sentences = [f"It is {' '.join(rng.choices(words, k=5))}." for _ in range(rng.randint(1, 4))]
        parts += [f"## Part {section}", " ".join(sentences)]
    return "\n\n".join(parts) + "\n"


def write_corpus(folder: Path, *, is_changed: bool) -> None:
    """40 files; changed, 12 of them have other texts, 6 are gone and 6 are new."""
    rng = random.Random(1)
    texts = {number: make_text(rng, number) for number in range(46)}
    folder.mkdir()
    for number in range(6, 46) if is_changed else range(40):
        text = texts[number]
        if is_changed and number % 3 == 0:
            text = text.replace("waste", "litter").rstrip() + " This is new.\n"
        (folder / f"report-{number:02}.md").write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_killed_at_any_moment_the_index_opens_and_the_next_run_completes_it(
    tmp_path: Path, embedder: CountingEmbedder
) -> None:
    def settings_for(corpus: str, index: str) -> Settings:
        return Settings(corpus_dir=tmp_path / corpus, index_dir=tmp_path / index, cities_file=CITIES)

    write_corpus(tmp_path / "old", is_changed=False)
    write_corpus(tmp_path / "new", is_changed=True)
    before, fresh = settings_for("old", "before"), settings_for("new", "fresh")
    Indexer(before).finish()
    run_s = {True: Indexer(fresh).finish()}
    shutil.copytree(before.index_dir, tmp_path / "measured")
    run_s[False] = Indexer(settings_for("new", "measured")).finish()
    rng = random.Random(2)
    kills = 0
    for number in range(4 * KILLS):
        if kills >= KILLS:
            break
        settings = settings_for("new", f"index-{number}")
        shutil.copytree(before.index_dir, settings.index_dir)
        # Every third index is built anew; each is killed up to three times, at moments spread over the run.
        rebuild = number % 3 == 2
        generation = committed(settings).generation
        for share in ((number * 0.618 + rng.random() / 8) % 1, rng.random(), rng.random() / 2):
            if not Indexer(settings, rebuild=rebuild).kill_after(share * run_s[rebuild]):
                break
            kills += 1
            manifest = assert_everything_is_retrievable(settings, embedder)
            assert manifest.generation >= generation
            generation = manifest.generation
        index_corpus(settings, embedder)
        assert_everything_is_retrievable(settings, embedder)
        assert_same_state(settings, fresh)
        shutil.rmtree(settings.index_dir)
    assert kills >= KILLS
