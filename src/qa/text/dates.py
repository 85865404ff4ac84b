"""The words of dates in the page's languages, and text made ready for reading them: months, eras, digits."""

from __future__ import annotations

import re
import unicodedata

from qa.text.lang import any_of, table_of
from qa.text.lang.pack import choice

NAMED_MONTHS = table_of(lambda pack: pack.months)
COUNTED_MONTHS = table_of(lambda pack: pack.counted_months)
"""The numbers before 月, and after "tháng"."""
MONTHS = NAMED_MONTHS | COUNTED_MONTHS
ERAS = table_of(lambda pack: pack.eras)
ERA_NAMES = table_of(lambda pack: pack.era_names)
"""Another spelling of an era → the era, a key of `ERAS`."""

DASH = r"[-–—−~〜～]"
NAME, NUMBER = choice(NAMED_MONTHS), choice(COUNTED_MONTHS)
DAY_ENDING = rf"(?:{any_of(lambda pack: pack.rank_endings)})?"
"""The ending right behind a day: 2nd."""
YEAR_WORDS = any_of(lambda pack: pack.year_words)
RANGE = f"{any_of(lambda pack: pack.until)}|{any_of(lambda pack: pack.ands)}"
"""The words that join two dates, as dashes do."""
NO_DATES = re.compile(r"(?:https?://|www\.)[^\s\u3000-\u9fff]+|(?<![\w.+-])[\w.+-]{1,64}@[\w.-]+")
KANJI_YEAR = re.compile(r"(?<![〇零一二三四五六七八九十百千万])[一二][〇零一二三四五六七八九]{3}(?=年)")
KANJI_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")


def plain_text(text: str) -> str:
    """`text` in lower case with ASCII digits, character by character, and blanks for addresses."""
    plain = "".join(map(_plain_character, text))
    plain = NO_DATES.sub(lambda match: "\0" * len(match.group()), plain)
    return KANJI_YEAR.sub(lambda match: match.group().translate(KANJI_DIGITS), plain)


def _plain_character(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if "\uff01" <= character <= "\uff5e":  # full-width forms
        return chr(ord(character) - 0xFEE0).lower()
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character


def month_number(name: str | None) -> int | None:
    """1 to 12 for a month as `NAME`, `NUMBER` or digits give it; None for no month."""
    if name is None:
        return None
    number = int(name) if name.isdecimal() else MONTHS[name]
    return number if 1 <= number <= 12 else None
