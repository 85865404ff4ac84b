"""The words of dates in the page's languages, and text made ready for reading them: months, eras, digits."""

from __future__ import annotations

import re
import unicodedata

NAMED_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "jan feb mar apr may jun jul aug sept oct nov dec",
        "januari februari maret april mei juni juli agustus sep oktober nopember desember",
        "enero pebrero marso abril mayo hunyo hulyo agosto setyembre oktubre nobyembre disyembre",
        "មករា កុម្ភៈ មីនា មេសា ឧសភា មិថុនា កក្កដា សីហា កញ្ញា តុលា វិច្ឆិកា ធ្នូ",
    )
    for number, name in enumerate(names.split(), start=1)
}
COUNTED_MONTHS = {
    name: number
    for names in ("một hai ba tư năm sáu bảy tám chín mười", "一 二 三 四 五 六 七 八 九 十 十一 十二")
    for number, name in enumerate(names.split(), start=1)
} | {"giêng": 1, "mười một": 11, "mười hai": 12, "chạp": 12}
"""What stands before 月, and after "tháng"."""

ERAS = {"大正": (1911, 15), "昭和": (1925, 64), "平成": (1988, 31), "令和": (2018, 82)}
ERAS |= {letter: ERAS[name] for letter, name in zip("tshr", tuple(ERAS), strict=True)}
"""Japanese era → the year before its first, and how many years it has (令和: as many as end in 2100)."""

B0, B1 = r"[\s\u200b]{0,4}", r"[\s\u200b]{1,4}"
DASH = r"[-–—−~〜～]"
NAME = "|".join(sorted(NAMED_MONTHS, key=lambda name: (-len(name), name)))
NUMBER = "|".join(sorted(COUNTED_MONTHS, key=lambda name: (-len(name), name)))
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
    number = int(name) if name.isdecimal() else (NAMED_MONTHS | COUNTED_MONTHS)[name]
    return number if 1 <= number <= 12 else None
