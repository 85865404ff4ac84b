"""Names and words of a question that no document mentions: such a question can hardly be answered."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from importlib import resources
from itertools import chain

from rapidfuzz.distance import Levenshtein

from qa.domain import Chunk, Query
from qa.text.lang import table_of, words_of
from qa.text.normalise import fold_letters

NAME = re.compile(r"(?<![\w'’-])[A-ZÀ-ÖØ-Þ][\w'’-]*\w(?![\w’'-])")
"""A capitalised word of Latin letters."""

YEAR = re.compile(r"(?<![\d.,])(?:1\d|2[01])\d\d(?!\d|[.,]\d)")
SENTENCE_START = re.compile(r"(?:^|[.!?:;…¿¡\"“‘(]\s*)$")
MIN_LETTERS = 4
"""Shorter capitalised words are mostly abbreviations, which documents often write out."""

DEMONYMS = table_of(lambda pack: pack.demonyms)

SHARED_PREFIX = 5
"""The number of letters that forms of a word share at their beginning: "Norman", "Normandy's"."""

SMALL_WORDS = words_of(lambda pack: pack.small_words)


class Words(frozenset[str]):
    """The words of documents, folded, among which a form of a word is found without a look at each word."""

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self)

    @cached_property
    def _mirrored(self) -> list[str]:
        """The words backwards, to find words that end alike."""
        return sorted(word[::-1] for word in self)

    def has_start(self, start: str) -> bool:
        """True if any word begins with `start`."""
        return next(_starting(self._sorted, start), None) is not None

    def has_form_of(self, word: str) -> bool:
        """True if any word begins with the same five letters, or is a long `word` but for one letter."""
        if len(word) >= SHARED_PREFIX and self.has_start(word[:SHARED_PREFIX]):
            return True
        # Another letter makes another name of a short name: Minh is not Vinh.
        if len(word) <= SHARED_PREFIX:
            return False
        # One wrong letter leaves one half of the word as it is.
        half = len(word) // 2
        near = _starting(self._sorted, word[:half])
        also = (other[::-1] for other in _starting(self._mirrored, word[half:][::-1]))
        return any(Levenshtein.distance(word, other, score_cutoff=1) <= 1 for other in chain(near, also))


def _starting(words: Sequence[str], start: str) -> Iterator[str]:
    for number in range(bisect_left(words, start), len(words)):
        if not words[number].startswith(start):
            return
        yield words[number]


def find_unknown_names(query: Query, known: Words) -> tuple[str, ...]:
    """The capitalised words inside the question that are not in `known`, nor anything like them.

    A question written in capitals throughout, or Like A Title, tells nothing, and German capitalises nouns. A city
    that documents call otherwise (`query.renamed`) is known to them by that name.
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
        is_renamed = any(word not in other for other in query.renamed.values())
        if not is_renamed and not _is_known(fold_letters(word), known):
            missing.append(word)
    return tuple(dict.fromkeys(missing))


def find_unmentioned_words(query: Query, known: Words) -> tuple[str, ...]:
    """The words of an English question, except names and small words, if none of them is in `known`; else empty.

    "What is the population of Surabaya?" asks for a population: where no document has the word, even a good
    passage about Surabaya should be doubted.
    """
    if query.language != "en":
        return ()
    words = re.findall(r"[^\W\d_][\w'’-]*", query.searched_text)
    asked = [word for number, word in enumerate(words) if number == 0 or not word[0].isupper()]
    content = [folded for word in asked if (folded := fold_letters(word)) not in SMALL_WORDS]
    if any(_is_known(word, known) or known.has_start(word) for word in content):
        return ()
    return tuple(dict.fromkeys(content))


def find_places(text: str) -> Mapping[str, str]:
    """The well-known places (`data/places.toml`) that `text` names: English name → as it stands in the text.

    Latin names count as they are written there, with capitals: Indonesian "medan" is a field.
    """
    return {_places()[match.group()]: match.group() for match in _place_pattern().finditer(text)}


def find_years(text: str) -> Mapping[str, str]:
    """The years from 1000 to 2199 that `text` names: in ASCII digits → as it stands in the text."""
    is_plain = text.isascii()  # most text that is long
    plain = text if is_plain else "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    return {match.group(): text[match.start() : match.end()] for match in YEAR.finditer(plain)}


@cache
def _places() -> Mapping[str, str]:
    text = resources.files("qa").joinpath("data", "places.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text).values()
    return {
        variant: name for table in tables for name, variants in table.items() for variant in (name, *variants)
    }


@cache
def _place_pattern() -> re.Pattern[str]:
    """A pattern of all places, the longest first. By first letters: it reads most letters of a text once."""
    by_first: dict[str, list[str]] = {}
    for name in sorted(_places(), key=len, reverse=True):
        by_first.setdefault(name[0], []).append(re.escape(name[1:]))
    return re.compile(
        "|".join(
            rf"{re.escape(first)}(?<!\w{re.escape(first)})(?:{'|'.join(rests)})(?!\w)"
            if unicodedata.name(first).startswith("LATIN")
            else rf"{re.escape(first)}(?:{'|'.join(rests)})"
            for first, rests in by_first.items()
        )
    )


def collect_words(chunks: Iterable[Chunk]) -> Words:
    """The words of the documents, folded, as `find_unknown_names` wants them."""
    words: set[str] = set()
    for chunk in chunks:
        text = f"{chunk.source.title} {chunk.place.heading} {chunk.text}"
        words.update(re.findall(r"[\w'’-]+\w|\w", fold_letters(text)))
        # "Viet Nam" is Vietnam to some, "Hai Phong" Haiphong.
        words.update(
            fold_letters(one + other) for one, other in re.findall(r"(?=\b([A-Z]\w+) ([A-Z]\w+))", text)
        )
    return Words(words)


def _is_known(word: str, known: Words) -> bool:
    word = DEMONYMS.get(word, word)
    if word in known or known.has_form_of(word):
        return True
    parts = [part for part in re.split(r"[-'’]", word) if part]
    return len(parts) > 1 and all(part in known for part in parts)
