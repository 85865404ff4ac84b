"""The newest committed state of the index. The state before answers until the newest is open."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from qa.engine.library import Library
from qa.errors import IndexBusy, IndexDamaged, IndexMismatch, IndexUnreadable, StoreUnreachable
from qa.storage.manifest import state_of

PATIENCE_S = 2.0
"""Seconds that a question waits for a new state. Opening 10,000 passages takes some seconds."""

logger = logging.getLogger(__name__)


class NewestLibrary:
    """The library of an index that changes. Many threads may use it."""

    def __init__(self, index_dir: Path, open_new: Callable[[], Library]) -> None:
        """Open the index with `open_new`, which opens its state of the moment. Raises what `open_new` does."""
        self._index_dir = index_dir
        self._open_new = open_new
        self._library = open_new()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="opening")
        self._opening: Future[None] | None = None
        self._begun_at = 0.0
        self._damaged: tuple[int, int, int] | None = None
        """The state that could not be read; the next one is tried again."""

    @property
    def opened(self) -> Library:
        """The state that is open, which may not be the newest."""
        return self._library

    def get(self, *, patience_s: float | None = PATIENCE_S) -> Library:
        """The newest state, or the state before.

        The state before answers where the newest is not open after `patience_s` seconds (None: without limit),
        cannot be read or asked, or is on a server that does not answer. Raises what else is wrong with the newest.
        """
        if self._library.is_stale():
            opening = self._begin()
            if opening:
                left = None if patience_s is None else self._begun_at + patience_s - time.monotonic()
                with suppress(TimeoutError):
                    opening.result(left if left is None else max(0.0, left))
        return self._library

    def _begin(self) -> Future[None] | None:
        with self._lock:
            if self._opening is None or self._opening.done():
                state = state_of(self._index_dir)
                if state in (self._damaged, self._library.state):
                    return None
                self._begun_at = time.monotonic()
                self._opening = self._thread.submit(self._open, state)
            return self._opening

    def _open(self, state: tuple[int, int, int]) -> None:
        try:
            library = self._open_new()
            library.retriever.prepare()
        except IndexUnreadable:
            raise
        except (StoreUnreachable, IndexBusy, IndexDamaged, IndexMismatch) as error:
            # The state before goes on, in memory. A search that needs more says what is wrong. The same holds
            # where a program of another release, or with another model, has written the new state.
            logger.warning("the index cannot be opened again: %s", error)
            self._damaged = state if isinstance(error, (IndexDamaged, IndexMismatch)) else None
        else:
            self._library = library
            # The library before is in circles of references, with files open that a purge may delete.
            self._thread.submit(gc.collect)
