"""A BERT encoder that reads texts laid end to end: nothing is padded, nothing is masked.

What transformers' `BertModel` with mean pooling computes, on the same weights: linear layers see only real tokens,
the three projections of attention are one, and texts of equal length attend in one batch, each to itself, with
nothing to mask. `docs/performance.md` has what each of these gained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from qa.models.bert import PlainEmbedder

Weights = tuple[Any, Any]
"""A linear layer's or a norm's: its matrix (for a norm, its scales) and its bias."""

LEAST_SUM, MOST_SUM = 1e-30, 1e38
"""Between these, a sum of exponentials has lost nothing to the ends of what a float can say."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """The weights of one layer; `joined` are those of query, key and value, the query's scaled by 1/√d.

    Its bias is the query's alone. A key's adds the same to all scores of a token, which changes no share; a
    value's is added to what is taken whatever the shares, so it lies in the bias of `attended`.
    """

    joined: Weights
    attended: Weights
    attended_norm: Weights
    widened: Weights
    narrowed: Weights
    narrowed_norm: Weights


class PackedEncoder:
    """The token states of a BERT encoder, averaged over each text. Keeps no state: safe in several threads."""

    def __init__(self, bert: Any) -> None:
        embeddings, config = bert.embeddings, bert.config
        self._heads: int = config.num_attention_heads
        self._epsilon: float = config.layer_norm_eps
        self._words = embeddings.word_embeddings.weight
        self._places = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
        self._norm = _weights(embeddings.LayerNorm)
        scale = (config.hidden_size // config.num_attention_heads) ** -0.5
        self._layers = [_read_layer(layer, scale) for layer in bert.encoder.layer]

    def encode(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """The mean state of each text's tokens: shape (n, hidden), float32. Quickest where like lengths follow
        each other."""
        import torch
        from torch.nn import functional

        lengths = [len(each) for each in ids]
        runs = list(_runs(lengths))
        with torch.inference_mode():
            places = torch.cat([torch.arange(length) for length in lengths])
            states = self._words[torch.tensor([token for each in ids for token in each])]
            states = self._normed(states + self._places[places], self._norm)
            for layer in self._layers:
                mixed = self._attend(states, layer, runs)
                states = self._normed(states + _linear(mixed, layer.attended), layer.attended_norm)
                wide = functional.gelu(_linear(states, layer.widened))
                states = self._normed(states + _linear(wide, layer.narrowed), layer.narrowed_norm)
            means = [
                states[start : start + count * length].view(count, length, -1).to(torch.float32).mean(dim=1)
                for start, count, length in runs
            ]
            found: NDArray[np.float32] = torch.cat(means).numpy()
        return found

    def _attend(self, states: Tensor, layer: _Layer, runs: Sequence[tuple[int, int, int]]) -> Tensor:
        """What each token takes from those of its own text: shape (tokens, hidden)."""
        import torch
        from torch.nn import functional

        matrix, query_bias = layer.joined
        joined = functional.linear(states, matrix)
        joined[:, : len(query_bias)] += query_bias
        mixed = torch.empty_like(states)
        for start, count, length in runs:
            end = start + count * length
            parts = joined[start:end].view(count, length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            query, key, value = parts.reshape(3, count * self._heads, length, -1)
            taken = _mix(torch.bmm(query, key.transpose(1, 2)), value)
            taken = taken.view(count, self._heads, length, -1).transpose(1, 2)
            mixed[start:end].view(count, length, self._heads, -1).copy_(taken)
        return mixed

    def _normed(self, states: Tensor, norm: Weights) -> Tensor:
        from torch.nn import functional

        return functional.layer_norm(states, states.shape[1:], *norm, self._epsilon)


def pack(model: SentenceTransformer | PlainEmbedder) -> PackedEncoder | None:
    """The packed form of `model`; None if it is no BERT encoder whose tokens' states are averaged."""
    from qa.models.bert import PlainEmbedder

    if isinstance(model, PlainEmbedder):
        return PackedEncoder(model.transformers_model)
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
    from transformers import BertModel

    bert, (_, *others) = model.transformers_model, model
    pooling = [each for each in others if isinstance(each, Pooling)]
    is_plain = all(isinstance(each, (Pooling, Normalize)) for each in others) and len(pooling) == 1
    if not (is_plain and pooling[0].pooling_mode == "mean" and pooling[0].include_prompt):
        return None
    if not isinstance(bert, BertModel) or bert.config.hidden_act != "gelu" or bert.config.is_decoder:
        return None
    return PackedEncoder(bert)


def _mix(scores: Tensor, value: Tensor) -> Tensor:
    """`value` averaged by the softmax of `scores`: shape (texts × heads, tokens, d).

    Divided at the end, and with no maximum taken off: torch's softmax takes five times as long in bfloat16.
    """
    import torch

    shares = torch.exp(scores)
    sums = shares.sum(dim=-1, keepdim=True)
    least, most = torch.aminmax(sums)
    if float(least) > LEAST_SUM and float(most) < MOST_SUM:
        return torch.bmm(shares, value) / sums
    return torch.bmm(torch.softmax(scores, dim=-1), value)


def _linear(states: Tensor, weights: Weights) -> Tensor:
    """`states` through a linear layer. The bias is added after: torch's own way takes a fifth longer."""
    from torch.nn import functional

    matrix, bias = weights
    return functional.linear(states, matrix).add_(bias)


def _read_layer(layer: Any, scale: float) -> _Layer:
    import torch

    own, output = layer.attention.self, layer.attention.output
    with torch.inference_mode():
        matrix = torch.cat([own.query.weight * scale, own.key.weight, own.value.weight])
        attended_bias = output.dense.bias + output.dense.weight @ own.value.bias
        return _Layer(
            joined=(matrix, own.query.bias * scale),
            attended=(output.dense.weight, attended_bias),
            attended_norm=_weights(output.LayerNorm),
            widened=_weights(layer.intermediate.dense),
            narrowed=_weights(layer.output.dense),
            narrowed_norm=_weights(layer.output.LayerNorm),
        )


def _weights(module: Any) -> Weights:
    return module.weight, module.bias


def _runs(lengths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(first token, texts, tokens in each) of the texts of one length that follow each other."""
    start = 0
    for length, texts in groupby(lengths):
        count = len(list(texts))
        yield start, count, length
        start += count * length
