"""Signals of a question's evidence → the fitted log-odds that it answers the question.

One logistic regression for all questions, whatever languages they and their evidence are in, and one for who
sets no reader. `data/calibration.json` has the coefficients and their source; `scripts/calibrate.py` fits them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

UNREAD = ("similarity", "is_cross_lingual", "has_unknown_name", "is_unmentioned", "names_place")
FEATURES: Mapping[str, tuple[str, ...]] = {
    "read": ("read_score", "focus_score", *UNREAD),
    "unread": ("background", *UNREAD),
}
CASES = tuple(FEATURES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What tells whether the evidence answers.

    `similarity` is the best passage's (-1 to 1), `background` the question's with everyday sentences that have
    nothing to do with it (see `Vocabulary.background_similarity`); `read_score` is the reader's logit of the best
    passage, `focus_score` that of its best words, None without a reader. `has_unknown_name`: the question has a
    name that no document has; `is_unmentioned`: no document has a word of what is asked; `names_place`: it names a
    city of the catalogue. All are absolute: none compares with other passages, so that a corpus of one page works
    as one of a thousand.
    """

    similarity: float
    background: float
    is_cross_lingual: bool
    has_unknown_name: bool = False
    is_unmentioned: bool = False
    names_place: bool = False
    read_score: float | None = None
    focus_score: float | None = None

    @property
    def case(self) -> str:
        """Which of `CASES` this is."""
        return "unread" if self.read_score is None else "read"

    def values(self) -> list[float]:
        """The features of this case, in the order of `FEATURES`."""
        return [float(getattr(self, name)) for name in FEATURES[self.case]]


def log_odds(signals: Signals) -> float:
    """The fitted log-odds that the evidence answers the question."""
    model = _coefficients()[signals.case]
    weighted = zip(model["weights"], signals.values(), strict=True)
    return float(model["intercept"]) + sum(float(weight) * value for weight, value in weighted)


@cache
def _coefficients() -> dict[str, dict[str, Any]]:
    text = resources.files("qa").joinpath("data", "calibration.json").read_text(encoding="utf-8")
    cases: dict[str, dict[str, Any]] = json.loads(text)["cases"]
    return cases
