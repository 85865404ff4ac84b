"""Words that may be names: capitalised words, abbreviations, katakana, addresses; and spellings of one name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qa.overview.timeline import FUNCTION_WORDS
from qa.text.dates import NO_DATES
from qa.text.lang import PACKS, table_of, words_of
from qa.text.names import DEMONYMS, SMALL_WORDS
from qa.text.normalise import fold_letters
from qa.text.sentences import STOPS

_LETTERS = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
WORD = re.compile(
    rf"(?<![{_LETTERS}\d])[{_LETTERS}\d]*[{_LETTERS}][{_LETTERS}\d]*(?:[-‐'’.][{_LETTERS}\d]+)*"
)
ACRONYM = re.compile(r"[A-Z][A-Z&]*(?:-?[A-Z]+)+s?")
CODE = re.compile(r"(?=.*[A-Z])(?=.*\d)[A-Za-z\d.-]+")
KATAKANA = re.compile(r"[ァ-ヴー]+(?:[・=＝][ァ-ヴー]+)*")
START = re.compile(rf"(?:^|[.!?:;…{STOPS}\"“”‘(「『*#•|>-]|\n)[\s\u200b\"“‘(「『*#-]*$")
SIGNS = (
    "us$ usd rp vnd idr php jpy cny eur gbp khr rmb fy kwh mwh gwh kw mw gw °c i ii iii iv v vi vii viii ix x"
)
NO_NAMES = FUNCTION_WORDS | SMALL_WORDS | words_of(lambda pack: pack.no_names) | frozenset(SIGNS.split())
"""Words that are no names, though they look like some: of the languages, units, Roman numbers."""

ALIASES = tuple(
    tuple(alias for pack in PACKS if key in pack.aliases for alias in pack.aliases[key].split("|"))
    for key in table_of(lambda pack: pack.aliases)
)
"""Abbreviations and what they stand for in the languages of the page."""

_SUFFIXES = ("ians", "ian", "ese", "ans", "ish", "an", "ns", "es", "n", "s", "i", "r")


@dataclass(frozen=True, slots=True)
class Word:
    """A word at `[start, end)` that may be a name: `kind` is name, acronym, code, katakana or address."""

    start: int
    end: int
    text: str
    kind: str


def stems(word: str) -> set[str]:
    """The folded `word` and what is left of it without the endings of peoples, plurals and possession."""
    word = re.sub(r"['’]s?$", "", word)
    found = {word, DEMONYMS.get(word, word)}
    found.update(
        word.removesuffix(end) for end in _SUFFIXES if word.endswith(end) and len(word) - len(end) >= 4
    )
    return found


def find_words(text: str, plain: str) -> list[Word]:
    """What may be a name in `text`; `plain` has NUL where something else has been read."""
    found = [
        Word(*match.span(), match.group().rstrip(".,;:)。"), "address") for match in NO_DATES.finditer(text)
    ]
    taken = bytearray(len(text))
    for word in found:
        taken[word.start : word.end] = b"\1" * (word.end - word.start)
    matches = [m for m in WORD.finditer(text) if not taken[m.start()] and plain[m.start()] != "\0"]
    for index, match in enumerate(matches):
        following = matches[index + 1] if index + 1 < len(matches) else None
        kind = _kind(match, following, text)
        if kind:
            found.append(Word(*match.span(), match.group(), kind))
    found += [
        Word(*match.span(), match.group(), "katakana")
        for match in KATAKANA.finditer(text)
        if len(match.group()) > 2 and match.group() not in NO_NAMES and plain[match.start()] != "\0"
    ]
    return sorted(found, key=lambda word: word.start)


def _kind(match: re.Match[str], following: re.Match[str] | None, text: str) -> str:
    word = match.group()
    if re.search(r"\d", word):
        is_number = re.search(r"-(?:19|20)\d\d$|^(?:FY|Rp|USD|US|[HRST]\d{1,2}$)\d?|^\d+[A-Z]?[a-z]+$", word)
        return "code" if CODE.fullmatch(word) and not is_number else ""
    bare = re.sub(r"['’]s?$", "", word)
    if bare.lower() in NO_NAMES and not (len(bare) > 1 and bare.isupper() and bare.lower() in SMALL_WORDS):
        return ""
    if ACRONYM.fullmatch(bare):
        return "acronym"
    if not word[0].isupper():
        return "name" if re.search(r"[a-z][A-Z]", word) else ""
    if START.search(text[max(0, match.start() - 6) : match.start()]):
        is_followed = (
            following is not None and following.group()[0].isupper() and following.start() - match.end() == 1
        )
        return "name" if is_followed or word.endswith(("'s", "’s")) else ""
    return "name" if len(bare) > 1 else ""


def initials(text: str) -> set[str]:
    """The abbreviations of each row of two to seven capitalised words, folded: oda."""
    found: set[str] = set()
    run: list[str] = []
    last_end = 0
    for match in WORD.finditer(text):
        if re.search(r"[^\s\-&()]", text[last_end : match.start()]) or match.start() - last_end > 3:
            run = []
        last_end = match.end()
        if match.group().lower() in ("of", "for", "and", "the", "on", "in"):
            continue
        run = [*run, match.group()][-7:] if match.group()[0].isupper() else []
        letters = fold_letters("".join(word[0] for word in run))
        found.update(letters[-length:] for length in range(2, len(letters) + 1))
    return found


_ROWS = {
    row[0]: row[1:]
    for row in (
        "kカキクケコ gガギグゲゴ sサシスセソ jジ zザズゼゾヂヅ tタチツテト dダデド nナニヌネノン "
        "hハヒフヘホ bバビブベボヴ pパピプペポ mマミムメモ rラリルレロ wワヲ"
    ).split()
}
"""Consonant → the kana that begin with it."""
_CONSONANTS = {kana: consonant for consonant, row in _ROWS.items() for kana in row}
_SOUNDS = ((r"c(?=[eiy])|x", "s"), (r"ph|f", "h"), (r"sh|sch|th", "s"), (r"ch|tch", "t"), (r"ck|c|q", "k"),
           (r"v", "b"), (r"r(?=[^aeiou]|$)", ""), (r"l", "r"), (r"g(?=[eiy])", "j"), (r"ng(?=$|[^aeiou])", "n"),
           (r"m(?=[pb])", "n"))  # fmt: skip
"""What is spelt in Latin letters → what is heard in katakana, in this order."""


def sound_of_katakana(text: str) -> str:
    """The consonants of a word in katakana, as near to Latin spelling as a few rules bring them."""
    letters = "".join(_CONSONANTS.get(kana, "") for kana in text)
    return same_sound(re.sub(r"ng$", "n", letters))


def sound_of_latin(word: str) -> str:
    """The consonants of a folded Latin word in the same way."""
    for pattern, letter in _SOUNDS:
        word = re.sub(pattern, letter, word)
    return same_sound(re.sub(r"[aeiouyw]|(?<=[kgtdbpnmr])h", "", word))


def same_sound(consonants: str) -> str:
    """What is equal for consonants that sound alike; katakana may write those of two words as one."""
    same = consonants.replace("w", "").replace("z", "j")
    return re.sub(r"(.)\1+", r"\1", same)
