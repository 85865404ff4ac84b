"""One committed state of the index, opened for reading, and opened again when it has moved on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from qa.cities import CITIES_FILE, CityCatalogue, load_cities
from qa.config import Settings
from qa.domain import Answer, Document, Query, Reply, ReplyKind, Turn
from qa.indexing import index_fingerprint
from qa.manifest import Manifest, check_fingerprint, read_manifest, read_text, require_manifest
from qa.retrieval import PassageRetriever, Retriever
from qa.store import VectorStore
from qa.understanding import understand

if TYPE_CHECKING:
    from langchain_core.cross_encoders import BaseCrossEncoder

    from qa.models import Embedder, Reader


@dataclass(frozen=True, slots=True)
class Library:
    """What questions are answered from: documents, their chunks and vectors, and the table of cities."""

    settings: Settings
    manifest: Manifest
    retriever: Retriever
    catalogue: CityCatalogue

    def understand(self, question: str, *, history: Sequence[Turn] = (), cities: Sequence[str] = ()) -> Query:
        """What is asked, in the light of what the documents are; see `qa.understanding.understand`."""
        return understand(
            question,
            history=history,
            chosen_cities=cities,
            catalogue=self.catalogue,
            document_language=self.retriever.main_language,
        )

    def reply(self, query: Query, kind: ReplyKind) -> Answer:
        """What the program says of itself: which documents and cities it can be asked about."""
        titles = tuple(dict.fromkeys(record.title for record in self.manifest.documents))
        return Answer(
            question=query.question,
            interpreted_as=query.question,
            language=query.language,
            reply=Reply(kind, titles, self.covered_cities),
        )

    def split(self, query: Query) -> tuple[Query, ...]:
        """`query` itself, or one query for each city where each needs an answer of its own."""
        cities = query.cities or self.covered_cities
        if not query.is_city_by_city or len(cities) < 2:
            return (query,)
        return tuple(
            replace(
                query,
                cities=(city,),
                names_place=True,
                searched_text=self._ask_of(city, query),
            )
            for city in cities
        )

    def _ask_of(self, city: str, query: Query) -> str:
        """What to search for where `query`, which asks several cities, is asked of one."""
        if len(query.named_cities) > 1:
            # Passages about one city are no answer to the other half of the question.
            return self.catalogue.narrow(query.searched_text, city)
        # A question for "all cities" does not say the name that the passages have.
        return query.searched_text if query.cities else f"{query.searched_text} ({city})"

    @property
    def covered_cities(self) -> tuple[str, ...]:
        """The partner cities that documents are about; none in a corpus that is mostly not about cities."""
        chunks = self.retriever.chunks
        about = {city for chunk in chunks for city in chunk.cities}
        if sum(bool(chunk.cities) for chunk in chunks) * 2 < len(chunks):
            return ()
        return tuple(city.name for city in self.catalogue.partners if city.name in about)

    def find_document(self, doc_id: str) -> Document | None:
        """The document with this id as it was read when it was indexed; None if there is none."""
        for record in self.manifest.documents:
            if record.doc_id == doc_id:
                return _read_text_once(record.version, self.settings)
        return None

    def documents(self) -> tuple[Document, ...]:
        """Every document, in the order of their paths."""
        found = (_read_text_once(record.version, self.settings) for record in self.manifest.documents)
        return tuple(document for document in found if document)

    def as_langchain_retriever(self, *, count: int = 10) -> PassageRetriever:
        """The same search for LangChain's users: a `BaseRetriever` over this state of the index."""
        return PassageRetriever(retriever=self.retriever, to_query=self.understand, count=count)

    def is_stale(self) -> bool:
        """True if the index has been committed to since it was opened."""
        manifest = read_manifest(self.settings.index_dir)
        return manifest is None or (manifest.build, manifest.generation) != (
            self.manifest.build,
            self.manifest.generation,
        )


def open_library(
    settings: Settings,
    embedder: Embedder,
    reranker: BaseCrossEncoder | None,
    reader: Reader | None = None,
) -> Library:
    """The committed state of the index at `settings.index_dir`.

    Raises `IndexMissing` if there is none, `IndexMismatch` if it was built with other settings.
    """
    manifest = require_manifest(settings.index_dir)
    fingerprint = index_fingerprint(settings, embedder)
    check_fingerprint(manifest, fingerprint, settings.index_dir)
    store = VectorStore(settings.index_dir, build=manifest.build, fingerprint=fingerprint)
    retriever = Retriever(
        store.load_chunks(manifest.documents),
        store=store,
        embedder=embedder,
        reranker=reranker,
        reader=reader,
        settings=settings,
    )
    return Library(
        settings=settings,
        manifest=manifest,
        retriever=retriever,
        catalogue=load_cities(settings.index_dir / CITIES_FILE),
    )


@lru_cache(maxsize=256)
def _read_text_once(version: str, settings: Settings) -> Document | None:
    return read_text(version, settings.index_dir)
