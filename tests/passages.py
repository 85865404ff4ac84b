"""Chunks and passages made by hand, and what is selected from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from conftest import CountingEmbedder, OverlapReranker
from qa.answer.decision import decide
from qa.config import Settings
from qa.domain import Chunk, Evidence, Passage, Place, Query, Refusal, Source, Span
from qa.models import Models
from qa.search.retriever import Retriever
from qa.storage.store import LoadedChunks, VectorStore, open_store

QUERY = Query(question="how many experts went there", text="how many experts went there")
SAID = (
    "Kitakyushu sent sixty experts by ship.",
    "Rain fell on the mountains in spring.",
    "Five loans were granted for clean water.",
    "A market opens every Sunday morning.",
    "Trains run between both towns all night.",
    "Old bridges were painted green last year.",
)


def chunk_of(*sentences: str, path: str = "a.txt", title: str = "A", cities: tuple[str, ...] = ()) -> Chunk:
    spans, at = [], 0
    for sentence in sentences:
        spans.append(Span(at, at + len(sentence)))
        at += len(sentence) + 1
    text = " ".join(sentences)
    return Chunk(
        chunk_id=f"chunk of {path}",
        source=Source(doc_id=path, path=path, title=title, cities=cities),
        place=Place(Span(0, len(text))),
        text=text,
        sentences=tuple(spans),
    )


def passage_of(chunk: Chunk, *similarities: float, rerank_score: float | None = None) -> Passage:
    return Passage(
        chunk, similarity=max(similarities), sentence_similarities=similarities, rerank_score=rerank_score
    )


@dataclasses.dataclass
class Selecting:
    """Selects from passages, with a retriever over their chunks."""

    settings: Settings
    store: VectorStore
    reranker: OverlapReranker | None = None

    def __call__(
        self,
        *passages: Passage,
        query: Query = QUERY,
        chunks: Sequence[Chunk] | None = None,
        **changes: Any,
    ) -> tuple[tuple[Evidence, ...] | Refusal, float]:
        retriever = Retriever(
            LoadedChunks([passage.chunk for passage in passages] if chunks is None else chunks),
            store=self.store,
            models=Models(CountingEmbedder(), self.reranker),
            settings=self.settings,
        )
        return decide(
            query,
            passages,
            vocabulary=retriever.vocabulary,
            reranker=self.reranker,
            settings=dataclasses.replace(self.settings, **changes),
        )

    def pieces(self, *passages: Passage, query: Query = QUERY, **changes: Any) -> tuple[Evidence, ...]:
        evidence, _ = self(*passages, query=query, **changes)
        assert not isinstance(evidence, Refusal)
        return evidence

    def texts(self, *passages: Passage, query: Query = QUERY, **changes: Any) -> list[str]:
        return [piece.text for piece in self.pieces(*passages, query=query, **changes)]


def selecting_with(settings: Settings) -> Selecting:
    """What selects under `settings`, where whatever is found is an answer."""
    answering = dataclasses.replace(settings, threshold=0)
    return Selecting(answering, open_store(answering, build="b", fingerprint="f"))
