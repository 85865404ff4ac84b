"""The packaged embedder in torch alone, with the same vectors as in sentence-transformers, to the last bit.

Importing sentence-transformers takes some four times as long as importing torch, and longer than all the rest of a
cold start. Modules and weights have the names that they have in transformers, so that `qa.models.packed` reads
either.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from qa.models.model_folder import VOCABULARY, WEIGHTS, WEIGHTS_BF16
from qa.models.tokens import TokenSplitter, open_splitter


class Encoded(NamedTuple):
    """The result of an encoder: the states of its last layer, shape (batch, tokens, hidden)."""

    last_hidden_state: torch.Tensor


class BertNet(nn.Module):
    """BERT's encoder: token ids → states. `config` has the fields of a `BertConfig`; there is never a pooler."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.embeddings = _Embeddings(config)
        layers = nn.ModuleList(_Layer(config) for _ in range(config.num_hidden_layers))
        self.encoder = nn.ModuleDict({"layer": layers})

    @property
    def dtype(self) -> torch.dtype:
        """The type of the numbers in which the states are computed."""
        return self.embeddings.word_embeddings.weight.dtype

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> Encoded:
        """`input_ids` and `attention_mask` (1: a token, 0: padding) are (batch, tokens)."""
        mask = None
        if attention_mask is not None and not bool(attention_mask.all()):
            batch, tokens = attention_mask.shape
            mask = attention_mask.bool()[:, None, None, :].expand(batch, 1, tokens, tokens)
        states = self.embeddings(input_ids)
        for layer in self.encoder["layer"].children():
            states = layer(states, mask)
        return Encoded(states)


class _Embeddings(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.word_embeddings = _empty_table(config.vocab_size, config)
        self.position_embeddings = _empty_table(config.max_position_embeddings, config)
        self.token_type_embeddings = _empty_table(config.type_vocab_size, config)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        places = torch.arange(input_ids.shape[1])
        states = self.word_embeddings(input_ids) + self.token_type_embeddings.weight[0]
        normed: torch.Tensor = self.LayerNorm(states + self.position_embeddings(places))
        return normed


def _empty_table(size: int, config: Any) -> nn.Embedding:
    # For its random numbers, on the device "meta", torch would import its compiler: that takes seconds.
    return nn.Embedding(size, config.hidden_size, _weight=torch.empty(size, config.hidden_size))


class _Layer(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.attention = _Attention(config)
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(config.hidden_size, config.intermediate_size)})
        self.output = _Added(config.intermediate_size, config)

    def forward(self, states: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        states = self.attention(states, mask)
        wide = functional.gelu(self.intermediate["dense"](states))
        out: torch.Tensor = self.output(wide, states)
        return out


class _Attention(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.heads: int = config.num_attention_heads
        self.self = nn.ModuleDict({name: nn.Linear(hidden, hidden) for name in ("query", "key", "value")})
        self.output = _Added(hidden, config)

    def forward(self, states: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        batch, tokens, hidden = states.shape
        query, key, value = (
            self.self[name](states).view(batch, tokens, self.heads, -1).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        heads = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        out: torch.Tensor = self.output(heads.transpose(1, 2).reshape(batch, tokens, hidden), states)
        return out


class _Added(nn.Module):
    """A layer whose result is added to the states before it."""

    def __init__(self, width: int, config: Any) -> None:
        super().__init__()
        self.dense = nn.Linear(width, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, states: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        normed: torch.Tensor = self.LayerNorm(self.dense(states) + before)
        return normed


class PlainEmbedder:
    """Texts → unit vectors, with as much of `SentenceTransformer`'s form as `qa.models.embedder` wants."""

    def __init__(self, net: BertNet, splitter: TokenSplitter) -> None:
        self.transformers_model = net
        self.splitter = splitter
        self.max_seq_length = int(net.config.max_position_embeddings)
        self._padding = int(net.config.pad_token_id)

    def get_embedding_dimension(self) -> int:
        """The length of every vector."""
        return int(self.transformers_model.config.hidden_size)

    def preprocess(self, texts: Sequence[str], *, prompt: str = "") -> dict[str, torch.Tensor]:
        """Ids and mask of `texts` after `prompt`, cut to the places of the model: (batch, tokens)."""
        found = self.splitter.ids([prompt + text for text in texts])
        cut = [
            ids if len(ids) <= self.max_seq_length else [*ids[: self.max_seq_length - 1], ids[-1]]
            for ids in found
        ]
        length = max(map(len, cut))
        return {
            "input_ids": torch.tensor([ids + [self._padding] * (length - len(ids)) for ids in cut]),
            "attention_mask": torch.tensor([[1] * len(ids) + [0] * (length - len(ids)) for ids in cut]),
        }

    def __call__(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """`sentence_embedding`, shape (batch, hidden): the mean of the tokens' states, of unit norm."""
        states = self.transformers_model(**features).last_hidden_state
        mask = features["attention_mask"].unsqueeze(-1).to(states.dtype)
        sums = (states * mask).sum(dim=1, dtype=torch.float32)
        counts = mask.sum(dim=1, dtype=torch.float32)
        return {"sentence_embedding": functional.normalize((sums / counts).to(states.dtype), dim=1)}


def open_plain(folder: Path, dtype: torch.dtype) -> PlainEmbedder:
    """The model in a folder that `qa.models.model_folder` has built."""
    config = SimpleNamespace(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
    with torch.device("meta"):  # without numbers that would only be replaced
        net = BertNet(config)
    weights = load_file(folder / (WEIGHTS_BF16 if dtype is torch.bfloat16 else WEIGHTS))
    net.load_state_dict({name: weights[name].to(dtype) for name in net.state_dict()}, assign=True)
    return PlainEmbedder(net.eval(), open_splitter(folder / VOCABULARY))
