"""The number that words and digits make together: "1 juta 500 ribu", 1億2000万, two hundred and fifty-three."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from qa.facts.units import LATIN
from qa.facts.vocabulary import FIRST_SCALE, HAN_DIGITS, ORDINALS, SCALES, SMALL, WHOLE
from qa.text.lang import PACKS, any_of

MAX_DIGITS = 40
"""Digits. What is longer is no number but a key, and compared letter by letter."""

Value = Fraction | str

_JOINS = re.compile(rf"[-\s\u200b]{{0,2}}(?:(?:{any_of(lambda pack: pack.joins_numbers)})\s)?$")
_THOUSANDS = {pack.code: pack.thousands_mark for pack in PACKS}
_HALF = re.compile(r"\srưỡi(?!\w)|半")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number at `[start, end)` of a text, unit included.

    `values` are its possible readings (20.000 is 20,000 to some and 20 to others); `unit` is "" for none that is
    known; `counts` says that a word follows which it may count; `is_word` that it is written without digits.
    """

    start: int
    end: int
    values: tuple[Value, ...]
    unit: str = ""
    ordinal: bool = False
    either: bool = False
    counts: bool = False
    is_word: bool = False
    number_end: int = 0


@dataclass(slots=True)
class _Sum:
    """A number in the making.

    `last` is what a scale below a thousand multiplies, `part` what a larger one does; a small number that follows
    must be below `room`, a scale from a thousand on below `big`.
    """

    total: Fraction = Fraction(0)
    part: Fraction = Fraction(0)
    last: Fraction = Fraction(0)
    room: int = 100
    big: int = 10**18

    def add(self, value: Fraction, *, room: int) -> bool:
        """True if `value` fits; what follows it must be below `room`."""
        if value >= self.room:
            return False
        self.last, self.room = self.last + value, room
        return True

    def scale(self, factor: int) -> bool:
        """True if `factor` can stand here."""
        if factor == 0:  # -belas
            self.last += 10
        elif factor < FIRST_SCALE:
            self.part, self.last, self.room = self.part + (self.last or 1) * factor, Fraction(0), factor
        elif self.part + self.last == 0 and self.total:
            self.total *= factor  # "2 nghìn tỷ": thousand thousand million
        elif factor >= self.big:
            return False
        else:
            self.total += (self.part + self.last or 1) * factor
            self.part, self.last, self.room, self.big = Fraction(0), Fraction(0), min(factor, 1000), factor
        return True

    @property
    def value(self) -> Fraction:
        return self.total + self.part + self.last


def read_digits(text: str, language: str) -> tuple[Value, ...]:
    """The possible values of digits with their separators, in `language`.

    >>> read_digits("20.000", "vi")
    (Fraction(20000, 1),)
    """
    plain = re.sub(r"[\s]", "", text)
    if len(plain) > MAX_DIGITS:
        return (plain,)
    marks = re.findall(r"[.,]", plain)
    if not marks:
        return (Fraction(int(plain)),)
    grouped = Fraction(int(re.sub("[.,]", "", plain)))
    if len(set(marks)) == 2:
        return (Fraction(plain.replace(marks[0], "").replace(",", ".")),)
    if len(marks) > 1:
        is_grouped = re.fullmatch(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d\d)+,\d{3}", plain)
        return (grouped,) if is_grouped else (plain,)
    decimal = Fraction(plain.replace(",", "."))
    if not re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", plain):
        return (decimal,)
    points_group = _THOUSANDS.get(language) == "."
    if marks[0] == ",":
        return (grouped, decimal) if points_group else (grouped,)
    if points_group:
        return (grouped,)
    is_open = not _THOUSANDS.get(language) or plain.endswith("000")
    return (grouped, decimal) if is_open else (decimal,)


def compose(
    atoms: Sequence[re.Match[str]], index: int, plain: str, language: str
) -> tuple[int, Quantity | None]:
    """How many atoms from `index` on are one number, and that number."""
    first = atoms[index]
    is_word = first.lastgroup != "digits"
    readings = (Fraction(0),) if is_word else read_digits(first.group(), language)
    if isinstance(readings[0], str):
        return 1, Quantity(*first.span(), readings, number_end=first.end())
    sums = [_Sum(last=value, room=0) for value in readings if isinstance(value, Fraction)]
    if is_word:
        sums = [_Sum()]
        if not _put(sums[0], first, plain, is_first=True):
            return 1, None
    last = index
    while last + 1 < len(atoms) and atoms[last].group() not in ORDINALS and _continues(atoms, last, plain):
        fits = [_put(one, atoms[last + 1], plain, is_first=False) for one in sums]
        if not all(fits):
            break
        last += 1
    end, word = atoms[last].end(), atoms[last].group()
    values: tuple[Value, ...] = tuple(dict.fromkeys(one.value for one in sums))
    half = _HALF.match(plain, end)
    if half and sums[0].big < 10**18:
        values, end = tuple(one.value + Fraction(one.big, 2) for one in sums), half.end()
    if not is_word and re.match(rf"k(?![{LATIN}0-9])", plain[end : end + 2]):
        values, end = tuple(one.value * 1000 for one in sums), end + 1
    return last + 1 - index, Quantity(
        first.start(), end, values, ordinal=word in ORDINALS, either=word in ORDINALS and word.startswith("ke"),
        is_word=is_word, number_end=end,
    )  # fmt: skip


def _continues(atoms: Sequence[re.Match[str]], last: int, plain: str) -> bool:
    previous, atom = atoms[last], atoms[last + 1]
    between = plain[previous.end() : atom.start()]
    if len(between) > 6 or not _JOINS.match(between) or ("and" in between and previous.group() not in SCALES):
        return False
    if "," in between or ("-" in between and "digits" in (atom.lastgroup, previous.lastgroup)):
        return False
    if atom.lastgroup == "digits":
        if previous.lastgroup == "han":
            return not between
        following = atoms[last + 2] if last + 2 < len(atoms) else None
        is_scaled = (
            following is not None and following.group() in SCALES and following.start() - atom.end() < 2
        )
        return previous.group() in SCALES and is_scaled
    return not (atom.lastgroup == "han" and between)


def _put(one: _Sum, atom: re.Match[str], plain: str, *, is_first: bool) -> bool:
    """`one` with the atom added; False where the atom starts a number of its own."""
    word = atom.group()
    if atom.lastgroup == "digits":
        one.room = min(one.big, 10**8)
        value = read_digits(word, "")[0]
        return isinstance(value, Fraction) and one.add(value, room=0)
    if atom.lastgroup == "han":
        return _put_han(one, word)
    if word in WHOLE:
        is_hundreds = WHOLE[word] < FIRST_SCALE and word != "sebelas"
        one_more = one.add(Fraction(11 if word == "sebelas" else 1), room=0)
        return one_more and (word == "sebelas" or one.scale(WHOLE[word]) or is_hundreds)
    if word in SCALES:
        is_article = plain.endswith(("a ", "a\u200b"), max(0, atom.start() - 2), atom.start())
        return (not is_first or is_article) and one.scale(SCALES[word])
    for words in (*SMALL.values(), ORDINALS):
        if word in words:
            opens = words[word] >= 20 or word in ("mười", "ដប់")
            return one.add(Fraction(words[word]), room=10 if opens else 0)
    return False


def _put_han(one: _Sum, run: str) -> bool:
    if len(run) > 1 and not set(run) & set("十百千万萬億亿兆"):
        one.last = Fraction(int("".join(str(HAN_DIGITS[c]) for c in run[:MAX_DIGITS])))
        return True
    for character in run:
        if character in HAN_DIGITS:
            one.last = one.last * 10 + HAN_DIGITS[character]
        elif character == "千":
            one.part, one.last = one.part + (one.last or 1) * 1000, Fraction(0)
        elif not one.scale(SCALES[character]):
            return False
    return True
