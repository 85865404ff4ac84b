"""The models: the only place that imports torch, sentence-transformers, transformers and onnxruntime.

These libraries take seconds to import, so they are imported when a model is loaded, not before.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from langchain_core.cross_encoders import BaseCrossEncoder

from qa.config import PACKAGED, Settings
from qa.models.embedder import Embedder, open_embedder
from qa.models.model_folder import MODEL_VERSION
from qa.models.packaged import EMBEDDER_WEIGHTS, packaged_embedder_folder
from qa.models.reader import Reader, open_reader
from qa.models.reranker import Reranker, open_reranker

__all__ = [
    "NO_RERANKER",
    "Embedder",
    "Models",
    "Reader",
    "Reranker",
    "load_embedder",
    "load_models",
    "load_reader",
    "load_reranker",
]

logger = logging.getLogger(__name__)

E5_SMALL = "intfloat/multilingual-e5-small"
"""The packaged embedder's name on the hub."""
NO_RERANKER = "none"
"""The value of the setting `reranker` for ranking without a cross-encoder."""


@dataclass(frozen=True, slots=True)
class Models:
    """The models that find and rank what answers; without `reranker` or `reader`, similarity decides alone."""

    embedder: Embedder
    reranker: BaseCrossEncoder | None = None
    reader: Reader | None = None


def load_models(settings: Settings) -> Models:
    """The models that `settings` name. Raises `ModelError` as the functions below do."""
    embedder = load_embedder(settings)
    return Models(embedder, load_reranker(settings), load_reader(settings, embedder))


def load_embedder(settings: Settings, *, local_only: bool = False) -> Embedder:
    """The embedder that `settings` name. The packaged embedder is built on first use.

    The packaged embedder never asks a hub, and with `local_only` no embedder does.

    Raises `ModelError`, naming the setting and what to set it to, if there is no such model.
    """
    source, name = settings.embedder, ""
    if source == PACKAGED:
        source = str(packaged_embedder_folder())
        name = f"packaged:multilingual-e5-small@{EMBEDDER_WEIGHTS.sha256[:16]}-v{MODEL_VERSION}"
    return open_embedder(
        source,
        name=name,
        dtype=settings.dtype,
        query_prefix=settings.embedder_query_prefix,
        passage_prefix=settings.embedder_passage_prefix,
        local_only=local_only,
    )


def load_reranker(settings: Settings) -> Reranker | None:
    """The cross-encoder that `settings` name, or None where that is `none`.

    Raises `ModelError`, naming the setting and what to set it to, if there is no such model.
    """
    if settings.reranker == NO_RERANKER:
        return None
    return open_reranker(settings.reranker)


def load_reader(settings: Settings, embedder: Embedder) -> Reader | None:
    """The reader, or None where `settings.reader` is `none` or the embedder is one that it cannot read on from.

    It was trained on the states of multilingual-e5-small, packaged or from the hub; with another embedder
    answers rest on similarities alone.
    """
    if settings.reader != PACKAGED:
        return None
    if settings.embedder not in (PACKAGED, E5_SMALL):
        logger.info(
            "the reader does not know the states of %s: answers are given without it", settings.embedder
        )
        return None
    return open_reader(embedder)
