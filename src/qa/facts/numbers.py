"""The numbers of a text, in digits and in words, with what they measure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

from qa.facts.composing import Quantity, compose
from qa.facts.numerals import find_atoms
from qa.facts.units import LATIN, TENTH, unit_after, unit_before
from qa.facts.vocabulary import language_of
from qa.text.dates import RANGE
from qa.text.lang import any_of, any_word_of, words_of

_SUFFIX = re.compile(rf"(?:{any_of(lambda pack: pack.rank_endings)})(?![{LATIN}])")
_PREFIX = re.compile(any_word_of(lambda pack: pack.before_rank) + "$")
_PLACE = re.compile(any_of(lambda pack: pack.after_rank))
_NEXT = re.compile(r"[-\s\u200b]{0,3}([^\W\d_])(\w*)")
_NO_NOUN = words_of(lambda pack: pack.uncounted_words)
_BRIDGE = re.compile(rf"[\s\u200b]{{0,2}}(?:[-–—−~〜～,、]|{RANGE})[\s\u200b]{{0,2}}")
_ROMAN = re.compile(
    rf"(?<![{LATIN}{LATIN.upper()}])(?:I{{2,3}}|IV|VI{{1,3}}|IX|XI{{1,3}}|XIV|XV|XVI{{1,3}}|XIX|XX"
    rf"|XXI)(?![{LATIN}{LATIN.upper()}])"
)
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10}
_AGE = re.compile(rf"(?:{any_of(lambda pack: pack.before_age)})\s$")
_WIDE_COMMA = re.compile("，(?![０-９]{3})")
_TIME = re.compile(r"(?<![\d:])([01]?\d|2[0-4])[:h]([0-5]\d)(?![\d:])")


def find_quantities(text: str, plain: str) -> list[Quantity]:
    """The numbers of `text`, in order; `plain` is the same in plain characters, with NUL where dates stand."""
    language = language_of(text)
    # A wide comma groups wide digits; between others it parts sentences.
    if "，" in text:
        wide = {match.start() for match in _WIDE_COMMA.finditer(text)}
        plain = "".join(";" if place in wide else character for place, character in enumerate(plain))
    plain, times = _take_times(plain)
    found = [_with_unit(quantity, text, plain) for quantity in _numbers(text, plain, language)]
    roman = [match for match in _ROMAN.finditer(text) if plain[match.start()] != "\0"]
    rank = partial(Quantity, ordinal=True, either=True, is_word=True)
    found += [rank(*match.span(), (_roman(match.group()),), number_end=match.end()) for match in roman]
    found = list(_not_overlapping(sorted(found, key=lambda quantity: quantity.start)))
    return sorted([*_share_units(found, plain), *times], key=lambda quantity: quantity.start)


def _not_overlapping(quantities: Sequence[Quantity]) -> Iterator[Quantity]:
    """`quantities` but for what stands inside the one before: the 3 of 5,000 m3."""
    end = 0
    for quantity in quantities:
        if quantity.number_end > end:
            yield quantity
            end = quantity.end


def _roman(letters: str) -> Fraction:
    digits = [_ROMAN_DIGITS[letter] for letter in letters]
    return Fraction(
        sum(-one if one < other else one for one, other in zip(digits, [*digits[1:], 0], strict=True))
    )


def _take_times(plain: str) -> tuple[str, list[Quantity]]:
    times: list[Quantity] = []
    for match in _TIME.finditer(plain):
        for group, unit in ((1, "hour"), (2, "minute")):
            if group == 1 or match[2] != "00":
                value = Fraction(int(match[group]))
                times.append(Quantity(*match.span(group), (value,), unit, number_end=match.end(group)))
    return _TIME.sub(lambda match: "\0" * len(match.group()), plain), times


def _numbers(text: str, plain: str, language: str) -> Iterator[Quantity]:
    atoms = find_atoms(text, plain, language)
    index = 0
    while index < len(atoms):
        size, quantity = compose(atoms, index, plain, language)
        index += size
        if quantity is not None:
            yield quantity


def _with_unit(quantity: Quantity, text: str, plain: str) -> Quantity:
    start, end = quantity.start, quantity.end
    suffix = None if quantity.is_word else _SUFFIX.match(plain, end)
    place = _PLACE.match(plain, end)
    rank = _PREFIX.search(plain[max(0, start - 4) : start])
    is_rank = quantity.ordinal or bool(suffix or rank or place)
    either = quantity.either or bool(rank and rank.group().startswith(("ke", "第")))
    start -= len(rank.group()) if rank else 0
    end = suffix.end() if suffix else place.end() if place else end
    tenth = TENTH.match(plain, end)
    unit, unit_end = unit_after(plain, end)
    if tenth:
        values = tuple(value * 10 if isinstance(value, Fraction) else value for value in quantity.values)
        return replace(quantity, values=values, unit="%", end=tenth.end())
    prefix, unit_start = unit_before(plain, start)
    if prefix:
        million = re.match(rf"m(?:n|illion)?(?![{LATIN}])", plain[end : end + 8])
        if million and prefix != "century" and not quantity.is_word:
            values = tuple(v * 10**6 if isinstance(v, Fraction) else v for v in quantity.values)
            end += million.end()
            quantity = replace(quantity, values=values, number_end=end)
        return replace(quantity, start=unit_start, end=end, unit=prefix)
    if is_rank and unit != "century" and "anniversar" not in plain[end:unit_end]:
        unit, unit_end = "", end
    following = _NEXT.match(text, unit_end)
    counts = not unit and following is not None and _is_noun(following)
    if not unit and _AGE.search(plain[max(0, start - 16) : start]) and not _is_four(quantity):
        unit, counts = "year", False
    return replace(
        quantity,
        start=start,
        end=unit_end,
        unit=unit,
        ordinal=is_rank and not unit,
        either=either,
        counts=counts,
    )


def _is_four(quantity: Quantity) -> bool:
    """True for a number of four digits, which may be a year."""
    return not quantity.is_word and quantity.number_end - quantity.start == 4


def _is_noun(following: re.Match[str]) -> bool:
    first = following[1]
    if "\u3040" <= first <= "\u309f":
        return first == "つ"
    return (first + following[2]).lower() not in _NO_NOUN


def _share_units(quantities: Sequence[Quantity], plain: str) -> list[Quantity]:
    """`quantities`, each without a unit that is joined to the next given the unit of that: "5 to 10 km"."""
    shared: list[Quantity] = []
    for quantity in reversed(quantities):
        is_bare = shared and not quantity.unit and not quantity.counts and not quantity.ordinal
        if is_bare and _BRIDGE.fullmatch(plain[quantity.end : min(shared[-1].start, quantity.end + 20)]):
            quantity = replace(quantity, unit=shared[-1].unit)
        shared.append(quantity)
    return shared[::-1]
