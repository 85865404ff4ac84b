"""Everyday sentences that have nothing to do with any question: their vectors, made once for each embedder."""

from __future__ import annotations

import threading
from importlib import resources
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from qa.models import Embedder

_MADE: WeakKeyDictionary[Embedder, NDArray[np.float32]] = WeakKeyDictionary()
_MAKING = threading.Lock()


def background_of(embedder: Embedder) -> NDArray[np.float32]:
    """The vectors of the sentences in `data/background.txt`: shape (n, d), float32, unit norm."""
    with _MAKING:  # who asks meanwhile waits, and does not make them too
        if embedder not in _MADE:
            text = resources.files("qa").joinpath("data", "background.txt").read_text(encoding="utf-8")
            _MADE[embedder] = embedder.encode_passages(text.splitlines())
        return _MADE[embedder]
