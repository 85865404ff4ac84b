"""Signals of a question's evidence → the fitted log-odds that it answers the question.

A logistic regression for each of three cases: the cross-encoder has scored the evidence; it has not, but
question and evidence are in one language; they are in two; and for each of them with what the reader says and
without. `data/calibration.json` holds the coefficients and where they come from; `scripts/calibrate.py` fits them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

FEATURES: Mapping[str, tuple[str, ...]] = {
    "reranked": ("reading",),
    "reranked_read": ("reading", "read_score", "focus_score"),
    "same_language": ("similarity", "background", "coverage"),
    "same_language_read": ("similarity", "background", "coverage", "read_score", "focus_score"),
    "cross_lingual": ("similarity", "background", "has_unknown_name"),
    "cross_lingual_read": ("similarity", "background", "has_unknown_name", "read_score", "focus_score"),
}
CASES = tuple(FEATURES)

SIMILARITY_WEIGHT = 53.0
"""What similarity counts for beside the cross-encoder's two logits, in `Signals.reading`.

On the development sets every weight from 30 to 400 tells answerable from near-miss questions equally well (AUC
.67 to .68) and from foreign ones without a mistake, so this one was chosen on questions about the centre's own
pages, between those that they answer and those that they do not ("the mayor of Davao").
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What tells whether the evidence answers.

    `similarity` is the best passage's (-1 to 1), `background` the question's with everyday sentences that have
    nothing to do with it (see `Vocabulary.background_similarity`), `coverage` the share of the question that it
    covers (0 to 1); the logits are the cross-encoder's, of the best passage and sentence, None where it was not
    asked; `read_score` is the reader's logit of the best passage, `focus_score` that of the best words in it.
    `has_unknown_name` tells that the question has a name that no document has, `is_unmentioned` that no
    document has a word of what is asked, `names_place` that a city of the catalogue is named. All are absolute:
    none compares with other passages, so that a corpus of one page works as one of a thousand.
    """

    similarity: float
    background: float
    coverage: float
    passage_logit: float | None
    sentence_logit: float | None
    is_cross_lingual: bool
    has_unknown_name: bool = False
    is_unmentioned: bool = False
    names_place: bool = False
    read_score: float | None = None
    focus_score: float | None = None

    @property
    def case(self) -> str:
        """Which of `CASES` this is."""
        other = "cross_lingual" if self.is_cross_lingual else "same_language"
        case = "reranked" if self.passage_logit is not None else other
        return case if self.read_score is None else f"{case}_read"

    @property
    def reading(self) -> float:
        """What the cross-encoder and similarity say together; higher is better."""
        logits = (self.passage_logit or 0.0) + (self.sentence_logit or 0.0)
        return logits + SIMILARITY_WEIGHT * self.similarity

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
