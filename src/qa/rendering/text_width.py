"""An estimate of how wide text is, for a drawing that is made before a font is chosen."""

from __future__ import annotations

import unicodedata


def text_ems(text: str) -> float:
    """About how many ems `text` takes in a bold sans serif; rather more than it does, as fonts differ."""
    return sum(map(_character_ems, text))


def cut(text: str, most: int) -> str:
    """`text` in `most` characters; where it is longer, an ellipsis is the last one."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _character_ems(character: str) -> float:
    """About the width in ems of a character of a bold sans serif: no less than Noto Sans has in most words."""
    category = unicodedata.category(character)
    if category in ("Mn", "Cf", "Cc"):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if "\u1780" <= character <= "\u17ff":  # Khmer
        return 0.8
    if category == "Lu" or character in "mwMW@%":
        return 0.72
    return 0.42 if character in " iljtfr.,'’-·" else 0.63
