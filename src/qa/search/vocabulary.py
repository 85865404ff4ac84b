"""The words, names and years of the documents, which tell whether they can answer a question at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from qa.storage.bm25 import LexicalIndex
from qa.storage.store import Chunks
from qa.storage.store.base import StoredLexical
from qa.text.names import Words, collect_words, find_places, find_years

if TYPE_CHECKING:
    from qa.models import Embedder

Encode = Callable[[str], NDArray[np.float32]]
"""Gives the vector of a question: shape (d,), float32, unit norm."""


class Vocabulary:
    """Titles, words, places and years of one state of the index, and the nearness of a question to its texts."""

    def __init__(
        self, chunks: Chunks, *, lexical: LexicalIndex | StoredLexical, encode: Encode, embedder: Embedder
    ) -> None:
        self._chunks = chunks
        self._lexical = lexical
        self._encode = encode
        self._embedder = embedder

    @property
    def is_empty(self) -> bool:
        """True if there are no documents."""
        return not self._chunks

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """The titles of all documents, each once."""
        return tuple(dict.fromkeys(chunk.source.title for chunk in self._chunks))

    @cached_property
    def words(self) -> Words:
        """The words of all documents, for telling which names of a question occur in none."""
        return collect_words(self._chunks)

    @cached_property
    def places(self) -> frozenset[str]:
        """The well-known places that documents mention."""
        texts = (f"{chunk.source.title}\n{chunk.place.heading}\n{chunk.text}" for chunk in self._chunks)
        return frozenset(place for text in texts for place in find_places(text))

    @cached_property
    def years(self) -> frozenset[str]:
        """The years that documents mention."""
        texts = (f"{chunk.source.title}\n{chunk.text}" for chunk in self._chunks)
        return frozenset(year for text in texts for year in find_years(text))

    @property
    def background(self) -> NDArray[np.float32]:
        """The vectors of everyday sentences: shape (n, d), float32, unit norm."""
        return background_of(self._embedder)

    def background_similarity(self, question: str) -> float:
        """The mean cosine of `question` with everyday sentences that have nothing to do with it.

        How near a question is to anything at all differs by language and wording by as much as relevant and
        irrelevant passages differ: a score normalised by such a cohort (Reynolds 1997, for speakers' voices)
        can be compared between languages, also those that no development set has.
        """
        return float(np.mean(self.background @ self._encode(question)))

    def coverage(self, question: str, texts: Sequence[str]) -> list[float]:
        """For each text, the share of the question's subwords, weighted by idf, that occur in it: 0 to 1."""
        return self._lexical.coverage(question, texts)


_MADE: WeakKeyDictionary[Embedder, NDArray[np.float32]] = WeakKeyDictionary()
_MAKING = threading.Lock()


def background_of(embedder: Embedder) -> NDArray[np.float32]:
    """The vectors of the sentences in `data/background.txt`: shape (n, d), float32, unit norm."""
    with _MAKING:  # who asks meanwhile waits, and does not make them too
        if embedder not in _MADE:
            text = resources.files("qa").joinpath("data", "background.txt").read_text(encoding="utf-8")
            _MADE[embedder] = embedder.encode_passages(text.splitlines())
        return _MADE[embedder]
