"""The default table of cities and what a corpus adds to it, read and checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from qa.cities.catalogue import City, CityCatalogue, name_key
from qa.cities.own_subjects import Subject, name_entry, read_subjects
from qa.errors import ConfigError

ENTRY_START = re.compile(r"(?=^\[\[city\]\]$)", re.MULTILINE)
"""Where an entry of the default table begins."""


def load_cities(path: Path | None = None) -> CityCatalogue:
    """The catalogue of the default table and what the TOML file at `path` adds to it; see `read_table`."""
    return parse_cities(read_table(path), where=str(path))


def read_table(path: Path | None = None) -> str:
    """The default table of cities as TOML, with what the TOML file at `path` adds to it.

    A city of the file takes the place of a default one that it shares a name with.
    Raises `ConfigError` that names the file, the entry and what to write.
    """
    default = resources.files("qa").joinpath("data", "cities.toml").read_text(encoding="utf-8")
    if path is None:
        return default
    try:
        own = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path} is not there; set cities_file to a table of cities, or to nothing"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}; mend the file") from error
    return _without(default, parse_cities(own, where=str(path))) + own


def _without(default: str, own: CityCatalogue) -> str:
    """The entries of the default table for cities that `own` does not have; if it has a home, none is another."""
    _, *entries = ENTRY_START.split(default)
    if any(city.is_home for city in own.cities):
        entries = [entry.replace("home = true\n", "") for entry in entries]
    cities = parse_cities(default, where="").cities
    kept = (
        entry
        for entry, city in zip(entries, cities, strict=True)
        if not any(own.get(name) for name in city.all_names())
    )
    return "".join(f"{entry.rstrip()}\n\n" for entry in kept)


# A run of the indexer and each state that is opened read the same two tables, in some milliseconds each.
@lru_cache(maxsize=8)
def parse_cities(text: str, *, where: str) -> CityCatalogue:
    """The catalogue in TOML; `where` it came from is what errors name."""
    table = _load(text, where)
    entries = table.pop("city", [])
    read_subjects(table.pop("subject", []), where)  # what is wrong with them is told with what is wrong here
    if table or not isinstance(entries, list):
        raise ConfigError(
            f"{where}: write one [[city]] table for each city, [[subject]] tables if you like, and nothing else "
            "at the top level"
        )
    cities = tuple(
        _parse_city(entry, f"{where}, city {number}") for number, entry in enumerate(entries, start=1)
    )
    if sum(city.is_home for city in cities) > 1:
        raise ConfigError(f"{where}: more than one city has home = true; leave it to the centre's own")
    try:
        return CityCatalogue(cities)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def parse_subjects(text: str, *, where: str) -> tuple[Subject, ...]:
    """The subjects that stand beside the cities in TOML, none where it names none; `where` is what errors name."""
    return read_subjects(_load(text, where).get("subject", []), where)


def _load(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} cannot be read as TOML: {error}; mend the file") from error


_ENTRY_KEYS = frozenset({"name", "country", "latitude", "longitude", "home", "lookalikes", "names"})


def _parse_city(entry: Any, where: str) -> City:
    where = name_entry(entry, where, kind="city", keys=_ENTRY_KEYS)
    names = entry.get("names", {})
    if not isinstance(names, dict):
        raise ConfigError(f'{where}: names must be a table; write [city.names] and, say, en = ["Hai Phong"]')
    is_home = entry.get("home", False)
    if not isinstance(is_home, bool):
        raise ConfigError(f"{where}: home is {is_home!r}; write true or false")
    variants = {language: _parse_names(names[language], f"names.{language}", where) for language in names}
    return City(
        name=_parse_names([entry.get("name")], "name", where)[0],
        country=_parse_names([entry.get("country")], "country", where)[0],
        latitude=_parse_degrees(entry, "latitude", 90, where),
        longitude=_parse_degrees(entry, "longitude", 180, where),
        names=MappingProxyType(variants),
        is_home=is_home,
        lookalikes=_parse_names(entry.get("lookalikes", []), "lookalikes", where),
    )


def _parse_names(value: Any, key: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ConfigError(
            f'{where}: {key} is {value!r}; write a list of names, say ["Hai Phong", "Haiphong"]'
        )
    for name in value:
        # A name of marks and spaces only would match everywhere or nowhere.
        if not isinstance(name, str) or not any(character.isalnum() for character in name_key(name)):
            raise ConfigError(f"{where}: {key} has {name!r}; write a name in quotation marks")
    return tuple(value)


def _parse_degrees(entry: Mapping[str, Any], key: str, limit: int, where: str) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -limit <= value <= limit:
        raise ConfigError(f"{where}: {key} is {value!r}; write decimal degrees from -{limit} to {limit}")
    return float(value)
