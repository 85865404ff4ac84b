"""Facts about the vectors that are kept for the next build: used again, bounded, and never in the way."""

from __future__ import annotations

import dataclasses
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from conftest import CountingEmbedder
from index_states import assert_everything_is_retrievable
from qa.config import Settings
from qa.indexing.run import index_corpus
from qa.storage.records import Vectors
from qa.storage.vector_cache import CACHE_FILE, VectorCache


def cache_in(folder: Path, *, identity: str = "model", dimension: int = 4) -> VectorCache:
    return VectorCache(folder, identity=identity, dimension=dimension)


def vectors(*keys: str) -> dict[str, Vectors]:
    return {key: np.arange(4, dtype=np.float32) + n for n, key in enumerate(keys)}


def write(settings: Settings, name: str, text: str) -> None:
    settings.corpus_dir.mkdir(parents=True, exist_ok=True)
    (settings.corpus_dir / name).write_text(text, encoding="utf-8")


def test_what_is_kept_is_found_bit_by_bit_and_nothing_else_is(tmp_path: Path) -> None:
    kept = vectors(*(f"key{n}" for n in range(1200)))
    cache_in(tmp_path).keep(kept)
    found = cache_in(tmp_path).fetch([*kept, "other"])
    assert found.keys() == kept.keys()
    assert all(np.array_equal(found[key], vector) for key, vector in kept.items())


def test_another_models_vectors_are_not_found(tmp_path: Path) -> None:
    cache_in(tmp_path).keep(vectors("a"))
    assert cache_in(tmp_path, identity="other").fetch(["a"]) == {}
    assert cache_in(tmp_path, dimension=8).fetch(["a"]) == {}


def test_those_wanted_longest_ago_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.storage.vector_cache.MAX_VECTORS", 10)
    cache = cache_in(tmp_path)
    keys = [f"key{n}" for n in range(10)]
    for key in keys:
        cache.keep(vectors(key))
    cache.fetch(keys[:3])
    cache.keep(vectors("new"))
    assert sorted(cache.fetch([*keys, "new"])) == sorted([*keys[:3], *keys[5:], "new"])


@pytest.mark.parametrize("damage", ["no database", "cut short", "a page of zeros"])
def test_a_damaged_file_is_made_anew(damage: str, tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    keys = [f"key{n}" for n in range(500)]
    cache.keep(vectors(*keys))
    path = tmp_path / CACHE_FILE
    data = bytearray(path.read_bytes())
    if damage == "no database":
        path.write_bytes(b"nothing that SQLite knows" * 100)
    elif damage == "cut short":
        path.write_bytes(data[: len(data) // 2])
    else:
        data[4096:12288] = bytes(8192)
        path.write_bytes(data)
    found = cache.fetch(keys)
    assert all(np.array_equal(vector, vectors(*keys)[key]) for key, vector in found.items())
    cache.keep(vectors("a"))
    cache.keep(vectors("a"))
    assert list(cache.fetch(["a"])) == ["a"]


def test_a_changed_vector_is_not_found(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    cache.keep(vectors("a", "b"))
    with closing(sqlite3.connect(tmp_path / CACHE_FILE)) as connection, connection:
        connection.execute("UPDATE vectors SET vector = (SELECT vector FROM vectors WHERE key = 'b')")
    assert list(cache.fetch(["a", "b"])) == ["b"]


def test_a_folder_that_is_closed_or_gone_is_done_without(tmp_path: Path) -> None:
    cache = cache_in(tmp_path / "gone")
    cache.keep(vectors("a"))
    assert cache.fetch(["a"]) == {}


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from qa.storage.vector_cache import VectorCache\n"
        "cache = VectorCache(Path(sys.argv[1]), identity='model', dimension=4)\n"
        "for n in range(40): cache.keep({f'{sys.argv[2]}-{n}': np.full(4, n, dtype=np.float32)})\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)]) for n in range(3)]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    keys = [f"{writer}-{n}" for writer in range(3) for n in range(40)]
    assert cache_in(tmp_path).fetch(keys).keys() == set(keys)


def test_a_rebuild_and_a_moved_document_embed_nothing(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, "a.md", "# Davao\n\nIt began in 2015. It goes on.\n")
    index_corpus(settings, embedder)
    embedder.embedded.clear()
    index_corpus(settings, embedder, rebuild=True)
    assert embedder.embedded == []
    (settings.corpus_dir / "a.md").rename(settings.corpus_dir / "b.md")
    assert index_corpus(settings, embedder).of("added")
    assert embedder.embedded == []
    assert_everything_is_retrievable(settings, embedder)


def test_a_rebuild_with_other_chunks_embeds_no_sentence_again(
    settings: Settings, embedder: CountingEmbedder
) -> None:
    words = " ".join(f"word{n}" for n in range(14))
    write(settings, "a.md", f"# Davao\n\nIt began: {words}. It goes on: {words}. It will end: {words}.\n")
    index_corpus(settings, embedder)
    embedder.embedded.clear()
    index_corpus(dataclasses.replace(settings, chunk_tokens=32), embedder, rebuild=True)
    assert len(embedder.embedded) == 3
    assert all(
        text.startswith("Davao\n") for text in embedder.embedded
    )  # passages, with the title before them


def test_a_damaged_cache_does_not_stop_a_run(settings: Settings, embedder: CountingEmbedder) -> None:
    write(settings, "a.md", "# Davao\n\nIt began in 2015.\n")
    settings.index_dir.mkdir(parents=True)
    (settings.index_dir / CACHE_FILE).write_bytes(b"nothing" * 1000)
    assert index_corpus(settings, embedder).of("added")
    assert_everything_is_retrievable(settings, embedder)
