"""The chunks of one state of the index, which stay in PostgreSQL until they are wanted."""

from __future__ import annotations

from collections.abc import Collection as AnyCollection
from collections.abc import Iterable, Iterator

from qa.domain import Chunk
from qa.storage.manifest import DocumentRecord
from qa.storage.records import to_chunk
from qa.storage.store.postgres_place import PostgresSchema

CHUNKS = "SELECT chunk_id, version, metadata, text FROM {{s}}.passages WHERE {where}"

DOCUMENTS_AT_ONCE = 100
"""Documents whose chunks are read at a time where all chunks are wanted."""


class StoredChunks:
    """Chunks that stay in the database. Only the records of a state's documents are in memory."""

    def __init__(self, place: PostgresSchema, records: Iterable[DocumentRecord]) -> None:
        self._place = place
        self._records = {record.version: record for record in sorted(records, key=lambda record: record.path)}

    @property
    def versions(self) -> AnyCollection[str]:
        """The versions of the chunks' documents."""
        return self._records.keys()

    def __len__(self) -> int:
        return sum(record.chunks for record in self._records.values())

    def __iter__(self) -> Iterator[Chunk]:
        versions = list(self._records)
        for start in range(0, len(versions), DOCUMENTS_AT_ONCE):
            batch = versions[start : start + DOCUMENTS_AT_ONCE]
            chunks = self._fetch("version = ANY(%s)", batch)
            yield from sorted(chunks, key=lambda chunk: (chunk.source.path, chunk.place.span))

    def find(self, chunk_ids: Iterable[str]) -> dict[str, Chunk]:
        """The chunks with these ids, by their ids and in the order of the ids. Other ids are left out."""
        wanted = list(chunk_ids)
        found = {chunk.chunk_id: chunk for chunk in self._fetch("chunk_id = ANY(%s)", wanted)}
        return {chunk_id: found[chunk_id] for chunk_id in wanted if chunk_id in found}

    def _fetch(self, where: str, values: list[str]) -> list[Chunk]:
        return [
            to_chunk(chunk_id, metadata, text, self._records[version])
            for chunk_id, version, metadata, text in self._place.fetch(CHUNKS.format(where=where), [values])
            if version in self._records
        ]
