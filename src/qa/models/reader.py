"""The reader: (question, passage) → whether the passage answers, and where the answer stands in it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa.domain import Span
from qa.models.embedder import Embedder
from qa.models.workers import run_each

if TYPE_CHECKING:
    import torch

    from qa.models.reader_net import ReaderNet

WEIGHTS_FILE = "reader.safetensors"
QUESTION_PREFIX, PASSAGE_PREFIX = "query: ", "passage: "
"""What stood before a text when the reader's weights were learnt (`scripts/train_reader.py`)."""
MAX_PASSAGE, MAX_QUESTION = 500, 256
"""Tokens that are read; what is longer is cut."""
MAX_ANSWER_TOKENS = 30
"""The longest answer: a date, a number, a name, a clause."""
AS_LIKELY = 1.0
"""How much less likely, as a logit, an answer may be that begins a word earlier: "March 2016" tells more than
"2016", which is as right."""
KEPT_PASSAGES = 512
"""Passages whose half-read states are kept: about 80 MB."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader made of one passage.

    `logit` is that the passage answers at all (unbounded, higher is better); `starts` and `ends`, each
    shape (tokens,), are the logits that an answer starts and ends at the token, and `places`, shape
    (tokens, 2), where the tokens stand in the text; `nothing` is what a span must beat to be an answer.
    """

    logit: float
    starts: NDArray[np.float32]
    ends: NDArray[np.float32]
    places: NDArray[np.int64]
    nothing: float

    def find_answer(self, within: Span) -> tuple[float, Span] | None:
        """The best answer that lies in `within`, and by how much it beats there being none (a logit)."""
        inside = np.flatnonzero(
            (self.places[:, 0] >= within.start)
            & (self.places[:, 1] <= within.end)
            & (self.places[:, 1] > self.places[:, 0])
        )
        if not len(inside):
            return None
        sums = self.starts[inside][:, None] + self.ends[inside][None, :]
        distance = np.arange(len(inside))[None, :] - np.arange(len(inside))[:, None]
        sums = np.where((distance >= 0) & (distance < MAX_ANSWER_TOKENS), sums, -np.inf)
        first, last = map(int, np.unravel_index(int(np.argmax(sums)), sums.shape))
        best = float(sums[first, last])
        while first > 0 and sums[first - 1, last] > best - AS_LIKELY:
            first -= 1
        span = Span(int(self.places[inside[first], 0]), int(self.places[inside[last], 1]))
        return best - self.nothing, span


class Reader:
    """Reads question and passage together, in the languages of the embedder. Safe in several threads."""

    def __init__(self, embedder: Embedder, net: ReaderNet) -> None:
        self._embedder = embedder
        self._net = net
        self._lower = cut_lower_layers(embedder.transformer)
        self._question = lru_cache(maxsize=64)(
            partial(self._half_read, prefix=QUESTION_PREFIX, limit=MAX_QUESTION)
        )
        self._passage = lru_cache(maxsize=KEPT_PASSAGES)(
            partial(self._half_read, prefix=PASSAGE_PREFIX, limit=MAX_PASSAGE)
        )

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        """A `Reading` for each passage, in their order; the same for a pair whatever else is asked with it."""
        ((asked, _),) = run_each(self._question, [question])
        return run_each(partial(self._read_one, asked), passages)

    def _read_one(self, asked: torch.Tensor, passage: str) -> Reading:
        """The reading of `passage`; `asked`, shape (tokens, hidden), is the question, half read."""
        import torch

        states, places = self._passage(passage)
        both = torch.cat([asked, states])[None]
        part = torch.zeros(both.shape[:2], dtype=torch.long)
        part[:, len(asked) :] = 1
        with torch.inference_mode():
            start, end, logit = self._net(both, part, None)
        starts, ends = start[0].float().numpy(), end[0].float().numpy()
        return Reading(
            logit=float(logit[0]),
            starts=starts[len(asked) :],
            ends=ends[len(asked) :],
            places=places,
            nothing=float(starts[0] + ends[0]),
        )

    def _half_read(self, text: str, *, prefix: str, limit: int) -> tuple[torch.Tensor, NDArray[np.int64]]:
        """The states of `text` after the lower layers, shape (tokens, hidden), and the tokens' places in it."""
        import torch

        ids, places = self._embedder.split(text, prefix=prefix, limit=limit)
        with torch.inference_mode():
            states = self._lower(input_ids=torch.tensor([ids])).last_hidden_state[0]
        return states, np.array(places, dtype=np.int64)


def open_reader(embedder: Embedder) -> Reader:
    """The reader whose weights come with this program; it reads on where the packaged embedder stops."""
    from safetensors.torch import load

    from qa.models.reader_net import ReaderNet

    tensors = load(resources.files("qa").joinpath("data", WEIGHTS_FILE).read_bytes())
    net = ReaderNet(embedder.transformer.config)
    net.load_state_dict(dequantise(tensors), assign=True)
    return Reader(embedder, net.to(embedder.transformer.dtype).eval())


def cut_lower_layers(bert: Any) -> Any:
    """The lower layers of `bert` (transformers' `BertModel`, or our `BertNet`) as a model that shares them."""
    import torch

    from qa.models.reader_net import LOWER_LAYERS

    config = copy.deepcopy(bert.config)
    config.num_hidden_layers = LOWER_LAYERS
    with torch.device("meta"):  # all that it is made of is replaced
        lower = type(bert)(config, add_pooling_layer=False)
    lower.embeddings = bert.embeddings
    lower.encoder.layer = bert.encoder.layer[:LOWER_LAYERS]
    return lower.eval()


def quantise(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """`tensors` for keeping: matrices as int8 with one scale a row, the rest as they are."""
    import torch

    kept: dict[str, Any] = {}
    for name, tensor in tensors.items():
        if tensor.dim() == 2 and tensor.numel() > 10_000:
            scale = tensor.abs().amax(dim=1, keepdim=True) / 127
            kept[f"{name}.int8"] = torch.round(tensor / scale).to(torch.int8)
            kept[f"{name}.scale"] = scale.to(torch.float32)
        else:
            kept[name] = tensor.to(torch.float32)
    return kept


def dequantise(kept: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What `quantise` was given, but for the rounding: float32."""
    tensors = {}
    for name, tensor in kept.items():
        if name.endswith(".int8"):
            stem = name.removesuffix(".int8")
            tensors[stem] = tensor.float() * kept[f"{stem}.scale"]
        elif not name.endswith(".scale"):
            tensors[name] = tensor
    return tensors
