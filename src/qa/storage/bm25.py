"""BM25 over the embedder's own subwords: no word boundaries are needed, so it works in every script."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import bm25s
import numpy as np
from numpy.typing import NDArray

from qa.storage.records import Tokenise

K1, B = 1.2, 0.75
"""Lucene's values for BM25 (Robertson & Zaragoza 2009, section 3.2)."""

logging.getLogger("bm25s").setLevel(logging.WARNING)


class LexicalIndex:
    """BM25 scores of a fixed list of texts."""

    def __init__(self, texts: Sequence[str], *, tokenise: Tokenise, k1: float = K1, b: float = B) -> None:
        self._tokenise = tokenise
        self._size = len(texts)
        tokens = tokenise(list(texts))
        self._document_counts = Counter(token for text in tokens for token in set(text))
        self._bm25 = bm25s.BM25(method="lucene", k1=k1, b=b)
        if self._document_counts:
            self._bm25.index(tokens, show_progress=False)

    def score(self, query: str) -> NDArray[np.float32]:
        """The BM25 score of each text as a share of the query's own weight: shape (n,), float32.

        A score is zero where nothing is shared, and seldom over 1; higher is better. Dividing by the summed idf of
        the query's tokens, also of tokens that occur nowhere, makes scores comparable between queries: a question
        in a language that the texts are not in scores low everywhere, instead of ranking noise.
        """
        tokens = self._tokenise([query])[0]
        known = [token for token in tokens if token in self._document_counts]
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        weight = sum(self._idf(token) for token in set(tokens))
        return np.asarray(self._bm25.get_scores(known), dtype=np.float32) / np.float32(weight)

    def coverage(self, query: str, texts: Sequence[str]) -> list[float]:
        """For each text, the share of the query's tokens, weighted by idf, that occur in it: 0 to 1."""
        wanted = sorted(set(self._tokenise([query])[0]))
        return weigh_shared({token: self._idf(token) for token in wanted}, self._tokenise(texts))

    def top(
        self, query: str, *, count: int, allowed: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """Up to `count` pairs of a text's number and its score, best first, without scores of zero.

        `allowed`, shape (n,), tells which texts may appear. Equal scores come in the order of the texts.
        """
        scores = self.score(query)
        if allowed is not None:
            scores = np.where(allowed, scores, np.float32(0))
        found = np.flatnonzero(scores > 0)
        if len(found) > count:  # only those as good as the last that counts: few to be sorted
            found = found[scores[found] >= np.partition(scores[found], -count)[-count]]
        order = found[np.argsort(-scores[found], kind="stable")[:count]]
        return [(int(number), float(scores[number])) for number in order]

    def _idf(self, token: str) -> float:
        return idf(self._document_counts.get(token, 0), size=self._size)


def idf(count: int, *, size: int) -> float:
    """Lucene's idf of a token in `count` of `size` texts, always above zero."""
    return math.log(1 + (size - count + 0.5) / (count + 0.5))


def weigh_shared(weights: Mapping[str, float], texts: Iterable[Sequence[str]]) -> list[float]:
    """For each text, given as its tokens, the share of `weights` whose tokens occur in the text: 0 to 1."""
    total = sum(weights.values()) or 1.0
    return [
        sum(weight for token, weight in weights.items() if token in tokens) / total
        for tokens in map(set, texts)
    ]
