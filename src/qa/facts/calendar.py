"""The dates of a text: days, months, decades and eras that stand together, in seven languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa.text.dates import (
    DASH,
    DAY_ENDING,
    ERA_NAMES,
    ERAS,
    NAME,
    NAMED_MONTHS,
    NUMBER,
    RANGE,
    YEAR_WORDS,
    month_number,
)
from qa.text.lang import PACKS, any_of, words_of
from qa.text.lang.pack import BLANKS as B1
from qa.text.lang.pack import GAP as B0
from qa.text.lang.pack import choice

Y = r"(?:1\d\d\d|2[01]\d\d)"
D = r"(?:[0-2]?\d|3[01])"
FREE, END = r"(?<![\d.,:/-])", r"(?!\d|[.,:]\d)"
_OF_YEAR = rf"(?:,?{B0}(?:(?:{YEAR_WORDS}){B0})?(?P<year>{Y})(?!\d|[.,]\d))"
_LATIN_NAME = "|".join(name for name in NAME.split("|") if name[0] < "\u1780")


_ROMAN_ERAS = choice(name for name in ERA_NAMES if len(name) > 1)
_ERA_LETTERS = "".join(name for name in ERA_NAMES if len(name) == 1)
ERA = re.compile(
    rf"(?P<era>{choice(ERAS)}|(?<![a-z0-9])(?:{_ROMAN_ERAS})\s(?:era\s"
    rf"|year\s)?|(?<![a-z0-9])[{_ERA_LETTERS}](?=\s?(?:\d|元)+年))"
    rf"\s?(?P<number>\d{{1,2}}|元|[一二三四五六七八九十]{{1,3}})(?:年度?)?"
    rf"(?:\s?(?P<month>\d{{1,2}}|{NUMBER})月(?:\s?(?P<day>\d{{1,2}})日)?|\s?(?:から"
    rf"|{DASH})(?P<end>\d{{1,2}})年)?"
)
PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<!\d)(?P<year>{Y})年(?:{B0}(?P<month>\d{{1,2}}|{NUMBER})月(?:{B0}(?P<day>\d{{1,2}}"
        rf"|[一二三四五六七八九十]{{1,3}})[日号號])?)",
        rf"(?<![\d.,])(?<![か个個ヶカ第])(?P<month>\d{{1,2}}|{NUMBER})月(?:{B0}(?P<day>\d{{1,2}}"
        rf"|[一二三四五六七八九十]{{1,3}})[日号號])?(?!曜)",
        rf"(?<!\w)(?:ika-?)?(?P<day>{D}){DAY_ENDING}(?:{B0}(?:{DASH}|{RANGE}){B0}"
        rf"(?P<day2>{D}){DAY_ENDING})?{B1}(?:(?:of|ng){B1})?"
        rf"(?P<month>{_LATIN_NAME})(?!\w)\.?{_OF_YEAR}?",
        rf"(?<!\w)(?:(?P<first>{_LATIN_NAME})\.?{B0}(?:{DASH}|/|{RANGE}){B0})?"
        rf"(?P<month>{_LATIN_NAME})(?!\w)\.?"
        rf"(?:{B1}(?P<day>{D}){DAY_ENDING}(?![\d:]|[.,]\d)(?:{B0}{DASH}{B0}(?P<day2>{D})(?!\d))?)?{_OF_YEAR}?",
        *(pattern for pack in PACKS for pattern in pack.dates),
        rf"{FREE}(?P<year>{Y})(?P<mark>[-/.])(?P<month>{D})(?P=mark)(?P<day>{D})(?![\d/-]|[.,]\d)",
        rf"{FREE}(?P<day>{D})(?P<mark>[-/.])(?P<month>{D})(?P=mark)(?P<year>{Y}){END}",
        rf"{FREE}(?P<month>{D})/(?P<year>{Y}){END}",
        r"(?<!\d)(?:(?P<century>1\d|2[01])世[紀纪])?(?P<decade>(?:1\d|20)?\d0)"
        rf"(?:年代|(?:{any_of(lambda pack: pack.after_decade)})(?!\w))",
        rf"(?:{any_of(lambda pack: pack.before_decade)}){B1}['’]?(?P<decade>(?:1\d|20)?\d0)(?!\d)",
    )
)
"""Dates that say more than a year, the most exact forms first; a year alone is read as a number."""

ALONE = re.compile(rf"(?<!\w)(?:{any_of(lambda pack: pack.before_month)})[\s-]$")
"""What stands before a month's name that is also another word: in May, since March."""
ALSO_WORDS = words_of(lambda pack: pack.month_lookalikes)
_UNITS_OF_HAN = {c: n for n, c in enumerate("零一二三四五六七八九")}
SAME_YEAR = re.compile(rf"(?:{any_of(lambda pack: pack.same_year)})$")


Reading = tuple[int | None, int | str | None, int | None]
"""Year, month and day; None for what a date does not say, "decade" for the month of one."""


@dataclass(frozen=True, slots=True)
class Date:
    """A date at `[start, end)` of a text, which may have several `readings`; a decade's year is its first."""

    start: int
    end: int
    readings: tuple[Reading, ...]

    @property
    def years(self) -> set[int]:
        """The years that it names; a decade names none."""
        return {year for year, month, _ in self.readings if year is not None and month != "decade"}


def find_dates(text: str, plain: str) -> tuple[list[Date], str]:
    """The dates of `text`, in order, and `plain` with NUL where they stand.

    Eras that name a year only are dates too.
    """
    found: list[Date] = []
    for pattern in (ERA, *PATTERNS):
        taken = []
        for match in pattern.finditer(plain):
            dates = list(_read(match, text, plain))
            if dates:
                found.extend(dates)
                taken.append(match.span())
        plain = blank(plain, taken)
    return sorted(found, key=lambda date: (date.start, date.end)), plain


def blank(plain: str, spans: Sequence[tuple[int, int]]) -> str:
    """`plain` with NUL at the `spans`."""
    if not spans:
        return plain
    characters = list(plain)
    for start, end in spans:
        characters[start:end] = "\0" * (end - start)
    return "".join(characters)


def _read(match: re.Match[str], text: str, plain: str) -> Iterator[Date]:
    found = match.groupdict()
    start, end = match.span()
    if found.get("era"):
        yield from _read_era(match)
        return
    if found.get("decade"):
        decade = int(found["decade"])
        century = int(found.get("century") or 20)
        first = decade + 100 * (century - 1) if decade < 100 else decade
        yield Date(start, end, ((first, "decade", None),))
        return
    name = found["month"]
    if name in NAMED_MONTHS and name[0] < "\u1780" and not _is_month(match, text, plain):
        return
    month = int(name) if name.isdecimal() else month_number(name)
    year = int(found["year"]) if found.get("year") else None
    days: list[int | None] = [_day(found[key]) for key in ("day", "day2") if found.get(key)]
    for day in days or [None]:
        if month is None or month > 31 or day == 0:
            return
        readings = [(year, month, day)] if month <= 12 else []
        # 5/3/2016 is in March to most and in May to Americans.
        if found.get("mark") and match.start("day") < match.start("month") and day and day <= 12:
            readings.append((year, day, month))
        if readings:
            yield Date(start, end, tuple(dict.fromkeys(readings)))
    if found.get("first") and month_number(found["first"]):
        yield Date(start, end, ((year, month_number(found["first"]), None),))


def _is_month(match: re.Match[str], text: str, plain: str) -> bool:
    """False for a word that only looks like a month: "you may", "a march", "Mayo Clinic"."""
    found = match.groupdict()
    is_capital = text[match.start("month")].isupper()
    if found.get("year") or (found.get("day") and is_capital):
        return True
    if found.get("day") or not is_capital:
        return False
    return match["month"] not in ALSO_WORDS or bool(
        ALONE.search(plain[max(0, match.start() - 10) : match.start()])
    )


def _read_era(match: re.Match[str]) -> Iterator[Date]:
    name = match["era"].split()[0]
    before_first, length = ERAS[ERA_NAMES.get(name, name)]
    number = 1 if match["number"] == "元" else _day(match["number"])
    if not 1 <= number <= length:
        return
    month = month_number(match["month"])
    day = _day(match["day"]) if match["day"] else None
    yield Date(*match.span(), ((before_first + number, month, day),))
    if match["end"]:
        yield Date(*match.span(), ((before_first + int(match["end"]), None, None),))


def _day(digits: str | None) -> int:
    """The value of digits or of a Han numeral below a hundred."""
    if digits is None:
        return 0
    if digits.isdecimal():
        return int(digits)
    tens, ten, ones = digits.rpartition("十")
    if not ten:
        return _UNITS_OF_HAN.get(digits, 0)
    return 10 * _UNITS_OF_HAN.get(tens, 1 if not tens else 0) + _UNITS_OF_HAN.get(ones, 0)
