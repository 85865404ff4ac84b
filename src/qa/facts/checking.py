"""The numbers, dates, units and names of a sentence that its quotes lack."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from qa.cities import CityCatalogue
from qa.facts.calendar import SAME_YEAR, Date, Reading, blank, find_dates
from qa.facts.composing import Quantity, Value
from qa.facts.naming import missing_names
from qa.facts.numbers import find_quantities
from qa.facts.units import unit_after
from qa.overview.timeline import (
    CONNECTOR,
    CONTEXT,
    DETERMINER,
    EVENT_NOUNS,
    FOLLOWING,
    FUNCTION_WORDS,
    NOT_AGO,
    STRONG,
    WEAK,
)
from qa.text.dates import plain_text
from qa.text.lang import any_of
from qa.text.sentences import STOPS

Kind = Literal["number", "date", "unit", "name", "unjudged"]
YEARS = range(1000, 2200)
HAN_YEAR = re.compile(rf"\s?年{NOT_AGO}")
SHORT_RANGE = re.compile(r"(?<!\d)((?:1\d|2[01])\d\d)年?度?(?:から|[-–—−~〜～/])(\d\d)(?![\d,.]\d|\d|-)")
UP_TO = re.compile(r"(?:到|至|から|[-–—~～〜])\s?$")
HEADING = re.compile(r"[(（\[［]\s?([^()（）\[\]［］]{1,16})[)）\]］]")
"""A unit in brackets, as it stands at the head of a table."""
SENTENCE_END = re.compile(rf"[.!?]\s|[{STOPS}\n]")


@dataclass(frozen=True, slots=True)
class Fact:
    """What a sentence says and its quotes do not: `text` stands so in the sentence (in NFC).

    `unit` is a number that the quotes have of something else; `unjudged` a name that cannot be compared, as it is
    in another script or may be translated.
    """

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The numbers and dates of a text; `plain` has NUL where they stand."""

    text: str
    plain: str
    quantities: tuple[Quantity, ...]
    dates: tuple[Date, ...]

    def in_order(self) -> list[Quantity | Date]:
        """Numbers and dates as they follow each other."""
        things: list[Quantity | Date] = [*self.quantities, *self.dates]
        return sorted(things, key=lambda one: one.start)


def missing_facts(
    sentence: str, quotes: Sequence[str], *, question: str = "", catalogue: CityCatalogue | None = None
) -> tuple[Fact, ...]:
    """The numbers, dates, units and names of `sentence` that are not in `quotes`, in order; empty if all are.

    Names may come from the question too. Without a `catalogue`, cities are compared like other names. Marks such
    as [1] are read as numbers: take them off before.

    >>> missing_facts("It spread to 30,000 households.", ["2万世帯に普及した。"])
    (Fact(kind='number', text='30,000'),)
    """
    sentence = unicodedata.normalize("NFC", sentence)
    quotes = [unicodedata.normalize("NFC", quote) for quote in quotes]
    if any(_stands_in(sentence.strip(), quote) for quote in quotes):
        return ()
    reading = read_facts(sentence)
    evidence = _Evidence.of([read_facts(quote) for quote in quotes])
    found = [*_missing_dates(reading, evidence), *_missing_quantities(reading, evidence)]
    found += [
        (start, Fact("unjudged" if is_unjudged else "name", text))
        for start, text, is_unjudged in missing_names(
            sentence, reading.plain, quotes, unicodedata.normalize("NFC", question), catalogue
        )
    ]
    return tuple(dict.fromkeys(fact for _, fact in sorted(found, key=lambda one: one[0])))


def _stands_in(sentence: str, quote: str) -> bool:
    """True if `sentence` is a sentence of `quote`, word for word."""
    places = re.finditer(re.escape(sentence), quote) if sentence else ()
    return any(_is_whole(quote, place.start(), place.end()) for place in places)


def _is_whole(quote: str, start: int, end: int) -> bool:
    before, after, stops = quote[max(0, start - 2) : start], quote[end : end + 1], "\n" + STOPS
    is_start = not before or before[-1] in stops or (before[-1].isspace() and before[0] in ".!?:;" + stops)
    return is_start and (not after or after.isspace() or quote[end - 1] in stops)


@lru_cache(maxsize=256)
def read_facts(text: str) -> Facts:
    """The numbers and dates of `text` (in NFC)."""
    plain = plain_text(text)
    dates, rest = find_dates(text, plain)
    quantities = [_as_year(quantity, text, plain) for quantity in find_quantities(text, rest)]
    short_ends = {
        match.start(2): (Fraction(int(match[1]) // 100 * 100 + int(match[2])),)
        for match in SHORT_RANGE.finditer(plain)
    }
    quantities = [replace(q, values=q.values + short_ends.get(q.start, ())) for q in quantities]
    rest = blank(rest, [(quantity.start, quantity.end) for quantity in quantities])
    return Facts(text, rest, tuple(quantities), tuple(dates))


def _as_year(quantity: Quantity, text: str, plain: str) -> Quantity:
    """`quantity` with the unit "calendar" where it is surely a year, and counting nothing where it may be one."""
    value = quantity.values[0]
    digits = plain[quantity.start : quantity.number_end]
    if len(digits) != 4 or not digits.isdecimal() or int(digits) not in YEARS or value != int(digits):
        return quantity
    before = plain[max(0, quantity.start - CONTEXT) : quantity.start]
    if HAN_YEAR.match(plain, quantity.number_end):
        return replace(quantity, unit="calendar", counts=False)
    if quantity.unit == "year" and (quantity.end == quantity.number_end or UP_TO.search(before)):
        return replace(quantity, unit="calendar", counts=False)
    if quantity.unit:
        return quantity
    if DETERMINER.search(before) or _precedes_event(text, quantity.end):
        return replace(quantity, counts=False)
    if STRONG.search(before):
        return replace(quantity, unit="calendar", counts=False)
    return replace(quantity, counts=False) if WEAK.search(before) else quantity


def _precedes_event(text: str, end: int) -> bool:
    """True if what follows is no plain noun that it might count: "2007 General Election", "2014 agreement"."""
    word = FOLLOWING.match(text, end)
    return word is not None and (word[1][0].isupper() or word[1].lower() in FUNCTION_WORDS | EVENT_NOUNS)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The facts of the quotes, ready to look up: numbers with what they measure, dates and the dates that these
    imply."""

    numbers: dict[Value, set[tuple[str, bool, bool, bool]]]
    dates: set[Reading]
    years: set[int]
    rows: dict[int, set[int]]

    @classmethod
    def of(cls, readings: Sequence[Facts]) -> _Evidence:
        """The evidence of the quotes."""
        evidence = cls({}, set(), set(), {})
        row = 0
        for reading in readings:
            ends = [match.end() for match in SENTENCE_END.finditer(reading.text)]
            places = iter([*ends, len(reading.text) + 1])
            end = next(places)
            last_year: int | None = None
            headings = {match[1].lower() for match in HEADING.finditer(reading.text)}
            heading_units = {
                unit for heading in headings for unit, end in [unit_after(heading, 0)] if end == len(heading)
            } - {""}
            for thing in reading.in_order():
                while thing.start >= end:
                    end, row = next(places), row + 1
                years = evidence._add(thing, reading.text, last_year, heading_units)
                for year in years:
                    evidence.rows.setdefault(year, set()).add(row)
                    last_year = year
            row += 1
        return evidence

    def _add(
        self, thing: Quantity | Date, text: str, last_year: int | None, heading_units: set[str]
    ) -> set[int]:
        """The years that `thing` names."""
        if isinstance(thing, Quantity):
            for value in thing.values:
                senses = self.numbers.setdefault(value, set())
                senses.add(_sense(thing))
                if not thing.unit and not thing.counts:
                    senses.update((unit, False, False, False) for unit in heading_units)
        else:
            is_same_year = SAME_YEAR.search(text[max(0, thing.start - 20) : thing.start]) is not None
            for year, month, day in thing.readings:
                known = last_year if year is None and is_same_year else year
                self.dates.update(_implied(known, month, day))
        years = _named_years(thing)
        self.years.update(years)
        return years

    def has_date(self, date: Date) -> bool:
        """True if one date of the quotes says all that `date` says."""
        return any(
            reading in self.dates or (reading[1] is None and reading[0] in self.years)
            for reading in date.readings
        )

    def fit(self, quantity: Quantity) -> Kind | None:
        """What is missing: the number, its unit, or nothing (None)."""
        senses = {sense for value in quantity.values for sense in self.numbers.get(value, ())}
        if any(_agree(_sense(quantity), sense) for sense in senses):
            return None
        is_year = quantity.unit == "calendar" or (not quantity.unit and not quantity.counts)
        if is_year and any(value in self.years for value in quantity.values):
            return None
        if quantity.unit == "calendar":
            return "date" if not senses else "unit"
        return "unit" if senses else "number"

    def have_range(self, first: set[int], last: set[int]) -> bool:
        """True if one sentence of a quote has a year of each."""
        rows = [set().union(*(self.rows.get(year, set()) for year in years)) for years in (first, last)]
        return bool(rows[0] & rows[1])


def _implied(year: int | None, month: int | str | None, day: int | None) -> set[Reading]:
    """A date and all that it implies: its month with the year, its day with the month, each alone."""
    if month == "decade":
        return {(year, month, None)}
    implied = {(year, month, day), (year, month, None), (None, month, day), (None, month, None)}
    return implied | {(year, None, None)} if year is not None else implied


def _sense(quantity: Quantity) -> tuple[str, bool, bool, bool]:
    return quantity.unit, quantity.ordinal, quantity.either, quantity.counts


def _agree(said: tuple[str, bool, bool, bool], quoted: tuple[str, bool, bool, bool]) -> bool:
    """True if two equal numbers may mean the same: the same unit, a rank and a rank, an amount and an amount."""
    unit, is_rank, is_either, counts = said
    other, is_other_rank, is_other_either, other_counts = quoted
    if unit != other:
        # A year that nothing marks as one, and an amount that counts nothing known.
        return {unit, other} == {"", "calendar"} and not (counts or other_counts)
    if is_rank == is_other_rank:
        return True
    # "Phase 3" is the third; "3 cities" are not.
    return is_either or is_other_either or not (counts or other_counts)


def _missing_dates(reading: Facts, evidence: _Evidence) -> Iterator[tuple[int, Fact]]:
    for date in reading.dates:
        if not evidence.has_date(date):
            yield date.start, Fact("date", reading.text[date.start : date.end].strip())
    plain = plain_text(reading.text)
    for one, other in itertools.pairwise(reading.in_order()):
        first, last = _named_years(one), _named_years(other)
        is_range = first and last and CONNECTOR.fullmatch(plain[one.end : min(other.start, one.end + 40)])
        is_known = first <= evidence.years and last & evidence.years
        if is_range and is_known and not evidence.have_range(first, last):
            yield one.start, Fact("date", reading.text[one.start : other.end].strip())


def _named_years(thing: Quantity | Date) -> set[int]:
    if isinstance(thing, Date):
        return thing.years
    if thing.unit not in ("", "calendar") or thing.counts or thing.is_word:
        return set()
    whole = (v for v in thing.values if isinstance(v, Fraction) and v.denominator == 1)
    return {int(value) for value in whole if int(value) in YEARS}


def _missing_quantities(reading: Facts, evidence: _Evidence) -> Iterator[tuple[int, Fact]]:
    for quantity in reading.quantities:
        is_none_or_one = quantity.is_word and quantity.values[0] in (0, 1)
        if is_none_or_one or _is_both(quantity, reading.text):
            continue
        if kind := evidence.fit(quantity):
            end = quantity.number_end if kind == "number" else max(quantity.end, quantity.number_end)
            yield quantity.start, Fact(kind, reading.text[quantity.start : end].strip())


BOTH = re.compile(rf"(?:{any_of(lambda pack: pack.before_both)})\s$", re.IGNORECASE)
BOTH_NOUN = re.compile(rf"\s?(?:{any_of(lambda pack: pack.both_nouns)})")


def _is_both(quantity: Quantity, text: str) -> bool:
    """True for "the two cities", 両市, hai bên: who they are is said elsewhere, and it is no figure."""
    if quantity.values[0] != 2 or not quantity.is_word or quantity.ordinal:
        return False
    before = text[max(0, quantity.start - 8) : quantity.start]
    return bool(BOTH.search(before) or BOTH_NOUN.match(text, quantity.number_end))
