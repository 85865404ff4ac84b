"""The vectors of chunks that were asked for lately: fetching those of a hundred takes longer than the search."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qa.domain import Chunk
from qa.storage.records import Vectors
from qa.system.lru import LRU

Fetch = Callable[[Sequence[Chunk]], dict[str, tuple[Vectors, Vectors]]]
"""See `VectorStore.fetch_vectors`."""

KEPT_CHUNKS = 4096
"""With five sentences each and 384 dimensions: about 40 MB."""


class KeptVectors:
    """Vectors of one state of the index, the last `size` chunks' in memory. Safe in several threads."""

    def __init__(self, fetch: Fetch, *, size: int = KEPT_CHUNKS) -> None:
        self._fetch = fetch
        self._kept: LRU[str, tuple[Vectors, Vectors]] = LRU(size)

    def fetch(self, chunks: Sequence[Chunk]) -> dict[str, tuple[Vectors, Vectors]]:
        """By the id of each of `chunks`: its own vector, shape (d,), and its sentences', shape (s, d)."""
        recalled = ((chunk.chunk_id, self._kept.recall(chunk.chunk_id)) for chunk in chunks)
        found = {chunk_id: vectors for chunk_id, vectors in recalled if vectors is not None}
        missing = [chunk for chunk in chunks if chunk.chunk_id not in found]
        for chunk_id, (own, sentences) in (self._fetch(missing) if missing else {}).items():
            # Copied: they are parts of arrays with what was fetched together, which would stay as long.
            found[chunk_id] = own.copy(), sentences.copy()
            self._kept.keep(chunk_id, found[chunk_id])
        return found
