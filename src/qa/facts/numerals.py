"""Words and digits of a text that are numbers. Others only look like numbers."""

from __future__ import annotations

import re
import unicodedata

from qa.facts.units import LATIN, unit_after
from qa.facts.vocabulary import (
    COUNTER,
    FIVE_IN_VIETNAMESE,
    HAN,
    HAN_DIGITS,
    HAN_WORDS,
    ORDINALS,
    SCALES,
    SMALL,
    WHOLE,
)
from qa.text.lang import any_of
from qa.text.lang.pack import choice

_WORDS = {word for language in ("en", "id", "fil") for word in SMALL[language]}
_WORDS |= {word for word in {*SCALES, *WHOLE, *ORDINALS} if re.match(f"[{LATIN}]", word)}
_VIETNAMESE = set(SMALL["vi"])
_UNSPACED = {
    word for words in (*SMALL.values(), SCALES) for word in words if not re.match(f"[{LATIN}{HAN}]", word)
}
_DIGITS = (
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![,\d])|\d{1,3}(?:\.\d{3})+(?:,\d+)?(?![.\d])"
    r"|\d{1,2}(?:,\d\d)+,\d{3}(?![,\d])"
    r"|\d{1,3}(?:[\u00a0\u2009\u202f]\d{3})+(?!\d)|\d{1,3}(?: \d{3})* 000(?!\d)|\d+\.\d+(?:\.\d+)*"
    r"|\d+,\d+(?!,?\d)|\d+"
)
_ATOM = re.compile(
    rf"(?P<digits>{_DIGITS})|(?P<han>[{HAN}]+)|(?P<unspaced>(?:{choice(_UNSPACED)})(?![\u17b6-\u17d2]))"
    rf"|(?<![{LATIN}'’])(?P<word>{choice(_WORDS | _VIETNAMESE)})(?![{LATIN}])"
)
_VAGUE = re.compile(rf"(?:{any_of(lambda pack: pack.vague_amounts)})$")
_THE = re.compile(r"(?:the|its|their|our|his|her)\s$")
_RANKED = re.compile(r"[-\s]\w{2,14}est\b|\s(?:most|time|phase|stage|term)\b")
_LETTERS_BEFORE = re.compile(rf"([{LATIN}]+)(-?)\Z", re.IGNORECASE)
_NUMBER_PREFIXES = frozenset(
    "rp fy usd us idr php jpy cny eur gbp vnd khr rmb ke ika no nr t h r s m".split()
)


def find_atoms(text: str, plain: str, language: str) -> list[re.Match[str]]:
    """The parts of numbers in `text`, in order: digits, words, runs of Han numerals (`lastgroup` says which)."""
    return [atom for atom in _ATOM.finditer(plain) if _is_number(atom, text, plain, language)]


def _is_number(atom: re.Match[str], text: str, plain: str, language: str) -> bool:
    word, start, end = atom.group(), atom.start(), atom.end()
    if atom.lastgroup == "digits":
        return not _is_in_code(text, start, end)
    if atom.lastgroup == "han":
        return _is_han_number(word, plain, start, end)
    if atom.lastgroup == "unspaced":
        return _is_unspaced_number(word, plain, start, end)
    if text[start].isupper() and _starts_name(text, start, end):
        return False
    if word in _VIETNAMESE:
        return language == "vi" and _is_vietnamese_number(word, plain, start, end)
    if word == "second":  # and no part of a minute
        is_the = _THE.search(plain[max(0, start - 6) : start])
        return bool(is_the or _RANKED.match(plain[end : end + 20]))
    # "Lima" is Indonesian too; in other languages the rest are other words.
    return language in ("fil", "") or word == "lima" or word not in {*SMALL["fil"], "daan", "daang"}


def _is_in_code(text: str, start: int, end: int) -> bool:
    """True if the digits belong to a word: CO2, PM2.5, COVID-19, 3R."""
    before = _LETTERS_BEFORE.search(text[max(0, start - 12) : start])
    if before and before[1].lower() not in _NUMBER_PREFIXES:
        is_year = end - start == 4 and text[start : start + 2] in ("19", "20")
        return any(map(str.isupper, before[1])) and not (before[2] and is_year)
    following = unicodedata.normalize("NFKC", text[end : end + 9])
    after = re.match(rf"[DGRS](?![{LATIN}{LATIN.upper()}])|[A-Z]{{1,8}}\d|[A-Z]{{3,8}}", following)
    return after is not None and unit_after(following.lower(), 0) == ("", 0)


def _starts_name(text: str, start: int, end: int) -> bool:
    """True if a capitalised word stands inside a sentence or before another one: "Hai Phong", "Three Gorges"."""
    if text[start:end].isupper() and end - start > 1:
        return False
    following = re.match(r"[-\s]+(\w)", text[end : end + 4])
    is_inside = re.search(r"[^\W\d_][\w,'’)]*\s$", text[max(0, start - 12) : start]) is not None
    return is_inside and following is not None and following[1].isupper()


def _is_han_number(run: str, plain: str, start: int, end: int) -> bool:
    other_word = HAN_WORDS.match(plain, start)
    if other_word and other_word.end() >= end:
        return False
    before = plain[max(0, start - 2) : start]
    if run == "百" and plain.startswith("分之", end):
        return False
    if re.search(r"\d[\s]?$", before):
        return run[0] not in HAN_DIGITS
    if before.endswith(("第", "之")):
        return True
    if _VAGUE.search(before) or (len(run) > 1 and not set(run) & set("十百千万萬億亿") and len(run) < 3):
        return False
    if run[0] in "百千万萬億亿兆":
        return len(run) == 1 and re.match("[人年円元名社件個台戸户]", plain[end : end + 1]) is not None
    if len(run) > 1:
        return True
    return COUNTER.match(plain[end : end + 6]) is not None and not re.search(r"[北統统世唯同单單]$", before)


def _is_unspaced_number(word: str, plain: str, start: int, end: int) -> bool:
    if start and plain[start - 1] == "\u17d2":
        return False
    if len(word) > 3 and word != "សែន":
        return True
    return not plain.endswith("អំ", 0, start) and not re.match(r"[\u1780-\u17b3]ៀ|ោះ|្", plain[end : end + 2])


def _is_vietnamese_number(word: str, plain: str, start: int, end: int) -> bool:
    before = plain[max(0, start - 8) : start]
    if word in ("tư", "mốt", "lăm"):
        return bool(re.search(r"(?:thứ|tháng|mươi|mười|trăm)\s$", before))
    if word == "năm":
        return bool(re.search(r"(?:thứ|mươi|trăm|nghìn|ngàn|triệu)\s$", before)) or bool(
            not re.search(
                r"(?:\d|những|các|hàng|mỗi|nhiều|[\w]*(?:hai|ba|bốn|sáu|bảy|tám|chín|mười))\s$", before
            )
            and FIVE_IN_VIETNAMESE.match(plain, end)
        )
    return word != "không"
