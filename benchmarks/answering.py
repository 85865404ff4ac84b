"""How long an answer takes, and where the time goes, as the documents grow; beside LangChain's tutorial stack.

    python benchmarks/answering.py [--sizes 100 1000 10000] [--questions 40] [--really 500] [--keep DIR]

Sizes are passages of five sentences; 100000 is one of them where there is an hour. The same questions are asked
of every size, by turns, so that what slows the machine slows all. The model embeds the first `--really` passages,
which the questions are about; every other text gets a vector between three of those, with noise: searching takes
as long among them, and embedding would take hours. Needs what `benchmarks/retrieval.py` needs. `--keep` keeps the
indexes, and finds them there the next time.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before the libraries are imported: all weights are local

import numpy as np
from common import (
    describe_machine,
    describe_versions,
    percentile,
    ratio,
    synthetic_documents,
    synthetic_passage,
    table,
    write_synthetic_corpus,
)
from langchain_baseline import MiniLM, TutorialStack
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from qa.config import Settings
from qa.evaluation.gold import GoldDocument
from qa.indexing.run import index_corpus
from qa.models import Embedder, Models, load_models
from qa.pipeline import Pipeline
from qa.system.stopwatch import STAGES

Vectors = NDArray[np.float32]

BATCH = 512
"""Texts embedded at a time, so that what is embedded really is told from the rest while indexing."""
NOISE = 0.02
"""The standard deviation in each of 384 dimensions: a cosine of about .9 with what it was added to."""


@dataclass
class Sizes:
    """What one system took at each size: seconds of each question, also of the processor, and of each stage."""

    totals: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    processor: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    stages: dict[int, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(dict))


class Between:
    """Vectors for texts that nobody will ask for: between three of the real ones, the same at every call."""

    def __init__(self) -> None:
        self._real: list[Vectors] = []

    def learn(self, vectors: Vectors) -> None:
        """Nothing; `vectors`, shape (n, d), are real ones."""
        self._real.extend(vectors)

    def make(self, texts: Sequence[str]) -> Vectors:
        """Vectors of unit norm, shape (n, d)."""
        made = np.empty((len(texts), len(self._real[0])), dtype=np.float32)
        for number, text in enumerate(texts):
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
            chance = np.random.default_rng(seed)
            chosen = chance.integers(len(self._real), size=3)
            shares = chance.dirichlet(np.ones(3))
            mixed = sum(share * self._real[one] for share, one in zip(shares, chosen, strict=True))
            made[number] = mixed + chance.normal(scale=NOISE, size=made.shape[1])
        unit: NDArray[np.float32] = made / np.linalg.norm(made, axis=1, keepdims=True)
        return unit


class PartlyReal:
    """The embedder, but for passages that are not among the real ones. For indexing only."""

    def __init__(self, embedder: Embedder, real: frozenset[str]) -> None:
        self._embedder = embedder
        self._real = real
        self._between = Between()
        self._kept: dict[str, Vectors] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def encode_passages(
        self,
        texts: Sequence[str],
        *,
        made_of: Mapping[int, Sequence[str]] | None = None,
        on_progress: Any = None,
    ) -> Vectors:
        """Vectors of unit norm, shape (n, d): the model's own of texts that hold a real sentence."""
        parts = {texts[place]: each for place, each in (made_of or {}).items()}
        mine = [text for text in texts if text in self._real or text.rsplit("\n", 1)[-1] in self._real]
        missing = [text for text in dict.fromkeys(mine) if text not in self._kept]
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            own = {place: parts[text] for place, text in enumerate(batch) if text in parts}
            vectors = self._embedder.encode_passages(batch, made_of=own)
            self._between.learn(vectors)
            self._kept.update(zip(batch, vectors, strict=True))
        others = [text for text in texts if text not in self._kept]
        made = dict(zip(others, self._between.make(others), strict=True)) if others else {}
        return np.stack([self._kept[text] if text in self._kept else made[text] for text in texts])


class PartlyRealMiniLM(Embeddings):
    """The same for the tutorial's model."""

    def __init__(self, model: MiniLM, really: int) -> None:
        self._model = model
        self._real = frozenset(synthetic_passage(number)[1] for number in range(really))
        self._between = Between()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector for each text; the model's own for those that hold a real passage."""
        real = [number for number, text in enumerate(texts) if any(each in text for each in self._real)]
        found: dict[int, Vectors] = {}
        if real:
            vectors = np.array(self._model.embed_documents([texts[n] for n in real]), dtype=np.float32)
            self._between.learn(vectors)
            found = dict(zip(real, vectors, strict=True))
        rest = [number for number in range(len(texts)) if number not in found]
        if rest:
            found |= dict(zip(rest, self._between.make([texts[number] for number in rest]), strict=True))
        return [found[number].tolist() for number in range(len(texts))]

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self._model.embed_query(text)


def real_texts(really: int) -> frozenset[str]:
    """The passages that the model embeds, and their sentences."""
    texts = [synthetic_passage(number)[1] for number in range(really)]
    return frozenset([*texts, *(f"{part}." for text in texts for part in text[:-1].split(". "))])


def open_size(passages: int, folder: Path, models: Models, embedder: PartlyReal) -> Pipeline:
    """The pipeline over so many passages, indexed in `folder` if they are not yet."""
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index")
    if not settings.index_dir.exists():
        write_synthetic_corpus(settings.corpus_dir, passages, each=100 if passages > 10_000 else 10)
        index_corpus(settings, cast(Embedder, embedder))
    return Pipeline(settings, models)


def open_tutorial(passages: int, embeddings: Embeddings) -> TutorialStack:
    """LangChain's tutorial stack over the same text."""
    stack = TutorialStack(embeddings)
    documents = [
        GoldDocument(id=name, title=name, text=text, language="en")
        for name, text in synthetic_documents(passages)
    ]
    for start in range(0, len(documents), BATCH):  # Chroma takes some 5,000 chunks at once
        stack.add(documents[start : start + BATCH])
    return stack


def measure(
    pipelines: dict[int, Pipeline], stacks: dict[int, TutorialStack], questions: Sequence[str]
) -> tuple[Sizes, Sizes]:
    """What both systems took for each question at each size, in turn."""
    ours, theirs = Sizes(), Sizes()
    for number, question in enumerate(questions):
        sizes = list(pipelines)[:: -1 if number % 2 else 1]
        for size in sizes:
            worked = time.process_time()
            answer = pipelines[size].ask(question)
            ours.processor[size].append(time.process_time() - worked)
            ours.totals[size].append(answer.timings["total"])
            for stage in STAGES:
                ours.stages[size].setdefault(stage, []).append(answer.timings.get(stage, 0.0))
            started, worked = time.perf_counter(), time.process_time()
            stacks[size].nearest(question)
            theirs.processor[size].append(time.process_time() - worked)
            theirs.totals[size].append(time.perf_counter() - started)
    return ours, theirs


def report(ours: Sizes, theirs: Sizes) -> str:
    """The tables."""
    sizes = sorted(ours.totals)
    base = percentile(ours.totals[sizes[0]], 0.5)
    rows = []
    for size in sizes:
        mine, other = ours.totals[size], theirs.totals[size]
        p50, p95 = percentile(mine, 0.5), percentile(mine, 0.95)
        rows.append(
            [
                f"{size:,}",
                *_milliseconds(p50, p95, percentile(ours.processor[size], 0.5)),
                ratio(p50, base),
                ratio(p95, p50),
                *_milliseconds(*(percentile(other, share) for share in (0.5, 0.95))),
                *_milliseconds(percentile(theirs.processor[size], 0.5)),
            ]
        )
    headers = ["passages", "ms p50", "p95", "processor p50", f"p50 by {sizes[0]:,}'s", "p95 by p50"]
    headers += ["tutorial p50", "p95", "processor p50"]
    note = (
        "The tutorial stack only searches. Processor: of all cores, which other programs do not change much."
    )
    first = table("Answering, as documents grow", headers, rows, note=note)
    cells = [
        [stage, *(f"{1000 * percentile(ours.stages[size][stage], 0.5):.1f}" for size in sizes)]
        for stage in STAGES
        if any(any(ours.stages[size][stage]) for size in sizes)
    ]
    headers = ["stage", *(f"{size:,}" for size in sizes)]
    return f"{first}\n{table('Where the time goes (ms, median)', headers, cells)}"


def _milliseconds(*seconds: float) -> list[str]:
    return [f"{1000 * value:.0f}" for value in seconds]


def main() -> None:
    """Nothing; prints the tables."""
    parser = argparse.ArgumentParser(description="Measure how long an answer takes as the documents grow.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--really", type=int, default=500, help="passages that the model embeds")
    parser.add_argument("--keep", type=Path, help="a folder for the indexes (default: none are kept)")
    options = parser.parse_args()
    really = min(options.really, min(options.sizes))
    models = load_models(Settings())
    embedder = PartlyReal(models.embedder, real_texts(options.really))
    embedder.encode_passages(sorted(real_texts(really)))
    with tempfile.TemporaryDirectory() as passing:
        folder = options.keep or Path(passing)
        minilm = PartlyRealMiniLM(MiniLM(), options.really)
        pipelines, stacks = {}, {}
        for size in sorted(options.sizes):
            started = time.perf_counter()
            pipelines[size] = open_size(size, folder / str(size), models, embedder)
            stacks[size] = open_tutorial(size, minilm)
            pipelines[size].ask("What is written here of the harbour?")  # what is worked out once, is
            print(f"{size:,} passages: ready after {time.perf_counter() - started:.0f} s", flush=True)
        # About passages that all sizes have; each once, for what was asked before is kept for a while.
        numbers = random.Random(7).sample(range(min(options.sizes)), options.questions)
        asked = [synthetic_passage(number)[2] for number in numbers]
        ours, theirs = measure(pipelines, stacks, asked)
    print(describe_machine(), describe_versions(), sep="\n")
    print(
        f"{options.questions} questions; {options.really} passages embedded by the model, the rest between\n"
    )
    print(report(ours, theirs))


if __name__ == "__main__":
    main()
