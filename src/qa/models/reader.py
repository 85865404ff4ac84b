"""The reader: (question, passage) → whether the passage answers, and where the answer stands in it.

It also tells whether a quote says what a sentence says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa.domain import Span
from qa.models.embedder import Embedder
from qa.models.packed import pack_torch_layers
from qa.models.workers import run_each

if TYPE_CHECKING:
    import torch

    from qa.models.reader_net import ReaderNet

WEIGHTS_FILE, SUPPORT_FILE = "reader.safetensors", "support.safetensors"
"""Two sets of weights of one network: what reads answers, and what reads sentences with quotes. The second has
unlearnt Japanese questions over English passages, see `docs/reader-card.md`."""
LOWER_LAYERS = 6
"""How many of the embedder's layers read question and passage apart."""
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

    def __init__(
        self, embedder: Embedder, net: ReaderNet, *, open_supporting: Callable[[], ReaderNet] | None = None
    ) -> None:
        """`net` is in float32; it computes as `embedder` does with passages.

        `open_supporting` gives the network for `supports`, when that is first asked; without it, it is `net`.
        """
        self._open_supporting = open_supporting
        self._opening = threading.Lock()
        self._supporting: Reader | None = None
        self._embedder = embedder
        words = embedder.transformer.dtype
        if not embedder.in_int8:
            net = net.to(words)
        self._layers = pack_torch_layers(list(net.layers), in_int8=embedder.in_int8, attending=words)
        self._part, self._span, self._answers, self._supports = net.part, net.span, net.answers, net.supports
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

    def supports(self, sentence: str, quotes: Sequence[str]) -> list[float]:
        """A logit for each of `quotes` that it says what `sentence` says, whatever their languages."""
        if self._open_supporting:
            with self._opening:  # only who has a language model needs it
                if self._supporting is None:
                    self._supporting = Reader(self._embedder, self._open_supporting())
            return self._supporting.supports(sentence, quotes)
        ((said, _),) = run_each(self._passage, [sentence])
        return run_each(partial(self._support_one, said), quotes)

    def _support_one(self, said: torch.Tensor, quote: str) -> float:
        import torch

        with torch.inference_mode():
            states = self._read_together(said, self._passage(quote)[0])
            return float(self._supports(states[0]))

    def _read_one(self, asked: torch.Tensor, passage: str) -> Reading:
        """The reading of `passage`; `asked`, shape (tokens, hidden), is the question, half read."""
        import torch

        half, places = self._passage(passage)
        with torch.inference_mode():
            states = self._read_together(asked, half)
            spans = self._span(states).float().numpy()
            logit = float(self._answers(states[0]))
        return Reading(
            logit=logit,
            starts=spans[len(asked) :, 0],
            ends=spans[len(asked) :, 1],
            places=places,
            nothing=float(spans[0].sum()),
        )

    def _read_together(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """The states of two texts, half read, after the upper layers: all of shape (tokens, hidden)."""
        import torch

        part = torch.zeros(len(first) + len(second), dtype=torch.long)
        part[len(first) :] = 1
        states = torch.cat([first, second]).to(self._layers.dtype) + self._part(part)
        return self._layers.read(states, [len(part)])

    def _half_read(self, text: str, *, prefix: str, limit: int) -> tuple[torch.Tensor, NDArray[np.int64]]:
        """The states of `text` after the lower layers, shape (tokens, hidden), and the tokens' places in it."""
        import torch

        ids, places = self._embedder.split(text, prefix=prefix, limit=limit)
        states = self._embedder.half_read(ids, layers=LOWER_LAYERS).to(torch.float16)  # half of the room
        return states, np.array(places, dtype=np.int64)


def open_reader(embedder: Embedder) -> Reader:
    """The reader whose weights come with this program; it reads on where the packaged embedder stops."""
    config = embedder.transformer.config
    return Reader(embedder, open_net(config), open_supporting=partial(open_net, config, SUPPORT_FILE))


def open_net(config: Any, weights: str = WEIGHTS_FILE) -> ReaderNet:
    """The network with weights that come with this program, in float32; `config` is the embedder's."""
    from safetensors.torch import load

    from qa.models.reader_net import ReaderNet

    tensors = load(resources.files("qa").joinpath("data", weights).read_bytes())
    net = ReaderNet(config)
    net.load_state_dict(dequantise(tensors), assign=True)
    return net.eval()


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
