"""The dates of a text: days, months, decades and eras that stand together, in seven languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from qa.text.dates import B0, B1, DASH, ERAS, NAME, NAMED_MONTHS, NUMBER, month_number

NAMED_ERAS = ERAS | {"明治": (1867, 45), "meiji": (1867, 45)}
NAMED_ERAS |= {
    name: NAMED_ERAS[era]
    for era, names in {
        "大正": "taisho taishō",
        "昭和": "showa shōwa",
        "平成": "heisei",
        "令和": "reiwa",
    }.items()
    for name in names.split()
}
"""Era → the year before its first, and how many years it has."""

Y = r"(?:1\d\d\d|2[01]\d\d)"
D = r"(?:[0-2]?\d|3[01])"
FREE, END = r"(?<![\d.,:/-])", r"(?!\d|[.,:]\d)"
_TH = r"(?:st|nd|rd|th)?"
_OF_YEAR = rf"(?:,?{B0}(?:(?:năm|tahun|taong|taon|ng|of|ឆ្នាំ){B0})?(?P<year>{Y})(?!\d|[.,]\d))"
_LATIN_NAME = "|".join(name for name in NAME.split("|") if name[0] < "\u1780")
_KHMER_NAME = "|".join(name for name in NAME.split("|") if name[0] >= "\u1780")

ERA = re.compile(
    r"(?P<era>明治|大正|昭和|平成|令和|(?<![a-z0-9])(?:meiji|taish[oō]|sh[oō]wa|heisei|reiwa)\s(?:era\s"
    r"|year\s)?|(?<![a-z0-9])[tshr](?=\s?(?:\d|元)+年))"
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
        rf"(?<!\w)(?:ika-?)?(?P<day>{D}){_TH}(?:{B0}(?:{DASH}|to|and|hingga"
        rf"|sampai){B0}(?P<day2>{D}){_TH})?{B1}(?:(?:of|ng){B1})?"
        rf"(?P<month>{_LATIN_NAME})(?!\w)\.?{_OF_YEAR}?",
        rf"(?<!\w)(?:(?P<first>{_LATIN_NAME})\.?{B0}(?:{DASH}|/|to|and|until|hingga|sampai"
        rf"|hanggang){B0})?(?P<month>{_LATIN_NAME})(?!\w)\.?"
        rf"(?:{B1}(?P<day>{D}){_TH}(?![\d:]|[.,]\d)(?:{B0}{DASH}{B0}(?P<day2>{D})(?!\d))?)?{_OF_YEAR}?",
        rf"(?:ថ្ងៃ(?:ទី)?{B0}(?P<day>{D}){B0})?ខែ{B0}(?P<month>{_KHMER_NAME})(?:{B0}(?:ឆ្នាំ{B0})?(?P<year>{Y})(?!\d))?",
        rf"(?<!\w)(?:(?:ngày{B1})?(?P<day>{D}){B1})?tháng{B1}(?P<month>\d{{1,2}}(?!\d)|(?:{NUMBER}|bốn)(?!\w))"
        rf"(?:{B0}(?:[/-]|,?{B1}năm|,){B0}(?P<year>{Y})(?!\d))?",
        rf"ngày{B1}(?P<day>{D})/(?P<month>{D})(?:/(?P<year>{Y}))?(?!\d)",
        rf"{FREE}(?P<year>{Y})(?P<mark>[-/.])(?P<month>{D})(?P=mark)(?P<day>{D})(?![\d/-]|[.,]\d)",
        rf"{FREE}(?P<day>{D})(?P<mark>[-/.])(?P<month>{D})(?P=mark)(?P<year>{Y}){END}",
        rf"{FREE}(?P<month>{D})/(?P<year>{Y}){END}",
        r"(?<!\d)(?:(?P<century>1\d|2[01])世[紀纪])?(?P<decade>(?:1\d|20)?\d0)(?:['’]?s(?!\w)|年代|-an(?!\w))",
        rf"(?:(?:những|các){B1}(?:thập{B1}niên{B1})?năm|thập{B1}(?:niên|kỷ)(?:{B1}năm)?"
        rf"|dekada(?:{B1}ng)?|ទសវត្ស(?:រ៍)?(?:ឆ្នាំ)?|dasawarsa){B1}?['’]?(?P<decade>(?:1\d|20)?\d0)(?!\d)",
    )
)
"""Dates that say more than a year, the most exact forms first; a year alone is read as a number."""

ALONE = re.compile(
    r"(?<!\w)(?:in|of|since|until|by|from|to|last|next|this|early|late|mid|during|and|pada|bulan|sejak"
    r"|noong|buwan ng)[\s-]$"
)
"""What stands before a month's English name that is also another word: in May, since March."""
ALSO_WORDS = frozenset(
    "may march mar sep sept jan dec jun jul aug apr feb oct nov mei juni juli abril mayo".split()
)
_UNITS_OF_HAN = {c: n for n, c in enumerate("零一二三四五六七八九")}
SAME_YEAR = re.compile(r"同じ?年$|当年$|该年$|該年$|(?:that|the same) year,?\s(?:in\s)?$")


@dataclass(frozen=True, slots=True)
class Date:
    """A date at `[start, end)` of a text; `readings` are (year, month, day), None for what it does not say.

    A decade has the year that it begins with and "decade" for a month.
    """

    start: int
    end: int
    readings: tuple[tuple[int | None, int | str | None, int | None], ...]


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
        plain = _blank(plain, taken)
    return sorted(found, key=lambda date: (date.start, date.end)), plain


def _blank(plain: str, spans: list[tuple[int, int]]) -> str:
    pieces, done = [], 0
    for start, end in spans:
        pieces += [plain[done:start], "\0" * (end - start)]
        done = end
    return "".join([*pieces, plain[done:]])


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
    month = int(name) if name.isdecimal() else 4 if name == "bốn" else month_number(name)
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
    before_first, length = NAMED_ERAS[
        match["era"].split()[0] if match["era"].isascii() or "ō" in match["era"] else match["era"]
    ]
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
