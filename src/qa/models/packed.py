"""A BERT encoder that reads texts laid end to end: nothing is padded, nothing is masked.

What transformers' `BertModel` with mean pooling computes, on the same weights: linear layers see only real tokens,
the three projections of attention are one, and texts of equal length attend in one batch, each to itself, with
nothing to mask. Linear layers are those of the model or, rounded, in 8 bits (`qa.models.int8`).
`docs/performance.md` has the gain of each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from qa.models.bert import PlainEmbedder

Linear = Callable[[Any], Any]
"""States through a linear layer: (tokens, in) → (tokens, out)."""
Norm = tuple[Any, Any]
"""Scales and bias."""

MANY_SCORES = 3000
"""The scores of a head from which attention is quicker in bfloat16. Starting the products takes time, too."""

MIN_SUM, MAX_SUM = 1e-30, 1e38
"""The sums of exponentials between which a float has lost nothing at either end of its range."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer; `joined` makes query, key and value, the query scaled by 1/√d.

    Its bias is that of the query alone. The bias of a key adds the same to all scores of a token, which changes no
    share. The bias of a value adds the same whatever the shares, so it lies in the bias of `attended`.
    """

    joined: Linear
    attended: Linear
    attended_norm: Norm
    widened: Linear
    narrowed: Linear
    narrowed_norm: Norm


class PackedLayers:
    """Layers that texts laid end to end go through, each by itself. Keeps no state: safe in several threads."""

    def __init__(
        self, layers: Sequence[_Layer], *, heads: int, epsilon: float, dtype: Any, attending: Any
    ) -> None:
        """`dtype` is that of the states; where there are many scores, attention is computed in `attending`."""
        self._layers = layers
        self._heads = heads
        self._epsilon = epsilon
        self._attending = attending
        self.dtype = dtype

    def read(
        self, states: Tensor, lengths: Sequence[int], *, first: int = 0, last: int | None = None
    ) -> Tensor:
        """The states after the layers from `first` to before `last`: shape (tokens, hidden), as `states`.

        Texts of such `lengths` lie end to end.
        """
        runs = list(_runs(lengths))
        for layer in self._layers[first:last]:
            states = self._go_through(layer, states, runs)
        return states

    def normed(self, states: Tensor, norm: Norm) -> Tensor:
        """`states` with each token's mean and spread set by `norm`."""
        from torch.nn import functional

        return functional.layer_norm(states, states.shape[1:], *norm, self._epsilon)

    def _go_through(self, layer: _Layer, states: Tensor, runs: Sequence[tuple[int, int, int]]) -> Tensor:
        """The states after `layer`: shape (tokens, hidden)."""
        from torch.nn import functional

        mixed = self._attend(layer.joined(states), runs)
        states = self.normed(layer.attended(mixed).add_(states), layer.attended_norm)
        wide = functional.gelu(layer.widened(states))
        return self.normed(layer.narrowed(wide).add_(states), layer.narrowed_norm)

    def _attend(self, joined: Tensor, runs: Sequence[tuple[int, int, int]]) -> Tensor:
        """The share that each token takes from the tokens of its own text: shape (tokens, hidden)."""
        import torch

        mixed = torch.empty(len(joined), joined.shape[1] // 3, dtype=self.dtype)
        for start, count, length in runs:
            end = start + count * length
            some = joined[start:end]
            if count * length**2 >= MANY_SCORES:
                some = some.to(self._attending)
            parts = some.view(count, length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            query, key, value = parts.reshape(3, count * self._heads, length, -1)
            taken = _mix(torch.bmm(query, key.transpose(1, 2)), value)
            taken = taken.view(count, self._heads, length, -1).transpose(1, 2)
            mixed[start:end].view(count, length, self._heads, -1).copy_(taken)
        return mixed


class PackedEncoder:
    """The token states of a BERT encoder, averaged over each text. Keeps no state: safe in several threads."""

    def __init__(self, bert: Any, *, in_int8: bool = False) -> None:
        """Read the weights of `bert`. `in_int8` rounds the weights and inputs of its linear layers."""
        import torch

        embeddings = bert.embeddings
        self._words = embeddings.word_embeddings.weight
        dtype = torch.float32 if in_int8 else self._words.dtype
        places = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
        self._places = places.to(dtype)
        self._norm = _read_norm(embeddings.LayerNorm, dtype)
        self._layers = PackedLayers(
            [
                _read_bert_layer(layer, heads=bert.config.num_attention_heads, in_int8=in_int8)
                for layer in bert.encoder.layer
            ],
            heads=bert.config.num_attention_heads,
            epsilon=bert.config.layer_norm_eps,
            dtype=dtype,
            attending=self._words.dtype,
        )

    def encode(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """The mean state of each text's tokens: shape (n, hidden), float32.

        Quickest where texts of one length follow each other.
        """
        import torch

        lengths = [len(each) for each in ids]
        with torch.inference_mode():
            return _means(self._layers.read(self._begin(ids), lengths), lengths)

    def encode_in_parts(
        self,
        ids: Sequence[Sequence[int]],
        passages: Sequence[Sequence[int]],
        own: Sequence[int],
        *,
        layers: int,
    ) -> NDArray[np.float32]:
        """The mean states of the tokens of passages, then of the texts that are `own`: shape (n, hidden), float32.

        The first `layers` read each text in `ids` alone. The others read each passage as a whole, of which
        `passages` has the tokens' places in `ids` laid end to end, and alone the texts whose places in `ids` are
        in `own`.
        """
        import torch

        lengths = [len(each) for each in ids]
        ends = list(accumulate(lengths))
        texts = [*passages, *(range(ends[place] - lengths[place], ends[place]) for place in own)]
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        sizes = [len(texts[i]) for i in order]
        found = np.empty((len(texts), self._words.shape[1]), dtype=np.float32)
        with torch.inference_mode():
            states = self._layers.read(self._begin(ids), lengths, last=layers)
            chosen = states[torch.tensor([token for i in order for token in texts[i]])]
            found[order] = _means(self._layers.read(chosen, sizes, first=layers), sizes)
        return found

    def half_read(self, ids: Sequence[int], *, layers: int) -> Tensor:
        """The states of a text's tokens after the first `layers`: shape (tokens, hidden)."""
        import torch

        with torch.inference_mode():
            return self._layers.read(self._begin([ids]), [len(ids)], last=layers)

    def _begin(self, ids: Sequence[Sequence[int]]) -> Tensor:
        """The tokens' states before the first layer, texts end to end: shape (tokens, hidden)."""
        import torch

        places = torch.cat([torch.arange(len(each)) for each in ids])
        words = self._words[torch.tensor([token for each in ids for token in each])].to(self._layers.dtype)
        return self._layers.normed(words + self._places[places], self._norm)


def pack(model: SentenceTransformer | PlainEmbedder, *, in_int8: bool = False) -> PackedEncoder | None:
    """The packed form of `model`; None if it is no BERT encoder whose tokens' states are averaged."""
    from qa.models.bert import PlainEmbedder

    if isinstance(model, PlainEmbedder):
        return PackedEncoder(model.transformers_model, in_int8=in_int8)
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
    from transformers import BertModel

    bert, (_, *others) = model.transformers_model, model
    pooling = [each for each in others if isinstance(each, Pooling)]
    is_plain = all(isinstance(each, (Pooling, Normalize)) for each in others) and len(pooling) == 1
    if not (is_plain and pooling[0].pooling_mode == "mean" and pooling[0].include_prompt):
        return None
    if not isinstance(bert, BertModel) or bert.config.hidden_act != "gelu" or bert.config.is_decoder:
        return None
    return PackedEncoder(bert, in_int8=in_int8)


def _mix(scores: Tensor, value: Tensor) -> Tensor:
    """`value` averaged by the softmax of `scores`: shape (texts × heads, tokens, d).

    Divided at the end, and with no maximum taken off: torch's softmax takes five times as long in bfloat16.
    """
    import torch

    shares = torch.exp(scores)
    sums = shares.sum(dim=-1, keepdim=True)
    least, most = torch.aminmax(sums)
    if float(least) > MIN_SUM and float(most) < MAX_SUM:
        return torch.bmm(shares, value) / sums
    return torch.bmm(torch.softmax(scores, dim=-1), value)


def _plain_linear(matrix: Tensor, bias: Tensor) -> Linear:
    """The layer in the numbers of its weights; `bias` is that of the first outputs, the others have none."""
    from torch.nn import functional

    def apply(states: Tensor) -> Tensor:
        made = functional.linear(states, matrix)
        made[:, : len(bias)] += bias  # after the product: torch's own way takes a fifth longer
        return made

    return apply


def pack_torch_layers(layers: Sequence[Any], *, in_int8: bool, attending: Any) -> PackedLayers:
    """The packed form of torch's `TransformerEncoderLayer`s, in the numbers of their weights or in 8 bits."""
    import torch

    own = layers[0].self_attn
    return PackedLayers(
        [_read_torch_layer(layer, in_int8=in_int8) for layer in layers],
        heads=own.num_heads,
        epsilon=layers[0].norm1.eps,
        dtype=torch.float32 if in_int8 else own.in_proj_weight.dtype,
        attending=attending,
    )


def _read_torch_layer(layer: Any, *, in_int8: bool) -> _Layer:
    own = layer.self_attn
    return _read_layer(
        (own.in_proj_weight, own.in_proj_bias),
        own.out_proj,
        layer.norm1,
        layer.linear1,
        layer.linear2,
        layer.norm2,
        heads=own.num_heads,
        in_int8=in_int8,
    )


def _read_bert_layer(layer: Any, *, heads: int, in_int8: bool) -> _Layer:
    import torch

    own, output = layer.attention.self, layer.attention.output
    parts = (own.query, own.key, own.value)
    with torch.inference_mode():
        joined = torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])
    return _read_layer(
        joined,
        output.dense,
        output.LayerNorm,
        layer.intermediate.dense,
        layer.output.dense,
        layer.output.LayerNorm,
        heads=heads,
        in_int8=in_int8,
    )


def _read_layer(
    joined: tuple[Tensor, Tensor],
    attended: Any,
    attended_norm: Any,
    widened: Any,
    narrowed: Any,
    narrowed_norm: Any,
    *,
    heads: int,
    in_int8: bool,
) -> _Layer:
    """A layer of torch's modules; `joined` has the weights and biases of query, key and value."""
    import torch

    linear: Callable[[Tensor, Tensor], Linear] = _plain_linear
    if in_int8:
        from qa.models.int8 import Int8Linear as linear  # onnxruntime is not imported for questions alone

    dtype = torch.float32 if in_int8 else attended.weight.dtype
    with torch.inference_mode():
        query, key, value = joined[0].chunk(3)
        query_bias, _, value_bias = joined[1].chunk(3)
        scale = (len(query) // heads) ** -0.5
        return _Layer(
            joined=linear(torch.cat([query * scale, key, value]), query_bias * scale),
            attended=linear(attended.weight, attended.bias + attended.weight @ value_bias),
            attended_norm=_read_norm(attended_norm, dtype),
            widened=linear(widened.weight, widened.bias),
            narrowed=linear(narrowed.weight, narrowed.bias),
            narrowed_norm=_read_norm(narrowed_norm, dtype),
        )


def _read_norm(module: Any, dtype: Any) -> Norm:
    return module.weight.to(dtype), module.bias.to(dtype)


def _means(states: Tensor, lengths: Sequence[int]) -> NDArray[np.float32]:
    import torch

    means = [
        states[start : start + count * length].view(count, length, -1).to(torch.float32).mean(dim=1)
        for start, count, length in _runs(lengths)
    ]
    found: NDArray[np.float32] = torch.cat(means).numpy()
    return found


def _runs(lengths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(first token, texts, tokens in each) of the texts of one length that follow each other."""
    start = 0
    for length, texts in groupby(lengths):
        count = len(list(texts))
        yield start, count, length
        start += count * length
