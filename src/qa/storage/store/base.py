"""The protocol of a vector store, so that another store is one more file beside this file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Collection as AnyCollection
from contextlib import contextmanager
from functools import cached_property
from typing import Protocol, TypeVar

from qa.domain import Chunk
from qa.errors import IndexMismatch, QAError
from qa.storage.manifest import DocumentRecord
from qa.storage.records import VectorRecord, Vectors

WIDEN = 4
"""The factor for asking again where too many of the best records are left-overs of other states."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Chunks(Protocol):
    """The chunks of one state of the index, in the order of documents and of their text."""

    @property
    def versions(self) -> AnyCollection[str]:
        """The versions of the chunks' documents."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Chunk]: ...

    def find(self, chunk_ids: Iterable[str]) -> dict[str, Chunk]:
        """The chunks with these ids, by their ids and in the order of the ids. Other ids are left out."""


class LoadedChunks(tuple[Chunk, ...]):
    """Chunks that are all in memory."""

    @cached_property
    def versions(self) -> frozenset[str]:
        """The versions of the chunks' documents."""
        return frozenset(chunk.source.version for chunk in self)

    @cached_property
    def _by_id(self) -> dict[str, Chunk]:
        return {chunk.chunk_id: chunk for chunk in self}

    def find(self, chunk_ids: Iterable[str]) -> dict[str, Chunk]:
        """The chunks with these ids, by their ids and in the order of the ids. Other ids are left out."""
        return {chunk_id: self._by_id[chunk_id] for chunk_id in chunk_ids if chunk_id in self._by_id}


class StoredLexical(Protocol):
    """A lexical search by the store itself, with the scores of `qa.storage.bm25.LexicalIndex`."""

    def search(self, query: str, *, count: int, cities: Sequence[str] = ()) -> list[tuple[str, float]]:
        """Up to `count` pairs of a chunk's id and its BM25 share, best first, without shares of zero.

        `cities` narrows to chunks about any of them.
        """

    def coverage(self, query: str, texts: Sequence[str]) -> list[float]:
        """For each text, the share of the query's tokens, weighted by idf, that occur in it: 0 to 1."""


class VectorStore(Protocol):
    """The vectors of passages and sentences of one build of the index.

    All methods raise `IndexDamaged` where the build cannot be read, `DiskError` where it cannot be written, and
    `StoreUnreachable` where it is on a server that does not answer.
    """

    def add(self, records: Sequence[VectorRecord]) -> None:
        """Write `records`. Records that are there already stay as they are."""

    def delete(self, versions: AnyCollection[str]) -> int:
        """The number of records of these versions, which are deleted."""

    def delete_except(self, versions: AnyCollection[str]) -> int:
        """The number of records of all other versions, which are deleted."""

    def vacuum(self) -> None:
        """Clear the store of whatever a search could still find of deleted records."""

    def list_keys(self) -> set[str]:
        """The `text_key`s of all embedded texts of the stored records."""

    def check(self, records: Iterable[DocumentRecord]) -> None:
        """Raise `IndexDamaged` unless every passage of the documents in `records` is there, and can be found."""

    def load_chunks(self, records: Iterable[DocumentRecord]) -> Chunks:
        """The chunks of the documents in `records`."""

    def prepare(self) -> None:
        """Read what the first query would have to wait for."""

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
        """The ids of the chunks nearest to `vector` by their own or their sentences' vectors (`kind`).

        Pairs of chunk id and cosine similarity (-1 to 1), best first. A chunk with several near sentences appears
        once, with the best similarity. `cities` narrows to chunks about any of them, `language` to passages in it:
        sentences have no language, and are refused with a `ValueError`. `known` narrows to these chunks:
        left-overs of other states may not crowd them out.
        """

    def fetch_vectors(self, chunks: Sequence[Chunk]) -> dict[str, tuple[Vectors, Vectors]]:
        """By the id of each of `chunks`: its own vector, shape (d,), and its sentences', shape (s, d), float32.

        A chunk that another process has deleted in the meantime is left out.
        """

    def fetch_by_key(self, version: str) -> dict[str, Vectors]:
        """The vectors of a version's passages and sentences, by the `text_key` of the embedded text."""

    def count_passages(self) -> int:
        """The number of stored passages, left-overs included. It is quicker than `count`."""

    def count(self) -> tuple[int, int]:
        """The numbers of stored passages and sentences, left-overs included."""

    def open_lexical(self, chunks: Chunks) -> StoredLexical | None:
        """The lexical search over `chunks` (from `load_chunks`); None where this program must do it in memory."""


def refuse_language(kind: str, language: str) -> None:
    """Raise `ValueError` where records of `kind` do not say their language, and `language` would narrow to one."""
    if language and kind != "passages":
        raise ValueError(f"{kind} cannot be narrowed to a language; ask for passages")


def take_live(ask: Callable[[int], list[T]], keep: Callable[[list[T]], list[T]], *, count: int) -> list[T]:
    """The first `count` records that `keep` leaves of the answer to `ask`, which is asked until they are there.

    `ask` takes the number of records to answer with, and answers with fewer only where there are no more.
    """
    asked = count
    while True:
        found = ask(asked)
        kept = keep(found)[:count]
        if len(kept) == count or len(found) < asked:
            return kept
        asked *= WIDEN


def best_of_each(near: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Each chunk once, with the first of its similarities: `near` has the best first."""
    best: dict[str, float] = {}
    for chunk_id, similarity in near:
        best.setdefault(chunk_id, similarity)
    return list(best.items())


class Place(Protocol):
    """The place of a build, which knows the errors that are raised there."""

    def explain(self, error: BaseException) -> QAError | None:
        """Our error for an error that was raised there; None for other errors."""


@contextmanager
def explaining(place: Place) -> Iterator[None]:
    """Turns an error of the place into an error that says what happened and what to do."""
    try:
        yield
    except QAError:
        raise
    except BaseException as error:
        # A panic in Chroma's Rust part is no `Exception`, and has no name to catch it by.
        explained = place.explain(error)
        if explained is None:
            raise
        logger.warning("%s: %s", place, error)
        raise explained from error


def require_made_with(fingerprint: str, made_with: str | None) -> None:
    """Raise `IndexMismatch` if a build was `made_with` other settings than those of `fingerprint`."""
    if made_with != fingerprint:
        raise IndexMismatch(
            f"the index was built with other settings ({made_with}) than those in force ({fingerprint}); "
            "set them back, or build it anew with: qa index --rebuild"
        )
