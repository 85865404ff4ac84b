"""Facts about how what was found is put in one order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from passages import chunk_of, passage_of
from qa.domain import Passage
from qa.search.fusion import LANGUAGE_WEIGHT, LEXICAL_WEIGHT, fuse


def passage_in(language: str, name: str, similarity: float) -> Passage:
    chunk = chunk_of("It is said.", path=name)
    return passage_of(replace(chunk, source=replace(chunk.source, language=language)), similarity)


PASSAGES = (passage_in("ja", "a.txt", 0.86), passage_in("en", "b.txt", 0.85), passage_in("ja", "c.txt", 0.84))


def order(passages: tuple[Passage, ...]) -> str:
    return "".join(passage.chunk.source.path[0] for passage in passages)


def test_what_a_passage_owes_to_its_language_is_taken_off() -> None:
    fused = fuse(PASSAGES, {}, {"en": 0.7, "ja": 0.8})

    assert order(fused) == "bac"
    assert fused[0].fused_score == pytest.approx(0.85 - LANGUAGE_WEIGHT * 0.7)
    assert fused[0].similarity == 0.85


def test_in_one_language_the_order_is_that_of_similarity() -> None:
    alike = [passage_in("ja", passage.chunk.source.path, passage.similarity) for passage in PASSAGES]

    assert order(fuse(alike, {}, {"ja": 0.8})) == "abc"


def test_words_are_counted_beside_similarity() -> None:
    fused = fuse(PASSAGES, {"chunk of c.txt": 0.5}, {"en": 0.8, "ja": 0.8})

    assert order(fused) == "cab"
    assert fused[0].fused_score == pytest.approx(0.84 + LEXICAL_WEIGHT * 0.5 - LANGUAGE_WEIGHT * 0.8)
    assert [passage.lexical_rank for passage in fused] == [1, None, None]
