"""Chroma's collections: how they are made, read page by page, checked and written in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qa.storage.store.base import require_made_with

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}
"""Chroma's own values, doubled: recall matters more here than the milliseconds it costs."""

PAGE = 10_000
"""Records fetched at a time."""

SAMPLE = 64
"""Records that are looked for in a check of a collection."""

SAME_VECTOR = 1e-3
"""The largest cosine distance of two vectors that are the same: Chroma rounds them."""


def get_all(collection: Collection, *, include: list[str], where: Any = None) -> dict[str, list[Any]]:
    """All records (those of `where`) at once, to be kept in memory."""
    found = list(pages(collection, include=include, where=where))
    return {name: [value for page in found for value in page[name]] for name in ("ids", *include)}


def pages(collection: Collection, *, include: list[str], where: Any = None) -> Iterator[dict[str, Any]]:
    """All records (those of `where`), `PAGE` at a time: from some 30,000 on, Chroma cannot give them at once."""
    offset, got = 0, PAGE
    while got == PAGE:
        page: Any = collection.get(include=include, where=where, limit=PAGE, offset=offset)  # type: ignore[arg-type]
        yield page
        got = len(page["ids"])
        offset += got


def count_lost(collection: Collection) -> int:
    """The number of records in a sample that are not found by their own vectors."""
    ids = get_all(collection, include=[])["ids"]
    sample = ids[:: max(1, len(ids) // SAMPLE)]
    if not sample:
        return 0
    vectors = collection.get(ids=sample, include=["embeddings"])["embeddings"]
    near = collection.query(query_embeddings=vectors, n_results=1, include=["distances"])["distances"] or []
    return sum(not row or row[0] > SAME_VECTOR for row in near)


def open_collection(client: ClientAPI, name: str, fingerprint: str, *, create: bool) -> Collection:
    """The collection of that name, made if `create`.

    Raises `IndexMismatch` if it was made with other settings than those of `fingerprint`.
    """
    if create:
        collection = client.get_or_create_collection(
            name,
            metadata={"fingerprint": fingerprint},
            configuration={"hnsw": HNSW},  # type: ignore[arg-type]  # plain dicts are what its docs show
            embedding_function=None,
        )
    else:
        collection = client.get_collection(name, embedding_function=None)
    require_made_with(fingerprint, (collection.metadata or {}).get("fingerprint"))
    return collection


def batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """`items` in parts of `size` at most."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
