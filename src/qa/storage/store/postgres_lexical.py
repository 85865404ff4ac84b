"""BM25 over the embedder's subwords in SQL, with the scores of `qa.storage.bm25.LexicalIndex`.

Of each chunk there is a `tsvector`, whose lexemes are its subwords, and how often those occur that do so more than
once. A GIN index finds chunks with a subword of the question; what those score is worked out in SQL.

A subword that is in a great many chunks says little, and to look at all of these takes long. So chunks are looked
for by the question's rarest subwords, as many as are in `MAX_CANDIDATES` chunks together; the others count in
what those score, too. In an index of up to that many chunks every score is found as it is in memory. In a larger
one, what can be missed has none of the rare subwords.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection as AnyCollection
from collections.abc import Sequence

from qa.storage.bm25 import K1, B
from qa.storage.store.base import Tokenise, take_live
from qa.storage.store.postgres_place import PostgresSchema

MAX_CANDIDATES = 5_000

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
        with place.connect() as connection:
            found = connection.execute(
                place.compose("SELECT count(*), coalesce(avg(length), 1)::float8 FROM {s}.passages")
            ).fetchone()
        # Those of left-overs, too: they are in the counts of subwords.
        self._size, self._mean = found or (0, 1.0)

    def search(self, query: str, *, count: int, cities: Sequence[str] = ()) -> list[tuple[str, float]]:
        """Up to `count` pairs of a chunk's id and its BM25 share, best first, none with a share of zero."""
        tokens = Counter(self._tokenise([query])[0])
        counts = self._count(tokens)
        total = sum(self._idf(counts[token]) for token in tokens)
        known = [token for token in tokens if counts[token] > 0]
        if not known:
            return []
        values = {
            "tokens": known,
            "lexemes": [_quote(token) for token in known],
            "weights": [tokens[token] * self._idf(counts[token]) / total for token in known],
            "rare": " | ".join(map(_quote, _rarest(known, counts))),
            "cities": list(cities),
            "candidates": MAX_CANDIDATES,
            "k1": K1,
            "b": B,
            "mean": self._mean,
        }

        def ask(most: int) -> list[tuple[str, str, float]]:
            with self._place.connect() as connection:
                return list(connection.execute(self._place.compose(SEARCH), {**values, "most": most}))

        def keep(found: list[tuple[str, str, float]]) -> list[tuple[str, str, float]]:
            return [row for row in found if row[1] in self._versions]

        return [(chunk_id, score) for chunk_id, _, score in take_live(ask, keep, count=count)]

    def coverage(self, query: str, texts: Sequence[str]) -> list[float]:
        """For each text, the share of the query's tokens, weighted by idf, that occur in it: 0 to 1."""
        wanted = sorted(set(self._tokenise([query])[0]))
        counts = self._count(wanted)
        idf = {token: self._idf(counts[token]) for token in wanted}
        weight = sum(idf.values())
        if not weight:
            return [0.0 for _ in texts]
        return [
            sum(idf[token] for token in wanted if token in tokens) / weight
            for tokens in map(set, self._tokenise(texts))
        ]

    def _count(self, tokens: AnyCollection[str]) -> Counter[str]:
        """In how many chunks each of `tokens` is."""
        with self._place.connect() as connection:
            found = connection.execute(
                self._place.compose("SELECT token, chunks FROM {s}.tokens WHERE token = ANY(%s)"),
                [list(tokens)],
            )
            return Counter(dict(found.fetchall()))

    def _idf(self, count: int) -> float:
        """Lucene's idf, as in `qa.storage.bm25`."""
        return math.log(1 + (self._size - count + 0.5) / (count + 0.5))


def count_repeats(tokens: Sequence[str]) -> dict[str, int]:
    """How often each of `tokens` that occurs more than once does."""
    return {token: times for token, times in Counter(tokens).items() if times > 1}


def _quote(token: str) -> str:
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def _rarest(tokens: Sequence[str], counts: Counter[str]) -> list[str]:
    """The rarest of `tokens`, as many as are in `MAX_CANDIDATES` chunks together; at least one."""
    rarest: list[str] = []
    seen = 0
    for token in sorted(tokens, key=lambda each: counts[each]):
        seen += counts[token]
        if rarest and seen > MAX_CANDIDATES:
            break
        rarest.append(token)
    return rarest
