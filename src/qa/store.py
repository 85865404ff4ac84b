"""The vectors of passages and sentences, in a Chroma folder. The only importer of chromadb.

Two collections: `passages-<build>`, whose records are chunks, and `sentences-<build>`, one record for each
sentence of a chunk. Each record carries the version of its document; which versions are live says the
manifest, so new records can be written long before old ones are deleted.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Collection as AnyCollection
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa.domain import Chunk, Span
from qa.errors import IndexMismatch
from qa.manifest import DocumentRecord

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

CHROMA_FOLDER = "chroma"
KINDS = ("passages", "sentences")

HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}
"""Twice Chroma's own values: recall matters more here than the milliseconds it costs."""

Vectors = NDArray[np.float32]

_OPENING = threading.Lock()


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


def text_key(text: str) -> str:
    """32 hex digits that stand for an embedded text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class VectorStore:
    """The two collections of one build of the index."""

    def __init__(self, index_dir: Path, *, build: str, fingerprint: str) -> None:
        """Open the build, or make it.

        Raises `IndexMismatch` if it was made with other settings than those of `fingerprint`.
        """
        self._client = _open_client(index_dir)
        self._build = build
        self._passages, self._sentences = (
            _open_collection(self._client, f"{kind}-{build}", fingerprint) for kind in KINDS
        )

    def add(self, records: Sequence[VectorRecord]) -> None:
        """Write `records`; those that are there already are replaced."""
        if not records:
            return
        self._upsert(
            self._passages,
            [record.chunk.chunk_id for record in records],
            np.stack([record.passage for record in records]),
            [_metadata(record) for record in records],
            [record.chunk.text for record in records],
        )
        ids, metadatas = [], []
        for record in records:
            for number, key in enumerate(record.keys[1:]):
                ids.append(_sentence_id(record.chunk.chunk_id, number))
                metadatas.append(_shared_metadata(record, key))
        self._upsert(
            self._sentences, ids, np.concatenate([record.sentences for record in records]), metadatas, None
        )

    def delete_except(self, versions: AnyCollection[str]) -> int:
        """Delete the records of all other versions than these; how many there were."""
        deleted = 0
        for collection in (self._passages, self._sentences):
            found = collection.get(include=["metadatas"])
            ids = [
                record_id
                for record_id, metadata in zip(found["ids"], found["metadatas"] or [], strict=True)
                if metadata["version"] not in versions
            ]
            deleted += len(ids)
            for batch in _batches(ids, self._client.get_max_batch_size()):
                collection.delete(ids=list(batch))
        return deleted

    def delete_other_builds(self) -> None:
        """Delete the collections of every other build."""
        for collection in self._client.list_collections():
            kind, _, build = collection.name.partition("-")
            if kind in KINDS and build != self._build:
                self._client.delete_collection(collection.name)

    def load_chunks(self, records: Iterable[DocumentRecord]) -> tuple[Chunk, ...]:
        """The chunks of the documents in `records`, in the order of documents and of their text."""
        by_version = {record.version: record for record in records}
        found = self._passages.get(include=["metadatas", "documents"])
        chunks = [
            _to_chunk(chunk_id, metadata, text, by_version[str(metadata["version"])])
            for chunk_id, metadata, text in zip(
                found["ids"], found["metadatas"] or [], found["documents"] or [], strict=True
            )
            if metadata["version"] in by_version
        ]
        return tuple(sorted(chunks, key=lambda chunk: (chunk.path, chunk.span)))

    def query(
        self, vector: Vectors, *, kind: str, count: int, cities: Sequence[str] = ()
    ) -> list[tuple[str, float]]:
        """The ids of the chunks nearest to `vector` by their own or their sentences' vectors (`kind`).

        Pairs of chunk id and cosine similarity (-1 to 1), best first; a chunk with several near sentences
        appears once, with the best of them. `cities` narrows to chunks about any of them.
        """
        collection = {"passages": self._passages, "sentences": self._sentences}[kind]
        clauses: list[dict[str, Any]] = [{"cities": {"$contains": city}} for city in cities]
        where: Any = {"$or": clauses} if len(clauses) > 1 else clauses[0] if clauses else None
        found = collection.query(
            query_embeddings=vector[np.newaxis], n_results=count, where=where, include=["distances"]
        )
        best: dict[str, float] = {}
        for record_id, distance in zip(found["ids"][0], (found["distances"] or [[]])[0], strict=True):
            best.setdefault(record_id.split("/")[0], 1.0 - float(distance))
        return list(best.items())

    def fetch_vectors(self, chunks: Sequence[Chunk]) -> dict[str, tuple[Vectors, Vectors]]:
        """By the id of each of `chunks`: its own vector, shape (d,), and its sentences', shape (s, d), float32.

        A chunk that another process has deleted in the meantime is left out.
        """
        passages = self._get_vectors(self._passages, [chunk.chunk_id for chunk in chunks])
        sentences = self._get_vectors(
            self._sentences,
            [_sentence_id(chunk.chunk_id, n) for chunk in chunks for n in range(len(chunk.sentences))],
        )
        return {
            chunk.chunk_id: (
                passages[chunk.chunk_id],
                np.stack([sentences[_sentence_id(chunk.chunk_id, n)] for n in range(len(chunk.sentences))]),
            )
            for chunk in chunks
            if chunk.chunk_id in passages
            and all(_sentence_id(chunk.chunk_id, n) in sentences for n in range(len(chunk.sentences)))
        }

    def fetch_by_key(self, version: str) -> dict[str, Vectors]:
        """The vectors of a version's passages and sentences by the `text_key` of what was embedded."""
        vectors: dict[str, Vectors] = {}
        for collection in (self._passages, self._sentences):
            found = collection.get(where={"version": version}, include=["metadatas", "embeddings"])
            embeddings = found["embeddings"] if found["embeddings"] is not None else []
            for metadata, vector in zip(found["metadatas"] or [], embeddings, strict=True):
                vectors[str(metadata["key"])] = np.asarray(vector, dtype=np.float32)
        return vectors

    def count(self) -> tuple[int, int]:
        """How many passages and sentences are stored, left-overs included."""
        return self._passages.count(), self._sentences.count()

    def _upsert(
        self,
        collection: Collection,
        ids: list[str],
        vectors: Vectors,
        metadatas: list[dict[str, Any]],
        texts: list[str] | None,
    ) -> None:
        for batch in _batches(range(len(ids)), self._client.get_max_batch_size()):
            rows = slice(batch[0], batch[-1] + 1)
            collection.upsert(
                ids=ids[rows],
                embeddings=vectors[rows],
                metadatas=metadatas[rows],  # type: ignore[arg-type]  # lists of strings are allowed since 1.5
                documents=texts[rows] if texts else None,
            )

    def _get_vectors(self, collection: Collection, ids: list[str]) -> dict[str, Vectors]:
        if not ids:  # which Chroma refuses
            return {}
        found = collection.get(ids=ids, include=["embeddings"])
        embeddings = found["embeddings"] if found["embeddings"] is not None else []
        return {
            record_id: np.asarray(vector, dtype=np.float32)
            for record_id, vector in zip(found["ids"], embeddings, strict=True)
        }


def _open_client(index_dir: Path) -> ClientAPI:
    """A client of its own: Chroma shares one system for each folder in a process, whose queries go on showing
    the old state after another process has written."""
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings

    folder = index_dir / CHROMA_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with _OPENING:
        SharedSystemClient.clear_system_cache()
        return chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))


def _open_collection(client: ClientAPI, name: str, fingerprint: str) -> Collection:
    collection = client.get_or_create_collection(
        name,
        metadata={"fingerprint": fingerprint},
        configuration={"hnsw": HNSW},  # type: ignore[arg-type]  # plain dicts are what its docs show
        embedding_function=None,
    )
    made_with = (collection.metadata or {}).get("fingerprint")
    if made_with != fingerprint:
        raise IndexMismatch(
            f"the index was built with other settings ({made_with}) than those in force ({fingerprint}); "
            "set them back, or build it anew with: qa index --rebuild"
        )
    return collection


def _sentence_id(chunk_id: str, number: int) -> str:
    return f"{chunk_id}/{number}"


def _shared_metadata(record: VectorRecord, key: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"version": record.version, "doc_id": record.chunk.doc_id, "key": key}
    if record.chunk.cities:  # Chroma refuses empty lists
        metadata["cities"] = list(record.chunk.cities)
    return metadata


def _metadata(record: VectorRecord) -> dict[str, Any]:
    chunk = record.chunk
    return {
        **_shared_metadata(record, record.keys[0]),
        "path": chunk.path,
        "title": chunk.title,
        "heading": chunk.heading,
        "page": chunk.page or 0,
        "language": chunk.language,
        "start": chunk.span.start,
        "end": chunk.span.end,
        "sentences": list(itertools.chain.from_iterable((s.start, s.end) for s in chunk.sentences)),
    }


def _to_chunk(chunk_id: str, metadata: Any, text: str, record: DocumentRecord) -> Chunk:
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
    )


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
