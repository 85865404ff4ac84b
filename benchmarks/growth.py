"""What each store of an index takes and how fast it answers: a Chroma folder, a Chroma server, PostgreSQL.

    PYTHONPATH=tests python benchmarks/growth.py --passages 1000 8000

The servers are started here. Passages are made up: five sentences each, of words as frequent as in a language
(Zipf), with vectors of 384 numbers that lie in clusters, as those of sentences do. All stores get the same ones in
the same run, and the same questions; what should be found is worked out exactly. Each store is opened in a process
of its own, so that the memory is its own.

Times of the processor are those of the asking process and the server together, so that they can be compared on a
machine that does other things as well; only the last two are seconds on the clock. What grows with the passages is
given for a million of them at the right: `docs/scaling.md` calculates with that.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

from qa.cities import load_cities
from qa.config import Settings
from qa.domain import Chunk, Place, Source, Span
from qa.overview.timeline import find_events
from qa.storage.bm25 import LexicalIndex
from qa.storage.manifest import MANIFEST_FILE, DocumentRecord, Manifest, read_manifest, write_manifest
from qa.storage.records import VectorRecord, lexical_text, text_key
from qa.storage.store import Chunks, VectorStore, open_store
from qa.text.names import collect_words, find_places, find_years
from stores import KINDS, PostgresServer, Server, running, setting_of

SIZE = 384
SENTENCES = 5
WORDS_IN_SENTENCE = 14
VOCABULARY = 40_000
PASSAGES_IN_DOCUMENT = 10
AT_ONCE = 256
"""Passages written at a time, as the indexer does."""
CANDIDATES = 40
BUILD, FINGERPRINT = "bench", "bench"


def tokenise(texts: Sequence[str]) -> list[list[str]]:
    """Words in place of the embedder's subwords."""
    return [text.casefold().split() for text in texts]


def unit(vectors: Any) -> Any:
    """The vectors at length 1, float32."""
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def make_records(passages: int) -> Iterator[VectorRecord]:
    """The passages, always the same ones: each near one of many centres, its sentences near it."""
    rng = np.random.default_rng(0)
    centres = unit(rng.normal(size=(max(20, passages // 50), SIZE)))
    ranks = np.arange(1, VOCABULARY + 1)
    share = (1 / ranks) / (1 / ranks).sum()
    for number in range(passages):
        own = unit(centres[rng.integers(len(centres))] + 0.8 * unit(rng.normal(size=SIZE)))
        vectors = unit(own + 0.6 * unit(rng.normal(size=(SENTENCES, SIZE))))
        words = rng.choice(VOCABULARY, size=(SENTENCES, WORDS_IN_SENTENCE), p=share)
        parts = [" ".join(f"w{word}" for word in sentence) + "." for sentence in words]
        edges = np.cumsum([0, *(len(part) + 1 for part in parts)])
        document = number // PASSAGES_IN_DOCUMENT
        yield VectorRecord(
            chunk=Chunk(
                text_key(f"chunk {number}"),
                Source(
                    text_key(f"document {document}")[:16],
                    f"{document:07}.md",
                    f"Document {document}",
                    language="en",
                    version=text_key(f"version {document}"),
                ),
                Place(Span(0, int(edges[-1]) - 1)),
                " ".join(parts),
                tuple(Span(int(start), int(end) - 1) for start, end in itertools.pairwise(edges)),
            ),
            version=text_key(f"version {document}"),
            passage=own,
            sentences=vectors,
            keys=tuple(text_key(f"{number} {part}") for part in range(SENTENCES + 1)),
        )


def documents(passages: int) -> list[DocumentRecord]:
    """What the manifest says of the documents."""
    return [
        DocumentRecord(
            path=f"{number:07}.md", doc_id=text_key(f"document {number}")[:16], title=f"Document {number}",
            sha256="", version=text_key(f"version {number}"), chunks=PASSAGES_IN_DOCUMENT, characters=1,
            language="en",
        )
        for number in range(passages // PASSAGES_IN_DOCUMENT)
    ]  # fmt: skip


def write(settings: Settings, passages: int, folder: Path, questions: int, server: int) -> float:
    """Seconds of the processor that writing takes; questions and what should be found are put into `folder`."""
    store = open_store(settings, build=BUILD, fingerprint=FINGERPRINT, tokenise=tokenise)
    batch: list[VectorRecord] = []
    seconds, own, texts = 0.0, [], []
    for record in make_records(passages):
        batch.append(record)
        own.append(record.passage)
        texts.append(record.chunk.text)
        if len(batch) == AT_ONCE:
            started = processor_s(server)
            store.add(batch)
            seconds += processor_s(server) - started
            batch = []
    seconds += work_of(lambda: store.add(batch), server)
    rng = np.random.default_rng(1)
    chosen = rng.choice(passages, size=questions, replace=False)
    vectors = np.stack(own)
    asked = unit(vectors[chosen] + 0.8 * unit(rng.normal(size=(questions, SIZE))))
    nearest = np.argsort(-(asked @ vectors.T), axis=1)[:, :CANDIDATES]
    words = [" ".join(rng.choice(texts[number].replace(".", "").split(), size=8)) for number in chosen]
    np.savez(folder / "questions.npz", asked=asked, nearest=nearest, words=np.array(words))
    return seconds


def memory_mib() -> float:
    """What this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def ask(settings: Settings, passages: int, folder: Path, server: int) -> dict[str, Any]:
    """What a process that answers questions takes, and how fast it is: s, ms of the processor, MiB."""
    records = documents(passages)
    open_once(settings).count()  # what the libraries take is not the index's
    before, started = memory_mib(), processor_s(server)
    store = open_once(settings)
    chunks = store.load_chunks(records)
    search = words_search(store, chunks)
    opened_s = processor_s(server) - started
    held = memory_mib() - before
    through_s = work_of(lambda: sum(len(chunk.text) for chunk in chunks), server)
    made = np.load(folder / "questions.npz")
    asked, words = made["asked"], [str(each) for each in made["words"]]
    steps: dict[str, Callable[[int], Any]] = {
        "passages": lambda n: store.query(asked[n], kind="passages", count=CANDIDATES, known=chunks),
        "sentences": lambda n: store.query(asked[n], kind="sentences", count=2 * CANDIDATES, known=chunks),
        "words": lambda n: search(words[n]),
        "vectors": lambda n: store.fetch_vectors(near[n]),
    }
    times, clock = {}, np.zeros(len(asked))
    near: list[list[Chunk]] = []
    found: list[float] = []
    for name, step in steps.items():
        started = processor_s(server)
        for number in range(len(asked)):
            begun = time.perf_counter()
            said = step(number)
            clock[number] += time.perf_counter() - begun
            if name == "passages":
                ids = [chunk_id for chunk_id, _ in said]
                wanted = {text_key(f"chunk {each}") for each in made["nearest"][number]}
                found.append(len(wanted.intersection(ids)) / CANDIDATES)
        times[name] = 1000 * (processor_s(server) - started) / len(asked)
        if name == "sentences":
            near = [
                list(chunks.find(chunk_id for chunk_id, _ in steps["sentences"](number)).values())
                for number in range(len(asked))
            ]
    return {
        "opened_s": opened_s,
        "through_s": through_s,
        "held_mib": held,
        "recall": float(np.mean(found)),
        "processor": {**times, "all": sum(times.values())},
        "median": 1000 * median(clock.tolist()),
        "p95": 1000 * quantiles(clock.tolist(), n=20)[-1],
    }


def words_search(store: VectorStore, chunks: Chunks) -> Callable[[str], object]:
    """The search for words: the store's own, or the one in memory."""
    stored = store.open_lexical(chunks)
    if stored:
        return lambda words: stored.search(words, count=CANDIDATES)
    in_memory = LexicalIndex([lexical_text(chunk) for chunk in chunks], tokenise=tokenise)
    return lambda words: in_memory.top(words, count=CANDIDATES)


def processor_s(server: int) -> float:
    """What this process and the server, if there is one, have had of the processor."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    ticks = 0
    for status in Path("/proc").glob("[0-9]*/stat") if server else ():
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(status.parent.name) == server:  # with its children that have ended
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == server:
            ticks += sum(map(int, fields[11:13]))
    return own.ru_utime + own.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


def work_of(act: Callable[[], object], server: int) -> float:
    """The seconds of the processor that `act` takes."""
    started = processor_s(server)
    act()
    return processor_s(server) - started


def open_once(settings: Settings) -> VectorStore:
    """The store, as a page opens it."""
    return open_store(settings, build=BUILD, fingerprint=FINGERPRINT, tokenise=tokenise, create=False)


def stored_mib(settings: Settings, server: Server | None) -> float:
    """What the index has on the disk."""
    if isinstance(server, PostgresServer):
        import psycopg

        with psycopg.connect(server.url) as connection:
            found = connection.execute(
                "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n "
                "ON n.oid = c.relnamespace WHERE nspname = %s AND relkind = 'r'", [f"qa_{BUILD}"]
            ).fetchone()  # fmt: skip
        return float(found[0]) / 2**20 if found else 0.0
    folder = server.folder if server else settings.index_dir
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def server_mib(server: Server | None) -> float:
    """What the server's process and its children have in memory, pages that they share counted once."""
    if server is None or server.process is None:
        return 0.0
    found = 0.0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            if server.process.pid in (parent, int(status.parent.name)):
                rollup = (status.parent / "smaps_rollup").read_text()
                found += int(rollup.split("Pss:")[1].split()[0]) / 1024
        except OSError:
            continue
    return found


def in_process(what: str, settings: Settings, numbers: Sequence[int], folder: Path) -> Any:
    """What `write` or `ask` says in a process of its own."""
    table = {name: str(getattr(settings, name)) for name in ("index_dir", "chroma_url", "postgres_url")}
    command = [sys.executable, __file__, "--worker", what, json.dumps(table), str(folder), *map(str, numbers)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ended.stdout.splitlines()[-1])


def work(what: str, table: str, folder: str, passages: str, questions: str, server: str) -> None:
    """Print what `write` or `ask` says, for `in_process`."""
    values = json.loads(table)
    settings = Settings(**{**values, "index_dir": Path(values["index_dir"])})
    if what == "write":
        print(json.dumps(write(settings, int(passages), Path(folder), int(questions), int(server))))
    else:
        print(json.dumps(ask(settings, int(passages), Path(folder), int(server))))


COLUMNS = (
    "store", "passages", "write s", "disk MiB", "server MiB", "process MiB", "open s", "through s", "recall",
    "passages ms", "sentences ms", "words ms", "vectors ms", "all ms", "median ms", "p95 ms",
    "| write h/million", "disk GiB", "process GiB",
)  # fmt: skip


def row(kind: str, passages: int, wrote_s: float, disk: float, server: float, said: Any) -> list[str]:
    """The cells under `COLUMNS`."""
    times = said["processor"]
    millions = passages / 1e6
    return [
        kind, f"{passages:,}", f"{wrote_s:.1f}", f"{disk:.0f}", f"{server:.0f}", f"{said['held_mib']:.0f}",
        f"{said['opened_s']:.2f}", f"{said['through_s']:.2f}", f"{said['recall']:.3f}",
        *(f"{times[name]:.1f}" for name in ("passages", "sentences", "words", "vectors", "all")),
        f"{said['median']:.1f}", f"{said['p95']:.1f}", f"| {wrote_s / 3600 / millions:.2f}",
        f"{disk / 1024 / millions:.1f}", f"{said['held_mib'] / 1024 / millions:.1f}",
    ]  # fmt: skip


def describe_manifest(count: int) -> str:
    """What the list of documents takes, which each process has in memory and each commit writes anew."""
    records = tuple(documents(count * PASSAGES_IN_DOCUMENT))
    manifest = Manifest(build=BUILD, fingerprint=FINGERPRINT, documents=records)
    with tempfile.TemporaryDirectory() as folder:
        wrote_s = work_of(lambda: write_manifest(manifest, Path(folder)), 0)
        size = (Path(folder) / MANIFEST_FILE).stat().st_size
        before = memory_mib()
        started = processor_s(0)
        kept = read_manifest(Path(folder))
        read_s, held = processor_s(0) - started, memory_mib() - before
    assert kept == manifest
    each = 1e6 / count
    return (
        f"a document in the manifest: {size / count:.0f} bytes, {2**20 * held / count:.0f} bytes in memory, "
        f"{each * wrote_s:.0f} µs to write, {each * read_s:.0f} µs to read"
    )


def describe_reading(count: int) -> str:
    """What a process that answers questions works out of every passage, once for each state of the index."""
    chunks = [record.chunk for record in make_records(count)]
    catalogue = load_cities()
    texts = [lexical_text(chunk) for chunk in chunks]

    def read() -> None:
        collect_words(chunks)
        for text in texts:
            find_places(text)
            find_years(text)

    names_s = work_of(read, 0)
    dates_s = work_of(lambda: find_events(chunks, catalogue=catalogue), 0)
    return (
        f"of a passage: its words, places and years {1e6 * names_s / count:.0f} µs, its dates "
        f"{1e6 * dates_s / count:.0f} µs"
    )


def main() -> None:
    """Print a table row for each store and number of passages."""
    if sys.argv[1:2] == ["--worker"]:
        work(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--passages", nargs="+", type=int, default=[1000, 8000])
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--stores", nargs="+", default=["folder", *KINDS], choices=["folder", *KINDS])
    options = parser.parse_args()
    print(describe_manifest(20_000))
    print(describe_reading(2_000))
    print("  ".join(COLUMNS), flush=True)
    for passages in options.passages:
        for kind in options.stores:
            with ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                server = stack.enter_context(running(KINDS[kind])) if kind in KINDS else None
                settings = Settings(index_dir=folder / "index", **setting_of(server))
                pid = server.process.pid if server and server.process else 0
                numbers = (passages, options.questions, pid)
                wrote_s = in_process("write", settings, numbers, folder)
                said = in_process("ask", settings, numbers, folder)
                disk = stored_mib(settings, server)
                cells = row(kind, passages, wrote_s, disk, server_mib(server), said)
                print(
                    "  ".join(cell.rjust(len(name)) for cell, name in zip(cells, COLUMNS, strict=True)),
                    flush=True,
                )


if __name__ == "__main__":
    main()
