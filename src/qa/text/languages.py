"""Text → its language: by the script where that decides, else by a small statistical identifier."""

from __future__ import annotations

import re
import threading
from functools import cache
from typing import Any

SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ja", re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")),
    ("km", re.compile(r"[\u1780-\u17ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("lo", re.compile(r"[\u0e80-\u0eff]")),
    ("my", re.compile(r"[\u1000-\u109f]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
)
"""The language that stands for a script, in the order in which scripts decide: kana before Han."""

UNSPACED = frozenset({"ja", "zh", "km", "th", "lo", "my"})
"""Languages that are written without spaces between words."""

LATIN = ("en", "id", "vi", "tl", "es", "fr", "de", "pt", "it", "nl", "ms")
RENAMED = {"tl": "fil", "ms": "id"}
"""Malay is Indonesian to a reader here; ISO calls Tagalog tl, its users fil."""

CERTAIN = 0.6
"""The least probability with which a short text is not in the default language. Names alone ("Hai Phong?") stay
below it. Whole short questions in the languages of the dev sets pass it."""


def detect_language(text: str, *, default: str = "en") -> str:
    """The ISO 639 code of the language of `text`, or `default` where the text does not tell."""
    letters = sum(map(str.isalpha, text))
    for language, pattern in SCRIPTS:
        # A foreign name in brackets does not make a text foreign, hence a share; but kana tells Japanese.
        share = 0.08 if language == "ja" else 0.25
        if len(pattern.findall(text)) > share * letters:
            return language
    scores: dict[str, float] = {}
    for code, probability in _identifier().rank(text):
        scores[RENAMED.get(code, code)] = scores.get(RENAMED.get(code, code), 0.0) + float(probability)
    best = max(scores, key=lambda code: scores[code])
    return best if scores[best] >= CERTAIN else default


def is_unspaced(text: str) -> bool:
    """True if most letters of `text` belong to a script that is written without spaces."""
    return detect_script(text) in UNSPACED


def detect_script(text: str) -> str:
    """The language that stands for the main script of `text`; "en" for Latin and for none."""
    counts = {language: len(pattern.findall(text)) for language, pattern in SCRIPTS}
    if counts["ja"]:
        counts["ja"] += counts["zh"]
    best = max(counts, key=lambda language: counts[language])
    letters = sum(map(str.isalpha, text))
    return best if counts[best] * 2 > letters else "en"


def load_early() -> None:
    """Load the identifier of `detect_language` in a thread: it takes a while to unpack."""
    threading.Thread(target=_identifier, name="languages", daemon=True).start()


@cache
def _identifier() -> Any:
    from py3langid import langid

    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    identifier.set_languages(LATIN)
    return identifier
