"""Bytes → characters in any encoding: by mark, by form, and else in the encoding that reads most like writing."""

from __future__ import annotations

import codecs
import re
import unicodedata

import charset_normalizer

from qa.errors import LoadError
from qa.i18n.reasons import Reason
from qa.loaders.plausibility import CANDIDATES, MIN_WEIGHT, weigh, weigh_utf16

DAMAGED_UTF8 = 50
"""Whole UTF-8 characters to each broken byte in damaged UTF-8. Other encodings make whole UTF-8 characters by
chance about as often as broken ones."""


def decode(data: bytes) -> str:
    """The characters in `data`: by its byte order mark, as UTF-8, or in the encoding that reads best.

    Raises `LoadError` where no encoding makes it read like writing.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _decode_marked(data, encoding)
    order = utf16_order(data)
    if order is not None:
        return data.decode(order, "replace")
    if b"\x1b$" in data or b"\x1b(J" in data:
        text = try_decode(data, "iso2022_jp_2004" if b"\x1b$(Q" in data else "iso2022_jp_ext")
        if text is not None:
            return text
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if len(re.findall(r"[^\x00-\x7f]", text)) - broken > DAMAGED_UTF8 * broken:
        return text
    return _decode_old(data)


def decode_page(data: bytes) -> str:
    """The characters of a web page: as `decode`, but a page that names an old encoding is believed."""
    if not data.startswith(tuple(mark for mark, _ in MARKS)) and utf16_order(data) is None:
        declared = DECLARED.search(data[:META_BYTES])
        name = declared[1].decode("ascii", "replace").lower() if declared else ""
        if name in WEB_NAMES and b"\x1b$" not in data and try_decode(data, "utf-8") is None:
            text = try_decode(data, WEB_NAMES[name])
            if text is not None:
                return unicodedata.normalize("NFC", text)
    return decode(data)


MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks. UTF-32's marks come first, for one begins with that of UTF-16."""

CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Bytes that no text of one byte a character holds. The escape of ISO-2022-JP is not among them."""

UTF16_SAMPLE_BYTES = 2**14
"""Bytes that tell writing from pictures and tables of numbers."""

MIN_UTF16_WEIGHT = 0.6
"""Limits the weight of UTF-16. Real texts weigh 0.7 and more, random pairs of bytes 0.3 at most, and pairs of
letters of one byte, which fall among the rarer Han characters, 0.4."""

META_BYTES = 4096
"""Bytes before the end of a page's declaration. Browsers take 1024; some pages have a long comment before it."""

DECLARED = re.compile(
    rb"""(?:<meta\b[^>]*?\bcharset|<\?xml\b[^>]*?\bencoding)\s*=\s*["']?([\w:.-]+)""", re.IGNORECASE
)

WEB_NAMES = {
    name: encoding
    for encoding, names in {
        "cp932": "shift_jis shift-jis x-sjis sjis ms_kanji windows-31j cp932",
        "euc_jp": "euc-jp x-euc-jp euc_jp",
        "gb18030": "gb2312 gbk x-gbk gb18030 gb_2312-80",
        "big5hkscs": "big5 big5-hkscs x-x-big5 cn-big5",
        "cp949": "euc-kr ks_c_5601-1987 windows-949 cp949",
        "cp1258": "windows-1258 cp1258",
        "cp874": "tis-620 windows-874 iso-8859-11",
        "cp1251": "windows-1251 cp1251",
        "koi8-r": "koi8-r",
    }.items()
    for name in names.split()
}
"""The encodings that names mean on the web (WHATWG), where they mean more than they say. Western names are left
out: pages in every language claim them."""


def _decode_marked(data: bytes, encoding: str) -> str:
    text = data.decode(encoding, "replace").removeprefix("\ufeff")
    if text.count("\ufffd") > 1 + len(text) // 1000:
        raise LoadError(Reason("why_false_encoding", encoding=encoding.upper()))
    return text


def utf16_order(data: bytes) -> str | None:
    """The order of bytes in which `data` is UTF-16 without a mark; None if it is not.

    In UTF-16, halves of characters look like control characters (blanks and line ends have a zero byte), and
    pairs of bytes read like writing.
    """
    head = data[:UTF16_SAMPLE_BYTES]
    if len(data) % 2 or not CONTROL.search(head):
        return None
    weights = {}
    for order in ("utf-16-le", "utf-16-be"):
        # The sample may end inside of a pair; elsewhere a half of one is no writing.
        weights[order] = weigh_utf16(head.decode(order, "ignore" if len(head) < len(data) else "replace"))
    best = max(weights, key=lambda order: weights[order])
    return best if weights[best] >= MIN_UTF16_WEIGHT else None


def _decode_old(data: bytes) -> str:
    best, best_weight = None, MIN_WEIGHT
    for encoding in CANDIDATES:
        text = try_decode(data, encoding)
        if text is not None and (weight := weigh(text, encoding)) > best_weight:
            best, best_weight = text, weight
    if best is not None:
        return unicodedata.normalize("NFC", best)  # Windows-1258 has its tone marks apart
    guess = charset_normalizer.from_bytes(data).best()
    if guess is None:
        raise LoadError(Reason("why_unknown_encoding"))
    return str(guess)


def try_decode(data: bytes, encoding: str) -> str | None:
    """The characters of `data` in `encoding`; None where it does not fit."""
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
