"""Questions to go on with. Each is asked before it is offered: the documents answer it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa.domain import Stated
from qa.i18n.messages import say
from qa.pipeline import Pipeline
from qa.text.normalise import fold_blanks

MAX_TRIED = 10
"""Questions that are asked, out of sight, to find those to offer: about 0.2 seconds each, the first time."""

MAX_YEARS_TRIED = 2
"""Years of a city that are asked about: the years that most sentences name."""

MAX_QUESTIONS_REMEMBERED = 2_000
"""Questions whose outcome is remembered, until the documents change."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that the documents may answer, and what its answer has to name to be one: cities, a year."""

    question: str
    cities: tuple[str, ...] = ()
    year: int | None = None


class Suggester:
    """Offers questions. Safe to be called from many threads."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._is_answered = lru_cache(maxsize=MAX_QUESTIONS_REMEMBERED)(self._ask)

    def suggest(
        self, *, cities: Sequence[str], language: str, asked: Sequence[str] = (), count: int = 3
    ) -> tuple[str, ...]:
        """At most `count` questions in `language`, about `cities` first; none that was `asked` already."""
        known = {fold_blanks(question) for question in asked}
        candidates = (
            each for each in self._candidates(cities, language) if fold_blanks(each.question) not in known
        )
        state = self._pipeline.library.state
        answered = (
            each.question
            for each in itertools.islice(candidates, MAX_TRIED)
            if self._is_answered(each, state)
        )
        return tuple(itertools.islice(answered, count))

    def _candidates(self, cities: Sequence[str], language: str) -> Iterator[Candidate]:
        """Questions about what the talk is about, then how that compares, then about the other cities."""
        covered = self._pipeline.library.covered_cities
        near = [city for city in covered if city in cities]
        others = [city for city in covered if city not in cities]
        if not near:
            near, others = others, near
        of_near = _in_turn([list(self._about(city, language)) for city in near])
        yield from of_near[:2]
        yield from (self._compare(pair, language) for pair in [*itertools.pairwise((*near, *others))][:1])
        yield from of_near[2:]
        yield from _in_turn([list(self._about(city, language)) for city in others])

    def _about(self, city: str, language: str) -> Iterator[Candidate]:
        name = self._pipeline.library.catalogue.display_name(city, language)
        yield Candidate(say("example", language, city=name), (city,))
        for year in self._years(city):
            yield Candidate(say("suggest_year", language, city=name, year=year), (city,), year)

    def _years(self, city: str) -> list[int]:
        named = [event.year for event in self._pipeline.library.events if event.cities == (city,)]
        return sorted(set(named), key=lambda year: (-named.count(year), -year))[:MAX_YEARS_TRIED]

    def _compare(self, pair: tuple[str, str], language: str) -> Candidate:
        catalogue = self._pipeline.library.catalogue
        one, other = (catalogue.display_name(city, language) for city in pair)
        return Candidate(say("suggest_compare", language, one=one, other=other), pair)

    def _ask(self, candidate: Candidate, state: object) -> bool:
        """True if the documents, in this state, answer it with what it asks for."""
        answer = self._pipeline.quote(candidate.question)
        if not isinstance(answer, Stated):
            return False
        about = {city for citation in answer.citations for city in citation.source.cities}
        is_about = not answer.silent_cities and set(candidate.cities) <= about
        return is_about and (candidate.year is None or self._names_year(answer, candidate.year))

    def _names_year(self, answer: Stated, year: int) -> bool:
        dated = [event.text for event in self._pipeline.library.events if event.year == year]
        return any(text in citation.quote for citation in answer.citations for text in dated)


def _in_turn(runs: Sequence[Sequence[Candidate]]) -> list[Candidate]:
    """The first of each run, then the second of each, and so on."""
    return [each for group in itertools.zip_longest(*runs) for each in group if each]
