"""What a language pack has to say: the words by which the program knows a question, a date, an answer."""

from __future__ import annotations

from dataclasses import dataclass

NONE = ""
"""Where a language has no such words: every field is given, so that none is forgotten."""

CITY = "\0"
"""Stands for each city in a question that is looked at for a story: no question has this character."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePack:
    """All that the program knows of one language.

    A `str` is the alternatives of a regular expression, which ignores case and is joined with those of the other
    languages; `NONE` where there are none.
    """

    code: str
    """ISO 639: also the name of its module here and of its locale."""

    greetings: str
    thanks: str
    asks_for_coverage: str
    """Whole questions about the program itself: "What can you do?"."""

    points_back: str
    """Words of a question that point back to what was said before."""
    asks_again_before: str
    asks_again_after: str
    """What stands before and behind a city that the last question is asked again for: "what about Davao"."""
    asks_city_by_city: str
    """How a list over cities or countries is asked for, or a comparison."""
    asks_to_tell: str
    """How one asks to be told about something, or what was done all in all, with `CITY` for a city."""
    says_nothing_narrower: str
    """Words beside a city's name that still leave everything about it asked for: small ones, and those for what
    the documents are about anyway, such as cooperation and projects."""
    asks_for: str
    """What a question has that asks for something, not whether it is so."""

    opens_pointing_back: str
    """How a sentence opens that cannot be understood without the one before it."""
    negations: str
    """Words that turn a sentence round."""
    about_evidence: str
    """Words with which a writer speaks of what it was given rather than of the matter."""
    speakers: str
    """Who speaks in a forged message to a model: "system" in "system:"."""
    instructions: str
    """How a text tells a model what to do."""

    contents_headings: str
    """What a table of contents is called."""
    page_words: str
    """What stands behind the number of a page."""
    joins_next: str
    """Abbreviations before a name whose full stop ends no sentence."""
    joins_number: str
    """Abbreviations before a number whose full stop ends no sentence."""
    goes_on_after_quote: str
    """With what a sentence goes on behind a quotation in brackets."""
