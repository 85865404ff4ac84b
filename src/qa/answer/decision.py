"""Passages → evidence that answers, or a refusal, with the nearest statements where they come near.

Every threshold between the three stands here; `Settings.threshold`, on which they bear, is the user's to set.
`scripts/calibrate.py` fits the probability that they divide. The values here were chosen by hand on top of that
fit, so each new fit asks for choosing them again: compare `qa eval` over the development sets, and
`pytest -s tests/evaluation/test_gold.py` over our own, with other values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qa.answer.calibration import Signals, log_odds
from qa.answer.selection import (
    keep_year,
    rank_sentences,
    read_passages,
    select,
    select_nearest,
    tell_story,
)
from qa.config import Settings
from qa.domain import Evidence, Passage, Query, Refusal
from qa.search.retriever import best_focus
from qa.search.wordings import wording_for
from qa.system.stopwatch import Stopwatch
from qa.text.names import find_places, find_unknown_names, find_unmentioned_words, find_years

if TYPE_CHECKING:
    from langchain_core.cross_encoders import BaseCrossEncoder

    from qa.search.vocabulary import Vocabulary

MIN_NEAR_SHARE = 0.4
"""The share of `Settings.threshold` from which on a refusal shows the nearest statements, though they are no
answer. Not fitted: no set says which statements help somebody who gets no answer."""

MIN_CITY_SHARE = 0.3
"""The share of `Settings.threshold` that is enough for one of several cities: a question about two or all of them
fits what is said of one less well than a question about that one would. Chosen on our own gold set and `people`:
shares of .1 and .3 are as good, .65 loses every sixth list and comparison."""

MAX_LOG_ODDS_BEHIND = 2.5
"""How far, in log-odds, a city may lie behind the best one to be in a list that the question leaves open.

Where documents say of one city what is asked, what they say of another in general comes near it. Only where
passages are read. Chosen on our own gold set: 1.6 leaves out more cities that belong there, 99 none that do not.
"""

MAX_LOG_ODDS = 60.0
"""Beyond it a probability is 0 or 1 to the last digit that anybody sees; `math.exp` overflows at 710."""


def decide(
    query: Query,
    passages: Sequence[Passage],
    *,
    vocabulary: Vocabulary,
    reranker: BaseCrossEncoder | None,
    settings: Settings,
    count: int | None = None,
    clock: Stopwatch | None = None,
) -> tuple[tuple[Evidence, ...] | Refusal, float]:
    """The evidence that answers `query`, in reading order, or why there is none; and the probability of it.

    At most `count` pieces, by default as many as `settings.max_statements`. `clock` is told how long the
    cross-encoder took.
    """
    covered = vocabulary.titles
    if vocabulary.is_empty:
        return Refusal("empty_index"), 0.0
    if not query.text:
        return Refusal("empty_question", covered=covered), 0.0
    if not passages:
        return Refusal("nothing_found", covered=covered), 0.0
    missing = find_missing(query, passages[0], vocabulary)
    if query.wants_story and query.cities and not missing:
        return tell_story(query, passages, vocabulary), 1.0
    candidates = rank_sentences(query, read_passages(passages), vocabulary, reranker, clock)
    chance = probability(read_signals(query, passages[0], vocabulary))
    if query.is_city_by_city and not missing:
        candidates = keep_year(query, candidates)
        if not candidates:
            return Refusal("weak_evidence", covered=covered), 0.0
    least = settings.threshold * (MIN_CITY_SHARE if query.is_city_by_city else 1)
    if chance >= least and not missing:
        return select(candidates, query, count=count or settings.max_statements, chance=chance), chance
    is_near = chance >= MIN_NEAR_SHARE * settings.threshold
    nearest = select_nearest(candidates, chance) if is_near else ()
    if missing:
        return Refusal("unknown_name", missing, nearest, covered), 0.0
    return Refusal("not_direct" if is_near else "weak_evidence", nearest=nearest, covered=covered), chance


def is_general(chance: float, best: float) -> bool:
    """True if what was found for a city is so much less likely than the best city's that it is said in general."""
    return _to_log_odds(chance) < _to_log_odds(best) - MAX_LOG_ODDS_BEHIND


def probability(signals: Signals) -> float:
    """The probability that the evidence answers the question: 0 to 1."""
    score = log_odds(signals)
    return 1 / (1 + math.exp(-max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, score))))


def _to_log_odds(chance: float) -> float:
    return math.log(max(chance, 1e-9) / max(1 - chance, 1e-9))


def find_missing(query: Query, best: Passage, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The places, years and names of the question that no document mentions, as they stand in it."""
    asked = find_places(query.text).items()
    places = tuple(written for place, written in asked if place not in vocabulary.places)
    years = find_years(query.text).items()
    places += tuple(written for year, written in years if year not in vocabulary.years)
    # In another language a name may be written otherwise ("Nhật Bản" is Japan): there it is a signal only.
    if places or query.language != best.chunk.source.language:
        return places
    return find_unknown_names(query, vocabulary.words)


def read_signals(query: Query, best: Passage, vocabulary: Vocabulary) -> Signals:
    """What tells whether `best` answers `query`; see `qa.answer.calibration`."""
    language = best.chunk.source.language
    question = wording_for(query, language)
    return Signals(
        similarity=best.similarity,
        background=vocabulary.background_similarity(question),
        is_cross_lingual=query.language != language,
        has_unknown_name=bool(find_unknown_names(query, vocabulary.words)),
        names_place=query.names_place,
        is_unmentioned=bool(find_unmentioned_words(query, vocabulary.words)),
        read_score=best.read_score,
        focus_score=None if best.read_score is None else best_focus(best),
    )
