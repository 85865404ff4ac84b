"""The catalogue of cities: their names in every script, and finding them in a question.

Names and text are compared after folding: Unicode NFKC, case folded, diacritics and invisible characters
dropped. In scripts with spaces a name matches whole words only; in scripts without (Han, kana, Thai, Khmer …)
anywhere. Everything that is known about a city stands in `data/cities.toml`, nothing in this module.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, repeat
from types import MappingProxyType

from rapidfuzz.distance import OSA

from qa.errors import ConfigError

_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, kana, Han and Hangul, as the inside of a character class."""
_SEPARATOR = r"[\s\-\u2010-\u2015]+"
_LETTER = rf"[^\W_{_SPACELESS}]"
"""A letter or digit of a script with spaces."""
_WORD = re.compile(f"{_LETTER}+")
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
"""Soft hyphen, zero-width spaces and joiners: Khmer text carries them between words."""

_MAX_CHARS_BETWEEN_NAMES = 12
"""Up to so many characters between two names they are one list: "Surabaya and with Davao"."""

_FUZZY_WORD_LETTERS = 5
"""A shorter word is never taken for a misspelt name: most have an ordinary word one letter away."""
_FUZZY_PAIR_LETTERS = 6
"""The same for two words read as one: Vietnamese without its marks has "da vao" (has entered), not Davao."""
_EDIT_WORD_LETTERS = 7
"""Names from this length may have one wrong letter; shorter ones have words there (Dalian: "dalan")."""
_EDIT_PAIR_LETTERS = 9
"""The same for names of two words: a letter from "hai phong" (8) is Vietnamese "hai phuong" (two sides)."""


@dataclass(frozen=True, slots=True)
class City:
    """A city as the catalogue has it.

    `latitude` and `longitude` are degrees, north and east positive; `names` goes from a language (ISO 639)
    to the name to show and its variants; `is_home` marks the centre's own city; `lookalikes` are words that
    contain or resemble a name and mean something else.
    """

    name: str
    country: str
    latitude: float
    longitude: float
    names: Mapping[str, tuple[str, ...]] = field(hash=False)
    is_home: bool = False
    lookalikes: tuple[str, ...] = ()

    def all_names(self) -> tuple[str, ...]:
        """The canonical name and those in all languages, without repeats."""
        variants = (variant for language in self.names.values() for variant in language)
        return tuple(dict.fromkeys((self.name, *variants)))


@dataclass(frozen=True, slots=True)
class _Folded:
    """Text made ready for comparing: `offsets[i]` is where `text[i]` comes from in `source` (NFKC)."""

    text: str
    source: str
    offsets: Sequence[int]

    def surface(self, start: int, end: int) -> str:
        """What stands in the source where `text[start:end]` comes from."""
        return self.source[self.offsets[start] : self.offsets[end - 1] + 1]


@dataclass(frozen=True, slots=True)
class CityCatalogue:
    """The cities in the order of the file.

    >>> catalogue = load_cities()
    >>> catalogue.find("Since when has Kitakyushu worked with HAI-PHONG and スラバヤ市?")
    ('Hai Phong', 'Surabaya')
    """

    cities: tuple[City, ...]
    _by_name: Mapping[str, City] = field(init=False, repr=False, compare=False)
    _marked: frozenset[str] = field(init=False, repr=False, compare=False)
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _targets: tuple[tuple[str | None, tuple[str, ...]], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name: dict[str, City] = {}
        for city in self.cities:
            for name in city.all_names():
                known = by_name.setdefault(name_key(name), city)
                if known is not city:
                    raise ConfigError(
                        f"{name!r} is a name of {known.name} and of {city.name}; leave it to one"
                    )
        lookalikes: set[str] = set()
        for city in self.cities:
            for lookalike in city.lookalikes:
                if name_key(lookalike) in by_name:
                    raise ConfigError(f"{lookalike!r} is a name and a lookalike of {city.name}; remove one")
                lookalikes.add(name_key(lookalike))
        names = [name for city in self.cities for name in city.all_names()]
        # Worked out from `cities`, once; the class is frozen, hence the detour.
        object.__setattr__(self, "_by_name", MappingProxyType(by_name))
        object.__setattr__(self, "_marked", frozenset(map(_marked_key, names)))
        object.__setattr__(self, "_pattern", _compile_names([*by_name, *lookalikes]))
        object.__setattr__(self, "_targets", tuple(_fuzzy_targets(self.cities)))

    @property
    def partners(self) -> tuple[City, ...]:
        """The cities that are not the centre's own."""
        return tuple(city for city in self.cities if not city.is_home)

    def get(self, name: str) -> City | None:
        """The city that has this name in any language, whatever its capitals, diacritics and hyphens."""
        return self._by_name.get(name_key(name))

    def display_name(self, city: str, language: str) -> str:
        """The name to show for `city` in `language` (ISO 639, a region is left out), else the English one."""
        found = self.get(city)
        if found is None:
            return city
        for code in (language, language.partition("-")[0], "en"):
            if found.names.get(code):
                return found.names[code][0]
        return found.name

    def find(self, text: str) -> tuple[str, ...]:
        """Canonical names of the partner cities that `text` names, in the order of first mention."""
        return _in_order(self._mentions(_fold(text)))

    def find_fuzzy(self, text: str) -> tuple[str, ...]:
        """Canonical names of the partner cities that `text` misspells, in the order of first mention.

        Only Latin words without diacritics are looked at, and none that `find` reads as a name or lookalike.
        It would rather miss a name than see one in an ordinary word.
        """
        return _in_order(self._misspellings(_fold(text)))

    def query_cities(self, text: str) -> tuple[str, ...]:
        """Canonical names of the partner cities that `text` names or misspells, in the order of mention."""
        folded = _fold(text)
        return _in_order([*self._mentions(folded), *self._misspellings(folded)])

    def names_place(self, text: str) -> bool:
        """True if `text` names any city of the catalogue, the home one too."""
        named = self._pattern.finditer(_fold(text).text)
        return any(_spaced(match.group()) in self._by_name for match in named)

    def rename(self, text: str, language: str) -> str:
        """`text` with every city that it names, the home one too, called as in `language` (ISO 639).

        >>> load_cities().rename("スラバヤ市の人口", "en")
        'Surabayaの人口'
        """
        folded = _fold(text)
        names = self._names(folded)
        spans = [(start, end, self.display_name(city.name, language)) for start, end, city in names]
        is_same = all(folded.surface(start, end) == name for start, end, name in spans)
        return text if is_same else _replace(folded, spans)

    def blank_names(self, text: str, sign: str) -> str:
        """`text` with `sign` for every city that it names or misspells, the home one too.

        >>> load_cities().blank_names("北九州市とSurabya", "…")
        '…と…'
        """
        folded = _fold(text)
        found = [*self._names(folded), *self._misspellings(folded)]
        return _replace(folded, [(start, end, sign) for start, end, _ in found])

    def narrow(self, text: str, city: str) -> str:
        """`text` asked of `city` (a canonical name) alone: without the other partner cities that it names.

        Names that stand side by side give way to the one; those further apart only go, as what stands between
        them belongs to the question.

        >>> cities = load_cities()
        >>> cities.narrow("Compare the memoranda of Surabaya and Davao", "Davao")
        'Compare the memoranda of Davao'
        """
        folded = _fold(text)
        mentions = sorted([*self._mentions(folded), *self._misspellings(folded)])
        runs: list[list[tuple[int, int, str]]] = []
        for mention in mentions:
            if runs and mention[0] - runs[-1][-1][1] <= _MAX_CHARS_BETWEEN_NAMES:
                runs[-1].append(mention)
            else:
                runs.append([mention])
        spans = []
        for run in runs:
            own = [folded.surface(start, end) for start, end, name in run if name == city]
            spans.append((run[0][0], max(end for _, end, _ in run), own[0] if own else ""))
        return " ".join(_replace(folded, spans).split())

    def _names(self, folded: _Folded) -> Iterator[tuple[int, int, City]]:
        for match in self._pattern.finditer(folded.text):
            city = self._by_name.get(_spaced(match.group()))  # None for a lookalike
            if city and self._is_meant(folded.surface(*match.span())):
                yield *match.span(), city

    def _mentions(self, folded: _Folded) -> Iterator[tuple[int, int, str]]:
        return ((start, end, city.name) for start, end, city in self._names(folded) if not city.is_home)

    def _is_meant(self, surface: str) -> bool:
        """False where diacritics make it other words: "hai phòng" is two rooms, "năm vàng" golden years."""
        marked = _marked_key(surface)
        if marked == name_key(surface) or marked in self._marked:
            return True
        return all(word[0].isupper() for word in re.split(_SEPARATOR, surface))

    def _misspellings(self, folded: _Folded) -> Iterator[tuple[int, int, str]]:
        unread = self._pattern.sub(lambda match: "\0" * len(match.group()), folded.text)
        previous: re.Match[str] | None = None
        for word in _WORD.finditer(unread):
            if folded.surface(*word.span()).casefold() != word.group():
                previous = None
                continue
            if owner := self._misspelt((word.group(),)):
                yield *word.span(), owner
            if previous and re.fullmatch(_SEPARATOR, unread[previous.end() : word.start()]):
                owner = self._misspelt((previous.group(), word.group()))
                if owner:
                    yield previous.start(), word.end(), owner
            previous = word

    def _misspelt(self, words: tuple[str, ...]) -> str | None:
        """The partner city whose name `words` misspell; None where no city or more than one comes near."""
        letters = sum(map(len, words))
        if letters < (_FUZZY_WORD_LETTERS if len(words) == 1 else _FUZZY_PAIR_LETTERS):
            return None
        sound = _sound("".join(words))
        owners = {owner for owner, name in self._targets if _sound("".join(name)) == sound}
        owners = owners or {owner for owner, name in self._targets if _is_one_slip_away(words, name)}
        return owners.pop() if len(owners) == 1 else None


def _in_order(mentions: Iterable[tuple[int, int, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(city for _, _, city in sorted(mentions)))


def _replace(folded: _Folded, spans: Iterable[tuple[int, int, str]]) -> str:
    """The source with what it has at each span (start, end, new text) of the folded text replaced."""
    pieces, done = [], 0
    for start, end, new in sorted(spans):
        if folded.offsets[start] >= done:  # two misspellings may overlap
            pieces += [folded.source[done : folded.offsets[start]], new]
            done = folded.offsets[end - 1] + 1
    return "".join([*pieces, folded.source[done:]])


def _fold(text: str) -> _Folded:
    if text.isascii():
        return _Folded(text.lower(), text, range(len(text)))
    source = unicodedata.normalize("NFKC", text)
    folded = list(map(_fold_character, source))
    lengths = tuple(map(len, folded))
    offsets: Sequence[int] = range(len(source))
    if set(lengths) - {1}:
        offsets = tuple(chain.from_iterable(map(repeat, offsets, lengths)))
    return _Folded("".join(folded), source, offsets)


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    """The character case folded, without diacritics. Kana and Khmer keep their marks: they are letters."""
    if character in _INVISIBLE:
        return ""
    decomposed = unicodedata.normalize("NFD", character.casefold().replace("đ", "d"))
    bare = "".join(part for part in decomposed if not "\u0300" <= part <= "\u036f")
    return unicodedata.normalize("NFC", bare)


def _spaced(folded: str) -> str:
    return re.sub(_SEPARATOR, " ", folded).strip()


def name_key(name: str) -> str:
    """What is equal for all spellings of a name that differ only in capitals, diacritics and hyphens."""
    return _spaced(_fold(name).text)


def _marked_key(name: str) -> str:
    """The same, diacritics kept."""
    visible = "".join(character for character in name if character not in _INVISIBLE)
    return _spaced(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold()))


def _compile_names(keys: Iterable[str]) -> re.Pattern[str]:
    """A pattern that matches any of the folded names, the longest that stands at a place."""
    ranked = sorted(keys, key=lambda key: (-len(key), key))
    if not ranked:
        return re.compile(r"(?!)")
    spaced: list[str] = []
    spaceless: list[str] = []
    for key in ranked:
        words = _SEPARATOR.join(re.escape(word) for word in key.split(" "))
        (spaceless if re.search(f"[{_SPACELESS}]", key) else spaced).append(words)
    # A spaced name that stands where a spaceless one does is a part of it, so that the spaceless go first.
    names = "|".join(
        [*spaceless, f"(?<!{_LETTER})(?:{'|'.join(spaced)})(?!{_LETTER})"] if spaced else spaceless
    )
    # Looked at first: at most places no name begins, and going through all of them takes ten times as long.
    firsts = "".join(re.escape(first) for first in sorted({key[0] for key in ranked}))
    return re.compile(f"(?=[{firsts}])(?:{names})")


def _fuzzy_targets(cities: Iterable[City]) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    """Owner and words of each Latin name, but for those made from a shorter one, like "Davao City"."""
    for city in cities:
        keys = {name_key(name) for name in city.all_names()}
        for key in sorted(keys):
            is_longer = any(other != key and f" {other} " in f" {key} " for other in keys)
            if not is_longer and re.fullmatch("[a-z ]+", key):
                yield (None if city.is_home else city.name), tuple(key.split(" "))


def _sound(letters: str) -> str:
    """Letters with f as ph, no h after a consonant, none doubled: "Hai Fong" and "Pnom Pen" sound right."""
    without_h = re.sub(r"(?<=[b-df-gj-np-tv-xz])h", "", letters.replace("f", "ph"))
    return re.sub(r"(.)\1+", r"\1", without_h)


def _is_one_slip_away(words: tuple[str, ...], name: tuple[str, ...]) -> bool:
    """True for one letter wrong, missing, extra or swapped with the next, never the first of a word."""
    if len(words) != len(name) or any(a[0] != b[0] for a, b in zip(words, name, strict=True)):
        return False
    typed, right = "".join(words), "".join(name)
    if OSA.distance(typed, right, score_cutoff=1) > 1:
        return False
    if len(right) >= (_EDIT_WORD_LETTERS if len(name) == 1 else _EDIT_PAIR_LETTERS):
        return True
    return len(name) == 1 and sorted(typed) == sorted(right)
