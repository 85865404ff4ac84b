"""Quotes that give orders to a language model. The model does not write from them."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from qa.domain import Citation
from qa.text.lang import any_of

HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
"""Characters that cannot be seen, with which a word can be broken up."""

INSTRUCTION = re.compile(
    # In NFKC, as the quotes are when they are read.
    unicodedata.normalize("NFKC", any_of(lambda pack: pack.instructions))
    + rf"|(?:^|[.!?。！？\])>]\s{{0,3}})(?:{any_of(lambda pack: pack.speakers)})\s{{0,3}}[:：]"
    r"|\b(?:base64|rot13)\b"
    r"|\bcite\s{0,3}[\[［【]|!\[[^\]\n]{0,200}\]\("
    # What chat templates are written with, and forged limits
    r"|<\|[^|]{0,40}\|>|\[/?INST\]|</?(?:s|system|evidence|user|assistant)\b|<<SYS>>|NO_ANSWER|^#{2,}\s{0,3}(?:system|instruction)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)


CODED = re.compile(r"[A-Za-z0-9+/]{16,4000}={0,2}")
"""What may be Base64."""
SPACED = re.compile(r"(?<!\w)\w(?:[ .\-_*]\w){3,200}(?!\w)")
"""A word of which every letter stands alone, "i g n o r e"."""
LOOKALIKES = str.maketrans(
    {
        **dict(zip("0134578@$", "oieastbas", strict=True)),
        **dict(zip("авеікмнорстухѕјԁһ", "abeikmhopctyxsjdh", strict=True)),
        **dict(zip("αεικνορτυχ", "aeikvoptux", strict=True)),
    }
)
"""Digits, signs, and Cyrillic and Greek letters, that are read as Latin ones."""


def without_instructions(citations: Sequence[Citation]) -> tuple[Citation, ...]:
    """`citations` without instructions. A quote may read as one alone or together with the next quote; the quote
    after an instruction without a full stop goes, too."""
    told = {each.number for each in citations if is_instruction(each.quote)}
    for one, other in pairwise(citations):
        is_told = one.number in told
        goes_on = is_told and one.quote.rstrip()[-1:].isalnum()
        is_split = not is_told and other.number not in told and is_instruction(f"{one.quote} {other.quote}")
        if goes_on or is_split:
            told |= {one.number, other.number}
    return tuple(each for each in citations if each.number not in told)


def is_instruction(quote: str) -> bool:
    """True if `quote` reads as if it told a model what to do, also in Base64 or in letters that only look alike.

    Some sentences for readers do, too: they can still be quoted, only not written from.
    """
    folded = HIDDEN.sub("", unicodedata.normalize("NFKC", quote))
    plain = re.sub(r"[^\S\n]+", " ", folded)
    together = SPACED.sub(lambda found: re.sub(r"[ .\-_*]", "", found[0]), plain)
    readings = (plain, together, plain.casefold().translate(LOOKALIKES), *_decoded(plain))
    return any(INSTRUCTION.search(each) for each in dict.fromkeys(readings))


def _decoded(text: str) -> list[str]:
    decoded = []
    for found in CODED.finditer(text):
        letters = found[0].rstrip("=")
        try:
            decoded.append(base64.b64decode(letters + "=" * (-len(letters) % 4)).decode())
        except (binascii.Error, UnicodeDecodeError):
            continue
    return decoded
