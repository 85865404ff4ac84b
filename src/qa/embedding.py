"""Documents' chunks → what the store keeps of them, each text embedded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qa.chunking import text_to_embed
from qa.domain import Chunk, Document
from qa.records import VectorRecord, Vectors, text_key
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
