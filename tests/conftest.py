"""What several test modules need: models whose numbers can be worked out by hand, and small corpora."""

from __future__ import annotations

import re
import sys
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import numpy as np
import pytest
from langchain_core.cross_encoders import BaseCrossEncoder
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from qa.cities import CityCatalogue
from qa.config import Settings
from qa.corpus.files import check_name, read_bytes
from qa.domain import Citation, Document
from qa.loaders import parse_document
from qa.models.reader import Reading
from qa.system.startup import without_collecting
from stores import EACH_STORE, KINDS, Server, running

if TYPE_CHECKING:
    import pages
    from qa.models.embedder import Embedder as AnyEmbedder
    from qa.models.reader import Reader as AnyReader
else:
    # At run time a fake shares nothing with the model that it stands for, so it cannot load one by mistake.
    AnyEmbedder, AnyReader = Embeddings, object

# The machines are shared: how long an example takes says nothing about it.
hypothesis.settings.register_profile("qa", deadline=None)
# For `make quick`, which is run after each change. `make test`, and so CI, tries all examples.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=25)
hypothesis.settings.load_profile("qa")

pytest_plugins = ["longest_first", "second_try"]

# Chroma looks for this package whenever a folder is opened, which takes milliseconds beside pytest's import hook.
sys.modules.setdefault("google.colab", None)  # type: ignore[arg-type]

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"


def load_document(path: Path, *, corpus: Path, catalogue: CityCatalogue) -> Document:
    """The document that the file at `path` in `corpus` holds."""
    return parse_document(read_bytes(path), path=check_name(path, corpus), catalogue=catalogue)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect as a page starts: what is imported stays, so nobody looks through it for garbage any more."""
    with without_collecting():
        return (yield)


def examples(count: int) -> hypothesis.settings:
    """Settings for `count` examples, and for the same share of them that the profile has of a hundred."""
    return hypothesis.settings(max_examples=count * hypothesis.settings().max_examples // 100)


class CountingEmbedder(AnyEmbedder):
    """An embedder that counts words: each word adds 1 to one of 256 places, then the vector is made unit."""

    dimension = 256
    identity = "counting"

    def __init__(self, *, identity: str = "counting") -> None:
        self.identity = identity
        self.embedded: list[str] = []

    def encode_passages(
        self,
        texts: Sequence[str],
        *,
        made_of: object = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float32]:
        self.embedded += texts
        return np.array([self._count(text) for text in texts], dtype=np.float32).reshape(-1, self.dimension)

    def encode_query(self, text: str) -> NDArray[np.float32]:
        return self._count(text)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [vector.tolist() for vector in self.encode_passages(texts)]

    def embed_query(self, text: str) -> list[float]:
        vector: list[float] = self.encode_query(text).tolist()
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(words) for words in self.subwords(texts)]

    def subwords(self, texts: Sequence[str]) -> list[list[str]]:
        return [re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()) for text in texts]

    def _count(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(self.dimension, dtype=np.float32)
        for word in self.subwords([text])[0]:
            vector[zlib.crc32(word.encode()) % self.dimension] += 1
        norm = float(np.linalg.norm(vector))
        return vector / norm if norm else vector


class OverlapReranker(BaseCrossEncoder):
    """A cross-encoder whose logit is ten times the share of the question's words in the text, minus five."""

    identity = "overlap"

    def score(self, text_pairs: list[tuple[str, str]]) -> list[float]:
        scores = []
        for question, text in text_pairs:
            words = set(re.findall(r"\w+", question.casefold()))
            found = words & set(re.findall(r"\w+", text.casefold()))
            scores.append(10 * len(found) / max(len(words), 1) - 5)
        return scores


class RecordingReranker(OverlapReranker):
    """Keeps the pairs that it was asked to score."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []

    def score(self, text_pairs: list[tuple[str, str]]) -> list[float]:
        self.pairs += text_pairs
        return super().score(text_pairs)


class DigitReader(AnyReader):
    """A reader to whom every word with a digit is an answer, of the strength of the digit that it ends with.

    Its logits are ten times the share of the question's, or the sentence's, words in the passage, minus five.
    """

    def __init__(self) -> None:
        self.passages: list[str] = []

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        self.passages += passages
        logits = OverlapReranker().score([(question, passage) for passage in passages])
        return [self._read(passage, logit) for passage, logit in zip(passages, logits, strict=True)]

    def supports(self, sentence: str, quotes: Sequence[str]) -> list[float]:
        return OverlapReranker().score([(sentence, quote) for quote in quotes])

    def _read(self, passage: str, logit: float) -> Reading:
        words = list(re.finditer(r"\w+", passage))
        strengths = [float(word.group()[-1]) if word.group()[-1].isdigit() else -5.0 for word in words]
        halves = np.array(strengths, dtype=np.float32) / np.float32(2)
        return Reading(
            logit=logit,
            starts=halves,
            ends=halves,
            places=np.array([word.span() for word in words], dtype=np.int64).reshape(-1, 2),
            nothing=0.0,
        )


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture
def reranker() -> OverlapReranker:
    return OverlapReranker()


def cited_elsewhere(citation: Citation, **changes: Any) -> Citation:
    """`citation` with these of its source's and its place's fields changed."""
    of_place = {name: changes.pop(name) for name in tuple(changes) if hasattr(citation.place, name)}
    return replace(
        citation, source=replace(citation.source, **changes), place=replace(citation.place, **of_place)
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings over an empty corpus with the real table of cities."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    return Settings(
        corpus_dir=corpus, index_dir=tmp_path / "index", cities_file=REPOSITORY / "corpus" / "cities.toml"
    )


@pytest.fixture(scope="session")
def start_server() -> Iterator[Callable[[str], Server | None]]:
    """Gives the server of a kind of `stores.KINDS`, started when it is first asked for; None for a folder."""
    with ExitStack() as stack:

        @cache
        def start(kind: str) -> Server | None:
            return stack.enter_context(running(KINDS[kind])) if kind in KINDS else None

        yield start


@pytest.fixture(params=EACH_STORE)
def server(request: pytest.FixtureRequest, start_server: Callable[[str], Server | None]) -> Server | None:
    """Each server that an index can be kept on in turn, and None for a folder of the index."""
    return start_server(request.param)


QUICK_PATIENCE_S = 3.0
"""Seconds that the `quick` page waits for what is left of a request."""


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pages.Server]:
    """A running page for all tests of what it lets in: with no key, with tools, under two names, and open to the
    web pages of two sites."""
    from quick import quick_page

    with quick_page(
        tmp_path_factory.mktemp("quick"),
        mcp=True,
        key="",
        patience_s=QUICK_PATIENCE_S,
        QA_HOSTS="qa.example.org",
        QA_EMBED_ORIGINS="https://www.example.org",
        QA_API_ORIGINS="https://*.example.net",
    ) as running:
        yield running
