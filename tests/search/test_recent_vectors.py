from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qa.domain import Chunk, Place, Source, Span
from qa.search.recent_vectors import KeptVectors
from qa.storage.records import Vectors

BATCH = np.arange(80, dtype=np.float32).reshape(20, 4)


def chunk_of(number: int) -> Chunk:
    span = Span(0, 4)
    return Chunk(str(number), Source("d", "d.txt", "D"), Place(span), "Text", (span,))


class Store:
    """Gives row n of a batch for chunk n, and notes what it was asked for; chunk 13 is gone."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def fetch_vectors(self, chunks: Sequence[Chunk]) -> dict[str, tuple[Vectors, Vectors]]:
        self.asked.append([chunk.chunk_id for chunk in chunks])
        rows = {chunk.chunk_id: BATCH[int(chunk.chunk_id)] for chunk in chunks if chunk.chunk_id != "13"}
        return {chunk_id: (row, row[np.newaxis]) for chunk_id, row in rows.items()}


def test_only_what_is_not_kept_is_fetched_and_all_is_as_the_store_gives_it() -> None:
    store = Store()
    kept = KeptVectors(store.fetch_vectors)
    kept.fetch([chunk_of(1), chunk_of(2)])
    chunks = [chunk_of(number) for number in (3, 2, 13)]
    found = kept.fetch(chunks)
    assert store.asked == [["1", "2"], ["3", "13"]]
    expected = Store().fetch_vectors(chunks)
    assert found.keys() == expected.keys()
    for chunk_id, (own, sentences) in expected.items():
        np.testing.assert_array_equal(found[chunk_id][0], own)
        np.testing.assert_array_equal(found[chunk_id][1], sentences)


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    store = Store()
    kept = KeptVectors(store.fetch_vectors, size=2)
    for number in (1, 2, 1, 3, 1, 2):
        kept.fetch([chunk_of(number)])
    assert store.asked == [["1"], ["2"], ["3"], ["2"]]


def test_nothing_that_was_fetched_together_stays_in_memory() -> None:
    kept = KeptVectors(Store().fetch_vectors)
    own, sentences = kept.fetch([chunk_of(1)])["1"]
    assert own.base is None
    assert sentences.base is None
