"""95% intervals of figures, by a percentile bootstrap over questions (Efron & Tibshirani 1993, ch. 13)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qa.evaluation.judging import Row
from qa.evaluation.scoring import COUNTS, Figures, Numbers, Parts, combine, figures_of, parts_of

RESAMPLES = 1000
"""Of a normal statistic, an interval's end then wanders by a fiftieth of the interval's width."""

SEED = 20260101
"""Fixed, so that the same answers give the same intervals."""

_TAILS = (2.5, 97.5)  # percent: what is between is a 95% interval


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a figure lies with 95% confidence; NaN where there was nothing to measure."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures, and an interval for each of them that is not a count."""

    figures: Figures
    intervals: Mapping[str, Interval]


def measure(rows: Sequence[Row]) -> Measured:
    """The figures over these rows with their intervals."""
    resampled = figures_under(resample(len(rows)), parts_of(rows))
    intervals = {name: interval_of(values) for name, values in resampled.items() if name not in COUNTS}
    return Measured(figures_of(rows), intervals)


def resample(questions: int) -> Numbers:
    """How often each question is drawn in each resample: float64 of shape (RESAMPLES, questions)."""
    if not questions:
        return np.zeros((RESAMPLES, 0))
    draw = np.random.default_rng(SEED).multinomial
    return draw(questions, np.full(questions, 1 / questions), size=RESAMPLES).astype(np.float64)


def figures_under(weights: Numbers, parts: Parts) -> dict[str, Numbers]:
    """Each figure by name over each resample, shape (resamples,), NaN where it had nothing to measure.

    `weights` has shape (resamples, questions) and is made by `resample`.
    """
    is_known = ~np.isnan(parts.seconds)
    order = np.argsort(parts.seconds[is_known])
    ordered = parts.seconds[is_known][order]
    reached = np.cumsum(weights[:, is_known][:, order], axis=1)
    return combine(
        parts, total=lambda part: weights @ part, percentile=lambda q: _percentile(ordered, reached, q / 100)
    )


def interval_of(values: Numbers) -> Interval:
    """The interval that holds the middle 95% of the resampled values; those that are NaN do not count."""
    known = values[~np.isnan(values)]
    if not known.size:
        return Interval(math.nan, math.nan)
    low, high = np.percentile(known, _TAILS)
    return Interval(float(low), float(high))


def _percentile(ordered: Numbers, reached: Numbers, share: float) -> Numbers:
    """For each resample the value at `share` (0 to 1) of its values, as numpy's linear interpolation has it.

    `ordered` are the values drawn from, ascending; `reached[i, j]` is how many values of resample i are among
    the first j + 1 of them. Thus no resample has to be laid out and sorted.
    """
    if not ordered.size:
        return np.full(len(reached), math.nan)
    drawn = reached[:, -1]
    place = share * np.maximum(drawn - 1, 0)
    below, above = (
        ordered[np.minimum((reached <= rank[:, None]).sum(axis=1), ordered.size - 1)]
        for rank in (np.floor(place), np.ceil(place))
    )
    return np.where(drawn > 0, below + (above - below) * (place % 1), math.nan)
