"""The number words of the page's languages, and which language's number words a text uses."""

from __future__ import annotations

import re
from functools import lru_cache

from qa.text.lang import PACKS, any_of, load_pack, table_of

SMALL = {pack.code: pack.small_numbers for pack in PACKS}
"""Language → word → value, below a hundred."""

WHOLE = table_of(lambda pack: pack.whole_numbers)
ORDINALS = table_of(lambda pack: pack.ordinals)
SCALES = table_of(lambda pack: pack.scales)

HAN_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "兩": 2}
HAN = "".join(HAN_DIGITS) + "十百千万萬億亿兆"
HAN_WORDS = re.compile(any_of(lambda pack: pack.number_lookalikes))
COUNTER = re.compile(any_of(lambda pack: pack.counters, map(load_pack, ("ja", "zh"))))
"""What makes a Han numeral of one character a number: a counter behind it."""

FIVE_IN_VIETNAMESE = re.compile(rf"\s(?:{load_pack('vi').counters})(?![^\W_])")
"""What follows "năm" where it is five and not a year."""

FIRST_SCALE = 1000
"""From this value on, a scale multiplies the whole number before it; a smaller scale multiplies the last part."""

VIETNAMESE = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủũứừửữựỳỵỷỹ]", re.IGNORECASE)
_HINTS = {pack.code: frozenset(pack.common_words.split()) for pack in PACKS if pack.common_words}


@lru_cache(maxsize=256)
def language_of(text: str) -> str:
    """The language whose way of writing numbers `text` follows: of the page's languages, or "" if unclear."""
    letters = sum(character.isalpha() for character in text)
    if len(re.findall(r"[\u1780-\u17d3]", text)) * 4 > letters:
        return "km"
    if len(re.findall(r"[\u3040-\u30ff]", text)) * 10 > letters:
        return "ja"
    if len(re.findall(r"[\u3400-\u9fff]", text)) * 4 > letters:
        return "zh"
    if len(VIETNAMESE.findall(text)) * 25 > letters:
        return "vi"
    words = re.findall(r"[a-z]+", text.lower())
    counts = {language: sum(word in hints for word in words) for language, hints in _HINTS.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] else ""
