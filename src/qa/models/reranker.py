"""The cross-encoder: (question, passage) → how well the passage answers, as a raw logit."""

from __future__ import annotations

import threading
from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from langchain_core.cross_encoders import BaseCrossEncoder

from qa.errors import ModelError
from qa.models.loading import describe_source, load_quietly
from qa.models.packaged import RERANKER_TOKENIZER, RERANKER_WEIGHTS, find_packaged
from qa.models.workers import open_session, run_each

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from sentence_transformers import CrossEncoder
    from tokenizers import Tokenizer

MAX_TOKENS = 512
"""The most tokens that the packaged cross-encoder has positions for."""
MAX_QUESTION_TOKENS = 256
"""A question is kept whole up to here, so that at least half of the room is left for the passage."""


class Reranker(BaseCrossEncoder):
    """A cross-encoder. `identity` names it for a calibration of its scores."""

    identity: str

    @abstractmethod
    def score(self, text_pairs: list[tuple[str, str]]) -> list[float]:
        """One raw logit for each (question, passage), in their order: unbounded, higher is better."""


class PackagedReranker(Reranker):
    """ms-marco-MiniLM-L-12-v2 in int8, run by onnxruntime. Safe to be called from several threads."""

    def __init__(self, session: InferenceSession, tokenizer: Tokenizer) -> None:
        self.identity = f"packaged:ms-marco-MiniLM-L-12-v2@{RERANKER_WEIGHTS.sha256[:16]}"
        self._session = session
        self._tokenizer = tokenizer
        self._cls, self._sep = (_token_id(tokenizer, token) for token in ("[CLS]", "[SEP]"))

    def score(self, text_pairs: list[tuple[str, str]]) -> list[float]:
        """One raw logit for each (question, passage), in their order: about -12 to 11, higher is better.

        A passage that is too long is cut at its end; the question stays (up to `MAX_QUESTION_TOKENS`).
        """
        # One pair at a time: the int8 model takes its scales from a whole batch, so a score moved by 0.05 with its
        # neighbours. On two cores, a batch of 20 was no faster.
        return run_each(self._score_one, text_pairs)

    def _score_one(self, pair: tuple[str, str]) -> float:
        question, passage = pair
        encode = self._tokenizer.encode
        first = encode(question, add_special_tokens=False).ids[:MAX_QUESTION_TOKENS]
        second = encode(passage, add_special_tokens=False).ids[: MAX_TOKENS - 3 - len(first)]
        ids = np.array([[self._cls, *first, self._sep, *second, self._sep]], dtype=np.int64)
        types = np.zeros_like(ids)
        types[:, len(first) + 2 :] = 1
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": types}
        (logits,) = self._session.run(None, inputs)
        return float(logits[0, 0])


class HubReranker(Reranker):
    """Any sentence-transformers `CrossEncoder` with one score, on the processor."""

    def __init__(self, model: CrossEncoder, *, identity: str) -> None:
        self.identity = identity
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


def open_packaged_reranker() -> PackagedReranker:
    """The cross-encoder that comes with the Python packages. Raises `ModelError` if it is not there."""
    weights, tokenizer_file = find_packaged(RERANKER_WEIGHTS), find_packaged(RERANKER_TOKENIZER)
    from tokenizers import Tokenizer

    session = open_session(str(weights))
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    # A passage in which "[SEP]" is written must not end there for the model.
    tokenizer.encode_special_tokens = True
    return PackagedReranker(session, tokenizer)


def open_hub_reranker(folder_or_name: str) -> HubReranker:
    """The cross-encoder in a folder or of a hub name. Raises `ModelError` if it is not a cross-encoder."""
    from sentence_transformers import CrossEncoder

    load = partial(CrossEncoder, folder_or_name, device="cpu")
    model: CrossEncoder = load_quietly(load, setting="reranker", folder_or_name=folder_or_name)
    if model.num_labels != 1:
        raise ModelError(
            f"reranker is {folder_or_name!r}, which gives {model.num_labels} scores for a pair, not one; set "
            "reranker to packaged, to a cross-encoder with one score, or to none"
        )
    return HubReranker(model, identity=describe_source(folder_or_name, model))


def _token_id(tokenizer: Tokenizer, token: str) -> int:
    number = tokenizer.token_to_id(token)
    if number is None:
        raise ModelError(f"the cross-encoder's tokenizer has no {token}; set reranker to packaged or none")
    return number
