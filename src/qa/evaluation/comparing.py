"""Two runs over the same questions, compared: what moved, and whether it is more than noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa.evaluation.bootstrap import figures_under, interval_of, resample
from qa.evaluation.judging import Row
from qa.evaluation.scoring import COUNTS, LOWER_IS_BETTER, NEITHER_IS_BETTER, Parts, figures_of, parts_of

MIN_DIFFERENT = 6
"""The least number of questions that must have gone differently: were it as likely either way, five of five
would go one way with a chance of 2 · ½⁵ = .06, six of six with .03 (a sign test at .05). The bootstrap alone
calls four of four a difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How one figure moved. `low` and `high` are the 95% interval of `change`, which is `now - then`.

    `different` counts the questions that add something else to the figure than they did.
    """

    figure: str
    then: float
    now: float
    low: float
    high: float
    different: int

    @property
    def change(self) -> float:
        """By how much the figure rose."""
        return self.now - self.then

    @property
    def verdict(self) -> str:
        """`noise`, or `better`, `worse` or, where neither end is good, `moved`."""
        is_apart = self.low > 0 or self.high < 0
        if not is_apart or self.different < MIN_DIFFERENT:
            return "noise"
        if self.figure in NEITHER_IS_BETTER:
            return "moved"
        return "better" if (self.change > 0) != (self.figure in LOWER_IS_BETTER) else "worse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What moved over the `questions` that both runs asked; the others were asked only now, or only then.

    `mended` and `broken` are the ids of the questions that went right only now, or only then.
    """

    questions: int
    only_now: int
    only_then: int
    mended: tuple[str, ...]
    broken: tuple[str, ...]
    changes: tuple[Change, ...]


def compare(then: Sequence[Row], now: Sequence[Row]) -> Comparison:
    """What moved from the rows of an earlier run to those of this one, by a paired bootstrap.

    Each resample draws the same questions for both runs, so that hard ones do not count as a difference.
    """
    earlier = {(row.id, row.digest): row for row in then}
    pairs = [(earlier[key], row) for row in now if (key := (row.id, row.digest)) in earlier]
    return Comparison(
        questions=len(pairs),
        only_now=len(now) - len(pairs),
        only_then=len(then) - len(pairs),
        mended=tuple(new.id for old, new in pairs if new.is_right and not old.is_right),
        broken=tuple(new.id for old, new in pairs if old.is_right and not new.is_right),
        changes=_changes([old for old, _ in pairs], [new for _, new in pairs]),
    )


def _changes(then: Sequence[Row], now: Sequence[Row]) -> tuple[Change, ...]:
    weights = resample(len(now))
    old_parts, new_parts = parts_of(then), parts_of(now)
    old_values, new_values = figures_under(weights, old_parts), figures_under(weights, new_parts)
    old_figures, new_figures = figures_of(then), figures_of(now)
    different = _count_different(old_parts, new_parts)
    changes = []
    for name, values in new_values.items():
        if name in COUNTS:
            continue
        interval = interval_of(values - old_values[name])
        changes.append(
            Change(
                figure=name,
                then=float(old_figures[name]),
                now=float(new_figures[name]),
                low=interval.low,
                high=interval.high,
                different=different[name],
            )
        )
    return tuple(changes)


def _count_different(then: Parts, now: Parts) -> dict[str, int]:
    """For each figure how many questions add something else to it."""
    counts = {
        name: int(np.count_nonzero((part != then.ratios[name][0]) | (whole != then.ratios[name][1])))
        for name, (part, whole) in now.ratios.items()
    }
    counts["abst_f1"] = int(np.count_nonzero(now.counts["answered"] != then.counts["answered"]))
    counts["seconds_p50"] = counts["seconds_p95"] = int(np.count_nonzero(now.seconds != then.seconds))
    return counts
