"""Rows → the points that the report's curves go through."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from qa.evaluation.judging import Row
from qa.rendering.plots import Dot, Histogram

THRESHOLDS = tuple(step / 100 for step in range(101))

BINS = 10
"""Steps of confidence in the reliability curve: a hundred questions still put some into most."""

LATENCY_BINS = 24
LATENCY_END_PERCENT = 99
"""Where the histogram of seconds ends: one answer that waited for the disk would squeeze all others."""

_Z_95 = 1.96  # the normal quantile of a 95% interval


def answered_at(rows: Sequence[Row], *, threshold: float) -> tuple[tuple[float, float, float], ...]:
    """How the share of questions answered moves with the threshold, for each of `THRESHOLDS`.

    Triples: the threshold, the share of answerable questions that is answered, and that of unanswerable ones
    (NaN where there are none). What was refused at `threshold` in spite of enough confidence (for a name that
    no document has, say) is refused at any other, too.
    """
    confidences: dict[bool, list[float]] = {True: [], False: []}
    for row in rows:
        is_refused_anyway = not row.is_answered and row.confidence >= threshold
        confidences[row.is_answerable].append(-1.0 if is_refused_anyway else row.confidence)
    return tuple(
        (step, _share_from(confidences[True], step), _share_from(confidences[False], step))
        for step in THRESHOLDS
    )


def reliability(rows: Sequence[Row]) -> tuple[Dot, ...]:
    """For each step of confidence that has questions: their mean confidence, and the share with an answer."""
    bins: list[list[Row]] = [[] for _ in range(BINS)]
    for row in rows:
        bins[min(int(row.confidence * BINS), BINS - 1)].append(row)
    dots = []
    for members in filter(None, bins):
        share = sum(row.is_answerable for row in members) / len(members)
        low, high = _wilson(share, len(members))
        mean = math.fsum(row.confidence for row in members) / len(members)
        dots.append(Dot(mean, share, low, high, len(members)))
    return tuple(dots)


def latency(rows: Sequence[Row]) -> Histogram | None:
    """How many questions took how long; None if nothing was asked. The last bin holds all slower ones too."""
    seconds = np.array([row.seconds for row in rows if not math.isnan(row.seconds)])
    if not seconds.size:
        return None
    middle, slow, end = (float(np.percentile(seconds, q)) for q in (50, 95, LATENCY_END_PERCENT))
    end = end or 1.0
    counts, _ = np.histogram(np.minimum(seconds, end), bins=LATENCY_BINS, range=(0.0, end))
    marks = ((f"half within {middle:.2f} s", middle), (f"95% within {slow:.2f} s", slow))
    return Histogram(tuple(int(count) for count in counts), end, "s", marks)


def _share_from(confidences: Sequence[float], step: float) -> float:
    if not confidences:
        return math.nan
    return sum(confidence >= step for confidence in confidences) / len(confidences)


def _wilson(share: float, count: int) -> tuple[float, float]:
    """The 95% interval of a share of `count` (Wilson 1927): inside 0 to 1 and of use for small counts."""
    z2 = _Z_95**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z_95 / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)
