"""The languages, a module for each: `qa.text.lang.vi.PACK` has all that the program knows of Vietnamese."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from qa.i18n.messages import LANGUAGES
from qa.text.lang.pack import LanguagePack
from qa.text.languages import UNSPACED

Value = TypeVar("Value")
NEVER = r"(?!)"
"""Matches nowhere: where no language has such words."""


def load_pack(code: str) -> LanguagePack:
    """The pack of the language `code` (ISO 639)."""
    pack: LanguagePack = importlib.import_module(f"qa.text.lang.{code}").PACK
    return pack


PACKS = tuple(map(load_pack, LANGUAGES))
"""A pack for each language of the page, in its order."""


def any_of(field: Callable[[LanguagePack], str], packs: Iterable[LanguagePack] = PACKS) -> str:
    """The alternatives that `field` gives for each of `packs`, as one regular expression.

    >>> "xin chào" in any_of(lambda pack: pack.greetings)
    True
    """
    return "|".join(filter(None, map(field, packs))) or NEVER


def any_word_of(field: Callable[[LanguagePack], str]) -> str:
    """The alternatives of `any_of`, as whole words in languages that have blanks between words."""
    spaced = any_of(field, [pack for pack in PACKS if pack.code not in UNSPACED])
    return (
        rf"(?:(?<![^\W\d_])(?:{spaced})|{any_of(field, [pack for pack in PACKS if pack.code in UNSPACED])})"
    )


def words_of(field: Callable[[LanguagePack], str]) -> frozenset[str]:
    """The words that `field` gives for any pack."""
    return frozenset(word for pack in PACKS for word in field(pack).split())


def table_of(field: Callable[[LanguagePack], Mapping[str, Value]]) -> dict[str, Value]:
    """The tables that `field` gives for each pack, as one."""
    return {key: value for pack in PACKS for key, value in field(pack).items()}
