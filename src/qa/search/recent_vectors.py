"""The vectors of chunks that were asked for lately: fetching those of a hundred takes longer than the search."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import islice

from qa.domain import Chunk
from qa.storage.records import Vectors

Fetch = Callable[[Sequence[Chunk]], dict[str, tuple[Vectors, Vectors]]]
"""See `VectorStore.fetch_vectors`."""

KEPT_CHUNKS = 4096
"""With five sentences each and 384 dimensions: about 40 MB."""


class KeptVectors:
    """Vectors of one state of the index, the last `size` chunks' in memory. Safe in several threads."""

    def __init__(self, fetch: Fetch, *, size: int = KEPT_CHUNKS) -> None:
        self._fetch = fetch
        self._size = size
        self._kept: dict[str, tuple[Vectors, Vectors]] = {}
        """The one that was asked for longest ago first."""
        self._lock = threading.Lock()

    def fetch(self, chunks: Sequence[Chunk]) -> dict[str, tuple[Vectors, Vectors]]:
        """By the id of each of `chunks`: its own vector, shape (d,), and its sentences', shape (s, d)."""
        with self._lock:
            found = {
                chunk.chunk_id: self._kept[chunk.chunk_id] for chunk in chunks if chunk.chunk_id in self._kept
            }
        missing = [chunk for chunk in chunks if chunk.chunk_id not in found]
        fetched = self._fetch(missing) if missing else {}
        # Copied: they are parts of arrays with what was fetched together, which would stay as long.
        found |= {chunk_id: (own.copy(), sentences.copy()) for chunk_id, (own, sentences) in fetched.items()}
        with self._lock:
            for chunk_id, vectors in found.items():
                self._kept.pop(chunk_id, None)
                self._kept[chunk_id] = vectors
            for chunk_id in list(islice(self._kept, max(0, len(self._kept) - self._size))):
                del self._kept[chunk_id]
        return found
