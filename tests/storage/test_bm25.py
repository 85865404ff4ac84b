"""Facts about BM25, held against the formula written out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import CountingEmbedder
from qa.storage.bm25 import LexicalIndex

TOKENISE = CountingEmbedder().subwords
WORDS = ["waste", "water", "dalian", "plant", "of", "the", "北九州", "ភ្នំពេញ", "plan"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), max_size=8)
QUERIES = st.lists(st.sampled_from([*WORDS, "unseen", "unknown"]), max_size=6, unique=True).map(" ".join)


def lucene_idf(token: str, documents: Sequence[list[str]]) -> float:
    count = sum(token in tokens for tokens in documents)
    return math.log(1 + (len(documents) - count + 0.5) / (count + 0.5))


def brute_force(query: str, texts: Sequence[str]) -> list[float]:
    """The share of the query's own weight that BM25 (lucene's idf, k1 = 1.2, b = 0.75) gives each text."""
    documents = TOKENISE(texts)
    wanted = set(TOKENISE([query])[0])
    weight = sum(lucene_idf(token, documents) for token in wanted)
    average = sum(map(len, documents)) / max(len(documents), 1)
    scores = []
    for tokens in documents:
        counts = Counter(tokens)
        score = sum(
            lucene_idf(token, documents)
            * counts[token]
            / (counts[token] + 1.2 * (1 - 0.75 + 0.75 * len(tokens) / average))
            for token in wanted
            if counts[token]
        )
        scores.append(score / weight if weight else 0.0)
    return scores


@settings(deadline=None)
@given(texts=TEXTS, query=QUERIES)
def test_scores_are_those_of_the_formula(texts: list[str], query: str) -> None:
    scores = LexicalIndex(texts, tokenise=TOKENISE).score(query)
    assert scores.shape == (len(texts),)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, brute_force(query, texts), rtol=1e-4, atol=1e-6)


@settings(deadline=None)
@given(texts=TEXTS, query=QUERIES, count=st.integers(1, 10), data=st.data())
def test_the_top_is_the_best_of_those_allowed_in_order_without_zeros(
    texts: list[str], query: str, count: int, data: st.DataObject
) -> None:
    allowed = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    index = LexicalIndex(texts, tokenise=TOKENISE)
    scores = index.score(query)
    numbers = [number for number in range(len(texts)) if allowed[number] and scores[number] > 0]
    expected = sorted(numbers, key=lambda number: (-scores[number], number))[:count]
    top = index.top(query, count=count, allowed=np.array(allowed, dtype=np.bool_))
    assert [number for number, _ in top] == expected
    assert [score for _, score in top] == [pytest.approx(float(scores[number])) for number in expected]


def test_equal_texts_come_in_their_own_order() -> None:
    texts = ["water plan", "waste", "water plan", "water plan"]
    top = LexicalIndex(texts, tokenise=TOKENISE).top("water", count=2)
    assert [number for number, _ in top] == [0, 2]


def test_without_a_filter_every_text_may_appear() -> None:
    top = LexicalIndex(["water", "waste", "water water"], tokenise=TOKENISE).top("water", count=9)
    assert {number for number, _ in top} == {0, 2}


@settings(deadline=None)
@given(texts=TEXTS, query=QUERIES)
def test_coverage_is_the_share_of_the_query_s_weight_that_occurs(texts: list[str], query: str) -> None:
    documents = TOKENISE(texts)
    wanted = set(TOKENISE([query])[0])
    weight = sum(lucene_idf(token, documents) for token in wanted)
    expected = [
        sum(lucene_idf(t, documents) for t in wanted & set(tokens)) / weight if weight else 0.0
        for tokens in documents
    ]
    found = LexicalIndex(texts, tokenise=TOKENISE).coverage(query, texts)
    assert found == pytest.approx(expected)
    assert all(0 <= share <= 1 + 1e-9 for share in found)


def test_coverage_is_asked_of_any_text_not_only_of_the_indexed_ones() -> None:
    index = LexicalIndex(["water plan", "waste plan"], tokenise=TOKENISE)
    assert index.coverage("water waste", ["WASTE and water", "nothing"]) == [pytest.approx(1), 0]


def test_words_that_occur_nowhere_make_a_score_smaller() -> None:
    index = LexicalIndex(["water plan", "waste plan"], tokenise=TOKENISE)
    assert 0 < index.score("water of the unseen")[0] < index.score("water")[0]


@pytest.mark.parametrize("texts", [[], [""], ["", "!"], ["water"]])
@pytest.mark.parametrize("query", ["", "?!", "unseen"])
def test_nothing_shared_scores_zero(texts: list[str], query: str) -> None:
    index = LexicalIndex(texts, tokenise=TOKENISE)
    assert index.score(query).tolist() == [0.0] * len(texts)
    assert index.top(query, count=5) == []
    assert index.coverage(query, texts) == [0.0] * len(texts)


def test_nothing_is_printed_or_logged(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    LexicalIndex(["water plan", "waste"], tokenise=TOKENISE).top("water", count=1)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
