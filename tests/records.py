"""Records of passages for a store, with vectors that are drawn by lot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qa.domain import Chunk, Place, Source, Span
from qa.storage.manifest import DocumentRecord
from qa.storage.records import VectorRecord, text_key

DIMENSION = 24
CITIES = ("Dalian", "Davao", "Surabaya")


def unit(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    vectors = rng.normal(size=(*shape, DIMENSION)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), dtype=np.float32)


def make_record(number: int, rng: np.random.Generator, *, version: str = "v1") -> VectorRecord:
    """Chunk `number`, with one to three sentences; every fourth is about no city, others about one or two."""
    count = 1 + number % 3
    start = 100 * number
    sentences = tuple(Span(start + 10 * n, start + 10 * n + 9) for n in range(count))
    text = " ".join(f"c{number:03}-s{n:02}." for n in range(count))
    chunk = Chunk(
        chunk_id=f"{version}-{number:03}",
        source=Source(
            doc_id=f"d{version}",
            path=f"{version}.md",
            title=f"Title {version}",
            language="km" if number % 2 else "en",
            cities=tuple(CITIES[n % 3] for n in range(number, number + number % 4 % 3)),
            version=version,
        ),
        place=Place(
            Span(start, start + len(text)),
            heading="A › B" if number % 2 else "",
            page=number if number % 2 else None,
        ),
        text=text,
        sentences=sentences,
    )
    parts = (text, *(chunk.cut(span) for span in sentences))
    return VectorRecord(
        chunk=chunk,
        version=version,
        passage=unit(rng),
        sentences=unit(rng, count),
        keys=tuple(text_key(part) for part in parts),
    )


def make_records(count: int, *, version: str = "v1", seed: int = 0) -> list[VectorRecord]:
    rng = np.random.default_rng(seed)
    return [make_record(number, rng, version=version) for number in range(count)]


def document_record(version: str) -> DocumentRecord:
    return DocumentRecord(
        path=f"{version}.md", doc_id=f"d{version}", title=f"Title {version}", sha256="0", version=version,
        chunks=1, characters=1, language="en",
    )  # fmt: skip
