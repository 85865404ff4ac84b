"""The fields of a language pack: the words by which the program knows a question, a date, an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

CITY = "\0"
"""Stands for each city in a question that is looked at for a story: no question has this character."""

GAP, BLANKS = r"[\s\u200b]{0,4}", r"[\s\u200b]{1,4}"
DAY, YEAR = r"(?P<day>[0-2]?\d|3[01])", r"(?P<year>1\d\d\d|2[01]\d\d)"
"""Parts of `LanguagePack.dates`."""


def counted(words: str, first: int = 0, step: int = 1) -> dict[str, int]:
    """Each word with its value: the first has `first`, the next ones each `step` more.

    Words of one value have a slash between them; `_` is a blank.

    >>> counted("nol satu/esa", first=0)
    {'nol': 0, 'satu': 1, 'esa': 1}
    """
    return {
        word.replace("_", " "): first + step * index
        for index, words_of_one in enumerate(words.split())
        for word in words_of_one.split("/")
    }


def choice(words: Iterable[str]) -> str:
    """The alternatives of a regular expression that match any of `words`, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePack:
    """All that the program knows of one language.

    A `str` is the alternatives of a regular expression, which is joined with those of the other languages, or
    words with blanks between them. Raises `TypeError` for a field that is not given, unless `has_no` names it.
    """

    code: str
    """ISO 639: also the name of its module here and of its locale."""
    has_no: str
    """The fields for which the language has no words. They are named, so that none is forgotten."""

    greetings: str = ""
    thanks: str = ""
    asks_for_coverage: str = ""
    """Whole questions about the program itself: "What can you do?"."""

    points_back: str = ""
    """Words of a question that point back to what was said before."""
    asks_again_before: str = ""
    asks_again_after: str = ""
    """What stands before and behind a city that the last question is asked again for: "what about Davao"."""
    asks_city_by_city: str = ""
    """How a list over cities or countries is asked for, or a comparison."""
    asks_to_tell: str = ""
    """How one asks to be told about something, or what was done all in all, with `CITY` for a city."""
    says_nothing_narrower: str = ""
    """Words beside a city's name that narrow nothing: small words, and words for what all documents are about,
    such as cooperation and projects."""
    asks_for: str = ""
    """What a question has that asks for something, not whether it is so."""

    opens_pointing_back: str = ""
    """How a sentence opens that cannot be understood without the one before it."""
    negations: str = ""
    """Words that turn a sentence round."""
    about_evidence: str = ""
    """Words with which a writer speaks of what it was given rather than of the matter."""
    speakers: str = ""
    """Who speaks in a forged message to a model: "system" in "system:"."""
    instructions: str = ""
    """How a text tells a model what to do."""

    stops: str = ""
    """Signs that end a sentence without a blank behind."""
    contents_headings: str = ""
    """What a table of contents is called."""
    page_words: str = ""
    """What stands behind the number of a page."""
    joins_next: str = ""
    """Abbreviations before a name whose full stop ends no sentence."""
    joins_number: str = ""
    """Abbreviations before a number whose full stop ends no sentence."""
    goes_on_after_quote: str = ""
    """With what a sentence goes on behind a quotation in brackets."""

    small_words: str = ""
    """Words that say nothing of what is asked."""
    empty_words: str = ""
    """Words that carry no meaning in a sentence."""
    function_words: str = ""
    """Words that a number does not count: what stands before one of them is no amount."""
    uncounted_words: str = ""
    """The same right behind a number that is no year."""
    event_nouns: str = ""
    """What a year is put before: "the 2014 agreement"."""
    determiners: str = ""
    no_names: str = ""
    """Words with a capital that are no names: what begins sentences, titles."""
    common_words: str = ""
    """Words by which a text of few words is known to be in the language."""
    demonyms: Mapping[str, str] = field(default_factory=dict)
    """Names of peoples that do not begin like their country's → the country."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """The English abbreviation → the alternatives that stand for it."""

    months: Mapping[str, int] = field(default_factory=dict)
    counted_months: Mapping[str, int] = field(default_factory=dict)
    """Months that have no names but numbers, as they stand beside the word for month."""
    month_lookalikes: str = ""
    """Names of months that are also other words, or may stand for other things."""
    before_month: str = ""
    """What stands before such a name where it is a month."""
    dates: tuple[str, ...] = ()
    """How only this language writes dates: patterns with the groups day, month and year."""
    eras: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Era → the year before its first, and how many years it has; today's, as many as end in 2100."""
    era_names: Mapping[str, str] = field(default_factory=dict)
    """How else an era is written → the era."""
    year_words: str = ""
    """What may stand before the year of a date."""
    before_year: str = ""
    """Words that make a number of four digits behind them a year."""
    before_likely_year: str = ""
    """The same, unless it is an amount."""
    before_amount: str = ""
    """Words that make the number behind "of" an amount."""
    before_two_years: str = ""
    before_decade: str = ""
    after_decade: str = ""
    same_year: str = ""
    """What stands before a date of the year that was named before."""
    until: str = ""
    after_until: str = ""
    """What may stand between `until` and the year."""
    ands: str = ""

    small_numbers: Mapping[str, int] = field(default_factory=dict)
    """Below a hundred."""
    whole_numbers: Mapping[str, int] = field(default_factory=dict)
    """Words that are one of a scale: "seratus", a hundred."""
    ordinals: Mapping[str, int] = field(default_factory=dict)
    """What is said for "the n-th". The first is left out: too many words that mean no number."""
    before_rank: str = ""
    after_rank: str = ""
    """What stands before or behind a number, in digits or words, and makes it "the n-th"."""
    rank_endings: str = ""
    """What is written right behind digits for the same: 2nd."""
    scales: Mapping[str, int] = field(default_factory=dict)
    """What multiplies the number before it; 0 adds ten to it (-teen)."""
    joins_numbers: str = ""
    """What may stand inside of a number: "two hundred and ten"."""
    vague_amounts: str = ""
    """What stands before a scale that is no number: "many thousand"."""
    counters: str = ""
    """What stands behind a word that is a number there and another word elsewhere."""
    number_lookalikes: str = ""
    """Runs of numerals that are mostly other words."""
    before_age: str = ""
    before_both: str = ""
    both_nouns: str = ""
    """What stands before and behind "two" where it is no figure: "the two cities"."""
    thousands_mark: str = ""
    """What groups thousands; `NONE` where both a comma and a point may."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Unit, see `qa.facts.units`, → what it is called: patterns with `_` for a blank and blanks between them."""
    units_before: Mapping[str, str] = field(default_factory=dict)
    """Unit → the alternatives that stand before its number."""
    tenths: str = ""
    """What stands behind a number of tenths."""

    def __post_init__(self) -> None:
        """Raise `TypeError` if fields are left out, or are given and named in `has_no`."""
        empty = {entry.name for entry in fields(self) if not getattr(self, entry.name)} - {"has_no"}
        if wrong := sorted(empty ^ set(self.has_no.split())):
            raise TypeError(f"language pack {self.code!r}: give {', '.join(wrong)}, or name them in has_no")
