"""The value of a spreadsheet's cell → the text that a simple number format shows."""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from typing import NamedTuple

UNSHOWN = re.compile(r"\[(?!\$|h+\]|m+\]|s+\])[^\]]*\]|_.|\*.", re.IGNORECASE)
"""Colours and conditions in brackets, and blanks as wide as, or filled up with, the next character."""

CURRENCY = re.compile(r"\[\$([^\]-]*)[^\]]*\]")
"""A currency sign and the code of a place: [$¥-411]."""

LITERAL = re.compile(r'"([^"]*)"|\\(.)')

DIGITS = re.compile(r"[#0?][#0?,]*(?:\.[#0?]*)?,*")

MAX_DIGITS = 15
"""Limits the digits, as Excel does."""

MAX_GENERAL_DIGITS = 10
"""Limits the digits of a number without a format, as Excel does."""

QUOTED = "\ue000"
"""Stands for a literal while the digits are looked for: a character that no format contains."""


class NumberShape(NamedTuple):
    """The shape that a number format gives to numbers."""

    prefix: str
    suffix: str
    decimals: int
    min_digits: int
    is_grouped: bool
    divisor: float


def cell_text(value: object, number_format: str | None) -> str:
    """The text that `value` is shown as; "" for no value and for a format that hides it."""
    shown = number_format or "General"
    if value is None or re.fullmatch(r";{2,3}", shown.strip()):
        return ""
    if isinstance(value, str):
        return value.replace("_x000D_", "")
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return _number_text(value, shown)
    if isinstance(value, datetime.datetime):
        return _moment_text(value, shown)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat("minutes") if isinstance(value, datetime.time) else value.isoformat()
    if isinstance(value, datetime.timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    return str(value)


def _moment_text(moment: datetime.datetime, number_format: str) -> str:
    """`moment` in ISO form, without the parts (day, time) that its format does not show."""
    letters = set(re.sub(r'\[[^\]]*\]|"[^"]*"|\\.', "", number_format).casefold())
    if "y" in letters or "e" in letters or "g" in letters:
        if "m" not in letters:
            return f"{moment.year}"
        if "d" not in letters:
            return f"{moment.year}-{moment.month:02}"
    date = moment.date().isoformat()
    has_time = moment.time() != datetime.time() and ("h" in letters or not letters & set("ymd"))
    return f"{date} {moment.time().isoformat('minutes')}" if has_time else date


def _number_text(number: float, number_format: str) -> str:
    shape = _shape_of(number_format)
    if shape is None or abs(number) >= 10**MAX_DIGITS:
        is_whole = isinstance(number, int) or (number.is_integer() and abs(number) < 10**MAX_DIGITS)
        return str(int(number)) if is_whole else f"{number:.{MAX_GENERAL_DIGITS}g}"
    scaled = abs(number) / shape.divisor
    # Excel rounds halves up, as people do by hand; the last digit that it keeps decides.
    rounded = round(float(f"{scaled:.{MAX_DIGITS}g}") + 10.0 ** -(shape.decimals + 12), shape.decimals)
    digits = f"{rounded:{',' if shape.is_grouped else ''}.{shape.decimals}f}"
    digits = digits.rjust(shape.min_digits + (shape.decimals + 1 if shape.decimals else 0), "0")
    sign = "-" if number < 0 and rounded else ""
    return f"{sign}{shape.prefix}{digits}{shape.suffix}".strip()


@lru_cache(maxsize=512)
def _shape_of(number_format: str) -> NumberShape | None:
    """The shape of `number_format`; None for General, and for formats that are not simple (fractions, 1E+06)."""
    literals: list[str] = []

    def keep(match: re.Match[str]) -> str:
        literals.append(match.group(1) or match.group(2) or "")
        return QUOTED

    section = LITERAL.sub(keep, number_format).split(";")[0]
    section = UNSHOWN.sub("", CURRENCY.sub(r"\1", section))
    found = list(DIGITS.finditer(section))
    if len(found) != 1 or re.search(r"[/@E]|General", section):
        return None
    digits = found[0].group()
    prefix, suffix = section[: found[0].start()], section[found[0].end() :]
    texts = iter(literals)
    prefix, suffix = (re.sub(QUOTED, lambda _: next(texts, ""), part) for part in (prefix, suffix))
    whole, _, decimals = digits.rstrip(",").partition(".")
    scale = len(digits) - len(digits.rstrip(","))
    return NumberShape(
        prefix=prefix,
        suffix=suffix,
        decimals=len(decimals),
        min_digits=min(whole.count("0"), MAX_DIGITS),
        is_grouped="," in whole,
        divisor=1000.0**scale / (100 if "%" in section else 1),
    )
