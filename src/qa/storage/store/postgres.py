"""The vectors of passages and sentences, and the words of passages, in PostgreSQL with pgvector.

A build has three tables: `passages`, whose rows are chunks, `sentences`, with a row for each sentence of a chunk,
and `tokens`, which counts the chunks of each subword. Each row carries the version of its document; the manifest
says which versions are live. Graphs (HNSW) of half-precise vectors find near rows, then exact vectors count.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection as AnyCollection
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from qa.domain import Chunk
from qa.errors import IndexDamaged
from qa.storage.manifest import DocumentRecord
from qa.storage.records import Tokenise, VectorRecord, Vectors, chunk_metadata, lexical_text
from qa.storage.store.base import (
    Chunks,
    StoredLexical,
    best_of_each,
    refuse_language,
    require_made_with,
    take_live,
)
from qa.storage.store.postgres_chunks import StoredChunks
from qa.storage.store.postgres_lexical import PostgresLexical
from qa.storage.store.postgres_place import PostgresSchema, Row, require_psycopg

TABLES = """
CREATE SCHEMA IF NOT EXISTS {s};
CREATE TABLE IF NOT EXISTS {s}.made_with (fingerprint text NOT NULL);
CREATE TABLE IF NOT EXISTS {s}.passages (
    chunk_id text PRIMARY KEY, version text NOT NULL, key text NOT NULL, cities text[] NOT NULL,
    metadata jsonb NOT NULL, text text NOT NULL, length int NOT NULL, lexemes tsvector NOT NULL,
    repeats jsonb NOT NULL, embedding vector NOT NULL
);
CREATE TABLE IF NOT EXISTS {s}.sentences (
    chunk_id text NOT NULL, number int NOT NULL, version text NOT NULL, key text NOT NULL, cities text[] NOT NULL,
    embedding vector NOT NULL, PRIMARY KEY (chunk_id, number)
);
CREATE TABLE IF NOT EXISTS {s}.tokens (token text PRIMARY KEY, chunks bigint NOT NULL);
CREATE INDEX IF NOT EXISTS passages_version ON {s}.passages (version);
CREATE INDEX IF NOT EXISTS passages_cities ON {s}.passages USING gin (cities);
CREATE INDEX IF NOT EXISTS passages_language ON {s}.passages ((metadata->>'language'));
CREATE INDEX IF NOT EXISTS passages_lexemes ON {s}.passages USING gin (lexemes);
CREATE INDEX IF NOT EXISTS sentences_version ON {s}.sentences (version);
CREATE INDEX IF NOT EXISTS sentences_cities ON {s}.sentences USING gin (cities);
"""

GRAPH = """
CREATE INDEX IF NOT EXISTS {table}_graph ON {{s}}.{table}
USING hnsw ((embedding::halfvec({size})) halfvec_cosine_ops) WITH (m = 16, ef_construction = 100)
"""
"""The size of vectors is known when the first are written. pgvector's own values are 16 and 64."""

ADD_PASSAGES = """
WITH added AS (
    INSERT INTO {s}.passages
    SELECT chunk_id, version, key, cities, metadata, text, length, array_to_tsvector(lexemes), repeats, embedding
    FROM new_passages
    ON CONFLICT DO NOTHING RETURNING lexemes
)
INSERT INTO {s}.tokens SELECT lexeme, count(*) FROM added, unnest(lexemes) GROUP BY lexeme ORDER BY lexeme
ON CONFLICT (token) DO UPDATE SET chunks = tokens.chunks + excluded.chunks
"""

DELETE_PASSAGES = """
WITH gone AS (DELETE FROM {s}.passages WHERE version = ANY(%s) RETURNING lexemes),
lost AS (SELECT lexeme, count(*) AS chunks FROM gone, unnest(lexemes) GROUP BY lexeme),
counted AS (UPDATE {s}.tokens SET chunks = tokens.chunks - lost.chunks FROM lost WHERE token = lexeme)
SELECT count(*) FROM gone
"""

NEAREST = """
SELECT chunk_id, version, 1 - (embedding <=> %(vector)s) AS similarity FROM (
    SELECT chunk_id, version, embedding FROM {{s}}.{table} {where}
    ORDER BY embedding::halfvec({size}) <=> %(vector)s::halfvec({size}) LIMIT %(most)s
) AS near ORDER BY similarity DESC
"""

VERSIONS = "SELECT version FROM {s}.passages UNION SELECT version FROM {s}.sentences"


class PostgresStore:
    """The tables of one build of the index: a `VectorStore`."""

    def __init__(
        self,
        place: PostgresSchema,
        *,
        fingerprint: str,
        tokenise: Tokenise | None = None,
        create: bool = True,
    ) -> None:
        require_psycopg()
        self._place = place
        self._tokenise = tokenise
        self._has_graphs = False
        with place.connect() as connection:
            if create:
                # Two that begin at the same moment would make the same tables.
                connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [place.build])
                connection.execute(place.compose(TABLES))
                note = "INSERT INTO {s}.made_with SELECT %s WHERE NOT EXISTS (SELECT FROM {s}.made_with)"
                connection.execute(place.compose(note), [fingerprint])
            found = connection.execute(place.compose("SELECT fingerprint FROM {s}.made_with")).fetchone()
        require_made_with(fingerprint, found[0] if found else "")

    def add(self, records: Sequence[VectorRecord]) -> None:
        """Write `records`. Records that are there already stay as they are."""
        if not records:
            return
        if self._tokenise is None:
            raise ValueError(
                "without the embedder's subwords, what is written could not be found by its words"
            )
        tokens = self._tokenise([lexical_text(record.chunk) for record in records])
        with self._place.connect() as connection:
            self._make_graphs(connection, size=len(records[0].passage))
            connection.execute(
                self._place.compose(
                    "CREATE TEMP TABLE new_passages (LIKE {s}.passages) ON COMMIT DROP;"
                    "ALTER TABLE new_passages ALTER lexemes TYPE text[] USING NULL;"
                    "CREATE TEMP TABLE new_sentences (LIKE {s}.sentences) ON COMMIT DROP"
                )
            )
            _copy(
                connection,
                "new_passages",
                ("text", "text", "text", "text[]", "jsonb", "text", "int4", "text[]", "jsonb", "vector"),
                map(_passage_row, records, tokens),
            )
            _copy(
                connection,
                "new_sentences",
                ("text", "int4", "text", "text", "text[]", "vector"),
                itertools.chain.from_iterable(map(_sentence_rows, records)),
            )
            connection.execute(self._place.compose(ADD_PASSAGES))
            added = "INSERT INTO {s}.sentences SELECT * FROM new_sentences ON CONFLICT DO NOTHING"
            connection.execute(self._place.compose(added))

    def delete(self, versions: AnyCollection[str]) -> int:
        """The number of records of these versions, which are deleted."""
        if not versions:
            return 0
        gone = sorted(versions)
        with self._place.connect() as connection:
            counted = connection.execute(self._place.compose(DELETE_PASSAGES), [gone]).fetchone()
            deleted = connection.execute(
                self._place.compose("DELETE FROM {s}.sentences WHERE version = ANY(%s)"), [gone]
            ).rowcount
        return int(deleted) + (counted[0] if counted else 0)

    def delete_except(self, versions: AnyCollection[str]) -> int:
        """The number of records of all other versions, which are deleted."""
        return self.delete({version for (version,) in self._place.fetch(VERSIONS)}.difference(versions))

    def vacuum(self) -> None:
        """Delete subwords that no chunk has any more, and the traces of deleted rows in indexes."""
        with self._place.connect() as connection:
            connection.execute(self._place.compose("DELETE FROM {s}.tokens WHERE chunks <= 0"))
        self._place.vacuum("passages", "sentences", "tokens")

    def list_keys(self) -> set[str]:
        """The `text_key`s of all embedded texts of the stored records."""
        rows = self._place.fetch("SELECT key FROM {s}.passages UNION SELECT key FROM {s}.sentences")
        return {key for (key,) in rows}

    def check(self, records: Iterable[DocumentRecord]) -> None:
        """Raise `IndexDamaged` unless every passage of the documents in `records` is there."""
        rows = self._place.fetch("SELECT version, count(*) FROM {s}.passages GROUP BY version")
        counts: Counter[str] = Counter(dict(rows))
        missing = [record.path for record in records if counts[record.version] != record.chunks]
        if missing:
            raise IndexDamaged(f"{self._place} lacks passages of {missing[0]}; build it anew with: qa index")

    def load_chunks(self, records: Iterable[DocumentRecord]) -> StoredChunks:
        """The chunks of the documents in `records`, read when they are wanted."""
        return StoredChunks(self._place, records)

    def prepare(self) -> None:
        """Do nothing: the server keeps what it needs in memory."""

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
        from pgvector import Vector

        refuse_language(kind, language)
        narrowed = ["cities && %(cities)s"] * bool(cities)
        narrowed += ["metadata->>'language' = %(language)s"] * bool(language)
        where = f"WHERE {' AND '.join(narrowed)}" if narrowed else ""
        statement = NEAREST.format(table=kind, where=where, size=len(vector))

        def ask(most: int) -> list[Row]:
            values = {
                "vector": Vector(vector), "cities": list(cities), "language": language, "most": most,
            }  # fmt: skip
            return self._place.fetch(statement, values, binary=True)

        def keep(near: list[Row]) -> list[Row]:
            return [row for row in near if known is None or row[1] in known.versions]

        near = take_live(ask, keep, count=count)
        return best_of_each((chunk_id, similarity) for chunk_id, _, similarity in near)

    def fetch_vectors(self, chunks: Sequence[Chunk]) -> dict[str, tuple[Vectors, Vectors]]:
        """By the id of each of `chunks`: its own vector, shape (d,), and its sentences', shape (s, d), float32."""
        ids = [[chunk.chunk_id for chunk in chunks]]
        of_passages = "SELECT chunk_id, embedding FROM {s}.passages WHERE chunk_id = ANY(%s)"
        of_sentences = (
            "SELECT chunk_id, embedding FROM {s}.sentences WHERE chunk_id = ANY(%s) ORDER BY number"
        )
        rows = self._place.fetch(of_passages, ids, binary=True)
        passages = {chunk_id: vector.to_numpy() for chunk_id, vector in rows}
        sentences: dict[str, list[Vectors]] = {}
        for chunk_id, vector in self._place.fetch(of_sentences, ids, binary=True):
            sentences.setdefault(chunk_id, []).append(vector.to_numpy())
        return {
            chunk.chunk_id: (
                np.asarray(passages[chunk.chunk_id], dtype=np.float32),
                np.asarray(np.stack(sentences[chunk.chunk_id]), dtype=np.float32),
            )
            for chunk in chunks
            if chunk.chunk_id in passages and len(sentences.get(chunk.chunk_id, ())) == len(chunk.sentences)
        }

    def fetch_by_key(self, version: str) -> dict[str, Vectors]:
        """The vectors of a version's passages and sentences, by the `text_key` of the embedded text."""
        rows = self._place.fetch(
            "SELECT key, embedding FROM {s}.passages WHERE version = %(version)s UNION ALL "
            "SELECT key, embedding FROM {s}.sentences WHERE version = %(version)s",
            {"version": version},
            binary=True,
        )
        return {key: np.asarray(vector.to_numpy(), dtype=np.float32) for key, vector in rows}

    def count_passages(self) -> int:
        """The number of stored passages, left-overs included."""
        return self.count()[0]

    def count(self) -> tuple[int, int]:
        """The numbers of stored passages and sentences, left-overs included."""
        counts = "SELECT (SELECT count(*) FROM {s}.passages), (SELECT count(*) FROM {s}.sentences)"
        ((passages, sentences),) = self._place.fetch(counts)
        return passages, sentences

    def open_lexical(self, chunks: Chunks) -> StoredLexical | None:
        """BM25 in SQL."""
        if self._tokenise is None:
            return None
        return PostgresLexical(self._place, tokenise=self._tokenise, versions=chunks.versions)

    def _make_graphs(self, connection: Any, *, size: int) -> None:
        if not self._has_graphs:
            for table in ("passages", "sentences"):
                connection.execute(self._place.compose(GRAPH.format(table=table, size=size)))
            self._has_graphs = True


def _passage_row(record: VectorRecord, tokens: Sequence[str]) -> tuple[Any, ...]:
    from pgvector import Vector
    from psycopg.types.json import Jsonb

    chunk = record.chunk
    return (
        chunk.chunk_id,
        record.version,
        record.keys[0],
        list(chunk.source.cities),
        Jsonb(chunk_metadata(record)),
        chunk.text,
        len(tokens),
        [token for token in dict.fromkeys(tokens) if token],
        Jsonb({token: times for token, times in Counter(tokens).items() if times > 1}),
        Vector(record.passage),
    )


def _sentence_rows(record: VectorRecord) -> Iterator[tuple[Any, ...]]:
    from pgvector import Vector

    cities = list(record.chunk.source.cities)
    for number, (key, vector) in enumerate(zip(record.keys[1:], record.sentences, strict=True)):
        yield record.chunk.chunk_id, number, record.version, key, cities, Vector(vector)


def _copy(connection: Any, table: str, types: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
