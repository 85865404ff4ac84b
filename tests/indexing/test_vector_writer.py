"""Vectors are written while the next ones are made, all of them by the end, and what goes wrong is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import CountingEmbedder
from qa.cities import CityCatalogue
from qa.domain import Chunk, Document
from qa.errors import DiskError
from qa.indexing.chunking import chunk_document, parts_to_embed, text_to_embed
from qa.indexing.vector_writer import VectorWriter
from qa.loaders import parse_document
from qa.storage.records import VectorRecord, text_key
from qa.storage.vector_cache import VectorCache

WAIT_S = 20


class Store:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.added = threading.Event()
        self.error: Exception | None = None

    def add(self, records: Sequence[VectorRecord]) -> None:
        if self.error:
            raise self.error
        self.texts += [record.chunk.text for record in records]
        self.added.set()


class WaitingEmbedder(CountingEmbedder):
    """Its first text is embedded when its second has begun; the second, when the first has been written."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.second = threading.Event()

    def encode_passages(
        self,
        texts: Sequence[str],
        *,
        made_of: object = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float32]:
        assert on_progress
        if texts == ["One thing."]:
            assert self.second.wait(WAIT_S)
        else:
            self.second.set()
            assert self.store.added.wait(WAIT_S)
        on_progress(1, len(texts))
        return super().encode_passages(texts)


def read(text: str) -> tuple[Document, Sequence[Chunk]]:
    catalogue = CityCatalogue(())
    document = parse_document(text.encode(), path="a.txt", catalogue=catalogue)
    count = CountingEmbedder().count_tokens
    return document, chunk_document(document, count_tokens=count, chunk_tokens=99, catalogue=catalogue)


def told(*_: int) -> None:
    pass


def test_one_take_is_embedded_and_written_while_the_next_is_embedded(tmp_path: Path) -> None:
    store = Store()
    embedder = WaitingEmbedder(store)
    cache = VectorCache(tmp_path, identity="counting", dimension=embedder.dimension)
    seen: list[tuple[int, int]] = []
    with VectorWriter(store, embedder, cache) as writer:  # type: ignore[arg-type]
        writer.take([read("One thing.")], {}, lambda *progress: seen.append(progress))
        writer.take([read("Another thing.")], {}, lambda *progress: seen.append(progress))
        writer.finish()
    assert store.texts == ["One thing.", "Another thing."]
    assert seen == [(1, 1), (1, 1)]


def test_what_two_takes_have_in_common_is_embedded_once(tmp_path: Path) -> None:
    store, embedder = Store(), CountingEmbedder()
    cache = VectorCache(tmp_path, identity="counting", dimension=embedder.dimension)
    with VectorWriter(store, embedder, cache) as writer:  # type: ignore[arg-type]
        for text in ("First it rains. Then it is dry.", "Then it is dry.", "Then it is dry. Who knows?"):
            writer.take([read(text)], {}, told)
        writer.finish()
    assert len(store.texts) == 3
    assert sorted(embedder.embedded) == sorted(set(embedder.embedded))


def test_where_it_is_left_early_no_more_is_embedded(tmp_path: Path) -> None:
    store = Store()
    begun, left = threading.Event(), threading.Event()
    ended: list[str] = []

    class Endless(CountingEmbedder):
        def encode_passages(
            self,
            texts: Sequence[str],
            *,
            made_of: object = None,
            on_progress: Callable[[int, int], None] | None = None,
        ) -> NDArray[np.float32]:
            assert on_progress
            begun.set()
            assert left.wait(WAIT_S)
            try:
                for done in range(10_000):
                    time.sleep(0.002)
                    on_progress(done, 10_000)
            finally:
                ended.append("early")
            raise AssertionError("it was not told")

    embedder = Endless()
    cache = VectorCache(tmp_path, identity="counting", dimension=embedder.dimension)
    with pytest.raises(KeyboardInterrupt), VectorWriter(store, embedder, cache) as writer:  # type: ignore[arg-type]
        writer.take([read("One thing.")], {}, told)
        assert begun.wait(WAIT_S)
        left.set()
        raise KeyboardInterrupt
    assert ended == ["early"]
    assert store.texts == []


def test_what_is_known_already_is_written_too(tmp_path: Path) -> None:
    store, embedder = Store(), CountingEmbedder()
    cache = VectorCache(tmp_path, identity="counting", dimension=embedder.dimension)
    with VectorWriter(store, embedder, cache) as writer:  # type: ignore[arg-type]
        for _ in range(2):  # the second time, the cache has them
            writer.take([read("One thing.")], {}, told)
            writer.take([], {}, told)
        writer.finish()
        writer.finish()
    assert store.texts == ["One thing.", "One thing."]
    assert len(embedder.embedded) == 1


def test_what_went_wrong_in_writing_is_raised_at_the_end(tmp_path: Path) -> None:
    store, embedder = Store(), CountingEmbedder()
    store.error = DiskError("full")
    cache = VectorCache(tmp_path, identity="counting", dimension=embedder.dimension)
    with VectorWriter(store, embedder, cache) as writer:  # type: ignore[arg-type]
        writer.take([read("One thing.")], {}, told)
        with pytest.raises(DiskError):
            writer.finish()


def test_a_passage_is_embedded_with_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[str], object]] = []

    class Noting(CountingEmbedder):
        def encode_passages(
            self, texts: Sequence[str], *, made_of: object = None, on_progress: object = None
        ) -> NDArray[np.float32]:
            seen.append((list(texts), made_of))
            return super().encode_passages(texts)

    embedder = Noting()
    cache = VectorCache(tmp_path, identity="counting", dimension=embedder.dimension)
    one = read("Alone it stands.")
    two = read("First it rains. Then it is dry.")
    records: list[VectorRecord] = []
    store = Store()
    monkeypatch.setattr(store, "add", records.extend)
    with VectorWriter(store, embedder, cache) as writer:  # type: ignore[arg-type]
        writer.take([one, two], {}, told)
        writer.finish()
    record, other = records
    ((texts, made_of),) = seen
    assert record.keys[0] == record.keys[1], "a passage of one part is that part"
    assert made_of == {texts.index(text_to_embed(two[1][0], two[0])): parts_to_embed(two[1][0], two[0])}
    assert len(texts) == len(set(record.keys + other.keys))
    assert other.keys[0] != text_key(text_to_embed(two[1][0], two[0])), "read whole, its vector is another"
