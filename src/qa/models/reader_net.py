"""The reader's network: question and passage, each half read alone by the embedder, are read on together.

The embedder's lower layers read a text without knowing what it will be compared with; the upper layers are its
own, trained on to read both at once (Cao et al. 2020, "DeFormer"). So a question costs half of what a whole
cross-encoder would cost, and the halves of passages can be kept.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from qa.models.reader import LOWER_LAYERS


class ReaderNet(nn.Module):
    """The upper layers and four heads: where an answer starts, where it ends, whether there is one, and whether
    the passage says what the sentence says that was read in the question's place."""

    def __init__(self, config: Any) -> None:
        """`config` is that of the embedder, a transformers `BertConfig`."""
        super().__init__()
        self.part = nn.Embedding(2, config.hidden_size)
        """Added to the states: which of them are the question's (0) and which the passage's (1)."""
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                config.hidden_size,
                config.num_attention_heads,
                config.intermediate_size,
                dropout=0.0,  # on a processor its random numbers take twice as long as the layers
                activation="gelu",
                layer_norm_eps=config.layer_norm_eps,
                batch_first=True,
            )
            for _ in range(config.num_hidden_layers - LOWER_LAYERS)
        )
        self.span = nn.Linear(config.hidden_size, 2)
        self.answers = nn.Linear(config.hidden_size, 1)
        self.supports = nn.Linear(config.hidden_size, 1)

    def forward(
        self, states: torch.Tensor, part: torch.Tensor, padding: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits of start and of end, each (batch, tokens), of being answered and of being supported, (batch,).

        `states` is (batch, tokens, hidden), `part` (batch, tokens) with 0 and 1, `padding` (batch, tokens),
        True where there is no token, None for everywhere. The first token is the question's own.
        """
        hidden = states + self.part(part).to(states.dtype)
        for layer in self.layers:
            hidden = layer(hidden, src_key_padding_mask=padding)
        start, end = self.span(hidden).unbind(-1)
        first = hidden[:, 0]
        return start, end, self.answers(first).squeeze(-1), self.supports(first).squeeze(-1)
