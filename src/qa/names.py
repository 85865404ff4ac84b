"""What a question asks about and no document mentions, so that it can hardly be answered."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from rapidfuzz.distance import Levenshtein

from qa.domain import Chunk, Query

NAME = re.compile(r"(?<![\w'’-])[A-ZÀ-ÖØ-Þ][\w'’-]*\w(?![\w’'-])")
"""A capitalised word of Latin letters."""

YEAR = re.compile(r"(?<![\d.,])(?:1\d|2[01])\d\d(?!\d|[.,]\d)")
SENTENCE_START = re.compile(r"(?:^|[.!?:;…¿¡\"“‘(]\s*)$")
MIN_LETTERS = 4
"""Shorter capitalised words are mostly abbreviations, which documents often write out."""

DEMONYMS = {"chinese": "china", "filipino": "philippines", "filipinos": "philippines", "khmer": "cambodia"}
"""Names of peoples that do not begin like their country's."""

SHARED_PREFIX = 5
"""Words that begin with the same five letters are taken for forms of one: "Norman", "Normandy's"."""

SMALL_WORDS = frozenset(
    """
    a about after all also an and any are as at be been before between by called can could did do does during
    first for from give had has have he her his how i in into is it its kind least less long many may me might
    more most much my name not of on one only or other our over same shall she should so some such tell than
    that the their them then there these they this those to type under until us used was we were what when
    where which while who whom whose why will with would you your
    """.split()
)
"""English words that say nothing of what is asked."""


def find_unknown_names(query: Query, known: frozenset[str]) -> tuple[str, ...]:
    """The capitalised words inside the question that are not in `known`, nor anything like them.

    A question written in capitals throughout, or Like A Title, tells nothing, and German capitalises nouns.
    """
    text = query.searched_text
    words = re.findall(r"[^\W\d_]{2,}", text)
    capitalised = [word for word in words if word[0].isupper()]
    if query.language == "de" or len(capitalised) * 2 > len(words) + 1:
        return ()
    missing = []
    for match in NAME.finditer(text):
        word = re.sub(r"['’]s?$", "", match.group())
        if SENTENCE_START.search(text[: match.start()]) or len(word) < MIN_LETTERS:
            continue
        if not _is_known(_fold(word), known):
            missing.append(word)
    return tuple(dict.fromkeys(missing))


def find_unmentioned_words(query: Query, known: frozenset[str]) -> tuple[str, ...]:
    """What an English question asks, names and small words aside, if nothing of it is in `known`; else empty.

    "What is the population of Surabaya?" asks for a population: where no document has the word, even a good
    passage about Surabaya should be doubted.
    """
    if query.language != "en":
        return ()
    words = re.findall(r"[^\W\d_][\w'’-]*", query.searched_text)
    asked = [word for number, word in enumerate(words) if number == 0 or not word[0].isupper()]
    content = [folded for word in asked if (folded := _fold(word)) not in SMALL_WORDS]
    if any(_is_known(word, known) or any(other.startswith(word) for other in known) for word in content):
        return ()
    return tuple(dict.fromkeys(content))


def find_places(text: str) -> Mapping[str, str]:
    """The well-known places (`data/places.toml`) that `text` names: English name → as it stands in the text.

    Latin names count as they are written there, with capitals: Indonesian "medan" is a field.
    """
    return {_places()[match.group()]: match.group() for match in _place_pattern().finditer(text)}


def find_years(text: str) -> Mapping[str, str]:
    """The years from 1000 to 2199 that `text` names: in ASCII digits → as it stands in the text."""
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    return {match.group(): text[match.start() : match.end()] for match in YEAR.finditer(plain)}


@cache
def _places() -> Mapping[str, str]:
    """Each name → the place's English name."""
    text = resources.files("qa").joinpath("data", "places.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text).values()
    return {
        variant: name for table in tables for name, variants in table.items() for variant in (name, *variants)
    }


@cache
def _place_pattern() -> re.Pattern[str]:
    names = sorted(_places(), key=len, reverse=True)
    return re.compile(
        "|".join(rf"(?<!\w){re.escape(n)}(?!\w)" if _is_latin(n) else re.escape(n) for n in names)
    )


def _is_latin(name: str) -> bool:
    return unicodedata.name(name[0]).startswith("LATIN")


def collect_words(chunks: Iterable[Chunk]) -> frozenset[str]:
    """The words of the documents, folded, as `find_unknown_names` wants them."""
    words: set[str] = set()
    for chunk in chunks:
        text = f"{chunk.title} {chunk.heading} {chunk.text}"
        words.update(re.findall(r"[\w'’-]+\w|\w", _fold(text)))
        # "Viet Nam" is Vietnam to some, "Hai Phong" Haiphong.
        words.update(_fold(one + other) for one, other in re.findall(r"(?=\b([A-Z]\w+) ([A-Z]\w+))", text))
    return frozenset(words)


def _is_known(word: str, known: frozenset[str]) -> bool:
    word = DEMONYMS.get(word, word)
    if word in known or any(_is_form_of(word, other) for other in known):
        return True
    parts = [part for part in re.split(r"[-'’]", word) if part]
    return len(parts) > 1 and all(part in known for part in parts)


def _is_form_of(word: str, other: str) -> bool:
    is_long = min(len(word), len(other)) >= SHARED_PREFIX
    if is_long and word[:SHARED_PREFIX] == other[:SHARED_PREFIX]:
        return True
    # A letter more or less makes another name of a short one: Minh is not Vinh.
    return len(word) > SHARED_PREFIX and Levenshtein.distance(word, other, score_cutoff=1) <= 1


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
