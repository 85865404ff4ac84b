"""`Query` → `Passage`s: dense on passages and on sentences, BM25, their scores fused, reranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from numpy.typing import NDArray
from pydantic import ConfigDict

from qa.config import Settings
from qa.domain import Chunk, Focus, Passage, Query, Span
from qa.lexical import LexicalIndex
from qa.names import collect_words, find_places, find_years
from qa.records import lexical_text
from qa.store import Chunks, VectorStore

if TYPE_CHECKING:
    from langchain_core.cross_encoders import BaseCrossEncoder

    from qa.models import Embedder, Reader
    from qa.models.reader import Reading

LEXICAL_WEIGHT = 0.2
"""What BM25's share (see `LexicalIndex.score`) counts for beside the cosine similarity.

A sum of scores (Bruch, Gai & Ingber 2023), not of reciprocal ranks: over the development sets it ranked the
right document first in .87 of the questions, reciprocal rank fusion (k = 60) in .76, because for questions in
another language than the documents' BM25's ranks are noise, while its share of the query's weight is near
zero. Between 0.05 and 0.3 the figure hardly moves.
"""

READ_WEIGHT, RERANKED_READ_WEIGHT = 0.006, 0.3
"""What the best focus of a passage (see `Focus.score`) counts for beside the fused score, and beside the
cross-encoder's logit. Preferred to the logit that the passage answers at all, which gained as much in Japanese and
lost in Indonesian; half and double change recall@1 by less than .02."""

NO_FOCUS = -20.0
"""What a passage has for its best focus where the reader found none."""


class Retriever:
    """Finds passages in one state of the index."""

    def __init__(
        self,
        chunks: Chunks,
        *,
        store: VectorStore,
        embedder: Embedder,
        reranker: BaseCrossEncoder | None,
        reader: Reader | None = None,
        settings: Settings,
    ) -> None:
        self.chunks = chunks
        self._store = store
        self._embedder = embedder
        self._encode = lru_cache(maxsize=64)(embedder.encode_query)
        self._reranker = reranker
        self._reader = reader
        self._settings = settings
        self.lexical = store.open_lexical(chunks) or LexicalIndex(
            [lexical_text(chunk) for chunk in chunks], tokenise=embedder.subwords
        )
        self._numbered = tuple(chunks) if isinstance(self.lexical, LexicalIndex) else ()

    @cached_property
    def main_language(self) -> str | None:
        """The language that most chunks are in; None where there are none."""
        counts = Counter(chunk.language for chunk in self.chunks)
        return counts.most_common(1)[0][0] if counts else None

    @cached_property
    def background(self) -> NDArray[np.float32]:
        """The vectors of everyday sentences: shape (n, d), float32, unit norm."""
        text = resources.files("qa").joinpath("data", "background.txt").read_text(encoding="utf-8")
        return self._embedder.encode_passages(text.splitlines())

    def background_similarity(self, query: Query) -> float:
        """The mean cosine of `query` with everyday sentences that have nothing to do with it.

        How near a question is to anything at all differs by language and wording by as much as relevant and
        irrelevant passages differ: a score normalised by such a cohort (Reynolds 1997, for speakers' voices)
        can be compared between languages, also those that no development set has.
        """
        return float(np.mean(self.background @ self._encode(query.searched_text)))

    def encode(self, text: str) -> NDArray[np.float32]:
        """The vector of a question or a description: shape (d,), float32, unit norm."""
        return self._encode(text)

    def fetch_sentences(self, chunks: Sequence[Chunk]) -> dict[str, NDArray[np.float32]]:
        """The vectors of the sentences of `chunks`, shape (s, d), by chunk id; see `VectorStore.fetch_vectors`."""
        return {key: sentences for key, (_, sentences) in self._store.fetch_vectors(chunks).items()}

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """The titles of all documents, each once."""
        return tuple(dict.fromkeys(chunk.title for chunk in self.chunks))

    @cached_property
    def known_words(self) -> frozenset[str]:
        """The words of all documents, for telling which names of a question occur in none."""
        return collect_words(self.chunks)

    @cached_property
    def known_places(self) -> frozenset[str]:
        """The well-known places that documents mention."""
        texts = (f"{chunk.title}\n{chunk.heading}\n{chunk.text}" for chunk in self.chunks)
        return frozenset(place for text in texts for place in find_places(text))

    @cached_property
    def known_years(self) -> frozenset[str]:
        """The years that documents mention."""
        return frozenset(year for chunk in self.chunks for year in find_years(f"{chunk.title}\n{chunk.text}"))

    def retrieve(self, query: Query) -> tuple[Passage, ...]:
        """The passages for `query`, best first; only chunks about `query.cities`, if it names any."""
        if not self.chunks:
            return ()
        lexical = self._search_lexical(query)
        passages = _fuse(self._search_dense(query, also=tuple(lexical)), lexical)
        return self._read(query, self._rerank(query, passages))

    def _search_lexical(self, query: Query) -> dict[str, float]:
        """BM25 shares by chunk id, best first."""
        if not isinstance(self.lexical, LexicalIndex):
            return dict(
                self.lexical.search(query.searched_text, count=self._settings.candidates, cities=query.cities)
            )
        allowed = None
        if query.cities:
            wanted = set(query.cities)
            about = [not wanted.isdisjoint(chunk.cities) for chunk in self._numbered]
            allowed = np.array(about, dtype=np.bool_)
        found = self.lexical.top(query.searched_text, count=self._settings.candidates, allowed=allowed)
        return {self._numbered[number].chunk_id: score for number, score in found}

    def _search_dense(self, query: Query, *, also: Sequence[str]) -> list[Passage]:
        """The nearest chunks by passage and by sentence, and those of `also`, with exact similarities."""
        vector = self._encode(query.searched_text)
        found: dict[str, None] = dict.fromkeys(also)
        for kind, count in (("passages", 1), ("sentences", 2)):
            near = self._store.query(
                vector,
                kind=kind,
                count=count * self._settings.candidates,
                cities=query.cities,
                known=self.chunks,
            )
            found.update(dict.fromkeys(chunk_id for chunk_id, _ in near))
        chunks = list(self.chunks.find(found).values())
        vectors = self._store.fetch_vectors(chunks)
        passages = []
        for chunk in chunks:
            if chunk.chunk_id in vectors:
                own, sentences = vectors[chunk.chunk_id]
                similarities = sentences @ vector
                passages.append(
                    Passage(
                        chunk=chunk,
                        similarity=float(own @ vector + similarities.max()) / 2,
                        sentence_similarities=tuple(float(value) for value in similarities),
                    )
                )
        passages.sort(key=lambda passage: (-passage.similarity, passage.chunk.path, passage.chunk.span))
        return [replace(passage, dense_rank=rank) for rank, passage in enumerate(passages, start=1)]

    def _rerank(self, query: Query, passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
        """`passages` with the best of them in the cross-encoder's order, where it reads the languages."""
        head = passages[: self._settings.rerank]
        read = self._settings.reranker_languages
        if (
            self._reranker is None
            or query.language not in read
            or not any(passage.chunk.language in read for passage in head)
        ):
            return passages
        scores = self._reranker.score(
            [(query.searched_text, under_headings(passage.chunk, passage.chunk.text)) for passage in head]
        )
        scored = [replace(p, rerank_score=float(score)) for p, score in zip(head, scores, strict=True)]
        scored.sort(key=lambda passage: -(passage.rerank_score or 0.0))
        return (*scored, *passages[len(head) :])

    def _read(self, query: Query, passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
        """`passages` with the best of them read, and ordered by what the reader found in them, too."""
        if self._reader is None:
            return passages
        head = passages[: self._settings.read]
        texts = [_before_text(passage.chunk) + passage.chunk.text for passage in head]
        readings = self._reader.read(query.searched_text, texts)
        read = [
            replace(passage, read_score=reading.logit, foci=_find_foci(passage.chunk, reading))
            for passage, reading in zip(head, readings, strict=True)
        ]
        read.sort(key=lambda passage: -_score_read(passage))
        return (*read, *passages[len(head) :])


def _score_read(passage: Passage) -> float:
    """What similarity or the cross-encoder, and the reader, say together: comparable within one question."""
    reading = best_focus(passage)
    if passage.rerank_score is not None:
        return passage.rerank_score + RERANKED_READ_WEIGHT * reading
    return passage.fused_score + READ_WEIGHT * reading


def best_focus(passage: Passage) -> float:
    """How sure the reader is of the best words that it found in `passage`: a logit, higher is better."""
    return max((focus.score for focus in passage.foci if focus), default=NO_FOCUS)


def _find_foci(chunk: Chunk, reading: Reading) -> tuple[Focus | None, ...]:
    """What the reader found in each of the chunk's sentences, as places in the document."""
    ahead = len(_before_text(chunk)) - chunk.span.start
    foci = []
    for sentence in chunk.sentences:
        found = reading.find_answer(Span(sentence.start + ahead, sentence.end + ahead))
        foci.append(found and Focus(_trim(found[1].start - ahead, found[1].end - ahead, chunk), found[0]))
    return tuple(foci)


def _trim(start: int, end: int, chunk: Chunk) -> Span:
    """The span without the punctuation that ends it."""
    text = chunk.cut(Span(start, end))
    return Span(start, start + (len(text.rstrip(".,;:!?。、，．！？；：។ ")) or len(text)))


def _before_text(chunk: Chunk) -> str:
    """The title and headings that the reader reads before the text of `chunk`."""
    return f"{chunk.title}\n{chunk.heading}\n" if chunk.heading else f"{chunk.title}\n"


def under_headings(chunk: Chunk, text: str) -> str:
    """`text`, a part of `chunk`, under its headings: what the cross-encoder reads."""
    return f"{chunk.heading}\n{text}" if chunk.heading else text


def _fuse(passages: Sequence[Passage], lexical: Mapping[str, float]) -> tuple[Passage, ...]:
    """`passages` with their similarity and weighted BM25 share added up, best first."""
    ranks = {chunk_id: rank for rank, chunk_id in enumerate(lexical, start=1)}
    fused = [
        replace(
            passage,
            lexical_rank=ranks.get(passage.chunk.chunk_id),
            fused_score=passage.similarity + LEXICAL_WEIGHT * lexical.get(passage.chunk.chunk_id, 0.0),
        )
        for passage in passages
    ]
    return tuple(sorted(fused, key=lambda passage: (-passage.fused_score, passage.dense_rank or 0)))


class PassageRetriever(BaseRetriever):
    """The same retriever for LangChain's users: each passage as a LangChain document."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    retriever: Retriever
    to_query: Callable[[str], Query]
    """Makes a `Query` of a text: `Library.understand`, say."""
    count: int = 10

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        found = self.retriever.retrieve(self.to_query(query))[: self.count]
        return [
            LangChainDocument(
                id=passage.chunk.chunk_id,
                page_content=passage.chunk.text,
                metadata={
                    "source": passage.chunk.path,
                    "title": passage.chunk.title,
                    "heading": passage.chunk.heading,
                    "page": passage.chunk.page,
                    "start": passage.chunk.span.start,
                    "end": passage.chunk.span.end,
                    "similarity": passage.similarity,
                    "rerank_score": passage.rerank_score,
                },
            )
            for passage in found
        ]
