"""What a language model wrote for an answer, sentence by sentence, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qa.drafting.replies import Sentence


@dataclass(frozen=True, slots=True)
class Drafted:
    """One sentence of a draft. `first_fault` is what was wrong with it at first, `mended` how it was written
    again, `fault` what is wrong in the end; faults are empty if nothing is wrong."""

    first: Sentence
    first_fault: str = ""
    mended: Sentence | None = None
    fault: str = ""

    @property
    def final(self) -> Sentence:
        """The sentence as it was written last."""
        return self.mended or self.first


@dataclass(frozen=True, slots=True)
class Draft:
    """The sentences in their order. `is_declined` tells that the model found no answer; `left_out` has the words
    that were asked for and that no sentence says, by city (None: for no city in particular)."""

    sentences: tuple[Drafted, ...] = ()
    is_declined: bool = False
    left_out: Mapping[str | None, tuple[str, ...]] = field(default_factory=dict)

    @property
    def passed(self) -> tuple[Sentence, ...]:
        """The sentences that hold, each once."""
        holding = (each.final for each in self.sentences if not each.fault)
        return tuple({sentence.text: sentence for sentence in holding}.values())

    @property
    def dropped(self) -> int:
        """How many sentences do not hold."""
        return sum(bool(each.fault) for each in self.sentences)
