"""What is known of each language, one module for each: `qa.text.lang.vi.PACK` is Vietnamese."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from qa.i18n.messages import LANGUAGES
from qa.text.lang.pack import LanguagePack


def load_pack(code: str) -> LanguagePack:
    """The pack of the language `code` (ISO 639)."""
    pack: LanguagePack = importlib.import_module(f"qa.text.lang.{code}").PACK
    return pack


PACKS = tuple(map(load_pack, LANGUAGES))
"""A pack for each language of the page, in its order."""


def any_of(field: Callable[[LanguagePack], str]) -> str:
    """The alternatives that `field` gives for each pack, as one regular expression.

    >>> "xin chào" in any_of(lambda pack: pack.greetings)
    True
    """
    return "|".join(filter(None, map(field, PACKS)))
