"""The vectors of passages and sentences in Chroma: two collections for each build of the index.

`passages` has a record for each chunk, `sentences` a record for each sentence of a chunk. Each record carries the
version of its document. The manifest says which versions are live, so new records can be written long before old
records are deleted.
"""

from __future__ import annotations

import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Collection as AnyCollection
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from qa.domain import Chunk
from qa.errors import IndexDamaged
from qa.storage.manifest import DocumentRecord
from qa.storage.records import VectorRecord, Vectors, chunk_metadata, sentence_id, shared_metadata, to_chunk
from qa.storage.store.base import (
    Chunks,
    LoadedChunks,
    StoredLexical,
    best_of_each,
    explaining,
    refuse_language,
    take_live,
)
from qa.storage.store.chroma_places import KINDS, ChromaFolder, ChromaServer
from qa.storage.store.chroma_records import batches, count_lost, get_all, open_collection, pages

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection
    from chromadb.api.types import QueryResult

VERSIONS_AT_ONCE = 500
"""Versions of documents asked for at a time: SQLite takes some 32,000 values in a statement at most."""

MAX_LOST = 3
"""Limits the records that a check may miss: the search is approximate."""

AGAIN_S = (0.05, 0.2, 1.0)
"""The pauses after which a server is asked again. A record that is just written passes the filter before the graph
has it (one question in 300, measured while the server was written to without a pause)."""


class ChromaStore:
    """The two collections of one build of the index: a `VectorStore`."""

    def __init__(self, place: ChromaFolder | ChromaServer, *, fingerprint: str, create: bool = True) -> None:
        self._place = place
        with explaining(place):
            self._client = place.open_client(create=create)
            if isinstance(place, ChromaFolder):
                # Chroma's client is in circles of references, and has files open that may be deleted meanwhile.
                weakref.finalize(self, self._client._server.stop).atexit = False  # type: ignore[attr-defined]
            self._collections = {
                kind: open_collection(self._client, place.collection_name(kind), fingerprint, create=create)
                for kind in KINDS
            }
        self._known: Chunks | None = None
        self._allowed: dict[tuple[str, str, str], list[str]] = {}

    @cached_property
    def _passages(self) -> Collection:
        return self._load("passages")

    @cached_property
    def _sentences(self) -> Collection:
        return self._load("sentences")

    def _load(self, kind: str) -> Collection:
        """The collection, its graph in memory: Chroma reads it with the first of all calls."""
        collection = self._collections[kind]
        with explaining(self._place), self._place.alone():
            collection.get(limit=1, include=["embeddings"])
        return collection

    def add(self, records: Sequence[VectorRecord]) -> None:
        """Write `records`. Records that are there already stay as they are.

        An id stands for all that its record says, so a run that was cut off can be done again. Chroma never
        replaces a record: its graph can lose a record that is written twice (one opening in 25, measured).
        """
        if not records:
            return
        ids, metadatas = [], []
        for record in records:
            for number, key in enumerate(record.keys[1:]):
                ids.append(sentence_id(record.chunk.chunk_id, number))
                metadatas.append(shared_metadata(record, key))
        with explaining(self._place):
            self._write(
                self._passages,
                [record.chunk.chunk_id for record in records],
                np.stack([record.passage for record in records]),
                [chunk_metadata(record) for record in records],
                [record.chunk.text for record in records],
            )
            vectors = np.concatenate([record.sentences for record in records])
            self._write(self._sentences, ids, vectors, metadatas, None)

    def delete(self, versions: AnyCollection[str]) -> int:
        """The number of records of these versions, which are deleted."""
        return self._delete(
            lambda collection: (
                record_id
                for some in batches(sorted(versions), VERSIONS_AT_ONCE)
                for record_id in get_all(collection, include=[], where={"version": {"$in": some}})["ids"]
            )
        )

    def delete_except(self, versions: AnyCollection[str]) -> int:
        """The number of records of all other versions, which are deleted."""
        return self._delete(
            lambda collection: (
                record_id
                for found in pages(collection, include=["metadatas"])
                for record_id, metadata in zip(found["ids"], found["metadatas"], strict=True)
                if metadata["version"] not in versions
            )
        )

    def _delete(self, find: Callable[[Collection], Iterable[str]]) -> int:
        deleted = 0
        # A passage goes after its sentences: when as many passages are left as there should be, all is gone.
        for collection in (self._sentences, self._passages):
            with explaining(self._place):
                ids = list(find(collection))
                for batch in batches(ids, self._client.get_max_batch_size()):
                    with self._place.alone():
                        collection.delete(ids=list(batch))
            deleted += len(ids)
        return deleted

    def copy_to(self, other: ChromaStore, versions: AnyCollection[str]) -> None:
        """Write the records of these versions to `other`, which has none yet."""
        for collection, copy in ((self._passages, other._passages), (self._sentences, other._sentences)):
            with explaining(self._place):
                for page in pages(collection, include=["embeddings", "metadatas", "documents"]):
                    rows = [row for row, kept in enumerate(page["metadatas"]) if kept["version"] in versions]
                    vectors = np.asarray([page["embeddings"][row] for row in rows], dtype=np.float32)
                    ids, metadatas, texts = (
                        [page[name][row] for row in rows] for name in ("ids", "metadatas", "documents")
                    )
                    with explaining(other._place):
                        kept_texts = texts if collection is self._passages else None
                        other._write(copy, ids, vectors, metadatas, kept_texts)

    def vacuum(self) -> None:
        """Do nothing: Chroma finds no deleted record. Its files keep the bytes, see `copy_build`."""

    def list_keys(self) -> set[str]:
        """The `text_key`s of all embedded texts of the stored records."""
        with explaining(self._place):
            return {
                str(metadata["key"])
                for collection in (self._passages, self._sentences)
                for found in pages(collection, include=["metadatas"])
                for metadata in found["metadatas"]
            }

    def check(self, records: Iterable[DocumentRecord]) -> None:
        """Raise `IndexDamaged` unless every passage of the documents in `records` is there, and can be found.

        A damaged folder can crash Chroma and the process: `qa.storage.integrity` checks it in another process.
        """
        with explaining(self._place):
            found = pages(self._passages, include=["metadatas"])
            counts = Counter(metadata["version"] for page in found for metadata in page["metadatas"])
            lost = sum(count_lost(collection) for collection in (self._passages, self._sentences))
        missing = [record.path for record in records if counts[record.version] != record.chunks]
        if missing or lost > MAX_LOST:
            what = f"lacks passages of {missing[0]}" if missing else "does not find what is in it"
            raise IndexDamaged(f"{self._place} {what}; build it anew with: qa index")

    def load_chunks(self, records: Iterable[DocumentRecord]) -> LoadedChunks:
        """The chunks of the documents in `records`, all in memory."""
        by_version = {record.version: record for record in records}
        with explaining(self._place):
            found = get_all(self._passages, include=["metadatas", "documents"])
        chunks = [
            to_chunk(chunk_id, kept, text, by_version[str(kept["version"])])
            for chunk_id, kept, text in zip(found["ids"], found["metadatas"], found["documents"], strict=True)
            if kept["version"] in by_version
        ]
        return LoadedChunks(sorted(chunks, key=lambda chunk: (chunk.source.path, chunk.place.span)))

    def prepare(self) -> None:
        """Read both graphs."""
        self.count()

    def query(
        self,
        vector: Vectors,
        *,
        kind: str,
        count: int,
        cities: Sequence[str] = (),
        language: str = "",
        known: Chunks | None = None,
    ) -> list[tuple[str, float]]:
        """The ids of the chunks nearest to `vector` with their cosine similarity, best first."""
        refuse_language(kind, language)
        collection = {"passages": self._passages, "sentences": self._sentences}[kind]
        allowed: dict[str, Any] = {}
        if (cities or language) and known is not None and isinstance(self._place, ChromaFolder):
            # Chroma's own filter takes in records that another process has just written. There it fails, for the
            # graph in this process' memory does not have them.
            allowed["ids"] = self._find_allowed(kind, cities, language, known)
            if not allowed["ids"]:
                return []
        elif cities or language:
            allowed["where"] = _where(cities, language)

        def ask(most: int) -> list[tuple[str, float]]:
            found = self._ask(collection, vector, n_results=most, **allowed)
            ids, distances = found["ids"][0], (found["distances"] or [[]])[0]
            return [(name.split("/")[0], 1.0 - float(far)) for name, far in zip(ids, distances, strict=True)]

        def keep(near: list[tuple[str, float]]) -> list[tuple[str, float]]:
            if known is None:
                return near
            live = known.find(chunk_id for chunk_id, _ in near)
            return [pair for pair in near if pair[0] in live]

        return best_of_each(take_live(ask, keep, count=count))

    def fetch_vectors(self, chunks: Sequence[Chunk]) -> dict[str, tuple[Vectors, Vectors]]:
        """By the id of each of `chunks`: its own vector, shape (d,), and its sentences', shape (s, d), float32."""
        passages = self._get_vectors(self._passages, [chunk.chunk_id for chunk in chunks])
        sentences = self._get_vectors(self._sentences, _sentence_ids(chunks))
        return {
            chunk.chunk_id: (
                passages[chunk.chunk_id],
                np.stack([sentences[sentence_id(chunk.chunk_id, n)] for n in range(len(chunk.sentences))]),
            )
            for chunk in chunks
            if chunk.chunk_id in passages
            and all(sentence_id(chunk.chunk_id, n) in sentences for n in range(len(chunk.sentences)))
        }

    def fetch_by_key(self, version: str) -> dict[str, Vectors]:
        """The vectors of a version's passages and sentences, by the `text_key` of the embedded text."""
        vectors: dict[str, Vectors] = {}
        for collection in (self._passages, self._sentences):
            with explaining(self._place):
                found = get_all(collection, where={"version": version}, include=["metadatas", "embeddings"])
            for metadata, vector in zip(found["metadatas"], found["embeddings"], strict=True):
                vectors[str(metadata["key"])] = np.asarray(vector, dtype=np.float32)
        return vectors

    def count_passages(self) -> int:
        """The number of stored passages, left-overs included."""
        with explaining(self._place):
            return self._passages.count()

    def count(self) -> tuple[int, int]:
        """The numbers of stored passages and sentences, left-overs included."""
        with explaining(self._place):
            return self._passages.count(), self._sentences.count()

    def open_lexical(self, chunks: Chunks) -> StoredLexical | None:
        """None: Chroma has no lexical search that ranks."""
        return None

    def _ask(
        self, collection: Collection, vector: Vectors, *, pauses: Sequence[float] = AGAIN_S, **options: Any
    ) -> QueryResult:
        try:
            with explaining(self._place):
                return collection.query(query_embeddings=vector[np.newaxis], include=["distances"], **options)
        except IndexDamaged:
            if not pauses or "where" not in options:
                raise
        time.sleep(pauses[0])
        return self._ask(collection, vector, pauses=pauses[1:], **options)

    def _find_allowed(self, kind: str, cities: Sequence[str], language: str, known: Chunks) -> list[str]:
        """The ids of the records of `kind` of the chunks in `known` about any of `cities`, in `language`."""
        if known is not self._known:
            self._known, self._allowed = known, {}
        about = (self._find_once(kind, known, city=city, language=language) for city in cities or ("",))
        return list(dict.fromkeys(chain.from_iterable(about)))

    def _find_once(self, kind: str, known: Chunks, *, city: str, language: str) -> list[str]:
        key = (kind, city, language)
        if key not in self._allowed:
            chunks = [
                chunk
                for chunk in known
                if (not city or city in chunk.source.cities) and language in ("", chunk.source.language)
            ]
            self._allowed[key] = (
                [chunk.chunk_id for chunk in chunks] if kind == "passages" else _sentence_ids(chunks)
            )
        return self._allowed[key]

    def _write(
        self,
        collection: Collection,
        ids: list[str],
        vectors: Vectors,
        metadatas: list[dict[str, Any]],
        texts: list[str] | None,
    ) -> None:
        for batch in batches(range(len(ids)), self._client.get_max_batch_size()):
            rows = slice(batch[0], batch[-1] + 1)
            with self._place.alone():
                collection.add(
                    ids=ids[rows],
                    embeddings=vectors[rows],
                    metadatas=metadatas[rows],  # type: ignore[arg-type]  # lists of strings are allowed since 1.5
                    documents=texts[rows] if texts else None,
                )

    def _get_vectors(self, collection: Collection, ids: list[str]) -> dict[str, Vectors]:
        if not ids:  # which Chroma refuses
            return {}
        with explaining(self._place):
            found = collection.get(ids=ids, include=["embeddings"])
        embeddings = found["embeddings"] if found["embeddings"] is not None else []
        return {
            record_id: np.asarray(vector, dtype=np.float32)
            for record_id, vector in zip(found["ids"], embeddings, strict=True)
        }


def _where(cities: Sequence[str], language: str) -> dict[str, Any]:
    """Chroma's filter for records about any of `cities`, in `language`; at least one of them is not empty."""
    about: list[dict[str, Any]] = [{"cities": {"$contains": city}} for city in cities]
    clauses = [{"$or": about}] if len(about) > 1 else about
    if language:
        clauses = [*clauses, {"language": language}]
    return {"$and": clauses} if len(clauses) > 1 else clauses[0]


def _sentence_ids(chunks: Iterable[Chunk]) -> list[str]:
    return [sentence_id(chunk.chunk_id, number) for chunk in chunks for number in range(len(chunk.sentences))]
