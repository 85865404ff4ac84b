"""What the program says, in each language: one file for each in `locales/`, all with the same keys."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources

FIRST = ("en", "ja", "zh", "vi", "id", "km", "fil")
"""The languages that the page offers first, in this order; others follow by their codes."""


def _languages() -> Iterator[str]:
    files = (entry.name for entry in resources.files("qa.i18n").joinpath("locales").iterdir())
    found = {name.removesuffix(".toml") for name in files if name.endswith(".toml")}
    yield from (code for code in FIRST if code in found)
    yield from sorted(found.difference(FIRST))


LANGUAGES = tuple(_languages())
"""The languages that there is a catalogue for, in the order in which the page offers them."""

FALLBACK = "en"

_ALIASES = {"tl": "fil", "in": "id", "cmn": "zh", "yue": "zh"}
# Language identifiers and browsers call Filipino Tagalog; "in" was the code of Indonesian until 1989.


def say(key: str, language: str, /, **values: object) -> str:
    """The message `key` in `language`, or in English where `language` has no catalogue.

    `values` fill the message's `{placeholders}`. Raises `KeyError` for a key or a placeholder that is
    missing: that is a mistake in the program, and a test looks for it.

    >>> say("page", "vi", number=3)
    'Trang 3'
    """
    message = catalogue(closest_language(language))[key]
    return message.format(**values) if values else message


def closest_language(tag: str) -> str:
    """The catalogue for a language tag such as `zh-Hant` or `tl`; English where there is none."""
    return known_language(tag) or FALLBACK


def known_language(tag: str) -> str | None:
    """The catalogue for a language tag, or None where there is none."""
    base = tag.strip().lower().replace("_", "-").split("-")[0]
    code = _ALIASES.get(base, base)
    return code if code in LANGUAGES else None


def preferred_language(accept_language: str) -> str:
    """The first language of an `Accept-Language` header that there is a catalogue for; else English.

    Browsers list languages best first, so the weights (`;q=0.8`) need not be read.
    """
    for item in accept_language.split(","):
        code = known_language(item.split(";")[0])
        if code:
            return code
    return FALLBACK


def language_name(code: str, language: str) -> str:
    """What the language `code` (ISO 639) is called in `language`, or "another language" without a name."""
    base = code.lower().split("-")[0]
    key = f"language_{_ALIASES.get(base, base)}"
    return say(key if key in catalogue(closest_language(language)) else "language_other", language)


def join_names(names: tuple[str, ...], language: str) -> str:
    """The names as a list in `language`, with the separator that its script uses."""
    return say("list_separator", language).join(names)


def format_number(number: float, language: str, *, digits: int = 0) -> str:
    """The number with so many digits after the decimal sign, and with the signs of `language`.

    >>> format_number(1234.5, "vi", digits=1)
    '1.234,5'
    """
    signs = {",": say("number_thousands", language), ".": say("number_decimal", language)}
    return "".join(signs.get(character, character) for character in f"{number:,.{digits}f}")


@cache
def catalogue(code: str) -> dict[str, str]:
    """All messages of one of `LANGUAGES` by key; read from the package once."""
    text = resources.files("qa.i18n").joinpath("locales", f"{code}.toml").read_text(encoding="utf-8")
    return {key: str(value) for key, value in tomllib.loads(text).items()}
