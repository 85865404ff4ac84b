"""Which texts are embedded together: batches of like many tokens, for each core as many."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

BATCH_TOKENS = 2048
"""The tokens in a batch at most (and what is over of its last text), with the padding that models need which
cannot be packed. Half or twice as many take about as long (`docs/performance.md`); with fewer, there is something
for each core also where little is new."""
MIN_TOKENS = 256
"""With fewer in a batch, reading the weights takes longer than computing."""
SHARES = 4
"""Batches come in multiples of this, so that 2 or 4 cores have as many each. Not of the number of cores: what is
in a batch moves a vector in its last digits, and it should be the same on every machine."""


@dataclass(frozen=True, slots=True)
class PartsBatch:
    """Passages that are embedded together, and those of their parts whose vectors are wanted too."""

    places: list[int]
    """The passages' places among the texts to embed, then those of the parts in `own`."""
    ids: list[Sequence[int]]
    """The tokens of what the passages consist of, each part once, the shortest first."""
    passages: list[list[int]]
    """Which tokens make each passage: places in `ids`, laid end to end."""
    own: list[int]
    """Places in `ids` of the parts that are wanted."""


def batches_of_parts(
    texts: Sequence[str],
    made_of: Mapping[int, Sequence[str]],
    ids: Mapping[str, Sequence[int]],
    *,
    begun: int,
) -> Iterator[PartsBatch]:
    """The passages among `texts`: `made_of` has their parts by their places, `ids` the tokens of each part.

    A part that is among `texts` itself comes with the first passage that it is in. Passages begin as their first
    part does, and end as their last: of the others, the first `begun` tokens are left out, and of all but the last
    the one at the end.
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
    """Indices into `lengths`, the longest first, in batches of like many tokens.

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
        # Sorted, so the batch's first text is its longest: every other one is padded to it.
        if batch and (len(batch) + 1) * max(lengths[batch[0]], 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
