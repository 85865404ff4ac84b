"""BM25 over the embedder's subwords in SQL, with the scores of `qa.storage.bm25.LexicalIndex`.

Each chunk has a `tsvector`, whose lexemes are its subwords, and the counts of subwords that it has more than once.
A GIN index finds chunks with a subword of the question, and SQL works out their scores.

A subword of a great many chunks says little, and looking at all these chunks takes long. So the question's rarest
subwords find the chunks, as many subwords as are in `MAX_CANDIDATES` chunks together; the other subwords count in
the scores, too. In an index of up to so many chunks, scores are as they are in memory. In a larger index, only
chunks without any rare subword can be missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as AnyCollection
from collections.abc import Sequence

from qa.storage.bm25 import K1, B, idf, weigh_shared
from qa.storage.records import Tokenise
from qa.storage.store.base import take_live
from qa.storage.store.postgres_place import PostgresSchema, Row

MAX_CANDIDATES = 5_000
"""Limits the chunks that are scored."""

SEARCH = """
SELECT chunk_id, version, sum(weight * times / (times + norm)) AS score
FROM (
    SELECT chunk_id, version, metadata->>'path' AS path, (metadata->>'start')::int AS start, lexemes, repeats,
        %(k1)s * (1 - %(b)s + %(b)s * length / %(mean)s) AS norm
    FROM {s}.passages
    WHERE lexemes @@ %(rare)s::tsquery AND (%(cities)s::text[] = '{{}}' OR cities && %(cities)s::text[])
    LIMIT %(candidates)s
) AS candidates
JOIN unnest(%(tokens)s::text[], %(lexemes)s::tsquery[], %(weights)s::float8[]) AS wanted (token, lexeme, weight)
    ON lexemes @@ lexeme
CROSS JOIN LATERAL (SELECT coalesce((repeats->>token)::int, 1) AS times) AS counted
GROUP BY chunk_id, version, path, start
ORDER BY score DESC, path COLLATE "C", start
LIMIT %(most)s
"""


class PostgresLexical:
    """BM25 shares of the chunks of one state of a build: a `StoredLexical`."""

    def __init__(self, place: PostgresSchema, *, tokenise: Tokenise, versions: AnyCollection[str]) -> None:
        self._place = place
        self._tokenise = tokenise
        self._versions = versions
        # Left-overs are counted, too: they are in the counts of subwords.
        counted = "SELECT count(*), coalesce(avg(length), 1)::float8 FROM {s}.passages"
        ((self._size, self._mean),) = place.fetch(counted)

    def search(self, query: str, *, count: int, cities: Sequence[str] = ()) -> list[tuple[str, float]]:
        """Up to `count` pairs of a chunk's id and its BM25 share, best first, none with a share of zero."""
        tokens = Counter(self._tokenise([query])[0])
        counts = self._count(tokens)
        weights = {token: idf(counts[token], size=self._size) for token in tokens}
        total = sum(weights.values())
        known = [token for token in tokens if counts[token] > 0]
        if not known:
            return []
        values = {
            "tokens": known,
            "lexemes": [_quote(token) for token in known],
            "weights": [tokens[token] * weights[token] / total for token in known],
            "rare": " | ".join(map(_quote, _rarest(known, counts))),
            "cities": list(cities),
            "candidates": MAX_CANDIDATES,
            "k1": K1,
            "b": B,
            "mean": self._mean,
        }

        def ask(most: int) -> list[Row]:
            return self._place.fetch(SEARCH, {**values, "most": most})

        def keep(rows: list[Row]) -> list[Row]:
            return [row for row in rows if row[1] in self._versions]

        return [(chunk_id, score) for chunk_id, _, score in take_live(ask, keep, count=count)]

    def coverage(self, query: str, texts: Sequence[str]) -> list[float]:
        """For each text, the share of the query's tokens, weighted by idf, that occur in it: 0 to 1."""
        wanted = set(self._tokenise([query])[0])
        counts = self._count(wanted)
        weights = {token: idf(counts[token], size=self._size) for token in sorted(wanted)}
        return weigh_shared(weights, self._tokenise(texts))

    def _count(self, tokens: AnyCollection[str]) -> Counter[str]:
        statement = "SELECT token, chunks FROM {s}.tokens WHERE token = ANY(%s)"
        return Counter(dict(self._place.fetch(statement, [list(tokens)])))


def _quote(token: str) -> str:
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def _rarest(tokens: Sequence[str], counts: Counter[str]) -> list[str]:
    """The rarest of `tokens`, as many as are in `MAX_CANDIDATES` chunks together; at least one."""
    rarest: list[str] = []
    seen = 0
    for token in sorted(tokens, key=lambda token: counts[token]):
        seen += counts[token]
        if rarest and seen > MAX_CANDIDATES:
            break
        rarest.append(token)
    return rarest
