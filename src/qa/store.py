"""The vectors of passages and sentences, in a Chroma folder. The only importer of chromadb.

Each build of the index has a folder of its own, `chroma-<build>`, so that a rebuild touches nothing of the
build that is live, and a damaged or old one can be removed as a whole. In it are two collections: `passages`,
whose records are chunks, and `sentences`, one record for each sentence of a chunk. Each record carries the
version of its document; which versions are live says the manifest, so new records can be written long before
old ones are deleted.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Collection as AnyCollection
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qa.domain import Chunk
from qa.errors import DiskError, IndexDamaged, IndexMismatch, QAError
from qa.manifest import DocumentRecord, explain_disk
from qa.reasons import Reason
from qa.records import VectorRecord, Vectors, chunk_metadata, sentence_id, shared_metadata, to_chunk

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

CHROMA_FOLDER = "chroma-"
"""What the names of builds' folders start with."""
KINDS = ("passages", "sentences")

HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}
"""Twice Chroma's own values: recall matters more here than the milliseconds it costs."""

DISK_IS_FULL = ("disk is full", "no space left", "(code: 13)", "(code 13)")
"""How Chroma, SQLite and the system say so."""

LITTLE_ROOM_BYTES = 4 * 2**20
"""With less on the disk, Chroma fails to write the smallest things."""

PAGE = 10_000
"""Records fetched at a time."""

WIDEN = 4
"""So many times more records are asked for where too many of the nearest are left-overs."""

SAMPLE, MAX_LOST = 64, 3
"""So many records are looked for when a store is checked, and so many may be missed: the search is approximate."""

SAME_VECTOR = 1e-3
"""Up to this cosine distance two vectors are the same: Chroma rounds them."""

logger = logging.getLogger(__name__)

_OPENING = threading.Lock()


class VectorStore:
    """The two collections of one build of the index."""

    def __init__(self, index_dir: Path, *, build: str, fingerprint: str, create: bool = True) -> None:
        """Open the build, or make it if `create`.

        Raises `IndexMismatch` if it was made with other settings than those of `fingerprint`, `IndexDamaged` if it
        cannot be read, and `DiskError` if it cannot be written; so do all methods.
        """
        self._folder = index_dir / f"{CHROMA_FOLDER}{build}"
        if not create and not self._folder.is_dir():
            raise IndexDamaged(Reason("why_index_gone", folder=str(self._folder)))
        with _explaining(self._folder):
            self._client = _open_client(self._folder)
            self._passages, self._sentences = (
                _open_collection(self._client, kind, fingerprint) for kind in KINDS
            )

    def add(self, records: Sequence[VectorRecord]) -> None:
        """Write `records`; those that are there already stay as they are.

        An id stands for all that its record says, so a run that was cut off can be done again. Chroma is never
        told to replace any: its graph can lose a record that is written twice (one opening in 25, measured).
        """
        if not records:
            return
        ids, metadatas = [], []
        for record in records:
            for number, key in enumerate(record.keys[1:]):
                ids.append(sentence_id(record.chunk.chunk_id, number))
                metadatas.append(shared_metadata(record, key))
        with _explaining(self._folder):
            self._write(
                self._passages,
                [record.chunk.chunk_id for record in records],
                np.stack([record.passage for record in records]),
                [chunk_metadata(record) for record in records],
                [record.chunk.text for record in records],
            )
            vectors = np.concatenate([record.sentences for record in records])
            self._write(self._sentences, ids, vectors, metadatas, None)

    def delete_except(self, versions: AnyCollection[str]) -> int:
        """Delete the records of all other versions than these; how many there were."""
        deleted = 0
        # A passage goes after its sentences: when as many passages are left as there should be, all is gone.
        for collection in (self._sentences, self._passages):
            with _explaining(self._folder):
                ids = [
                    record_id
                    for found in _pages(collection, include=["metadatas"])
                    for record_id, metadata in zip(found["ids"], found["metadatas"], strict=True)
                    if metadata["version"] not in versions
                ]
                for batch in _batches(ids, self._client.get_max_batch_size()):
                    collection.delete(ids=list(batch))
            deleted += len(ids)
        return deleted

    def check(self, records: Iterable[DocumentRecord]) -> None:
        """Raise `IndexDamaged` unless every passage of the documents in `records` is there, and can be found.

        A damaged folder can crash Chroma and with it the process: `qa.checking` does this in another one.
        """
        with _explaining(self._folder):
            pages = _pages(self._passages, include=["metadatas"])
            counts = Counter(metadata["version"] for page in pages for metadata in page["metadatas"])
            lost = sum(_count_lost(collection) for collection in (self._passages, self._sentences))
        missing = [record.path for record in records if counts[record.version] != record.chunks]
        if missing or lost > MAX_LOST:
            what = f"lacks passages of {missing[0]}" if missing else "does not find what is in it"
            raise IndexDamaged(f"{self._folder} {what}; build it anew with: qa index")

    def load_chunks(self, records: Iterable[DocumentRecord]) -> tuple[Chunk, ...]:
        """The chunks of the documents in `records`, in the order of documents and of their text."""
        by_version = {record.version: record for record in records}
        with _explaining(self._folder):
            found = _get_all(self._passages, include=["metadatas", "documents"])
        chunks = [
            to_chunk(chunk_id, kept, text, by_version[str(kept["version"])])
            for chunk_id, kept, text in zip(found["ids"], found["metadatas"], found["documents"], strict=True)
            if kept["version"] in by_version
        ]
        return tuple(sorted(chunks, key=lambda chunk: (chunk.path, chunk.span)))

    def query(
        self,
        vector: Vectors,
        *,
        kind: str,
        count: int,
        cities: Sequence[str] = (),
        known: Container[str] | None = None,
    ) -> list[tuple[str, float]]:
        """The ids of the chunks nearest to `vector` by their own or their sentences' vectors (`kind`).

        Pairs of chunk id and cosine similarity (-1 to 1), best first; a chunk with several near sentences
        appears once, with the best of them. `cities` narrows to chunks about any of them, `known` to these ids:
        left-overs of other states may not crowd them out.
        """
        collection = {"passages": self._passages, "sentences": self._sentences}[kind]
        clauses: list[dict[str, Any]] = [{"cities": {"$contains": city}} for city in cities]
        where: Any = {"$or": clauses} if len(clauses) > 1 else clauses[0] if clauses else None
        asked = count
        while True:
            with _explaining(self._folder):
                found = collection.query(
                    query_embeddings=vector[np.newaxis], n_results=asked, where=where, include=["distances"]
                )
            ids, distances = found["ids"][0], (found["distances"] or [[]])[0]
            near = [(each.split("/")[0], 1.0 - float(far)) for each, far in zip(ids, distances, strict=True)]
            kept = [pair for pair in near if known is None or pair[0] in known][:count]
            if len(kept) == count or len(near) < asked:
                break
            asked *= WIDEN
        best: dict[str, float] = {}
        for chunk_id, similarity in kept:
            best.setdefault(chunk_id, similarity)
        return list(best.items())

    def fetch_vectors(self, chunks: Sequence[Chunk]) -> dict[str, tuple[Vectors, Vectors]]:
        """By the id of each of `chunks`: its own vector, shape (d,), and its sentences', shape (s, d), float32.

        A chunk that another process has deleted in the meantime is left out.
        """
        passages = self._get_vectors(self._passages, [chunk.chunk_id for chunk in chunks])
        sentences = self._get_vectors(
            self._sentences,
            [sentence_id(chunk.chunk_id, n) for chunk in chunks for n in range(len(chunk.sentences))],
        )
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
        """The vectors of a version's passages and sentences by the `text_key` of what was embedded."""
        vectors: dict[str, Vectors] = {}
        for collection in (self._passages, self._sentences):
            with _explaining(self._folder):
                found = _get_all(collection, where={"version": version}, include=["metadatas", "embeddings"])
            for metadata, vector in zip(found["metadatas"], found["embeddings"], strict=True):
                vectors[str(metadata["key"])] = np.asarray(vector, dtype=np.float32)
        return vectors

    def count(self) -> tuple[int, int]:
        """How many passages and sentences are stored, left-overs included."""
        return self._passages.count(), self._sentences.count()

    def _write(
        self,
        collection: Collection,
        ids: list[str],
        vectors: Vectors,
        metadatas: list[dict[str, Any]],
        texts: list[str] | None,
    ) -> None:
        for batch in _batches(range(len(ids)), self._client.get_max_batch_size()):
            rows = slice(batch[0], batch[-1] + 1)
            collection.add(
                ids=ids[rows],
                embeddings=vectors[rows],
                metadatas=metadatas[rows],  # type: ignore[arg-type]  # lists of strings are allowed since 1.5
                documents=texts[rows] if texts else None,
            )

    def _get_vectors(self, collection: Collection, ids: list[str]) -> dict[str, Vectors]:
        if not ids:  # which Chroma refuses
            return {}
        with _explaining(self._folder):
            found = collection.get(ids=ids, include=["embeddings"])
        embeddings = found["embeddings"] if found["embeddings"] is not None else []
        return {
            record_id: np.asarray(vector, dtype=np.float32)
            for record_id, vector in zip(found["ids"], embeddings, strict=True)
        }


def is_large(index_dir: Path, *, build: str) -> bool:
    """True if Chroma has written a graph for the build: only such a one can crash it when it is damaged."""
    return any((index_dir / f"{CHROMA_FOLDER}{build}").glob("*/index_metadata.pickle"))


def _get_all(collection: Collection, *, include: list[str], where: Any = None) -> dict[str, list[Any]]:
    """All records (those of `where`) at once: for what is kept in memory anyway."""
    pages = list(_pages(collection, include=include, where=where))
    return {name: [value for page in pages for value in page[name]] for name in ("ids", *include)}


def _pages(collection: Collection, *, include: list[str], where: Any = None) -> Iterator[dict[str, Any]]:
    """All records (those of `where`), `PAGE` at a time: from some 30,000 on, Chroma cannot give them at once."""
    offset, got = 0, PAGE
    while got == PAGE:
        page: Any = collection.get(include=include, where=where, limit=PAGE, offset=offset)  # type: ignore[arg-type]
        yield page
        got = len(page["ids"])
        offset += got


def _count_lost(collection: Collection) -> int:
    """How many of some records, spread over all, are not found by their own vectors."""
    ids = _get_all(collection, include=[])["ids"]
    sample = ids[:: max(1, len(ids) // SAMPLE)]
    if not sample:
        return 0
    vectors = collection.get(ids=sample, include=["embeddings"])["embeddings"]
    near = collection.query(query_embeddings=vectors, n_results=1, include=["distances"])["distances"] or []
    return sum(not row or row[0] > SAME_VECTOR for row in near)


def remove_builds(index_dir: Path, *, keep: AnyCollection[str]) -> None:
    """Remove the folders of all builds but those to keep."""
    for folder in index_dir.glob("chroma*"):
        if folder.name.removeprefix(CHROMA_FOLDER) not in keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _explaining(folder: Path) -> Iterator[None]:
    """Turns what Chroma and the system raise into an error that says what happened and what to do."""
    from chromadb.errors import ChromaError

    try:
        yield
    except QAError:
        raise
    except OSError as error:
        raise explain_disk(error, folder) from error
    except (ChromaError, sqlite3.Error, ValueError, KeyError, TypeError) as error:
        raise _explain(str(error), folder) from error
    except BaseException as error:
        # A panic in Chroma's Rust part is no `Exception`, and has no name to catch it by.
        if type(error).__name__ != "PanicException":
            raise
        raise _explain(str(error), folder) from error


def _explain(message: str, folder: Path) -> QAError:
    logger.warning("%s: %s", folder, message)
    # Chroma tells some failures to write only as that: then the disk itself is asked.
    is_full = folder.exists() and shutil.disk_usage(folder).free < LITTLE_ROOM_BYTES
    if is_full or any(words in message.casefold() for words in DISK_IS_FULL):
        return DiskError(Reason("why_no_room", folder=str(folder)))
    if "readonly database" in message or "read-only" in message:
        return DiskError(Reason("why_folder_read_only", folder=str(folder)))
    return IndexDamaged(Reason("why_index_damaged", folder=str(folder), error=message[:200]))


def _open_client(folder: Path) -> ClientAPI:
    """A client of its own: Chroma shares one system for each folder in a process, whose queries go on showing
    the old state after another process has written."""
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings

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


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
