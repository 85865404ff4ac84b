"""Facts about batches: every text is in one, they are of like many tokens, and passages come with their parts."""

from __future__ import annotations

import numpy as np
import pytest

from qa.models.batches import BATCH_TOKENS, MIN_TOKENS, batches_of_parts, even_batches, padded_batches


class TestBatches:
    def test_every_text_is_in_one_batch_and_none_is_over_the_limit(self) -> None:
        lengths = [int(n) for n in np.random.default_rng(3).integers(0, 480, 500)]
        batches = list(padded_batches(lengths))
        assert sorted(i for batch in batches for i in batch) == list(range(500))
        assert all(len(batch) * max(lengths[i] for i in batch) <= BATCH_TOKENS for batch in batches)

    def test_a_text_over_the_limit_has_a_batch_of_its_own(self) -> None:
        assert list(padded_batches([5, 10 * BATCH_TOKENS])) == [[1], [0]]

    def test_no_texts_make_no_batch(self) -> None:
        assert list(padded_batches([])) == list(even_batches([])) == []

    @pytest.mark.parametrize("count", [1, 7, 20, 100, 500, 2000])
    def test_two_or_four_cores_are_given_like_many_batches_of_like_many_tokens(self, count: int) -> None:
        lengths = [int(n) for n in np.random.default_rng(3).integers(2, 100, count)]
        batches = list(even_batches(lengths))
        assert sorted(i for batch in batches for i in batch) == list(range(count))
        sizes = [sum(lengths[i] for i in batch) for batch in batches]
        assert max(sizes) <= BATCH_TOKENS + 100
        assert max(sizes) - min(sizes) <= 200
        assert len(sizes) % 4 == 0 or min(sizes) < MIN_TOKENS + 100

    def test_one_text_is_longer_than_all_others_together(self) -> None:
        assert list(even_batches([5, 10 * BATCH_TOKENS, 4, 3])) == [[1], [0, 2, 3]]

    def test_texts_without_tokens(self) -> None:
        assert [i for batch in even_batches([0, 0]) for i in batch] == [0, 1]


IDS = {"head": [0, 7, 1, 9], "one": [0, 7, 2, 3, 9], "two": [0, 7, 4, 9], "three": [0, 7, 5, 6, 8, 9]}
"""Parts and their tokens: 0 and 7 begin each, 9 ends it."""


TEXTS = ("passage one", "one", "passage two", "two", "something else")
MADE_OF = {0: ("head", "one", "two"), 2: ("head", "two", "three")}


class TestPartsBatches:
    def test_passages_come_with_what_is_wanted_of_their_parts(self) -> None:
        (batch,) = batches_of_parts(TEXTS, MADE_OF, IDS, begun=2)
        assert sorted(batch.places[:2]) == [0, 2]
        assert [TEXTS[place] for place in batch.places[2:]] == ["two", "one"]
        assert batch.ids == [IDS["head"], IDS["two"], IDS["one"], IDS["three"]]
        assert [batch.ids[number] for number in batch.own] == [IDS["two"], IDS["one"]]

    def test_a_passage_begins_and_ends_once(self) -> None:
        (batch,) = batches_of_parts(TEXTS, MADE_OF, IDS, begun=2)
        tokens = [token for each in batch.ids for token in each]
        made = {
            place: [tokens[n] for n in each]
            for place, each in zip(batch.places, batch.passages, strict=False)
        }
        assert made == {0: [0, 7, 1, 2, 3, 4, 9], 2: [0, 7, 1, 4, 5, 6, 8, 9]}

    def test_a_sentence_of_many_passages_is_wanted_once(self) -> None:
        passages = 40
        ids = {"same": [0, 7, *[1] * 100, 9]} | {f"own {n}": [0, 7, *[2] * 150, 9] for n in range(passages)}
        texts = [*(f"passage {n}" for n in range(passages)), "same", *(f"own {n}" for n in range(passages))]
        made_of = {n: ("same", f"own {n}") for n in range(passages)}
        batches = list(batches_of_parts(texts, made_of, ids, begun=2))
        assert len(batches) > 1
        assert sorted(place for batch in batches for place in batch.places) == list(range(len(texts)))
        assert all([0, 7, *[1] * 100, 9] in batch.ids for batch in batches)

    def test_no_passages_make_no_batch(self) -> None:
        assert list(batches_of_parts(["one"], {}, IDS, begun=2)) == []
