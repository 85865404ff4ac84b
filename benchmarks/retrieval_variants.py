"""What each part of the search is worth: recall@1 by language, with one thing changed at a time.

    python benchmarks/retrieval_variants.py SET_DIR… [--questions questions_small.jsonl]

Every passage is scored for every question, with numpy alone; models and chunks are those of `qa index`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from qa.config import Settings
from qa.domain import Chunk, Document, Query
from qa.engine.library import Library, open_library
from qa.evaluation.gold import GoldQuestion, GoldSet, write_gold_corpus
from qa.evaluation.gold_files import load_gold
from qa.indexing.chunking import parts_to_embed, text_to_embed
from qa.indexing.run import index_corpus
from qa.models import Embedder, Models, load_embedder
from qa.models.embedder import SHARED_LAYERS
from qa.models.reader import PASSAGE_PREFIX, QUESTION_PREFIX
from qa.search.fusion import LEXICAL_WEIGHT
from qa.storage.bm25 import LexicalIndex

Scores = NDArray[np.float32]
Variant = Callable[["Bench", Query], Scores]
"""A question → the score of each passage, shape (passages,), higher is better."""


class Bench:
    """One set, indexed, with every vector in memory."""

    def __init__(self, gold: GoldSet, library: Library, embedder: Embedder) -> None:
        self.gold, self.library, self.embedder = gold, library, embedder
        self.chunks: Sequence[Chunk] = tuple(library.retriever.chunks)
        self.documents: dict[str, Document] = {d.doc_id: d for d in library.documents()}
        self.owner = [chunk.source.doc_id for chunk in self.chunks]
        self._read_as: dict[tuple[int, str], tuple[Scores, list[NDArray[np.float32]]]] = {}
        self.passages, self.sentences = self.read_as(SHARED_LAYERS, "")
        self.bare = embedder.encode_passages([chunk.text for chunk in self.chunks])
        self.titles = embedder.encode_passages([chunk.source.title for chunk in self.chunks])
        self.pairs = self._encode_runs(2)
        self.texts = [f"{chunk.source.title}\n{chunk.place.heading}\n{chunk.text}" for chunk in self.chunks]
        self.indexes: dict[tuple[float, float], LexicalIndex] = {}
        self._states = [self._encode_tokens(text, PASSAGE_PREFIX) for text in self.texts]

    def _encode_runs(self, length: int) -> list[NDArray[np.float32]]:
        """For each passage the vectors of its runs of so many sentences, shape (runs, d)."""
        runs = [
            [
                chunk.text[
                    chunk.sentences[first].start - chunk.place.span.start : chunk.sentences[
                        min(first + length, len(chunk.sentences)) - 1
                    ].end
                    - chunk.place.span.start
                ]
                for first in range(max(1, len(chunk.sentences) - length + 1))
            ]
            for chunk in self.chunks
        ]
        vectors = self.embedder.encode_passages([text for each in runs for text in each])
        ends = np.cumsum([len(each) for each in runs])
        return np.split(vectors, ends[:-1])

    def _encode_tokens(self, text: str, prefix: str) -> NDArray[np.float32]:
        """The last states of the tokens of `text`, shape (tokens, d), each of unit norm."""
        ids, _ = self.embedder.split(text, prefix=prefix, limit=500)
        with torch.inference_mode():
            states = self.embedder.transformer(input_ids=torch.tensor([ids])).last_hidden_state[0].float()
        return np.asarray(torch.nn.functional.normalize(states, dim=-1).numpy())

    def read_as(self, layers: int, prefix: str) -> tuple[Scores, list[NDArray[np.float32]]]:
        """Vectors of passages, shape (passages, d), and of each one's sentences.

        The first `layers` have read each sentence alone, and every text is read after `prefix`.
        """
        if (layers, prefix) not in self._read_as:
            own = self.embedder._shared_layers, self.embedder._passage_prefix
            # Set here alone: an index says in its vectors' identity which are the program's.
            self.embedder._shared_layers, self.embedder._passage_prefix = layers, prefix
            parts = [parts_to_embed(chunk, self.documents[chunk.source.doc_id]) for chunk in self.chunks]
            whole = [text_to_embed(chunk, self.documents[chunk.source.doc_id]) for chunk in self.chunks]
            passages = self.embedder.encode_passages(whole, made_of=dict(enumerate(parts)))
            self._read_as[layers, prefix] = passages, self._encode_runs(1)
            self.embedder._shared_layers, self.embedder._passage_prefix = own
        return self._read_as[layers, prefix]

    def vector(self, query: Query) -> NDArray[np.float32]:
        """The vector of the question."""
        return self.embedder.encode_query(query.searched_text)

    def best_of(self, runs: list[NDArray[np.float32]], vector: NDArray[np.float32]) -> Scores:
        """For each passage the best cosine of its runs with `vector`."""
        return np.array([float((each @ vector).max()) for each in runs], dtype=np.float32)

    def dense(self, query: Query) -> Scores:
        """What the program takes: the mean of the passage's cosine and its best sentence's."""
        vector = self.vector(query)
        return np.float32(0.5) * (self.passages @ vector + self.best_of(self.sentences, vector))

    def lexical(self, query: Query) -> Scores:
        """The BM25 share of each passage."""
        index = self.library.retriever.lexical
        assert isinstance(index, LexicalIndex), "these are measured over an index in a folder"
        return index.score(query.searched_text)

    def interaction(self, query: Query) -> Scores:
        """The mean over the question's tokens of the best cosine with a token of the passage (ColBERT)."""
        asked = self._encode_tokens(query.searched_text, QUESTION_PREFIX)
        return np.array([float((asked @ states.T).max(axis=1).mean()) for states in self._states])


def fused(bench: Bench, query: Query, weight: float = LEXICAL_WEIGHT) -> Scores:
    """What the program ranks by."""
    return bench.dense(query) + weight * bench.lexical(query)


def weighted_parts(bench: Bench, query: Query, share: float) -> Scores:
    """With another share for the best sentence."""
    vector = bench.vector(query)
    dense: Scores = (1 - share) * (bench.passages @ vector) + share * bench.best_of(bench.sentences, vector)
    return dense + LEXICAL_WEIGHT * bench.lexical(query)


def with_titles(bench: Bench, query: Query, weight: float) -> Scores:
    """With the cosine of the document's title added."""
    return fused(bench, query) + weight * (bench.titles @ bench.vector(query))


def with_passages(bench: Bench, query: Query, passages: Callable[[Bench], Scores]) -> Scores:
    """With other passage vectors: shape (passages, d)."""
    vector = bench.vector(query)
    dense = (passages(bench) @ vector + bench.best_of(bench.sentences, vector)) / 2
    return dense + LEXICAL_WEIGHT * bench.lexical(query)


def read_otherwise(bench: Bench, query: Query, layers: int, prefix: str = "") -> Scores:
    """With texts read otherwise, see `Bench.read_as`."""
    vector = bench.vector(query)
    passages, sentences = bench.read_as(layers, prefix)
    return (passages @ vector + bench.best_of(sentences, vector)) / 2 + LEXICAL_WEIGHT * bench.lexical(query)


def with_windows(bench: Bench, query: Query) -> Scores:
    """With runs of two sentences beside single ones."""
    vector = bench.vector(query)
    parts = np.maximum(bench.best_of(bench.sentences, vector), bench.best_of(bench.pairs, vector))
    return (bench.passages @ vector + parts) / 2 + LEXICAL_WEIGHT * bench.lexical(query)


def other_bm25(bench: Bench, query: Query, k1: float, b: float) -> Scores:
    """With BM25's parameters changed; each index is made once."""
    if (k1, b) not in bench.indexes:
        bench.indexes[k1, b] = LexicalIndex(bench.texts, tokenise=bench.embedder.subwords, k1=k1, b=b)
    return bench.dense(query) + LEXICAL_WEIGHT * bench.indexes[k1, b].score(query.searched_text)


def with_neighbours(bench: Bench, query: Query, weight: float) -> Scores:
    """With the best score in the same document added."""
    scores = fused(bench, query)
    best: dict[str, float] = {}
    for owner, score in zip(bench.owner, scores, strict=True):
        best[owner] = max(score, best.get(owner, -1.0))
    return scores + weight * np.array([best[owner] for owner in bench.owner], dtype=np.float32)


def with_feedback(bench: Bench, query: Query, weight: float, count: int = 3) -> Scores:
    """Rocchio: the question moves towards the passages that it finds first."""
    scores = fused(bench, query)
    top = np.argsort(-scores, kind="stable")[:count]
    moved = bench.vector(query) + weight * bench.passages[top].mean(axis=0)
    moved /= np.linalg.norm(moved)
    dense: Scores = (bench.passages @ moved + bench.best_of(bench.sentences, moved)) / 2
    return dense + LEXICAL_WEIGHT * bench.lexical(query)


def with_interaction(bench: Bench, query: Query, weight: float) -> Scores:
    """With the late interaction of tokens added."""
    return fused(bench, query) + weight * bench.interaction(query)


def by_ranks(bench: Bench, query: Query, k: int = 60) -> Scores:
    """Reciprocal rank fusion of passages, sentences and BM25."""
    vector = bench.vector(query)
    lists = (bench.passages @ vector, bench.best_of(bench.sentences, vector), bench.lexical(query))
    ranks = [np.argsort(np.argsort(-scores, kind="stable"), kind="stable") for scores in lists]
    total: Scores = np.sum([1 / (k + 1 + rank) for rank in ranks], axis=0, dtype=np.float32)
    return total


VARIANTS: dict[str, Variant] = {
    "the program's": fused,
    "passage vectors alone": lambda bench, query: bench.passages @ bench.vector(query),
    "sentence vectors alone": lambda bench, query: bench.best_of(bench.sentences, bench.vector(query)),
    "both, no BM25": Bench.dense,
    "BM25 alone": Bench.lexical,
    "reciprocal rank fusion": by_ranks,
    **{f"sentences weigh {w}": partial(weighted_parts, share=w) for w in (0.25, 0.4, 0.6, 0.75)},
    **{f"BM25 weighs {w}": partial(fused, weight=w) for w in (0.05, 0.1, 0.3, 0.5)},
    **{
        f"BM25 k1 {k1}, b {b}": partial(other_bm25, k1=k1, b=b)
        for k1, b in ((0.6, 0.75), (0.9, 0.4), (1.2, 0.4), (1.2, 1.0), (2.0, 0.75))
    },
    "no title in the passage": partial(with_passages, passages=lambda bench: bench.bare),
    **{f"title vectors, {w}": partial(with_titles, weight=w) for w in (0.05, 0.1, 0.2)},
    **{f"first {n} layers by sentence": partial(read_otherwise, layers=n) for n in (0, 4, 8, 10, 12)},
    **{
        f"first {n}, after `{PASSAGE_PREFIX}`": partial(read_otherwise, layers=n, prefix=PASSAGE_PREFIX)
        for n in (0, 10, 11)
    },
    "windows of two sentences": with_windows,
    **{f"neighbours, {w}": partial(with_neighbours, weight=w) for w in (0.2, 0.5)},
    **{f"feedback, {w}": partial(with_feedback, weight=w) for w in (0.2, 0.5)},
    **{f"late interaction, {w}": partial(with_interaction, weight=w) for w in (0.2, 0.5, 1.0, 2.0)},
}


def main() -> None:
    """Nothing; prints the tables."""
    parser = argparse.ArgumentParser(description="Measure what each part of the search is worth.")
    parser.add_argument("set_dirs", nargs="+", type=Path, metavar="SET_DIR")
    parser.add_argument("--questions", default="questions.jsonl")
    options = parser.parse_args()
    embedder = load_embedder(Settings())
    for set_dir in options.set_dirs:
        gold = load_gold(set_dir, questions=options.questions)
        with tempfile.TemporaryDirectory() as folder:
            settings = replace(Settings(), corpus_dir=Path(folder, "corpus"), index_dir=Path(folder, "index"))
            write_gold_corpus(gold, settings.corpus_dir)
            index_corpus(settings, embedder)
            bench = Bench(gold, open_library(settings, Models(embedder)), embedder)
            print_table(set_dir.name, bench)


def print_table(name: str, bench: Bench) -> None:
    """Nothing; prints recall@1 of each variant, a column for each language."""
    asked = [question for question in bench.gold.questions if question.is_answerable]
    languages = sorted({question.language for question in asked})
    print(f"\n{name}: recall@1\n  {'':<28}" + "".join(f"{language:>8}" for language in languages))
    for variant, score in VARIANTS.items():
        hits = [(question.language, _is_first_right(bench, score, question)) for question in asked]
        cells = [np.mean([hit for language, hit in hits if language == wanted]) for wanted in languages]
        print(f"  {variant:<28}" + "".join(f"{cell:8.3f}" for cell in cells), flush=True)


def _is_first_right(bench: Bench, score: Variant, question: GoldQuestion) -> bool:
    query = bench.library.understand(question.question, history=question.history)
    first = int(np.argmax(score(bench, query)))
    return bench.gold.id_of(bench.chunks[first].source.path) in question.doc_ids


if __name__ == "__main__":
    main()
