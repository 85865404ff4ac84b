"""The names of a sentence that quotes and question lack, across spellings, languages and scripts."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from qa.cities import CityCatalogue
from qa.cities.countries import country_name, known_countries
from qa.facts.vocabulary import language_of
from qa.facts.wording import (
    ALIASES,
    KATAKANA,
    WORD,
    Word,
    find_words,
    initials,
    same_sound,
    sound_of_katakana,
    sound_of_latin,
    stems,
)
from qa.i18n.messages import LANGUAGES
from qa.text.names import find_places
from qa.text.normalise import fold_letters

LATIN_LANGUAGES = frozenset({"", "en", "id", "vi", "fil"})
FOREIGN_IN_VIETNAMESE = re.compile(r"[a-z]{7,}|[a-z]*[fjwz][a-z]*")
"""A folded word that is no Vietnamese syllable: a name that keeps its spelling."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What quotes and question have that a name may be compared with, all folded."""

    words: frozenset[str]
    initials: frozenset[str]
    sounds: frozenset[str]
    katakana: frozenset[str]
    entities: frozenset[str]
    languages: frozenset[str]
    text: str


def missing_names(
    sentence: str, plain: str, quotes: Sequence[str], question: str, catalogue: CityCatalogue | None
) -> Iterator[tuple[int, str, bool]]:
    """Start, text and whether it cannot be judged, of each name in `sentence` without support.

    `plain` is the sentence, character by character, with NUL where a number or date has been read.
    """
    known = _known_of(tuple(quotes), question, catalogue)
    entities = _entities(_without_aliases(sentence, known), catalogue)
    handled: set[str] = set()
    for entity, surface in entities.items():
        handled.update(
            fold_letters(word)
            for match in WORD.finditer(surface)
            for word in (match.group(), *re.split(r"[-‐.]", match.group()))
        )
        if "\u3040" <= surface[0] <= "\u9fff":
            handled.add(fold_letters(surface))
        if entity not in known.entities:
            yield max(0, sentence.find(surface)), surface, False
    words = [word for word in find_words(sentence, plain) if not _is_handled(word, handled)]
    yield from _judged(words, sentence, known)


def _without_aliases(sentence: str, known: _Known) -> str:
    """`sentence` without what spells out an abbreviation that is known: no Japan in "JICA" written out."""
    for aliases in ALIASES:
        if any(_has(fold_letters(alias), known.text, known.words) for alias in aliases):
            for alias in aliases:
                if " " in alias:
                    sentence = re.sub(re.escape(alias), " ", sentence, flags=re.IGNORECASE)
    return sentence


def _is_handled(word: Word, handled: set[str]) -> bool:
    folded = fold_letters(word.text)
    if word.kind == "katakana":
        return any(name in folded or folded in name for name in handled if not name.isascii())
    parts = [part for part in re.split(r"[-‐.]", folded) if len(part) > 2]
    return not handled.isdisjoint([*stems(folded), *parts])


def _judged(words: Sequence[Word], sentence: str, known: _Known) -> Iterator[tuple[int, str, bool]]:
    """The words without support; words side by side are one name."""
    language = language_of(sentence)
    spelt_out = _spelt_out(words, sentence, known)
    run: list[Word] = []
    for index, word in enumerate(words):
        is_missing = index not in spelt_out and not _is_supported(words, index, known)
        is_next = bool(run) and word.start - run[-1].end == 1 and word.kind == run[-1].kind == "name"
        if run and not (is_missing and is_next):
            yield _named(run, sentence, language, known)
            run = []
        if is_missing:
            run.append(word)
    if run:
        yield _named(run, sentence, language, known)


def _named(run: Sequence[Word], sentence: str, language: str, known: _Known) -> tuple[int, str, bool]:
    text = run[0].text if len(run) == 1 else sentence[run[0].start : run[-1].end]
    return run[0].start, text, all(_is_unjudged(word, language, known) for word in run)


def _is_unjudged(word: Word, language: str, known: _Known) -> bool:
    """True if `word` may be in the quotes in another script or translated."""
    if word.kind == "address":
        return False
    if word.kind == "katakana":
        return True
    if language in known.languages:
        return False
    if not known.languages & LATIN_LANGUAGES:
        return True
    if word.kind in ("acronym", "code") or language not in LATIN_LANGUAGES:
        return False
    if language == "" or "" in known.languages:
        return False
    return not (language == "vi" and FOREIGN_IN_VIETNAMESE.fullmatch(fold_letters(word.text)))


def _is_supported(words: Sequence[Word], index: int, known: _Known) -> bool:
    word = words[index]
    folded = fold_letters(word.text)
    if word.kind == "address":
        return folded in known.text
    if word.kind == "katakana":
        whole = unicodedata.normalize("NFKC", word.text)
        parts = re.split("[・=＝]", whole)
        return whole in known.katakana or all(
            part in known.katakana or _sounds_known(sound_of_katakana(part), known) for part in parts
        )
    if (stems(folded) | {folded.replace(".", ""), folded.replace("-", "")}) & known.words:
        return True
    parts = [part for part in re.split(r"[-‐'’.]", folded) if part]
    if word.kind == "name" and len(parts) > 1 and all(stems(part) & known.words for part in parts):
        return True
    if word.kind == "acronym" and _bare(folded) in known.initials:
        return True
    if word.kind == "name" and _joins_known(words, index, known):
        return True
    return word.kind == "name" and "ja" in known.languages and _sounds_known(sound_of_latin(folded), known)


def _bare(acronym: str) -> str:
    letters = re.sub(r"[^a-z]", "", acronym)
    return letters[:-1] if acronym.endswith("s") and len(letters) > 3 else letters


def _sounds_known(sound: str, known: _Known) -> bool:
    return len(sound) > 1 and sound in known.sounds


def _joins_known(words: Sequence[Word], index: int, known: _Known) -> bool:
    """True if the word and a neighbour are one word of the quotes: "Viet Nam", Vietnam."""
    pairs = itertools.pairwise(words[max(0, index - 1) : index + 2])
    return any(
        other.start - one.end == 1 and fold_letters(one.text + other.text) in known.words
        for one, other in pairs
    )


def _spelt_out(words: Sequence[Word], sentence: str, known: _Known) -> set[int]:
    """The places in `words` of names that spell out an abbreviation of the quotes, of three letters or more."""
    found: set[int] = set()
    for length in (3, 4, 5, 6):
        for start in range(len(words) - length + 1):
            row = words[start : start + length]
            is_row = all(
                b.start - a.end <= 5 and not re.search(r"[.,;:]", sentence[a.end : b.start])
                for a, b in itertools.pairwise(row)
            )
            if is_row and fold_letters("".join(word.text[0] for word in row)) in known.words:
                found.update(range(start, start + length))
    return found


@lru_cache(maxsize=64)
def _known_of(quotes: tuple[str, ...], question: str, catalogue: CityCatalogue | None) -> _Known:
    texts = (*quotes, question)
    words: set[str] = set()
    sounds: set[str] = set()
    katakana: set[str] = set()
    for text in texts:
        previous = last_sound = ""
        compatible = unicodedata.normalize("NFKC", text)
        for match in WORD.finditer(text if compatible == text else f"{text}\n{compatible}"):
            folded = fold_letters(match.group())
            parts = [part for part in re.split(r"[-‐'’.]", folded) if part]
            for one in (folded, folded.replace("-", ""), folded.replace(".", ""), *parts):
                words |= stems(one)
            words.add(previous + folded)
            previous = folded
            heard = {sound_of_latin(one) for one in {folded, *parts, folded.removesuffix("s")}}
            # Two consonants are heard in many words, three or more in few.
            sounds.update(one for one in heard if len(one) > 2 or match.group()[0].isupper())
            sounds.update(same_sound(last_sound + one) for one in heard)
            last_sound = sound_of_latin(folded)
        for match in KATAKANA.finditer(unicodedata.normalize("NFKC", text)):
            katakana.update((match.group(), *re.split("[・=＝]", match.group())))
    sounds.update(sound_of_katakana(one) for one in katakana)
    joined = fold_letters("\n".join(texts))
    for aliases in ALIASES:
        if any(_has(fold_letters(alias), joined, words) for alias in aliases):
            for alias in map(fold_letters, aliases):
                words.update(stems(alias.replace(" ", "")), alias.split())
    entities = frozenset(entity for text in texts for entity in _entities(text, catalogue))
    return _Known(
        frozenset(words), frozenset(one for text in texts for one in initials(text)), frozenset(sounds - {""}),
        frozenset(katakana), entities, _languages_of(quotes), joined,
    )  # fmt: skip


def _languages_of(quotes: Sequence[str]) -> frozenset[str]:
    """The languages of the quotes; a heading of a few words tells none, and counts only where all are such."""
    languages = {language_of(quote) for quote in quotes}
    return frozenset(languages - {""} or languages)


def _has(alias: str, joined: str, words: Set[str]) -> bool:
    return alias in words if re.fullmatch(r"[a-z0-9.]+", alias) else alias in joined


def _entities(text: str, catalogue: CityCatalogue | None) -> dict[str, str]:
    """The cities, countries and well-known places in `text`: what each is called in English → here."""
    found: dict[str, str] = {}
    folded = fold_letters(text)
    if catalogue is not None:
        whole = _with_home(catalogue)
        for city in whole.find(text):
            entry = whole.get(city)
            found[city] = _surface(entry.all_names() if entry else (city,), folded, text) or city
    for country, names in _countries().items():
        surface = _surface(names, folded, text)
        if surface:
            found[country] = surface
    for match in WORD.finditer(text):
        peoples = stems(fold_letters(match.group())) & _demonyms().keys()
        if peoples and match.group()[0].isupper():
            found.setdefault(_demonyms()[next(iter(peoples))], match.group())
    for place, surface in find_places(text).items():
        found.setdefault("Viet Nam" if place == "Vietnam" else place, surface)
    return found


def _surface(names: Sequence[str], folded: str, text: str) -> str:
    """The longest of `names` that stands in `text`, as it stands there; "" for none."""
    for name in sorted(names, key=len, reverse=True):
        pattern = re.escape(fold_letters(name)).replace(r"\ ", r"[\s-]").replace(r"\-", r"[\s-]")
        bounds = rf"(?<![a-z]){pattern}(?![a-z])" if fold_letters(name)[0].isascii() else pattern
        match = re.search(bounds, folded)
        if match:
            place = (
                match.start() if len(folded) == len(text) else max(0, text.casefold().find(name.casefold()))
            )
            surface = text[place : place + match.end() - match.start()]
            if not fold_letters(name)[0].isascii() or surface[:1].isupper():  # Vietnamese "lao" is no country
                return surface
    return ""


@lru_cache(maxsize=8)
def _with_home(catalogue: CityCatalogue) -> CityCatalogue:
    """The catalogue with the home city as one among the others, so that it is found too."""
    return CityCatalogue(tuple(replace(city, is_home=False) for city in catalogue.cities))


@cache
def _countries() -> Mapping[str, tuple[str, ...]]:
    """The countries of Asia and what they are called in the languages of the page."""
    return {
        country: tuple(
            dict.fromkeys(
                [country, country.replace(" ", ""), *(country_name(country, one) for one in LANGUAGES)]
            )
        )
        for country in known_countries()
    }


@cache
def _demonyms() -> Mapping[str, str]:
    """The folded name of a country, in one word → the country."""
    return {fold_letters(country.replace(" ", "")): country for country in _countries()}
