"""The cross-encoder: (question, passage) → how well the passage answers, as a raw logit."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from langchain_core.cross_encoders import BaseCrossEncoder

from qa.errors import ModelError
from qa.models.loading import load_quietly

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class Reranker(BaseCrossEncoder):
    """Any sentence-transformers `CrossEncoder` with one score, on the processor."""

    def __init__(self, model: CrossEncoder) -> None:
        self._model = model
        self._lock = threading.Lock()

    def score(self, text_pairs: list[tuple[str, str]]) -> list[float]:
        """One raw logit for each (question, passage), in their order: unbounded, higher is better."""
        import torch

        if not text_pairs:
            return []
        # The lock: the tokenizer keeps its padding as state.
        with self._lock:
            scores = self._model.predict(
                text_pairs, activation_fn=torch.nn.Identity(), show_progress_bar=False
            )
        return [float(score) for score in scores]


def open_reranker(folder_or_name: str) -> Reranker:
    """The cross-encoder in a folder or of a hub name. Raises `ModelError` if it is not a cross-encoder."""
    from sentence_transformers import CrossEncoder

    load = partial(CrossEncoder, folder_or_name, device="cpu")
    model: CrossEncoder = load_quietly(load, setting="reranker", folder_or_name=folder_or_name)
    if model.num_labels != 1:
        raise ModelError(
            f"reranker is {folder_or_name!r}, which gives {model.num_labels} scores for a pair, not one; set "
            "reranker to a cross-encoder with one score, or to none"
        )
    return Reranker(model)
