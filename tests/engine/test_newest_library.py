"""Facts about an index that changes while it is asked: nobody waits long, and what is new is seen."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from conftest import CountingEmbedder
from qa.config import Settings
from qa.engine.library import Library, open_library
from qa.engine.newest_library import NewestLibrary
from qa.errors import IndexMissing
from qa.indexing.run import index_corpus
from qa.models import Models


class Opening:
    """Opens libraries when it is let, after the first one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.begun = 0
        self.may_open = threading.Semaphore(1)

    def __call__(self) -> Library:
        self.begun += 1
        assert self.may_open.acquire(timeout=30)
        return open_library(self.settings, Models(CountingEmbedder()))


@pytest.fixture
def opening(settings: Settings) -> Opening:
    change(settings, 1)
    return Opening(settings)


def change(settings: Settings, number: int) -> None:
    """The corpus gets one more document, and the index with it."""
    (settings.corpus_dir / f"{number}.md").write_text(f"It is document {number}.\n", encoding="utf-8")
    index_corpus(settings, CountingEmbedder())


def count(library: Library) -> int:
    return len(library.manifest.documents)


def test_a_change_is_seen_by_who_asks_next(opening: Opening) -> None:
    newest = NewestLibrary(opening.settings.index_dir, opening)
    opening.may_open.release(10)
    first = newest.get()
    assert (count(first), opening.begun) == (1, 1)
    assert newest.get() is first
    change(opening.settings, 2)
    assert count(newest.get()) == 2
    assert newest.get() is newest.get()
    assert opening.begun == 2


def test_nobody_waits_long_for_a_state_that_takes_long_to_open(
    opening: Opening,
) -> None:
    newest = NewestLibrary(opening.settings.index_dir, opening)
    change(opening.settings, 2)
    started = time.monotonic()
    assert count(newest.get(patience_s=0.3)) == 1
    assert time.monotonic() - started >= 0.3
    started = time.monotonic()
    for _ in range(20):  # what one has waited for it, the next ones need not
        assert count(newest.get(patience_s=0.3)) == 1
    assert time.monotonic() - started < 0.3 * 20
    opening.may_open.release(10)
    assert count(newest.get(patience_s=None)) == 2
    assert opening.begun == 2


def test_what_changes_while_a_state_is_opened_is_seen_after_it(opening: Opening) -> None:
    newest = NewestLibrary(opening.settings.index_dir, opening)
    change(opening.settings, 2)
    newest.get(patience_s=0)
    change(opening.settings, 3)
    opening.may_open.release(10)
    newest.get(patience_s=None)
    assert count(newest.get(patience_s=None)) == 3


def test_an_index_that_is_gone_is_told_to_everybody(opening: Opening, tmp_path: Path) -> None:
    newest = NewestLibrary(opening.settings.index_dir, opening)
    opening.may_open.release(10)
    manifest = opening.settings.index_dir / "manifest.json"
    manifest.rename(tmp_path / "away.json")
    for _ in range(2):
        with pytest.raises(IndexMissing):
            newest.get()
    (tmp_path / "away.json").rename(manifest)
    assert count(newest.get()) == 1
