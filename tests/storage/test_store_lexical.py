"""Facts about the lexical search that PostgreSQL does: its scores are those of the one in memory."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import CountingEmbedder
from qa.config import Settings
from qa.storage.bm25 import LexicalIndex
from qa.storage.records import VectorRecord, lexical_text
from qa.storage.store import StoredLexical, VectorStore, open_store
from records import CITIES, document_record, make_records
from stores import Server, setting_of

pytestmark = [
    pytest.mark.server,
    pytest.mark.parametrize("server", ["postgres"], indirect=True),
]

TOKENISE = CountingEmbedder().subwords
WORDS = [
    "waste",
    "water",
    "dalian",
    "plant",
    "of",
    "the",
    "北九州",
    "ភ្នំពេញ",
    "o'clock",
    "back\\slash",
    "plan",
]
QUERIES = [
    "waste of the plant",
    "the the of water unseen",
    "北九州 plan",
    "ភ្នំពេញ o'clock",
    "back\\slash",
    "nothing known",
    "",
]


def with_texts(records: list[VectorRecord], *, seed: int) -> list[VectorRecord]:
    """The records with texts in which some words are frequent and others rare."""
    rng = random.Random(seed)
    weights = [1 / rank for rank in range(1, len(WORDS) + 1)]
    return [
        replace(
            record,
            chunk=replace(record.chunk, text=" ".join(rng.choices(WORDS, weights, k=rng.randint(0, 30)))),
        )
        for record in records
    ]


@pytest.fixture
def open_stored(server: Server | None, tmp_path: Path) -> Callable[[], VectorStore]:
    settings = Settings(index_dir=tmp_path, **setting_of(server))
    return lambda: open_store(
        settings, build=f"{abs(hash(tmp_path)):x}"[:12], fingerprint="f", tokenise=TOKENISE
    )


def search_over(store: VectorStore, *versions: str) -> StoredLexical:
    found = store.open_lexical(store.load_chunks(map(document_record, versions)))
    assert found is not None
    return found


@pytest.mark.parametrize("cities", [(), ("Davao",), CITIES[:2]])
def test_scores_and_order_are_those_of_the_search_in_memory(
    cities: tuple[str, ...], open_stored: Callable[[], VectorStore]
) -> None:
    records = with_texts(make_records(60), seed=1)
    store = open_stored()
    store.add(records[:25])
    store.add(records[20:])  # what is there already is not counted twice
    chunks = [record.chunk for record in records]
    in_memory = LexicalIndex([lexical_text(chunk) for chunk in chunks], tokenise=TOKENISE)
    allowed = np.array([not cities or not set(cities).isdisjoint(chunk.source.cities) for chunk in chunks])
    stored = search_over(store, "v1")
    for query in QUERIES:
        for count in (5, 100):
            expected = in_memory.top(query, count=count, allowed=allowed)
            found = stored.search(query, count=count, cities=cities)
            assert [score for _, score in found] == pytest.approx([score for _, score in expected], rel=1e-4)
            assert [chunk_id for chunk_id, _ in found] == [chunks[number].chunk_id for number, _ in expected]
        texts = [*WORDS, "water of the plant", ""]
        assert stored.coverage(query, texts) == pytest.approx(in_memory.coverage(query, texts))


def test_what_is_deleted_is_neither_found_nor_counted(open_stored: Callable[[], VectorStore]) -> None:
    kept = with_texts(make_records(20), seed=1)
    gone = with_texts(make_records(30, version="v2", seed=1), seed=2)
    store = open_stored()
    store.add([*kept, *gone])
    of_both = search_over(store, "v1").search("waste water", count=100)
    assert {chunk_id for chunk_id, _ in of_both} <= {record.chunk.chunk_id for record in kept}
    store.delete_except({"v1"})
    in_memory = LexicalIndex([lexical_text(record.chunk) for record in kept], tokenise=TOKENISE)
    found = search_over(store, "v1").search("waste water", count=100)
    assert [score for _, score in found] == pytest.approx(
        [score for _, score in in_memory.top("waste water", count=100)], rel=1e-4
    )
    assert len(found) > 1


def test_left_overs_do_not_crowd_out_what_is_live(open_stored: Callable[[], VectorStore]) -> None:
    text = "waste waste waste waste"
    gone = [
        replace(record, chunk=replace(record.chunk, text=text))
        for record in make_records(50, version="v2", seed=1)
    ]
    kept = [replace(record, chunk=replace(record.chunk, text="waste of water")) for record in make_records(3)]
    store = open_stored()
    store.add([*gone, *kept])
    found = search_over(store, "v1").search("waste", count=3)
    assert {chunk_id for chunk_id, _ in found} == {record.chunk.chunk_id for record in kept}


def test_of_frequent_words_no_more_chunks_are_looked_at_than_allowed_and_the_rare_one_is_found(
    open_stored: Callable[[], VectorStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.storage.store.postgres_lexical.MAX_CANDIDATES", 4)
    records = [replace(r, chunk=replace(r.chunk, text="the waste of all")) for r in make_records(30)]
    records[17] = replace(records[17], chunk=replace(records[17].chunk, text="the rarity of all"))
    store = open_stored()
    store.add(records)
    stored = search_over(store, "v1")
    (found,) = stored.search("the rarity of waste", count=10)
    assert found[0] == records[17].chunk.chunk_id
    in_memory = LexicalIndex([lexical_text(record.chunk) for record in records], tokenise=TOKENISE)
    assert found[1] == pytest.approx(in_memory.top("the rarity of waste", count=1)[0][1], rel=1e-4)
    assert len(stored.search("waste", count=10)) == 4
