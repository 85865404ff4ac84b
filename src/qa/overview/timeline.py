"""Dated statements: sentences with a year in them, from all documents, in the order of their dates.

What is read as a date, in English, Japanese, Chinese, Vietnamese, Indonesian, Khmer and Filipino: a year with its
month or its word (March 2016, 2016年3月, tháng 3 năm 2016, noong 2016, ឆ្នាំ២០១៦, FY2016), Japanese eras, ranges,
decades, and numerals such as 2016-03-05. A bare number of four digits is ambiguous: it counts as a year only
after a word such as "in" or at the edge of a clause, and where no plain noun follows that it might count. So
"In 1996 Kitakyushu proposed" is found, "in 2000 households" is not, and neither is "in 2014 experts were sent".
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from qa.cities import CityCatalogue
from qa.domain import Chunk, Span
from qa.text.dates import (
    DASH,
    DAY_ENDING,
    ERA_NAMES,
    ERAS,
    NAME,
    NUMBER,
    RANGE,
    YEAR_WORDS,
    month_number,
    plain_text,
)
from qa.text.lang import PACKS, any_of, any_word_of, words_of
from qa.text.lang.pack import BLANKS as B1
from qa.text.lang.pack import GAP as B0
from qa.text.lang.pack import choice
from qa.text.normalise import fold_case

FIRST_YEAR, LAST_YEAR = 1900, 2100
FIRST_BARE_YEAR, YEARS_AHEAD = 1950, 30
"""A year that nothing else marks as one lies between this and so many years from now: plans, not dreams."""

EVENT_NOUNS = words_of(lambda pack: pack.event_nouns)
FUNCTION_WORDS = words_of(lambda pack: pack.function_words)

CONTEXT = 80
"""Characters before a number that are looked at."""

Y = r"(?:19\d\d|20\d\d|2100)"
AT_START = r"(?<![\d$€£¥₫₱฿/])(?<!\d[.,:-])"
AT_END = r"(?!\d|[.,:]\d|[/%°])"
FY = rf"(?<![a-z])(?:fy{B0})?"
YEAR_WORD = rf"(?:(?:{YEAR_WORDS}){B0})?"
NOT_AGO = r"(?!間|间|以上|余|前(?![後后半]))"
"""2000年間 is a time of 2000 years, 2000年前 that many years ago."""

ERA_LETTERS = "".join(name for name in ERA_NAMES if len(name) == 1)
ERA = re.compile(
    rf"({choice(ERAS)}|(?<![a-z0-9])[{ERA_LETTERS}])\s?(\d{{1,2}}|元)年度?"
    rf"(?:\s?(\d{{1,2}})月(?:\s?\d{{1,2}}日)?|(?:から|{DASH})(\d{{1,2}})年度?)?"
)
HAN = re.compile(
    rf"{AT_START}(?P<year>{Y})年{NOT_AGO}(?:度|(?P<decade>代))?(?:\s?(?P<month>\d{{1,2}}|{NUMBER})月"
    rf"(?:\s?\d{{1,2}}[日号號])?|(?:から|{DASH}|至|到)(?P<end>\d\d)年度?)?"
)
NAMED = re.compile(
    rf"(?<!\w)(?:\d{{1,2}}{DAY_ENDING}{B1}(?:(?:of|ng){B1})?)?"
    rf"(?:(?P<first>{NAME})\.?{B0}(?:{DASH}|/|{RANGE}){B0})?(?P<month>{NAME})\.?"
    rf"(?:{B1}\d{{1,2}}{DAY_ENDING})?,?{B0}{YEAR_WORD}(?P<year>{Y}){AT_END}"
)
YEAR_FIRST = re.compile(rf"{AT_START}({Y})([-/.])(\d{{1,2}})(?:\2\d{{1,2}})?(?![\d/-]|[.,]\d)")
DAY_FIRST = re.compile(rf"(?<![\d.,:/-])(?:(\d{{1,2}})([-/.]))?(\d{{1,2}})(?(2)\2|/)({Y}){AT_END}")
DECADE = re.compile(
    rf"{AT_START}(?P<year>(?:19|20)\d0)(?P<decade>{any_of(lambda pack: pack.after_decade)})(?!\w)"
)
DECADE_OF = re.compile(
    rf"(?P<decade>{any_of(lambda pack: pack.before_decade)}){B1}(?P<year>(?:19|20)\d0){AT_END}"
)
YEARS = re.compile(
    rf"{FY}{AT_START}(?P<year>{Y}){B0}(?:{DASH}|/){B0}(?:fy{B0})?(?P<end>{Y}|\d\d(?!\d)){AT_END}(?!-)(?:年度?)?"
)
SINGLE = re.compile(rf"{FY}{AT_START}(?P<year>{Y}){AT_END}(?!{DASH}\s?(?!{Y})\d)(?![a-z])")

CONNECTOR = re.compile(
    rf"{B0}(?:{DASH}|{any_of(lambda pack: pack.until)})"
    rf"(?:{B1}(?:{any_of(lambda pack: pack.after_until)}))*{B0}{YEAR_WORD}"
)
AND = re.compile(rf"{B0}(?:,|{any_of(lambda pack: pack.ands)}){B0}{YEAR_WORD}")
BETWEEN = re.compile(rf"(?:{any_of(lambda pack: pack.before_two_years)}){B1}{YEAR_WORD}$")
STRONG = re.compile(any_word_of(lambda pack: pack.before_year) + r"[-\s\u200b]{0,4}$")
WEAK = re.compile(any_word_of(lambda pack: pack.before_likely_year) + r"\s{1,4}$")
AMOUNT_OF = re.compile(rf"(?:{any_of(lambda pack: pack.before_amount)})\s+$")
DETERMINER = re.compile(rf"(?<![^\W\d_])(?:{any_of(lambda pack: pack.determiners)})\s+$")
EDGE = re.compile(r"(?:^|[(\[（［【,;:、。|•·“\"«—–-]|\s{2})[\s#*>-]{0,4}$")
CLAUSE_END = re.compile(r"\s*(?:$|(?!-\w)[^\w\s%°$€£¥&/\u200b])")
FOLLOWING = re.compile(r"\s+([^\W\d_][\w'’-]*)")


@dataclass(frozen=True, slots=True)
class Event:
    """A sentence of a document and a date that it names: `chunk.cut(span) == text`, always.

    `month` is 1 to 12, None where only a year is named; `end_year` is None but for ranges and decades; `date` is
    the span of the date's own words, inside `span`, both offsets into the document; `cities` are those that the
    sentence names (the home city if it names no partner), else those that the chunk is about.
    """

    year: int
    month: int | None
    end_year: int | None
    text: str
    chunk: Chunk
    span: Span
    date: Span
    cities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Mention:
    """A date at `[start, end)` of a sentence; `is_sure` is False for a number that may be an amount."""

    start: int
    end: int
    year: int
    month: int | None = None
    end_year: int | None = None
    is_sure: bool = True


def find_events(
    chunks: Iterable[Chunk], *, catalogue: CityCatalogue, this_year: int | None = None
) -> tuple[Event, ...]:
    """Each dated statement of `chunks` once for each date in it, by date, then by path and place.

    A year without a month comes before its months. The same sentence about the same cities counts once, however
    many documents have it. The order of `chunks` makes no difference. `this_year` is today's if None.
    """
    now = datetime.date.today().year if this_year is None else this_year
    found = [event for chunk in chunks for event in _events_of(chunk, catalogue, now)]
    unique: dict[object, Event] = {}
    for event in sorted(found, key=_order):
        date = (event.year, event.month, event.end_year)
        unique.setdefault((*date, event.cities, _letters(event.text)), event)
    return tuple(unique.values())


def _order(event: Event) -> tuple[object, ...]:
    date = (event.year, event.month or 0, event.end_year or 0)
    source = event.chunk.source
    where = (source.path, source.doc_id, event.span, event.date, event.chunk.chunk_id)
    return (*date, *where, event.cities, event.text)


def _letters(text: str) -> str:
    return "".join(c for c in fold_case(text) if c.isalnum())


def _events_of(chunk: Chunk, catalogue: CityCatalogue, this_year: int) -> Iterator[Event]:
    for span in chunk.sentences:
        text = chunk.cut(span)
        seen: set[tuple[int, int | None, int | None]] = set()
        for mention in _find_dates(text, this_year):
            date = (mention.year, mention.month, mention.end_year)
            if date not in seen:
                seen.add(date)
                place = Span(span.start + mention.start, span.start + mention.end)
                yield Event(*date, text, chunk, span, place, _cities_of(text, chunk, catalogue))


def _cities_of(text: str, chunk: Chunk, catalogue: CityCatalogue) -> tuple[str, ...]:
    partners = catalogue.find(text)
    if not partners and catalogue.names_place(text):
        return tuple(city.name for city in catalogue.cities if city.is_home)
    return partners or chunk.source.cities


def _find_dates(text: str, this_year: int) -> list[_Mention]:
    plain = plain_text(text)
    taken = bytearray(len(plain))
    mentions: list[_Mention] = []
    for pattern, read in _READERS:
        for match in pattern.finditer(plain):
            if any(taken[match.start() : match.end()]):
                continue
            mention = read(match)
            if mention and _is_in_range(mention):
                mentions.append(mention)
                taken[mention.start : mention.end] = b"\1" * (mention.end - mention.start)
    mentions.sort(key=lambda mention: mention.start)
    judged = [mention if mention.is_sure else _judge(mention, text, plain, this_year) for mention in mentions]
    return [mention for mention in _joined(judged, text, plain) if mention.is_sure]


def _is_in_range(mention: _Mention) -> bool:
    last = mention.year if mention.end_year is None else mention.end_year
    return FIRST_YEAR <= mention.year <= last <= LAST_YEAR


def _read_era(match: re.Match[str]) -> _Mention | None:
    before_first, length = ERAS[ERA_NAMES.get(match[1], match[1])]
    number = 1 if match[2] == "元" else int(match[2])
    end = int(match[4]) if match[4] else None
    if not 1 <= number <= length or (end is not None and not number < end <= length):
        return None
    last = None if end is None else before_first + end
    return _Mention(*match.span(), before_first + number, month_number(match[3]), last)


def _read_named_groups(match: re.Match[str]) -> _Mention | None:
    found = match.groupdict()
    if not found["year"]:
        return None
    year, end = int(found["year"]), found.get("end")
    month = month_number(found.get("first") or found.get("month"))
    is_sure = month is not None or "年" in match.group() or match.group().startswith("fy")
    if found.get("decade"):
        return _Mention(*match.span(), year, None, year + 9 if year % 10 == 0 else None)
    last = int(end) + (year - year % 100 if len(end) == 2 else 0) if end else None
    return _Mention(*match.span(), year, month, last, is_sure) if last is None or last > year else None


def _read_year_first(match: re.Match[str]) -> _Mention | None:
    year, number = int(match[1]), int(match[3])
    has_day = match.group().count(match[2]) == 2
    if not has_day and (match[2] == "." or len(match[3]) == 1 or number > 12):
        return None  # a decimal number, an issue's number, a range
    # 2010-12 is a month to some and two years to others: it is in 2010 to both.
    return _Mention(*match.span(), year, month_number(match[3]) if has_day or number <= year % 100 else None)


def _read_day_first(match: re.Match[str]) -> _Mention | None:
    """5/3/2016 is in March to most and in May to Americans: then only the year is taken."""
    month, year = int(match[3]), int(match[4])
    if match[1] is None:
        return _Mention(*match.span(), year, month) if 1 <= month <= 12 else None
    first, second = sorted((int(match[1]), month))
    if not 1 <= first <= 12 or second > 31:
        return None
    return _Mention(*match.span(), year, first if second > 12 or first == second else None)


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], _Mention | None]], ...] = (
    (ERA, _read_era),
    *((pattern, _read_named_groups) for pattern in (HAN, NAMED)),
    *((re.compile(date), _read_named_groups) for pack in PACKS for date in pack.dates),
    (YEAR_FIRST, _read_year_first),
    (DAY_FIRST, _read_day_first),
    *((pattern, _read_named_groups) for pattern in (DECADE, DECADE_OF, YEARS, SINGLE)),
)
"""The most exact forms come first: what they take, later ones leave alone."""


def _judge(mention: _Mention, text: str, plain: str, this_year: int) -> _Mention:
    """`mention`, sure if its surroundings make it a year and not an amount."""
    before = plain[max(0, mention.start - CONTEXT) : mention.start]
    if STRONG.search(before):
        return replace(mention, is_sure=True)
    if AMOUNT_OF.search(before) or _counts_something(mention, text):
        return mention
    is_likely = FIRST_BARE_YEAR <= mention.year <= this_year + YEARS_AHEAD
    is_marked = WEAK.search(before) or (is_likely and (EDGE.search(before) or mention.end_year))
    if is_likely and DETERMINER.search(before):
        noun = FOLLOWING.match(plain, mention.end)
        is_marked = noun is not None and noun[1] in EVENT_NOUNS
    return replace(mention, is_sure=bool(is_marked))


def _counts_something(mention: _Mention, text: str) -> bool:
    """True if a word follows `mention` that it might count: one without a capital that is no function word."""
    if CLAUSE_END.match(text, mention.end):
        return False
    word = FOLLOWING.match(text, mention.end)
    return word is None or not (word[1][0].isupper() or word[1].lower() in FUNCTION_WORDS | EVENT_NOUNS)


def _joined(mentions: Sequence[_Mention], text: str, plain: str) -> Iterator[_Mention]:
    """`mentions` with each two that a word such as "to" joins made one; in a list, a year vouches for the next."""
    current: _Mention | None = None
    for mention in mentions:
        if current is None:
            current = mention
            continue
        between = plain[current.end : mention.start]
        is_listed = AND.fullmatch(between) is not None
        before = plain[max(0, current.start - CONTEXT) : current.start]
        is_between = is_listed and BETWEEN.search(before) is not None
        is_range = is_between or (CONNECTOR.fullmatch(between) and (current.is_sure or mention.is_sure))
        has_no_end = current.end_year is None and mention.end_year is None and current.year < mention.year
        is_date = mention.is_sure or not _counts_something(mention, text)
        if is_range and has_no_end and is_date:
            current = _Mention(current.start, mention.end, current.year, current.month, mention.year)
            continue
        yield current
        current = replace(mention, is_sure=mention.is_sure or (is_listed and is_date and current.is_sure))
    if current is not None:
        yield current
