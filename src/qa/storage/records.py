"""A chunk and its vectors ⇄ the ids, metadata and text that a vector store keeps of them."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.domain import Chunk, Place, Source, Span
from qa.storage.manifest import DocumentRecord

Vectors = NDArray[np.float32]

Tokenise = Callable[[Sequence[str]], list[list[str]]]
"""From texts to the subwords of each text, by the embedder."""


@dataclass(frozen=True, slots=True)
class VectorRecord:
    """A chunk ready to be stored: its own vector, shape (d,), and its sentences', shape (s, d), unit norm.

    `keys` are the `text_key`s of the embedded texts, the passage's first; by them vectors are used again.
    """

    chunk: Chunk
    version: str
    passage: Vectors
    sentences: Vectors
    keys: tuple[str, ...]


def text_key(*parts: str) -> str:
    """32 hex digits that stand for an embedded text, or for a text that is embedded in parts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def lexical_text(chunk: Chunk) -> str:
    """The text of `chunk` that is searched by its words."""
    return f"{chunk.source.title}\n{chunk.place.heading}\n{chunk.text}"


def sentence_id(chunk_id: str, number: int) -> str:
    """The id of the record for the sentence `number` (from 0) of a chunk."""
    return f"{chunk_id}/{number}"


def shared_metadata(record: VectorRecord, key: str) -> dict[str, Any]:
    """The metadata that the records of a chunk and of its sentences share; `key` is the embedded text's."""
    metadata: dict[str, Any] = {"version": record.version, "doc_id": record.chunk.source.doc_id, "key": key}
    if record.chunk.source.cities:  # Chroma refuses empty lists
        metadata["cities"] = list(record.chunk.source.cities)
    return metadata


def chunk_metadata(record: VectorRecord) -> dict[str, Any]:
    """The metadata that a chunk's record keeps beside its text."""
    source, place = record.chunk.source, record.chunk.place
    return {
        **shared_metadata(record, record.keys[0]),
        "path": source.path,
        "title": source.title,
        "heading": place.heading,
        "page": place.page or 0,
        "page_name": place.page_name,
        "language": source.language,
        "start": place.span.start,
        "end": place.span.end,
        "sentences": list(itertools.chain.from_iterable((s.start, s.end) for s in record.chunk.sentences)),
    }


def to_chunk(chunk_id: str, metadata: Any, text: str, record: DocumentRecord) -> Chunk:
    """The chunk of the document in `record` that was kept as `metadata` and `text`."""
    edges = metadata["sentences"]
    language, cities = metadata["language"], tuple(metadata.get("cities") or ())
    source = Source(record.doc_id, record.path, record.title, language, cities, record.url, record.version)
    span, page = Span(metadata["start"], metadata["end"]), metadata["page"] or None
    place = Place(span, metadata["heading"], page, record.page_kind, metadata["page_name"])
    sentences = tuple(Span(*pair) for pair in zip(edges[::2], edges[1::2], strict=True))
    return Chunk(chunk_id, source, place, text, sentences)
