"""Vectors are written while the next ones are made, all of them by the end, and what goes wrong is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import CountingEmbedder
from qa.chunking import chunk_document
from qa.cities import CityCatalogue
from qa.domain import Chunk, Document
from qa.embedding import VectorWriter
from qa.errors import DiskError
from qa.loaders import parse_document
from qa.records import VectorRecord
from qa.vector_cache import VectorCache

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


class SlowEmbedder(CountingEmbedder):
    """Its first batch is done; the second is when what was made before has been written."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.seen: list[list[str]] = []

    def encode_passages(
        self, texts: Sequence[str], *, on_progress: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        assert on_progress
        self.seen.append(list(self.store.texts))
        on_progress(1, len(texts))
        if len(self.seen) > 1:
            assert self.store.added.wait(WAIT_S)
            self.seen.append(list(self.store.texts))
        return super().encode_passages(texts)


def read(text: str) -> tuple[Document, Sequence[Chunk]]:
    catalogue = CityCatalogue(())
    document = parse_document(text.encode(), path="a.txt", catalogue=catalogue)
    count = CountingEmbedder().count_tokens
    return document, chunk_document(document, count_tokens=count, chunk_tokens=99, catalogue=catalogue)


def told(*_: int) -> None:
    pass


def test_what_was_made_is_written_when_the_first_batch_of_the_next_is_done(tmp_path: Path) -> None:
    store = Store()
    embedder = SlowEmbedder(store)
    cache = VectorCache(tmp_path, identity="counting", dimension=embedder.dimension)
    with VectorWriter(store, embedder, cache) as writer:  # type: ignore[arg-type]
        writer.take([read("One thing.")], {}, told)
        writer.take([read("Another thing.")], {}, told)
        writer.finish()
    assert embedder.seen == [[], [], ["One thing."]]
    assert store.texts == ["One thing.", "Another thing."]


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
