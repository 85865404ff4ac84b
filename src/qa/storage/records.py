"""A chunk and its vectors ⇄ what a vector store keeps of them: ids, metadata, text."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.domain import Chunk, Span
from qa.storage.manifest import DocumentRecord

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VectorRecord:
    """A chunk ready to be stored: its own vector, shape (d,), and its sentences', shape (s, d), unit norm.

    `keys` are `text_key`s of what was embedded, the passage's first; by them vectors are used again.
    """

    chunk: Chunk
    version: str
    passage: Vectors
    sentences: Vectors
    keys: tuple[str, ...]


def text_key(*parts: str) -> str:
    """32 hex digits that stand for an embedded text, or for one that is embedded in parts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def lexical_text(chunk: Chunk) -> str:
    """What of `chunk` is searched by its words."""
    return f"{chunk.title}\n{chunk.heading}\n{chunk.text}"


def sentence_id(chunk_id: str, number: int) -> str:
    """The id of the record for the sentence `number` (from 0) of a chunk."""
    return f"{chunk_id}/{number}"


def shared_metadata(record: VectorRecord, key: str) -> dict[str, Any]:
    """What a chunk's record and its sentences' have in common; `key` is of what was embedded."""
    metadata: dict[str, Any] = {"version": record.version, "doc_id": record.chunk.doc_id, "key": key}
    if record.chunk.cities:  # Chroma refuses empty lists
        metadata["cities"] = list(record.chunk.cities)
    return metadata


def chunk_metadata(record: VectorRecord) -> dict[str, Any]:
    """What a chunk's record keeps beside its text."""
    chunk = record.chunk
    return {
        **shared_metadata(record, record.keys[0]),
        "path": chunk.path,
        "title": chunk.title,
        "heading": chunk.heading,
        "page": chunk.page or 0,
        "page_name": chunk.page_name,
        "language": chunk.language,
        "start": chunk.span.start,
        "end": chunk.span.end,
        "sentences": list(itertools.chain.from_iterable((s.start, s.end) for s in chunk.sentences)),
    }


def to_chunk(chunk_id: str, metadata: Any, text: str, record: DocumentRecord) -> Chunk:
    """The chunk of the document in `record` that was kept as `metadata` and `text`."""
    edges = metadata["sentences"]
    return Chunk(
        chunk_id=chunk_id,
        doc_id=record.doc_id,
        path=record.path,
        title=record.title,
        span=Span(metadata["start"], metadata["end"]),
        text=text,
        sentences=tuple(Span(*pair) for pair in zip(edges[::2], edges[1::2], strict=True)),
        heading=metadata["heading"],
        page=metadata["page"] or None,
        language=metadata["language"],
        cities=tuple(metadata.get("cities") or ()),
        url=record.url,
        version=record.version,
        page_kind=record.page_kind,
        page_name=metadata["page_name"],
    )
