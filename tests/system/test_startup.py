from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from qa.system.startup import without_collecting


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    yield
    gc.enable()


def test_nothing_is_collected_while_it_is_open_and_nothing_looked_through_again_that_was_made() -> None:
    gc.collect()
    gc.unfreeze()
    with without_collecting():
        assert not gc.isenabled()
        with without_collecting():
            pass
        assert not gc.isenabled()
        assert gc.get_freeze_count() == 0
    assert gc.isenabled()
    assert gc.get_freeze_count() > 1000


def test_garbage_is_collected_again_after_an_error() -> None:
    with pytest.raises(KeyError), without_collecting():
        raise KeyError
    assert gc.isenabled()
