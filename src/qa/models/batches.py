"""Batches of texts that are embedded together, with equal numbers of tokens and as many for each core."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

BATCH_TOKENS = 2048
"""The tokens of a batch, up to the text that reaches them, with the padding of models that cannot be packed. Half
or twice as many take about as long (`docs/performance.md`). Small batches keep each core busy with little text."""
MIN_TOKENS = 256
"""The tokens below which a batch takes longer to read the weights than to compute."""
SHARES = 4
"""Batches come in multiples of this number, so that 2 or 4 cores have as many each. It is not the number of cores:
the other texts of a batch move the last digits of a vector, which should be the same on every machine."""


@dataclass(frozen=True, slots=True)
class PartsBatch:
    """Passages that are embedded together, and the parts of them whose vectors are wanted too."""

    places: list[int]
    """The passages' places among the texts to embed, then those of the parts in `own`."""
    ids: list[Sequence[int]]
    """The tokens of the passages' parts, each part once, the shortest first."""
    passages: list[list[int]]
    """The tokens of each passage, as places in `ids` laid end to end."""
    own: list[int]
    """The places in `ids` of the parts whose vectors are wanted."""


def batches_of_parts(
    texts: Sequence[str],
    made_of: Mapping[int, Sequence[str]],
    ids: Mapping[str, Sequence[int]],
    *,
    begun: int,
) -> Iterator[PartsBatch]:
    """The passages among `texts`: `made_of` has their parts by their places, `ids` the tokens of each part.

    A part that is among `texts` itself comes with the first passage that has the part. Between two parts of a
    passage, the end token of the first and the first `begun` tokens of the second are left out.
    """
    wanted = {text: place for place, text in enumerate(texts) if place not in made_of}
    passages = list(made_of)
    for batch in even_batches([sum(len(ids[part]) for part in made_of[place]) for place in passages]):
        chosen = [passages[number] for number in batch]
        parts = sorted(
            {part for place in chosen for part in made_of[place]}, key=lambda part: (len(ids[part]), part)
        )
        ends = accumulate(len(ids[part]) for part in parts)
        spans = {part: (end - len(ids[part]), end) for part, end in zip(parts, ends, strict=True)}
        own = [number for number, part in enumerate(parts) if part in wanted]
        yield PartsBatch(
            places=[*chosen, *(wanted.pop(parts[number]) for number in own)],
            ids=[ids[part] for part in parts],
            passages=[_join([spans[part] for part in made_of[place]], begun) for place in chosen],
            own=own,
        )


def _join(spans: Sequence[tuple[int, int]], begun: int) -> list[int]:
    first, last = 0, len(spans) - 1
    return [
        place
        for number, (start, end) in enumerate(spans)
        for place in range(start + begun * (number != first), end - (number != last))
    ]


def even_batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices into `lengths`, the longest first, in batches with about equal numbers of tokens.

    A core that has one batch less than another would wait for it: for 14,000 tokens on two cores, an eighth of the
    time.
    """
    total = max(sum(lengths), 1)
    count = min(SHARES * math.ceil(total / (SHARES * BATCH_TOKENS)), math.ceil(total / MIN_TOKENS))
    batch: list[int] = []
    done = begun = 0
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        batch.append(index)
        done += lengths[index]
        if done * count >= total * (begun + 1):
            yield batch
            batch, begun = [], done * count // total
    if batch:
        yield batch


def padded_batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices into `lengths`, the longest first, in batches of up to `BATCH_TOKENS` tokens with padding."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        # The first text of a batch is its longest, to which the other texts are padded.
        if batch and (len(batch) + 1) * max(lengths[batch[0]], 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
