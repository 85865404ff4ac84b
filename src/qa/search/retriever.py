"""`Query` → `Passage`s: dense on passages and on sentences, BM25, their scores fused, reranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qa.config import Settings
from qa.domain import Chunk, Focus, Passage, Query, Span
from qa.search.fusion import fuse, merge
from qa.search.language_means import measure_nearness
from qa.search.recent_vectors import KeptVectors
from qa.search.vocabulary import Vocabulary
from qa.search.wordings import wording_for, wordings_of
from qa.storage.bm25 import LexicalIndex
from qa.storage.records import Vectors, lexical_text
from qa.storage.store import Chunks, VectorStore
from qa.system.stopwatch import Stopwatch

if TYPE_CHECKING:
    from qa.models import Models
    from qa.models.reader import Reading

MAX_LANGUAGES = 8
"""Limits the languages of documents that a question has wordings for: each costs an embedding of the question."""

OF_EACH_LANGUAGE = 8
"""How many passages in each language are looked at, where there are as many: enough to choose two to read.
In Chroma, each language that has to be searched for itself costs 8 to 17 ms among 20,000 passages."""

READ_OF_EACH = 2
"""How many of the best passages in each language are read: similarities in two languages compare badly."""

READ_WEIGHT, ANSWERS_WEIGHT, RERANKED_READ_WEIGHT = 0.006, 0.01, 0.3
"""What the best focus of a passage (see `Focus.score`) and the logit that it answers at all count for beside the
fused score, and the focus beside the cross-encoder's logit (`scripts/calibrate.py rank`)."""

FIRST_READ, SURE, FAR_AHEAD = 2, 2.0, 8.0
"""Where, of so many passages, the best one's logit is so high and so far above the next one's, the cross-encoder
reads no more. Of 130 English questions of the development sets this spared 42 more than half of their reading; in
none of them did a passage that was left out come within 5 of the best."""

NO_FOCUS = -20.0
"""What a passage has for its best focus where the reader found none."""


class Retriever:
    """Finds passages in one state of the index."""

    def __init__(
        self,
        chunks: Chunks,
        *,
        store: VectorStore,
        models: Models,
        settings: Settings,
    ) -> None:
        self.chunks = chunks
        self._store = store
        self._vectors = KeptVectors(store.fetch_vectors)
        self._models = models
        self._encode = lru_cache(maxsize=64)(models.embedder.encode_query)
        self._settings = settings
        self.lexical = store.open_lexical(chunks) or LexicalIndex(
            [lexical_text(chunk) for chunk in chunks], tokenise=models.embedder.subwords
        )
        self.vocabulary = Vocabulary(
            chunks, lexical=self.lexical, encode=self._encode, embedder=models.embedder
        )
        self._numbered = tuple(chunks) if isinstance(self.lexical, LexicalIndex) else ()
        # Of a method it would be a circle: the store's files stay open for as long as that is not collected.
        self._about = lru_cache(maxsize=64)(partial(_find_about, self._numbered))

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of the chunks, those of most documents first, `MAX_LANGUAGES` at most."""
        each = dict.fromkeys((chunk.source.doc_id, chunk.source.language) for chunk in self.chunks)
        counts = Counter(language for _, language in each)
        return tuple(language for language, _ in counts.most_common(MAX_LANGUAGES))

    def encode(self, text: str) -> NDArray[np.float32]:
        """The vector of a question or a description: shape (d,), float32, unit norm."""
        return self._encode(text)

    def fetch_sentences(self, chunks: Sequence[Chunk]) -> dict[str, NDArray[np.float32]]:
        """The vectors of the sentences of `chunks`, shape (s, d), by chunk id; see `VectorStore.fetch_vectors`."""
        return {key: sentences for key, (_, sentences) in self._store.fetch_vectors(chunks).items()}

    def prepare(self) -> None:
        """Read what the first question would have to wait for."""
        self._store.prepare()

    def retrieve(self, query: Query, clock: Stopwatch | None = None) -> tuple[Passage, ...]:
        """The passages for `query`, best first; only chunks about `query.cities`, if it names any.

        `clock` is told of each stage.
        """
        if not self.chunks:
            return ()
        clock = clock or Stopwatch()
        fused = self._search(query, clock)
        reranked = self._rerank(query, fused)
        clock.lap("rerank")
        read = self._read(query, reranked)
        clock.lap("read")
        return read

    def _search(self, query: Query, clock: Stopwatch) -> tuple[Passage, ...]:
        """What both searches find for `query` and for its translation, best first."""
        texts = [query] if not query.translation else [query, _translated(query)]
        for each in texts:
            for wording in wordings_of(each):
                self._encode(wording)  # kept until it is wanted
        clock.lap("embed")
        lexical = [self._search_lexical(each) for each in texts]
        clock.lap("lexical")
        found = [
            key for each, near in zip(texts, lexical, strict=True) for key in [*near, *self._find_near(each)]
        ]
        chunks = self._complete(query, self.chunks.find(dict.fromkeys(found)))
        measured = [self._measure(each, chunks) for each in texts]
        clock.lap("dense")
        nearness = [self._measure_nearness(*each) for each in zip(texts, measured, strict=True)]
        fused = [fuse(*each) for each in zip(measured, lexical, nearness, strict=True)]
        merged = fused[0] if len(fused) == 1 else merge(*fused)
        clock.lap("fuse")
        return merged

    def _search_lexical(self, query: Query) -> dict[str, float]:
        """BM25 shares by chunk id, best first: the largest that any wording of `query` gives."""
        shares: dict[str, float] = {}
        for wording in wordings_of(query):
            for chunk_id, share in self._find_words(wording, query.cities):
                shares[chunk_id] = max(share, shares.get(chunk_id, 0.0))
        best = sorted(shares.items(), key=lambda pair: -pair[1])
        return dict(best[: self._settings.candidates])

    def _find_words(self, wording: str, cities: Sequence[str]) -> list[tuple[str, float]]:
        """Pairs of a chunk's id and its BM25 share, best first."""
        count = self._settings.candidates
        if not isinstance(self.lexical, LexicalIndex):
            return self.lexical.search(wording, count=count, cities=cities)
        allowed = np.any([self._about(city) for city in cities], axis=0) if cities else None
        found = self.lexical.top(wording, count=count, allowed=allowed)
        return [(self._numbered[number].chunk_id, score) for number, score in found]

    def _find_near(self, query: Query) -> list[str]:
        """The ids of the nearest chunks by passage and by sentence, and by passage to each other wording."""
        found: list[str] = []
        asked, *renamed = wordings_of(query)
        others = [(wording, "passages", 1) for wording in renamed]
        for wording, kind, count in ((asked, "passages", 1), (asked, "sentences", 2), *others):
            near = self._store.query(
                self._encode(wording),
                kind=kind,
                count=count * self._settings.candidates,
                cities=query.cities,
                known=self.chunks,
            )
            found += [chunk_id for chunk_id, _ in near]
        return found

    def _complete(self, query: Query, found: dict[str, Chunk]) -> list[Chunk]:
        """`found`, with the chunks nearest to `query` in each language that few of them are in: where most chunks
        are in one language, a search over all may find no other."""
        counts = Counter(chunk.source.language for chunk in found.values())
        few = [language for language in self.languages if counts[language] < OF_EACH_LANGUAGE]
        near = [
            chunk_id
            for language in (few if len(self.languages) > 1 else ())
            for chunk_id, _ in self._store.query(
                self._encode(wording_for(query, language)),
                kind="passages",
                count=OF_EACH_LANGUAGE,
                cities=query.cities,
                language=language,
                known=self.chunks,
            )
        ]
        return list((found | self.chunks.find(dict.fromkeys(near))).values())

    def _measure(self, query: Query, chunks: Sequence[Chunk]) -> list[Passage]:
        """`chunks` with their exact similarities to `query`, best first: to its words as they are or as they are
        for the chunk's language, the larger ones."""
        vectors = self._vectors.fetch(chunks)
        passages = []
        for chunk in chunks:
            if chunk.chunk_id in vectors:
                wordings = dict.fromkeys((query.searched_text, wording_for(query, chunk.source.language)))
                measured = [
                    _compare(chunk, vectors[chunk.chunk_id], self._encode(wording)) for wording in wordings
                ]
                passages.append(max(measured, key=lambda passage: passage.similarity))
        passages.sort(key=lambda p: (-p.similarity, p.chunk.source.path, p.chunk.place.span))
        return [replace(passage, dense_rank=rank) for rank, passage in enumerate(passages, start=1)]

    def _measure_nearness(self, query: Query, passages: Iterable[Passage]) -> dict[str, float]:
        """How near `query` lies to each language of `passages`, whatever they say."""
        languages = {passage.chunk.source.language for passage in passages}
        question = self._encode(query.searched_text)
        return measure_nearness(question, languages, identity=self._models.embedder.identity)

    def _rerank(self, query: Query, passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
        """`passages` with the best of them in the cross-encoder's order, where it reads the languages."""
        head = passages[: self._settings.rerank]
        read = self._settings.reranker_languages
        if (
            self._models.reranker is None
            or not head
            or query.language not in read
            or not any(passage.chunk.source.language in read for passage in head)
        ):
            return passages
        scored = self._score(query, head[:FIRST_READ])
        if len(scored) < 2 or not is_far_behind(scored[1], scored[0]):
            scored += self._score(query, head[FIRST_READ:])
            scored.sort(key=lambda passage: -(passage.rerank_score or 0.0))
        return (*scored, *passages[len(scored) :])

    def _score(self, query: Query, passages: Sequence[Passage]) -> list[Passage]:
        """`passages` with the cross-encoder's logits, best first."""
        assert self._models.reranker is not None  # noqa: S101  # for the type checker
        pairs = [
            (wording_for(query, each.chunk.source.language), under_headings(each.chunk, each.chunk.text))
            for each in passages
        ]
        scores = self._models.reranker.score(pairs)
        scored = [replace(p, rerank_score=float(score)) for p, score in zip(passages, scores, strict=True)]
        return sorted(scored, key=lambda passage: -(passage.rerank_score or 0.0))

    def _read(self, query: Query, passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
        """`passages` with the best of them read, and ordered by what the reader found in them, too."""
        if self._models.reader is None:
            return passages
        chosen = choose_to_read(passages, count=self._settings.read)
        read = [
            replace(passage, read_score=reading.logit, foci=_find_foci(passage.chunk, reading))
            for wording in wordings_of(query)
            for passage, reading in self._read_with(
                wording,
                [each for each in chosen if wording_for(query, each.chunk.source.language) == wording],
            )
        ]
        read.sort(key=lambda passage: -_score_read(passage))
        seen = {passage.chunk.chunk_id for passage in chosen}
        rest = (passage for passage in passages if passage.chunk.chunk_id not in seen)
        # What the cross-encoder left out cannot lead: its scores are of another scale.
        return tuple(sorted((*read, *rest), key=lambda passage: passage.rerank_score is None))

    def _read_with(self, wording: str, passages: Sequence[Passage]) -> Iterable[tuple[Passage, Reading]]:
        assert self._models.reader is not None  # noqa: S101  # for the type checker
        texts = [_before_text(passage.chunk) + passage.chunk.text for passage in passages]
        return zip(passages, self._models.reader.read(wording, texts), strict=True) if texts else ()


def choose_to_read(passages: Sequence[Passage], *, count: int) -> list[Passage]:
    """The first `count` of `passages`, best first, and the best `READ_OF_EACH` in each language.

    Where the cross-encoder has scored some, of the first only those; no other language is read where it is sure.
    """
    seen: Counter[str] = Counter()
    chosen = []
    for number, passage in enumerate(passages):
        seen[passage.chunk.source.language] += 1
        is_left_out = passage.rerank_score is None and passages[0].rerank_score is not None
        is_of_the_first = number < count and not is_left_out
        is_of_its_language = seen[passage.chunk.source.language] <= min(READ_OF_EACH, count)
        if is_of_the_first or (is_of_its_language and not is_far_behind(passage, passages[0])):
            chosen.append(passage)
    return chosen


def _compare(chunk: Chunk, vectors: tuple[Vectors, Vectors], question: NDArray[np.float32]) -> Passage:
    """`chunk` with its own similarity and its sentences' to `question`, shape (d,)."""
    own, sentences = vectors
    similarities = sentences @ question
    return Passage(
        chunk=chunk,
        similarity=float(own @ question + similarities.max()) / 2,
        sentence_similarities=tuple(float(value) for value in similarities),
    )


def is_far_behind(passage: Passage, best: Passage) -> bool:
    """True if the cross-encoder is so sure of `best`, and so much less of `passage`, that reading more of it or
    of what comes after it is wasted."""
    if best.rerank_score is None or best.rerank_score < SURE:
        return False
    return passage.rerank_score is None or best.rerank_score - passage.rerank_score >= FAR_AHEAD


def _score_read(passage: Passage) -> float:
    """What similarity or the cross-encoder, and the reader, say together: comparable within one question."""
    reading = best_focus(passage)
    if passage.rerank_score is not None:
        return passage.rerank_score + RERANKED_READ_WEIGHT * reading
    return passage.fused_score + READ_WEIGHT * reading + ANSWERS_WEIGHT * (passage.read_score or 0.0)


def best_focus(passage: Passage) -> float:
    """How sure the reader is of the best words that it found in `passage`: a logit, higher is better."""
    return max((focus.score for focus in passage.foci if focus), default=NO_FOCUS)


def _find_foci(chunk: Chunk, reading: Reading) -> tuple[Focus | None, ...]:
    """What the reader found in each of the chunk's sentences, as places in the document."""
    ahead = len(_before_text(chunk)) - chunk.place.span.start
    foci = []
    for sentence in chunk.sentences:
        found = reading.find_answer(Span(sentence.start + ahead, sentence.end + ahead))
        foci.append(found and Focus(_trim(found[1].start - ahead, found[1].end - ahead, chunk), found[0]))
    return tuple(foci)


def _trim(start: int, end: int, chunk: Chunk) -> Span:
    """The span without the punctuation that ends it."""
    text = chunk.cut(Span(start, end))
    return Span(start, start + (len(text.rstrip(".,;:!?。、，．！？；：។ ")) or len(text)))


def _find_about(chunks: Sequence[Chunk], city: str) -> NDArray[np.bool_]:
    return np.array([city in chunk.source.cities for chunk in chunks], dtype=np.bool_)


def _before_text(chunk: Chunk) -> str:
    """The title and headings that the reader reads before the text of `chunk`."""
    return f"{chunk.source.title}\n{under_headings(chunk, '')}"


def under_headings(chunk: Chunk, text: str) -> str:
    """`text`, a part of `chunk`, under its headings: what the cross-encoder reads."""
    return f"{chunk.place.heading}\n{text}" if chunk.place.heading else text


def _translated(query: Query) -> Query:
    return replace(query, searched_text=query.translation, renamed={}, translation="")
