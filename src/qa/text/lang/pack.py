"""The fields of a language pack: the words by which the program knows a question, a date, an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

CITY = "\0"
"""Stands for each city in a question that may ask for a story: no question has this character."""

GAP, BLANKS = r"[\s\u200b]{0,4}", r"[\s\u200b]{1,4}"
DAY, YEAR = r"(?P<day>[0-2]?\d|3[01])", r"(?P<year>1\d\d\d|2[01]\d\d)"
"""Parts of `LanguagePack.dates`."""


def counted(words: str, first: int = 0, step: int = 1) -> dict[str, int]:
    """The words with their values: `first` for the first word, and `step` more for each next word.

    A slash parts words of one value; `_` is a blank.

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
    """The words before and behind a city for which the last question is asked again: "what about Davao"."""
    asks_city_by_city: str = ""
    """The wordings that ask for a list over cities or countries, or for a comparison."""
    asks_to_tell: str = ""
    """The wordings that ask for a story, or for all that was done, with `CITY` for a city."""
    says_nothing_narrower: str = ""
    """Words beside a city's name that narrow nothing: small words, and words for the subject of all documents,
    such as cooperation and projects."""
    asks_for: str = ""
    """The words of a question that asks for something, not for yes or no."""

    opens_pointing_back: str = ""
    """The openings of a sentence that cannot be understood without the sentence before it."""
    negations: str = ""
    """Words that turn a sentence round."""
    about_evidence: str = ""
    """Words with which a model speaks of the evidence that it was given, not of the matter."""
    speakers: str = ""
    """The speakers of forged messages to a model: "system" in "system:"."""
    instructions: str = ""
    """The wordings of a text that gives orders to a model."""

    stops: str = ""
    """Signs that end a sentence without a blank behind."""
    contents_headings: str = ""
    """The names of a table of contents."""
    page_words: str = ""
    """The words behind the number of a page."""
    joins_next: str = ""
    """Abbreviations before a name whose full stop ends no sentence."""
    joins_number: str = ""
    """Abbreviations before a number whose full stop ends no sentence."""
    goes_on_after_quote: str = ""
    """The words with which a sentence goes on behind a quotation in brackets."""

    small_words: str = ""
    """Words that tell nothing of the subject of a question."""
    empty_words: str = ""
    """Words that carry no meaning in a sentence."""
    function_words: str = ""
    """Words that a number does not count: a number before such a word is no amount."""
    uncounted_words: str = ""
    """Words that a number does not count right before them, unless it is a year."""
    event_nouns: str = ""
    """The nouns behind a year: "the 2014 agreement"."""
    determiners: str = ""
    no_names: str = ""
    """Words with a capital that are no names: titles, and words that begin sentences."""
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
    """The words before such a name where it is a month."""
    dates: tuple[str, ...] = ()
    """The dates that only this language writes: patterns with the groups day, month and year."""
    eras: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Era → the year before its first year, and the number of its years; today's era ends in 2100."""
    era_names: Mapping[str, str] = field(default_factory=dict)
    """Another spelling of an era → the era."""
    year_words: str = ""
    """The words that may stand before the year of a date."""
    before_year: str = ""
    """Words that make a number of four digits behind them a year."""
    before_likely_year: str = ""
    """Words that make such a number a year, unless it is an amount."""
    before_amount: str = ""
    """Words that make the number behind "of" an amount."""
    before_two_years: str = ""
    before_decade: str = ""
    after_decade: str = ""
    same_year: str = ""
    """The words before a date of the year that was named before."""
    until: str = ""
    after_until: str = ""
    """The words that may stand between `until` and the year."""
    ands: str = ""

    small_numbers: Mapping[str, int] = field(default_factory=dict)
    """Below a hundred."""
    whole_numbers: Mapping[str, int] = field(default_factory=dict)
    """Words for a whole scale: "seratus", a hundred."""
    ordinals: Mapping[str, int] = field(default_factory=dict)
    """The words for "the n-th", without words for "the first" that mostly mean no number."""
    before_rank: str = ""
    after_rank: str = ""
    """The words before or behind a number, in digits or words, that make it "the n-th"."""
    rank_endings: str = ""
    """The endings right behind digits that make them "the n-th": 2nd."""
    scales: Mapping[str, int] = field(default_factory=dict)
    """The words that multiply the number before them; 0 adds ten to it (-teen)."""
    joins_numbers: str = ""
    """The words that may stand inside of a number: "two hundred and ten"."""
    vague_amounts: str = ""
    """The words before a scale that is no number: "many thousand"."""
    counters: str = ""
    """The words behind a word that is a number there and another word elsewhere."""
    number_lookalikes: str = ""
    """Runs of numerals that are mostly other words."""
    before_age: str = ""
    before_both: str = ""
    both_nouns: str = ""
    """The words before and behind "two" where it is no figure: "the two cities"."""
    thousands_mark: str = ""
    """The mark that groups thousands; `NONE` where it may be a comma or a point."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Unit (see `qa.facts.units`) → its names: patterns with `_` for a blank and blanks between them."""
    units_before: Mapping[str, str] = field(default_factory=dict)
    """Unit → the alternatives that stand before its number."""
    tenths: str = ""
    """The words behind a number of tenths."""

    def __post_init__(self) -> None:
        """Raise `TypeError` if fields are left out, or are given and named in `has_no`."""
        empty = {entry.name for entry in fields(self) if not getattr(self, entry.name)} - {"has_no"}
        if wrong := sorted(empty ^ set(self.has_no.split())):
            raise TypeError(f"language pack {self.code!r}: give {', '.join(wrong)}, or name them in has_no")
