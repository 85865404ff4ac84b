"""Whether two texts say the same: answers after SQuAD's normalisation, quotes after folding.

The normalisation is that of SQuAD's official script (Rajpurkar et al. 2016: lower case, no punctuation, no
English articles, single spaces), widened to Unicode and to scripts that are written without spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

MIN_QUOTE_CHARS = 8
"""The least length of a folded quote: a shorter one stands in many documents by chance."""

# Kana, Han, Thai and Lao, Burmese, Khmer.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_ARTICLE = re.compile(r"\b(a|an|the)\b")
_ELLIPSIS = re.compile(r"^\.\.\.\s*|\s*\.\.\.$")
_QUOTE_MARKS = " \"'«»「」…"
_MEANINGFUL_SIGNS = "%$€£¥°+"  # "45%" and "45" are different answers
_INVISIBLE = dict.fromkeys((0x200B, 0x00AD))  # zero-width space, soft hyphen
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})
_DASHES_TO_SPACES = str.maketrans(dict.fromkeys("-–—/", " "))


def fold(text: str) -> str:
    """`text` with width, case, blanks, curly quotes and dashes made alike; punctuation stays."""
    plain = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).translate(_PLAIN)
    return _squeeze(plain).lower()


def normalise(text: str) -> str:
    """`text` folded, without punctuation and English articles."""
    folded = fold(text).translate(_DASHES_TO_SPACES)
    return _squeeze(_ARTICLE.sub(" ", "".join(filter(_is_kept, folded))))


def tokens(text: str) -> list[str]:
    """The words of the normalised `text`; single characters of a word in an unspaced script."""
    found: list[str] = []
    for word in normalise(text).split():
        found += list(word) if _UNSPACED.search(word) else [word]
    return found


def holds_any(answer: str, golds: Iterable[str]) -> bool:
    """True if one of `golds` stands in `answer`: as whole words, in unspaced scripts anywhere."""
    said = normalise(answer)
    return any(_holds(said, normalise(gold)) for gold in golds)


def _holds(said: str, gold: str) -> bool:
    if not gold:
        return False
    if f" {gold} " in f" {said} ":
        return True
    is_unspaced = _UNSPACED.search(gold) or _UNSPACED.search(said)
    return bool(is_unspaced) and _without_spaces(gold) in _without_spaces(said)


def token_f1(answer: str, golds: Iterable[str]) -> float:
    """The best F1 (0 to 1, higher is better) of `answer`'s tokens and those of one of `golds`."""
    said = tokens(answer)
    return max((_f1(said, tokens(gold)) for gold in golds), default=0.0)


def _f1(said: list[str], gold: list[str]) -> float:
    shared = (Counter(said) & Counter(gold)).total()
    return 2 * shared / (len(said) + len(gold)) if shared else 0.0


def stands_in(quote: str, folded_text: str) -> bool:
    """True if `quote` stands in a text that `fold` made, marks and dots around the quote aside."""
    stripped = _ELLIPSIS.sub("", fold(quote).strip(_QUOTE_MARKS).rstrip(".").strip())
    if len(stripped) < MIN_QUOTE_CHARS:
        return False
    if stripped in folded_text:
        return True
    return bool(_UNSPACED.search(stripped)) and _without_spaces(stripped) in _without_spaces(folded_text)


def _is_kept(character: str) -> bool:
    return character in _MEANINGFUL_SIGNS or unicodedata.category(character)[0] not in "PS"


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _without_spaces(text: str) -> str:
    return text.replace(" ", "")
