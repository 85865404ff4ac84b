"""How fast documents are indexed, beside LangChain's tutorial stack: whole, by stage, again, and in memory.

    python benchmarks/indexing.py [--set SET_DIR …] [--passages 1000] [--rounds 3] [--again 10000]
                                  [--memory 3000 --memory 30000] [--smallest]

Ours reads files in its sandbox, makes a vector of every passage and of every sentence with the multilingual model,
and writes to Chroma's folder; the tutorial stack is given the texts in memory, makes one vector of each chunk with
all-MiniLM-L6-v2, and keeps Chroma in memory. Both index the same texts in turn, models loaded and warm. Beside the
clock stands the processor's time, which other work on the machine changes less.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from unittest import mock

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before the libraries are imported: all weights are local

import numpy as np
import psutil
from common import (
    parse_sets,
    peak_memory_mib,
    ratio,
    read_paragraphs,
    run_json,
    seconds_of,
    synthetic_documents,
    synthetic_passage,
    table,
    write_synthetic_corpus,
)
from langchain_baseline import MiniLM, TutorialStack
from numpy.typing import NDArray

from qa.config import Settings
from qa.evaluation.gold import GoldDocument
from qa.indexing import read_ahead as reading
from qa.indexing import run as indexing
from qa.indexing.run import index_corpus
from qa.models import Embedder, load_embedder
from qa.storage.manifest import read_manifest
from qa.storage.store import open_store
from qa.storage.store.chroma import ChromaStore

OURS, THEIRS = "Kitakyushu QA", "LangChain tutorial stack"
IN_A_DOCUMENT = 10
"""Passages in each synthetic document."""


@dataclass(frozen=True)
class Text:
    """What is indexed: file names and Markdown, in that order."""

    name: str
    documents: tuple[tuple[str, str], ...]

    @property
    def characters(self) -> int:
        """Of all documents together."""
        return sum(len(text) for _, text in self.documents)

    def gold(self) -> list[GoldDocument]:
        """The same for the tutorial stack."""
        return [GoldDocument(id=name, title=name, text=text, language="") for name, text in self.documents]

    def write(self, folder: Path) -> None:
        """Put the documents into `folder` as files."""
        folder.mkdir(parents=True)
        for name, text in self.documents:
            (folder / name).write_text(text, encoding="utf-8")


class StandIn:
    """An embedder that makes a vector of nothing but a text's checksum: for memory, where only sizes count."""

    dimension = 384
    identity = "stand-in"

    def encode_passages(
        self,
        texts: Sequence[str],
        *,
        made_of: object = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float32]:
        """Vectors of unit norm, shape (n, 384)."""
        seeds = [zlib.crc32(text.encode()) for text in texts]
        vectors = np.stack(
            [np.random.default_rng(seed).standard_normal(384, dtype=np.float32) for seed in seeds]
        )
        found: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return found

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """A quarter of the characters."""
        return [len(text) // 4 for text in texts]

    def subwords(self, texts: Sequence[str]) -> list[list[str]]:
        """The words."""
        return [text.split() for text in texts]


def main() -> None:
    """Nothing; prints the tables."""
    parser = argparse.ArgumentParser(description="Measure how fast documents are indexed.")
    parse_sets(parser)
    parser.add_argument("--passages", type=int, default=1000, help="synthetic ones that both systems index")
    parser.add_argument("--paragraphs", type=int, default=300, help="the most that are taken of a set")
    parser.add_argument(
        "--rounds", type=int, default=3, help="runs of each system, of which the median counts"
    )
    parser.add_argument(
        "--again", type=int, default=10_000, help="passages that are indexed again; 0 for none"
    )
    parser.add_argument(
        "--memory", type=int, action="append", help="so many passages in memory; repeatable, 0 for none"
    )
    parser.add_argument(
        "--real-memory", type=int, default=2000, help="the same with the real embedder; 0 for none"
    )
    parser.add_argument(
        "--smallest", action="store_true", help="all of it in a minute or two, to see that it works"
    )
    parser.add_argument("--measure-memory", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--stand-in", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure_memory is not None:
        print(json.dumps(measure_memory(options.measure_memory, is_stand_in=options.stand_in)))
        return
    if options.open:
        print(json.dumps(measure_open(options.open)))
        return
    if options.smallest:
        options.passages, options.paragraphs, options.rounds = 20, 10, 1
        options.again, options.memory, options.real_memory = 40, [20, 40], 20
    texts = [Text(f"synthetic, {options.passages} passages", tuple(synthetic_documents(options.passages)))]
    for folder in options.set:
        paragraphs = read_paragraphs([folder])[: options.paragraphs]
        documents = [
            (f"{number:05}.md", f"# {title}\n\n{text}\n") for number, (title, text) in enumerate(paragraphs)
        ]
        texts.append(Text(f"{folder.name}, {len(paragraphs)} paragraphs", tuple(documents)))
    print_speed(texts, rounds=options.rounds)
    if options.again:
        print_again(options.again, load_embedder(Settings()))
    sizes = [(size, True) for size in options.memory or (3_000, 30_000) if size]
    if runs := [*([(options.real_memory, False)] if options.real_memory else []), *sizes]:
        print_memory(runs)


def print_speed(texts: Sequence[Text], *, rounds: int) -> None:
    """Nothing; prints characters a second of both systems, and where the time of ours goes."""
    minilm = MiniLM()
    rows, stages, names, read = [], [], [], []
    for text in texts:
        clocks: dict[str, list[tuple[float, float]]] = {OURS: [], THEIRS: []}
        shares: list[dict[str, float]] = []
        with corpus_of(text) as settings:
            for number in range(-1, rounds):  # the first warms both up
                for name in (OURS, THEIRS) if number % 2 == 0 else (THEIRS, OURS):
                    fresh = replace(settings, index_dir=settings.index_dir / str(number))
                    work: Callable[[], object] = (
                        partial(add_to_tutorial_stack, text, TutorialStack(minilm))
                        if name == THEIRS
                        else partial(index_corpus, fresh, warm_embedder())
                    )
                    started = processor_s()
                    with timed_stages() as stage:
                        took = seconds_of(work)
                    if number >= 0:
                        clocks[name].append((took, processor_s() - started))
                        if name == OURS:
                            shares.append({**stage, "all of it": took})
        by_clock, by_processor = (
            {name: median(pair[which] for pair in pairs) for name, pairs in clocks.items()}
            for which in (0, 1)
        )
        for name in (OURS, THEIRS):
            rows.append(
                [
                    text.name,
                    name,
                    by_clock[name],
                    text.characters / by_clock[name],
                    text.characters / by_processor[name],
                ]
            )
        rows.append(
            [
                "",
                "ours by theirs",
                "",
                ratio(by_clock[THEIRS], by_clock[OURS]),
                ratio(by_processor[THEIRS], by_processor[OURS]),
            ]
        )
        chunks = [chunk.page_content for chunk in TutorialStack(minilm).split(text.gold())]
        read.append(f"{text.name} {minilm.share_read(chunks):.2f}")
        stages.append([text.name, *(f"{median(each[s] for each in shares):.2f}" for s in shares[0])])
        names = list(shares[0])
    headers = ["text", "system", "seconds", "characters/s", "characters/CPU s"]
    note = f"Medians of {rounds}, in turn. Of its chunks' tokens theirs reads: {'; '.join(read)}."
    print(table("Indexing", headers, rows, note=note), flush=True)
    note = (
        "Files are read while others are embedded, and vectors written: the stages take more than all of it."
    )
    print(table("Seconds of ours by stage", ["text", *names], stages, note=note), flush=True)


def processor_s() -> float:
    """The processor's seconds of this process so far, and of those that it has started."""
    children = (child.cpu_times() for child in psutil.Process().children(recursive=True))
    own = psutil.Process().cpu_times()
    seconds: float = sum(
        each.user + each.system + each.children_user + each.children_system for each in (own, *children)
    )
    return seconds


def warm_embedder() -> Embedder:
    """One that is ready and has seen no text: it remembers the words of those that it has."""
    embedder = load_embedder(Settings())
    embedder.encode_passages(["Ready."])
    return embedder


def add_to_tutorial_stack(text: Text, stack: TutorialStack) -> None:
    """Nothing; afterwards the stack finds the text's documents."""
    stack.add(text.gold())


@contextmanager
def timed_stages() -> Iterator[dict[str, float]]:
    """The seconds of each stage of what is indexed while it is open, by its name.

    `chunk` is without the tokens that it counts, which are `count tokens`; `embed` has the other tokenisation.
    Stages of different threads go on at the same time.
    """
    took = dict.fromkeys(("parse", "chunk", "count tokens", "embed", "write"), 0.0)

    def timed(stage: str, call: Callable[..., object], *, within: str = "") -> Callable[..., object]:
        def timing(*arguments: object, **options: object) -> object:
            started = time.perf_counter()
            try:
                return call(*arguments, **options)
            finally:
                seconds = time.perf_counter() - started
                took[stage] += seconds
                if within:
                    took[within] -= seconds

        return timing

    with ExitStack() as stack:
        for owner, name, stage, within in (
            (reading, "parse_document", "parse", ""),
            (indexing, "chunk_document", "chunk", ""),
            (Embedder, "count_tokens", "count tokens", "chunk"),
            (Embedder, "encode_passages", "embed", ""),
            (ChromaStore, "add", "write", ""),
        ):
            call = timed(stage, getattr(owner, name), within=within)
            stack.enter_context(mock.patch.object(owner, name, _as_method(call)))
        yield took


def _as_method(call: Callable[..., object]) -> Callable[..., object]:
    return lambda *arguments, **options: call(*arguments, **options)


def print_again(passages: int, embedder: Embedder) -> None:
    """Nothing; prints what it costs to index what is indexed already, and with one document changed."""
    text = Text("", tuple(synthetic_documents(passages, each=IN_A_DOCUMENT)))
    with corpus_of(text) as settings:
        first = seconds_of(lambda: index_corpus(settings, embedder))
        index_corpus(settings, embedder)
        unchanged = median(seconds_of(lambda: index_corpus(settings, embedder)) for _ in range(3))
        changed = []
        for number in range(3):
            path = settings.corpus_dir / text.documents[number][0]
            parts = [
                synthetic_passage(passages + number * IN_A_DOCUMENT + n)[:2] for n in range(IN_A_DOCUMENT)
            ]
            body = "\n".join(f"## {heading}\n\n{passage}\n" for heading, passage in parts)
            path.write_text(f"# Report {number}\n\n{body}", encoding="utf-8")
            changed.append(seconds_of(lambda: index_corpus(settings, embedder)))
        rebuilt = seconds_of(lambda: index_corpus(settings, embedder, rebuild=True))
    alone = first * IN_A_DOCUMENT / passages
    rows = [
        ["all of it, the first time", first, "100 %"],
        ["nothing changed", unchanged, f"{unchanged / first:.2%}"],
        [f"one document in {len(text.documents)} changed", median(changed), f"{median(changed) / first:.2%}"],
        ["(that document's share of the first time)", alone, f"{alone / first:.2%}"],
        ["built anew, vectors kept", rebuilt, f"{rebuilt / first:.2%}"],
    ]
    title = f"Indexing again: {passages} passages in {len(text.documents)} documents"
    print(table(title, ["run", "seconds", "of the first"], rows), flush=True)


def print_memory(runs: Sequence[tuple[int, bool]]) -> None:
    """Nothing; prints the peak memory of indexing, with and without what the index itself takes in memory."""
    rows: list[list[object]] = []
    least: dict[bool, float] = {}
    for passages, is_stand_in in runs:
        found = run_json(Path(__file__), "--measure-memory", str(passages), *(["--stand-in"] * is_stand_in))
        without = found["peak"] - found["index"]
        least.setdefault(is_stand_in, without)
        rows.append(
            [
                f"{passages:,}",
                "stand-in" if is_stand_in else "the real one",
                found["peak"],
                found["index"],
                without,
                ratio(without, least[is_stand_in]),
                found["seconds"],
            ]
        )
    headers = ["passages", "embedder", "peak MiB", "index MiB", "less the index", "by the first", "seconds"]
    note = (
        "Each in a process of its own. The index is what opening it and asking it once adds to a process's "
        "memory; the stand-in makes vectors of checksums, in no time."
    )
    print(table("Memory of indexing", headers, rows, note=note), flush=True)


def measure_memory(passages: int, *, is_stand_in: bool) -> dict[str, float]:
    """MiB: the peak of indexing so many passages in this process, and of them the index; and the seconds."""
    embedder = StandIn() if is_stand_in else load_embedder(Settings())
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(Settings(), corpus_dir=Path(folder, "corpus"), index_dir=Path(folder, "index"))
        write_synthetic_corpus(settings.corpus_dir, passages, each=IN_A_DOCUMENT)
        seconds = seconds_of(lambda: index_corpus(settings, embedder))  # type: ignore[arg-type]
        peak = peak_memory_mib()
        opened = run_json(Path(__file__), "--open", str(settings.index_dir))
    return {"peak": peak, "index": opened["index"], "seconds": seconds}


def measure_open(index_dir: Path) -> dict[str, float]:
    """MiB that an index adds to a process that opens it and asks for what is near a vector, once of each kind."""
    manifest = read_manifest(index_dir)
    if manifest is None:
        raise SystemExit(f"no index in {index_dir}")
    with tempfile.TemporaryDirectory() as empty:
        open_store(Settings(index_dir=Path(empty)), build="none", fingerprint="").count()
        before = peak_memory_mib()
        settings = Settings(index_dir=index_dir)
        store = open_store(settings, build=manifest.build, fingerprint=manifest.fingerprint, create=False)
        for kind in ("passages", "sentences"):
            store.query(np.full(StandIn.dimension, 0.05, dtype=np.float32), kind=kind, count=10)
    return {"index": peak_memory_mib() - before}


@contextmanager
def corpus_of(text: Text) -> Iterator[Settings]:
    """Settings for a folder in which the documents of `text` lie, and for an index that is not there yet."""
    folder = Path(tempfile.mkdtemp())
    try:
        text.write(folder / "corpus")
        yield replace(Settings(), corpus_dir=folder / "corpus", index_dir=folder / "index")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
