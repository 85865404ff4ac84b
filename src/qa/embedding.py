"""Documents' chunks → what the store keeps of them, each text embedded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qa.chunking import text_to_embed
from qa.domain import Chunk, Document
from qa.records import VectorRecord, Vectors, text_key

if TYPE_CHECKING:
    from qa.models import Embedder


def embed_chunks(
    documents: Sequence[tuple[Document, Sequence[Chunk]]],
    embedder: Embedder,
    reusable: Mapping[str, Vectors],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[VectorRecord]:
    """The chunks of `documents` with their vectors; a text whose key is in `reusable` is not embedded again."""
    texts: dict[str, str] = {}
    keyed: list[tuple[Document, Chunk, tuple[str, ...]]] = []
    for document, chunks in documents:
        for chunk in chunks:
            parts = (text_to_embed(chunk, document), *(chunk.cut(span) for span in chunk.sentences))
            keys = tuple(text_key(part) for part in parts)
            texts.update(zip(keys, parts, strict=True))
            keyed.append((document, chunk, keys))
    missing = [key for key in texts if key not in reusable]
    made = embedder.encode_passages([texts[key] for key in missing], on_progress=on_progress)
    vectors = {**reusable, **dict(zip(missing, made, strict=True))}
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
