"""The kind of a question: it asks for something of several cities, for everything about one, or for a fact."""

from __future__ import annotations

import re

from qa.cities import CityCatalogue
from qa.text.lang import any_of
from qa.text.lang.pack import CITY

CITY_BY_CITY = re.compile(any_of(lambda pack: pack.asks_city_by_city), re.IGNORECASE)

ASKS_TO_TELL = re.compile(any_of(lambda pack: pack.asks_to_tell), re.IGNORECASE)

SAYS_NOTHING_NARROWER = re.compile(any_of(lambda pack: pack.says_nothing_narrower), re.IGNORECASE)


def asks_city_by_city(text: str) -> bool:
    """True if `text` asks for something of every city there is, or to compare cities.

    >>> asks_city_by_city("Which cities work with Kitakyushu on waste?")
    True
    >>> asks_city_by_city("Which city received an award in 2001?")
    False
    """
    return CITY_BY_CITY.search(text) is not None


def asks_for_story(text: str, catalogue: CityCatalogue) -> bool:
    """True if `text` asks for everything about one city of `catalogue`, the home one counted, or only names it.

    Whatever else a question says, a time, a plant, a number, makes it one for a fact: nothing may be left of
    `text` when names, requests to tell and words that say nothing narrower are taken away.

    >>> cities = load_cities()
    >>> asks_for_story("Tell me about the cooperation with Dalian.", cities)
    True
    >>> asks_for_story("Tell me about the capacity of the plant in Dalian.", cities)
    False
    """
    blanked = catalogue.blank_names(text, CITY).replace("\u200b", "")
    if CITY not in blanked or len(catalogue.query_cities(text)) > 1:
        return False
    rest = SAYS_NOTHING_NARROWER.sub(" ", ASKS_TO_TELL.sub(" ", blanked))
    return re.search(r"\w", rest) is None
