"""The embedder: texts → unit vectors, and the same model's tokens for counting and for BM25."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from qa.errors import ModelError
from qa.models.batches import batches_of_parts, even_batches, padded_batches
from qa.models.loading import describe_source, load_quietly
from qa.models.packed import PackedEncoder, pack
from qa.models.tokens import TokenSplitter, WholeSplitter
from qa.models.workers import compute_alone, keep_freed_memory, run_each
from qa.system.cores import count_cores
from qa.text.normalise import fold_case

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from qa.models.bert import PlainEmbedder

logger = logging.getLogger(__name__)

SHARED_LAYERS = 11
"""How many of the packaged model's 12 layers read each sentence once, for itself and for its passage."""

Batch = tuple[list[int], Callable[[], NDArray[np.float32]]]
"""The places of texts, and the function that makes their vectors in the same order."""


class Embedder(Embeddings):
    """A sentence-transformers model on the processor, as a LangChain `Embeddings`.

    Vectors are float32 and of unit norm, whatever the model computes in. Safe to be called from several threads: a
    question does not wait for the passages that are being indexed. Only a model's own tokenizer is locked, for it
    keeps its padding as state.

    >>> embedder = load_embedder(Settings())  # doctest: +SKIP
    >>> embedder.encode_query("Who runs the centre?").shape  # doctest: +SKIP
    (384,)
    """

    def __init__(
        self,
        model: SentenceTransformer | PlainEmbedder,
        *,
        name: str,
        query_prefix: str,
        passage_prefix: str,
        in_int8: bool = False,
        shared_layers: int = 0,
    ) -> None:
        """With `in_int8`, passages, which are many, are computed in 8 bits, and questions as `model` does.

        `shared_layers` is the number of first layers that read a passage in parts, see `encode_passages`.
        """
        dimension = model.get_embedding_dimension()
        if dimension is None:
            raise ModelError(f"embedder {name} does not tell its dimension; set embedder to another model")
        self.dimension: int = dimension
        """The length of every vector."""
        shared = f"|shared={shared_layers}" if shared_layers else ""
        self.identity: str = f"{name}|query={query_prefix!r}|passage={passage_prefix!r}{shared}"
        """The model, prefixes and layers of a vector. Vectors with different identities must not be compared."""
        self._model = model
        self._query_prefix = query_prefix
        self._passage_prefix = passage_prefix
        self._splitter = _find_splitter(model, name)
        self._packed = pack(model)
        self._in_int8 = in_int8
        self._shared_layers = shared_layers
        self._packed_int8: PackedEncoder | None = None
        self._most_tokens = int(model.max_seq_length or sys.maxsize)
        self._lock = threading.Lock()
        self._packing = threading.Lock()
        self._padding = threading.Lock()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector for each passage, as lists: LangChain's form of `encode_passages`."""
        vectors: list[list[float]] = self.encode_passages(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question, as a list: LangChain's form of `encode_query`."""
        vector: list[float] = self.encode_query(text).tolist()
        return vector

    def encode_passages(
        self,
        texts: Sequence[str],
        *,
        made_of: Mapping[int, Sequence[str]] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float32]:
        """Vectors of `texts` in their order: shape (n, dimension), float32, unit norm.

        `made_of` has the parts of passages that are read in parts, by their places in `texts`. The first layers
        then read each part once, for the passage and for the sentence among `texts` that is the same. Models
        without shared layers read such passages whole. `on_progress` gets, after every batch, the number of texts
        that are done and of all texts.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        packed = self._pack_for_passages()
        batches = list(self._plan(packed, texts, made_of or {}) if packed else self._plan_padded(texts))

        def encode(batch: Batch) -> NDArray[np.float32]:
            return _to_unit(batch[1]())

        # A core reads a batch by itself: two cores that share each product wait for each other many times. A model
        # that is not packed takes all cores for each batch, and one call after the other.
        with nullcontext() if packed else self._padding:
            made = (_threads().map if packed else map)(encode, batches)
            done = 0
            for (places, _), found in zip(batches, made, strict=True):
                vectors[places] = found
                done += len(places)
                if on_progress:
                    on_progress(done, len(texts))
        return vectors

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a question: shape (dimension,), float32, unit norm; the same at every call."""
        # Not together with other people's questions, on which an answer would then depend: in a batch, one vector
        # in five in bfloat16 moved, by up to .001.
        (vectors,) = run_each(self._encode_question, [text])
        vector: NDArray[np.float32] = vectors[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without special tokens, the prefix, or any limit."""
        return self._splitter.count(texts)

    def subwords(self, texts: Sequence[str]) -> list[list[str]]:
        """The tokens of each text after NFKC and case folding, without special tokens; for BM25."""
        folded = [fold_case(text) for text in texts]
        return self._splitter.pieces(folded)

    @property
    def transformer(self) -> Any:
        """The model below the pooling, from whose states `qa.models.reader` reads on."""
        return self._model.transformers_model

    @property
    def in_int8(self) -> bool:
        """True if passages are computed in 8 bits."""
        return self._in_int8

    def split(self, text: str, *, prefix: str, limit: int) -> tuple[list[int], list[tuple[int, int]]]:
        """Up to `limit` token ids of `prefix` and `text`, and each token's place in `text` (0, 0: none)."""
        ids, found = self._splitter.split(prefix + text)
        places = []
        for start, end in found[:limit]:
            start, end = max(start - len(prefix), 0), max(end - len(prefix), 0)
            while start < end and text[start].isspace():  # a token has the space before its word with it
                start += 1
            places.append((start, end))
        return ids[:limit], places

    def half_read(self, ids: Sequence[int], *, layers: int) -> Tensor:
        """The states of a text's tokens after the first `layers`: shape (tokens, hidden)."""
        packed = self._pack_for_passages()
        if packed is None:
            raise ModelError(f"the reader cannot read on from {self.identity}; set reader to none")
        return packed.half_read(ids, layers=layers)

    def _plan(
        self, packed: PackedEncoder, texts: Sequence[str], made_of: Mapping[int, Sequence[str]]
    ) -> Iterator[Batch]:
        """The batches of passages that are read in parts, then those of the other texts."""
        done: set[int] = set()
        if self._shared_layers and made_of:
            parts = list(dict.fromkeys(part for parts in made_of.values() for part in parts))
            ids = dict(zip(parts, self._cut(parts, self._passage_prefix), strict=True))
            (empty,) = self._cut([""], self._passage_prefix)
            work = partial(packed.encode_in_parts, layers=self._shared_layers)
            for batch in batches_of_parts(texts, made_of, ids, begun=len(empty) - 1):
                done.update(batch.places)
                yield batch.places, partial(work, batch.ids, batch.passages, batch.own)
        left = [place for place in range(len(texts)) if place not in done]
        all_ids = self._cut([texts[place] for place in left], self._passage_prefix)
        for numbers in even_batches([len(each) for each in all_ids]):
            yield [left[i] for i in numbers], partial(packed.encode, [all_ids[i] for i in numbers])

    def _plan_padded(self, texts: Sequence[str]) -> Iterator[Batch]:
        lengths = [len(each) for each in self._cut(texts, self._passage_prefix)]
        for places in padded_batches(lengths):
            yield places, partial(self._encode_padded, [texts[i] for i in places], self._passage_prefix)

    def _pack_for_passages(self) -> PackedEncoder | None:
        if not self._in_int8:
            return self._packed
        with self._packing:  # at the first passages, for it takes as long as some passages
            if self._packed_int8 is None:
                self._packed_int8 = pack(self._model, in_int8=True)
            return self._packed_int8

    def _cut(self, texts: Sequence[str], prefix: str) -> list[list[int]]:
        """The token ids of each text with its prefix and special tokens, cut to the model's limit."""
        most = self._most_tokens
        all_ids = self._splitter.ids([prefix + text for text in texts])
        return [ids if len(ids) <= most else [*ids[: most - 1], ids[-1]] for ids in all_ids]

    def _encode_question(self, text: str) -> NDArray[np.float32]:
        if self._packed:
            return _to_unit(self._packed.encode(self._cut([text], self._query_prefix)))
        return self._encode_padded([text], self._query_prefix)

    def _encode_padded(self, texts: list[str], prefix: str) -> NDArray[np.float32]:
        """The vectors of `texts` as sentence-transformers makes them, for models that cannot be packed."""
        import torch

        with self._lock:
            features = self._model.preprocess(texts, prompt=prefix)
        with torch.inference_mode():
            output = self._model(features)["sentence_embedding"]
        return _to_unit(output.to(torch.float32).numpy())


@cache
def _threads() -> ThreadPoolExecutor:
    """A thread for each core, for passages alone: questions in the same threads would wait for passages."""
    return ThreadPoolExecutor(count_cores(), thread_name_prefix="passages", initializer=compute_alone)


def _to_unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """`vectors` with a norm of 1: a vector that was made in bfloat16 has a norm from 0.996 to 1.004."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    normed: NDArray[np.float32] = vectors / np.maximum(norms, np.finfo(np.float32).tiny)
    return normed


def open_embedder(
    folder_or_name: str,
    *,
    name: str,
    dtype: str,
    query_prefix: str,
    passage_prefix: str,
    local_only: bool = False,
) -> Embedder:
    """The embedder in a folder or of a hub name; `name` begins its identity, empty to tell it from its files.

    With `local_only`, no hub is asked. The model is on the processor always, so that a question has the same
    vector wherever the index was built.
    """
    import torch

    keep_freed_memory()
    chosen = torch.bfloat16 if dtype == "bfloat16" or (dtype == "auto" and has_bf16()) else torch.float32

    is_packaged = bool(name)
    in_int8 = is_packaged and dtype == "auto"  # measured with this model alone
    if is_packaged:
        model: SentenceTransformer | PlainEmbedder = _open_packaged(folder_or_name, chosen)
    else:
        model = _open_any(folder_or_name, chosen, local_only=local_only)
    logger.info("embedder %s in %s%s", folder_or_name, chosen, ", passages in int8" * in_int8)
    return Embedder(
        model,
        name=name or describe_source(folder_or_name, model),
        query_prefix=query_prefix,
        passage_prefix=passage_prefix,
        in_int8=in_int8,
        shared_layers=SHARED_LAYERS if is_packaged else 0,
    )


def _open_packaged(folder: str, dtype: torch.dtype) -> PlainEmbedder:
    from safetensors import SafetensorError

    from qa.models.bert import open_plain

    try:
        return open_plain(Path(folder), dtype)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{folder} cannot be read ({error}); remove it, and it is made anew") from error


def _open_any(folder_or_name: str, dtype: torch.dtype, *, local_only: bool) -> SentenceTransformer:
    def load(local_files_only: bool) -> SentenceTransformer:
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(
            folder_or_name,
            device="cpu",
            local_files_only=local_files_only,
            model_kwargs={"dtype": dtype},
        )

    return load_quietly(load, setting="embedder", folder_or_name=folder_or_name, local_only=local_only)


def has_bf16() -> bool:
    """True if the processor multiplies bfloat16 in its own instructions (x86: AVX-512 or AMX, ARM: BF16).

    A torch without `torch.cpu.get_capabilities` cannot be asked. False is then the safe answer, for bfloat16
    without the instructions is slower than float32.
    """
    import torch

    ask = getattr(torch.cpu, "get_capabilities", None)
    capabilities = ask() if ask else {}
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def _find_splitter(model: SentenceTransformer | PlainEmbedder, name: str) -> TokenSplitter:
    """The splitter that splits texts as `model` does, but cuts and pads nothing."""
    from tokenizers import Tokenizer

    from qa.models.bert import PlainEmbedder

    if isinstance(model, PlainEmbedder):
        return model.splitter
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        raise ModelError(
            f"embedder {name} has no fast tokenizer, which counting tokens and the search by words need; "
            "set embedder to a model that has a tokenizer.json"
        )
    copied = Tokenizer.from_str(backend.to_str())  # theirs keeps its padding as state
    copied.no_truncation()
    copied.no_padding()
    return WholeSplitter(copied)
