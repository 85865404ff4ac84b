"""The vectors of passages and sentences, and the words of passages, in PostgreSQL with pgvector.

A build has three tables: `passages`, whose rows are chunks, `sentences`, a row for each sentence of a chunk, and
`tokens`, in how many chunks each subword is. Each row carries the version of its document; which versions are
live says the manifest. Graphs (HNSW) of half-precise vectors find what is near; then exact ones are compared.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection as AnyCollection
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from qa.domain import Chunk
from qa.errors import IndexDamaged, IndexMismatch
from qa.storage.manifest import DocumentRecord
from qa.storage.records import VectorRecord, Vectors, chunk_metadata, lexical_text
from qa.storage.store.base import Chunks, StoredLexical, Tokenise, best_of_each, take_live
from qa.storage.store.postgres_chunks import StoredChunks
from qa.storage.store.postgres_lexical import PostgresLexical, count_repeats
from qa.storage.store.postgres_place import PostgresSchema, require_psycopg

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
        """Open the build, or make it if `create`.

        Raises `IndexMismatch` if it was made with other settings than those of `fingerprint`.
        """
        require_psycopg()
        self._place = place
        self._tokenise = tokenise
        self._has_graphs = False
        with place.connect() as connection:
            if create:
                # Two that begin at the same moment would make the same tables.
                connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [place.build])
                connection.execute(place.compose(TABLES))
                connection.execute(
                    place.compose(
                        "INSERT INTO {s}.made_with SELECT %s WHERE NOT EXISTS (SELECT FROM {s}.made_with)"
                    ),
                    [fingerprint],
                )
            found = connection.execute(place.compose("SELECT fingerprint FROM {s}.made_with")).fetchone()
        made_with = found[0] if found else ""
        if made_with != fingerprint:
            raise IndexMismatch(
                f"the index was built with other settings ({made_with}) than those in force ({fingerprint}); "
                "set them back, or build it anew with: qa index --rebuild"
            )

    def add(self, records: Sequence[VectorRecord]) -> None:
        """Write `records`; those that are there already stay as they are."""
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
            connection.execute(
                self._place.compose(
                    "INSERT INTO {s}.sentences SELECT * FROM new_sentences ON CONFLICT DO NOTHING"
                )
            )

    def delete(self, versions: AnyCollection[str]) -> int:
        """Delete the records of these versions, as far as they are there; how many there were."""
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
        """Delete the records of all other versions than these; how many there were."""
        with self._place.connect() as connection:
            found = connection.execute(self._place.compose(VERSIONS)).fetchall()
        return self.delete({version for (version,) in found}.difference(versions))

    def vacuum(self) -> None:
        """Delete subwords that no chunk has any more, and what deleted rows have left in indexes."""
        with self._place.connect() as connection:
            connection.execute(self._place.compose("DELETE FROM {s}.tokens WHERE chunks <= 0"))
        self._place.vacuum("passages", "sentences", "tokens")

    def list_keys(self) -> set[str]:
        """The `text_key`s of all that was embedded for the records that are stored."""
        with self._place.connect() as connection:
            found = connection.execute(
                self._place.compose("SELECT key FROM {s}.passages UNION SELECT key FROM {s}.sentences")
            )
            return {key for (key,) in found}

    def check(self, records: Iterable[DocumentRecord]) -> None:
        """Raise `IndexDamaged` unless every passage of the documents in `records` is there."""
        with self._place.connect() as connection:
            found = connection.execute(
                self._place.compose("SELECT version, count(*) FROM {s}.passages GROUP BY version")
            )
            counts: Counter[str] = Counter(dict(found.fetchall()))
        missing = [record.path for record in records if counts[record.version] != record.chunks]
        if missing:
            raise IndexDamaged(f"{self._place} lacks passages of {missing[0]}; build it anew with: qa index")

    def load_chunks(self, records: Iterable[DocumentRecord]) -> StoredChunks:
        """The chunks of the documents in `records`, read when they are wanted."""
        return StoredChunks(self._place, records)

    def prepare(self) -> None:
        """Do nothing: the server has read what it needs."""

    def query(
        self,
        vector: Vectors,
        *,
        kind: str,
        count: int,
        cities: Sequence[str] = (),
        known: Chunks | None = None,
    ) -> list[tuple[str, float]]:
        """The ids of the chunks nearest to `vector` with their cosine similarity, best first."""
        from pgvector import Vector

        where = "WHERE cities && %(cities)s" if cities else ""
        statement = self._place.compose(NEAREST.format(table=kind, where=where, size=len(vector)))

        def ask(most: int) -> list[tuple[str, str, float]]:
            with self._place.connect() as connection:
                values = {"vector": Vector(vector), "cities": list(cities), "most": most}
                return list(connection.execute(statement, values, binary=True))

        def keep(near: list[tuple[str, str, float]]) -> list[tuple[str, str, float]]:
            return [row for row in near if known is None or row[1] in known.versions]

        near = take_live(ask, keep, count=count)
        return best_of_each((chunk_id, similarity) for chunk_id, _, similarity in near)

    def fetch_vectors(self, chunks: Sequence[Chunk]) -> dict[str, tuple[Vectors, Vectors]]:
        """By the id of each of `chunks`: its own vector, shape (d,), and its sentences', shape (s, d), float32."""
        ids = [[chunk.chunk_id for chunk in chunks]]
        with self._place.connect() as connection:
            found = connection.execute(
                self._place.compose("SELECT chunk_id, embedding FROM {s}.passages WHERE chunk_id = ANY(%s)"),
                ids,
                binary=True,
            )
            passages = {chunk_id: vector.to_numpy() for chunk_id, vector in found}
            found = connection.execute(
                self._place.compose(
                    "SELECT chunk_id, embedding FROM {s}.sentences WHERE chunk_id = ANY(%s) ORDER BY number"
                ),
                ids,
                binary=True,
            )
            sentences: dict[str, list[Vectors]] = {}
            for chunk_id, vector in found:
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
        """The vectors of a version's passages and sentences by the `text_key` of what was embedded."""
        with self._place.connect() as connection:
            found = connection.execute(
                self._place.compose(
                    "SELECT key, embedding FROM {s}.passages WHERE version = %(version)s UNION ALL "
                    "SELECT key, embedding FROM {s}.sentences WHERE version = %(version)s"
                ),
                {"version": version},
                binary=True,
            )
            return {key: np.asarray(vector.to_numpy(), dtype=np.float32) for key, vector in found}

    def count_passages(self) -> int:
        """How many passages are stored, left-overs included."""
        return self.count()[0]

    def count(self) -> tuple[int, int]:
        """How many passages and sentences are stored, left-overs included."""
        with self._place.connect() as connection:
            found = connection.execute(
                self._place.compose(
                    "SELECT (SELECT count(*) FROM {s}.passages), (SELECT count(*) FROM {s}.sentences)"
                )
            ).fetchone()
        return found or (0, 0)

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
        Jsonb(count_repeats(tokens)),
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
