"""Documents' chunks → what the store keeps of them, each text embedded once, and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from qa.chunking import text_to_embed
from qa.domain import Chunk, Document
from qa.records import VectorRecord, Vectors, text_key
from qa.store import VectorStore
from qa.vector_cache import VectorCache

if TYPE_CHECKING:
    from qa.models import Embedder


def embed_chunks(
    documents: Sequence[tuple[Document, Sequence[Chunk]]],
    embedder: Embedder,
    reusable: Mapping[str, Vectors],
    *,
    cache: VectorCache,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[VectorRecord]:
    """The chunks of `documents` with their vectors; what is in `reusable` or `cache` is not embedded again."""
    texts: dict[str, str] = {}
    keyed: list[tuple[Document, Chunk, tuple[str, ...]]] = []
    for document, chunks in documents:
        for chunk in chunks:
            parts = (text_to_embed(chunk, document), *(chunk.cut(span) for span in chunk.sentences))
            keys = tuple(text_key(part) for part in parts)
            texts.update(zip(keys, parts, strict=True))
            keyed.append((document, chunk, keys))
    missing = [key for key in texts if key not in reusable]
    kept = cache.fetch(missing) if missing else {}
    new = [key for key in missing if key not in kept]
    vectors = {**reusable, **kept}
    if new:
        made = embedder.encode_passages([texts[key] for key in new], on_progress=on_progress)
        fresh = dict(zip(new, made, strict=True))
        cache.keep(fresh)
        vectors |= fresh
    return [
        VectorRecord(
            chunk=chunk,
            version=document.version,
            passage=vectors[keys[0]],
            sentences=np.stack([vectors[key] for key in keys[1:]]),
            keys=keys,
        )
        for document, chunk, keys in keyed
    ]


class VectorWriter:
    """Makes the vectors of documents, and writes them in a thread while the next ones are made."""

    def __init__(self, store: VectorStore, embedder: Embedder, cache: VectorCache) -> None:
        self._store = store
        self._embedder = embedder
        self._cache = cache
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writing")
        self._begun: list[Future[None]] = []
        self._made: list[VectorRecord] = []
        """What is to be written as soon as the next vectors are being made."""

    def __enter__(self) -> VectorWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What is being written is waited for: afterwards another process may have the index.
        self._thread.shutdown(wait=True, cancel_futures=True)

    def take(
        self,
        documents: Sequence[tuple[Document, Sequence[Chunk]]],
        reusable: Mapping[str, Vectors],
        on_progress: Callable[[int, int], None],
    ) -> None:
        """Make the vectors of `documents`, see `embed_chunks`, and meanwhile write those that were made before."""

        def tell(done: int, total: int) -> None:
            # Not sooner: writing wants Python's lock, and so does what comes before the first batch.
            self._write()
            on_progress(done, total)

        made = embed_chunks(documents, self._embedder, reusable, cache=self._cache, on_progress=tell)
        self._write()
        self._made = made

    def _write(self) -> None:
        made, self._made = self._made, []
        if made:
            self._begun.append(self._thread.submit(self._store.add, made))

    def finish(self) -> None:
        """Wait until all is written; raises what went wrong on the way."""
        self._write()
        begun, self._begun = self._begun, []
        for each in begun:
            each.result()
