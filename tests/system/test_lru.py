from __future__ import annotations

from qa.system.lru import LRU


def test_what_was_wanted_longest_ago_goes_first() -> None:
    kept: LRU[str, int] = LRU(2)
    kept.keep("a", 1)
    kept.keep("b", 2)
    kept.recall("a")
    kept.keep("c", 3)

    assert [kept.recall(key) for key in "abc"] == [1, None, 3]


def test_a_value_that_is_kept_anew_takes_the_place_of_the_old_one_and_is_the_newest() -> None:
    kept: LRU[str, int] = LRU(2)
    for key, value in [("a", 1), ("b", 2), ("a", 3), ("c", 4)]:
        kept.keep(key, value)

    assert [kept.recall(key) for key in "abc"] == [3, None, 4]
    assert len(kept) == 2
