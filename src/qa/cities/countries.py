"""What the countries of the cities are called, and the language in which their cities have their own names."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from qa.cities.catalogue import City


def country_name(country: str, language: str) -> str:
    """What `country` is called in `language` (ISO 639); as it is written where that is not known.

    >>> country_name("Vietnam", "ja")
    'ベトナム'
    """
    names: dict[str, str] = _countries().get(_key(country), {}).get("names", {})
    return names.get(language, country)


def known_countries() -> tuple[str, ...]:
    """The countries whose names are known, as they are called in English."""
    return tuple(_table())


def own_name(city: City) -> tuple[str, str] | None:
    """The name of `city` in its country's language and that language; None where the catalogue has none."""
    own = _countries().get(_key(city.country), {}).get("own", "")
    names = city.names.get(own)
    return (names[0], own) if names else None


@cache
def _countries() -> dict[str, dict[str, Any]]:
    return {_key(country): entry for country, entry in _table().items()}


@cache
def _table() -> dict[str, dict[str, Any]]:
    text = resources.files("qa").joinpath("data", "countries.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _key(country: str) -> str:
    return "".join(country.casefold().split())
