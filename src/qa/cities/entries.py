"""What every table of a city or a subject must be, said with the file, the entry and what to write."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from qa.errors import ConfigError


def name_entry(entry: Any, where: str, *, kind: str, keys: Collection[str]) -> str:
    """`where` with the entry's name. Raises `ConfigError` for what is no table, or has another key than `keys`."""
    if not isinstance(entry, dict):
        raise ConfigError(f"{where} is not a table; write [[{kind}]] and its keys below")
    where = f"{where} ({entry.get('name', 'no name')})"
    unknown = sorted(entry.keys() - set(keys))
    if unknown:
        raise ConfigError(
            f"{where}: {', '.join(unknown)} is not a key; the keys are {', '.join(sorted(keys))}"
        )
    return where
