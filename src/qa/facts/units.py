"""Units of the page's languages: what stands before or behind a number and says what it measures."""

from __future__ import annotations

import re

from qa.text.lang import PACKS, any_of

GAP = r"[-\s\u200b]{0,2}"

SYMBOLS = {
    "%": "%", "km2": "km2 km² ㎢", "m2": "m2 m² ㎡", "m3": "m3 m³ ㎥", "km": "km ㎞", "cm": "cm ㎝",
    "mm": "mm ㎜", "m": "m", "mile": "", "ft": "ft", "ha": "ha", "l": "l", "kg": "kg ㎏", "mg": "mg",
    "g": "g", "t": "t", "kwh": "kwh", "kw": "kw", "mwh": "mwh", "mw": "mw", "gw": "gw", "°c": "℃ °c",
    "year": "", "month": "", "week": "", "day": "", "hour": "h", "minute": "", "second": "",
    "century": "", "usd": r"usd us\$", "yen": "jpy ¥", "cny": "rmb cny", "vnd": "vnd vnđ ₫",
    "idr": "idr", "php": "php ₱", "khr": "khr", "eur": "eur €", "gbp": "gbp £",
}  # fmt: skip
"""Unit → what it is called in every language, as patterns with blanks between them.

What measures the same in another size is another unit: 5 km are not 5 m, and 5,000 m not 5,000 m³.
"""

SYMBOLS_BEFORE = {
    "usd": r"us\$|\$|usd", "yen": "¥|jpy|jp¥", "cny": "cny|rmb", "vnd": "₫|vnd", "idr": r"rp\.?|idr",
    "php": "₱|php", "khr": "៛|khr", "eur": "€|eur", "gbp": "£|gbp",
}  # fmt: skip
"""Unit → what stands before its number."""

FORMS = {
    unit: " ".join([symbols, *(pack.units[unit] for pack in PACKS if unit in pack.units)])
    for unit, symbols in SYMBOLS.items()
}
BEFORE = {
    unit: "|".join(filter(None, [SYMBOLS_BEFORE.get(unit), *(pack.units_before.get(unit) for pack in PACKS)]))
    for unit in SYMBOLS
}

LATIN = "a-zà-öø-ɏḁ-ỿ"
"""The lower-case Latin letters, as the inside of a character class."""


def _compile_forms() -> re.Pattern[str]:
    alternatives = []
    for index, forms in enumerate(FORMS.values()):
        words = [form.replace("_", r"[-\s]") for form in forms.split()]
        ends = [rf"(?:{word})(?![{LATIN}0-9])" if re.search(f"[{LATIN}]", word) else word for word in words]
        alternatives.append(f"(?P<u{index}>{'|'.join(ends)})")
    return re.compile(f"{GAP}(?:{'|'.join(alternatives)})")


_NAMES = tuple(SYMBOLS)
_AFTER = _compile_forms()
_BEFORE = re.compile(
    "(?:"
    + "|".join(f"(?P<b{i}>(?<![{LATIN}])(?:{p}))" for i, p in enumerate(BEFORE.values()) if p)
    + r")[\s\u200b]?$"
)
_MAX_BEFORE_CHARS = 18
TENTH = re.compile(rf"\s?(?:{any_of(lambda pack: pack.tenths)})")
"""Tenths, in Japanese and Chinese: 3割 is 30%."""


def unit_after(plain: str, end: int) -> tuple[str, int]:
    """The unit that stands behind a number that ends at `end`, and where it ends; ("", `end`) for none."""
    match = _AFTER.match(plain, end)
    if match is None:
        return "", end
    return _NAMES[int(str(match.lastgroup)[1:])], match.end()


def unit_before(plain: str, start: int) -> tuple[str, int]:
    """The unit that stands before a number that starts at `start`, and where it starts; ("", `start`) for none."""
    from_ = max(0, start - _MAX_BEFORE_CHARS)
    match = _BEFORE.search(plain[from_:start])
    if match is None:
        return "", start
    return _NAMES[int(str(match.lastgroup)[1:])], from_ + match.start()
