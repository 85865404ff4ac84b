"""Documents' chunks → records in the store, each text embedded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

import numpy as np

from qa.domain import Chunk, Document
from qa.indexing.chunking import parts_to_embed, text_to_embed
from qa.storage.records import VectorRecord, Vectors, text_key
from qa.storage.store import VectorStore
from qa.storage.vector_cache import VectorCache

if TYPE_CHECKING:
    from qa.models import Embedder


class VectorWriter:
    """Makes the vectors of documents, and writes them in a thread while the next vectors are made.

    Documents are embedded in the order in which they are taken, two takes at a time: cores that have nothing left
    of the first take go on with the second.
    """

    def __init__(self, store: VectorStore, embedder: Embedder, cache: VectorCache) -> None:
        self._store = store
        self._embedder = embedder
        self._cache = cache
        self._embedding = ThreadPoolExecutor(max_workers=2, thread_name_prefix="embedding")
        self._writing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writing")
        self._group: _Group | None = None
        """The last take."""
        self._written: list[Future[None]] = []
        self._is_left = False
        self._on_progress: Callable[[int, int], None] = _tell_nobody

    def __enter__(self) -> VectorWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_left = True
        self._embedding.shutdown(wait=True, cancel_futures=True)
        # Writing comes to its end: afterwards another process may have the index.
        self._writing.shutdown(wait=True, cancel_futures=True)
        # Whoever is told holds this: while a page starts no circle is found, and its files would stay open.
        self._on_progress = _tell_nobody

    def take(
        self,
        documents: Sequence[tuple[Document, Sequence[Chunk]]],
        reusable: Mapping[str, Vectors],
        on_progress: Callable[[int, int], None],
    ) -> None:
        """Begin with the vectors of `documents`, and with writing those of the take before.

        Texts in `reusable` or in the cache are not embedded again. `on_progress` is called in this thread, here
        and by `finish`, with the number of embedded texts of a take, and of all its texts.
        """
        texts: dict[str, str] = {}
        made_of: dict[str, tuple[str, ...]] = {}
        keyed: list[tuple[Document, Chunk, tuple[str, ...]]] = []
        for document, chunks in documents:
            for chunk in chunks:
                sentences = [chunk.cut(span) for span in chunk.sentences]
                parts = parts_to_embed(chunk, document)
                keys = (text_key(*parts), *map(text_key, sentences))
                texts |= dict(zip(keys[1:], sentences, strict=True))
                if len(parts) > 1:
                    texts[keys[0]], made_of[keys[0]] = text_to_embed(chunk, document), parts
                keyed.append((document, chunk, keys))
        before, self._on_progress = self._group, on_progress
        coming = before.new if before else ()
        missing = [key for key in texts if key not in reusable and key not in coming]
        kept = self._cache.fetch(missing) if missing else {}
        new = {key: place for place, key in enumerate(key for key in missing if key not in kept)}
        self._group = _Group(keyed=keyed, known={**reusable, **kept}, new=new)
        if new:
            self._group.made = self._embedding.submit(
                self._embedder.encode_passages,
                [texts[key] for key in new],
                made_of={place: made_of[key] for key, place in new.items() if key in made_of},
                on_progress=partial(self._tell, self._group.told),
            )
        if before:
            self._write(before, next_one=self._group)

    def _tell(self, told: SimpleQueue[tuple[int, int] | None], done: int, total: int) -> None:
        if self._is_left:
            raise CancelledError
        told.put((done, total))

    def _write(self, group: _Group, *, next_one: _Group | None) -> None:
        """Wait for the vectors of `group`, and have them written."""
        fresh: dict[str, Vectors] = {}
        if group.made:
            group.made.add_done_callback(lambda _: group.told.put(None))
            while progress := group.told.get():
                self._on_progress(*progress)
            fresh = dict(zip(group.new, group.made.result(), strict=True))
            self._cache.keep(fresh)
        if next_one:
            next_one.known |= fresh  # texts that both takes share were not begun twice
        vectors = {**group.known, **fresh}
        records = [
            VectorRecord(
                chunk=chunk,
                version=document.version,
                passage=vectors[keys[0]],
                sentences=np.stack([vectors[key] for key in keys[1:]]),
                keys=keys,
            )
            for document, chunk, keys in group.keyed
        ]
        if records:
            self._written.append(self._writing.submit(self._store.add, records))

    def finish(self) -> None:
        """Wait until all is written, and raise what went wrong on the way."""
        group, self._group = self._group, None
        if group:
            self._write(group, next_one=None)
        written, self._written = self._written, []
        for writing in written:
            writing.result()


def _tell_nobody(done: int, total: int) -> None: ...


@dataclass(slots=True, kw_only=True)
class _Group:
    """The work that one take has begun."""

    keyed: list[tuple[Document, Chunk, tuple[str, ...]]]
    """The chunks, each with the keys of its passage and its sentences."""
    known: dict[str, Vectors]
    """Vectors that need not be made."""
    new: dict[str, int]
    """Keys of vectors that are made, and their places in `made`."""
    made: Future[Vectors] | None = None
    told: SimpleQueue[tuple[int, int] | None] = field(default_factory=SimpleQueue)
    """The number of texts done, and of all texts, batch by batch; None at the end."""
