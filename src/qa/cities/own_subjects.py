"""The subjects that a corpus names for the table of what its documents cover.

They stand beside the cities, as it is the same people who keep both:

    [[subject]]
    name = "Disaster prevention"
    description = ["Flood control and early warning.", "Preparing residents for earthquakes and storms."]
    [subject.names]
    ja = "防災"
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from qa.errors import ConfigError

MAX_SUBJECTS = 12
"""Columns that a table can have and still be read."""
MAX_NAME_CHARS = 60
MAX_DESCRIPTION_CHARS = 500

_ENTRY_KEYS = frozenset({"name", "description", "names"})


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject: what it is called, and sentences in any language that say what belongs to it.

    `names` goes from a language (ISO 639) to the name to show; where a language has none, `name` is shown.
    """

    name: str
    description: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)


def read_subjects(entries: Any, where: str) -> tuple[Subject, ...]:
    """The subjects in the `[[subject]]` tables of a file, none where there are none.

    Raises `ConfigError` that names the file, the entry and what to write.
    """
    if not isinstance(entries, list) or len(entries) > MAX_SUBJECTS:
        raise ConfigError(f"{where}: write [[subject]] tables, {MAX_SUBJECTS} at most")
    subjects = tuple(
        _read_subject(entry, f"{where}, subject {number}") for number, entry in enumerate(entries, start=1)
    )
    names = [subject.name for subject in subjects]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{where}: more than one subject is called {name!r}; leave it to one")
    return subjects


def name_entry(entry: Any, where: str, *, kind: str, keys: Collection[str]) -> str:
    """`where` with the entry's name. Raises `ConfigError` for what is no table, or has another key than `keys`."""
    if not isinstance(entry, dict):
        raise ConfigError(f"{where} is not a table; write [[{kind}]] and its keys below")
    where = f"{where} ({entry.get('name', 'no name')})"
    if unknown := sorted(entry.keys() - set(keys)):
        raise ConfigError(
            f"{where}: {', '.join(unknown)} is not a key; the keys are {', '.join(sorted(keys))}"
        )
    return where


def _read_subject(entry: Any, where: str) -> Subject:
    where = name_entry(entry, where, kind="subject", keys=_ENTRY_KEYS)
    names = entry.get("names", {})
    if not isinstance(names, dict):
        raise ConfigError(f'{where}: names must be a table; write [subject.names] and, say, ja = "防災"')
    description = entry.get("description")
    sentences = description if isinstance(description, list) else [description]
    if not sentences:
        raise ConfigError(f"{where}: description is empty; write a sentence that says what belongs to it")
    return Subject(
        name=_read_words(entry.get("name"), "name", where, limit=MAX_NAME_CHARS),
        description=tuple(
            _read_words(sentence, "description", where, limit=MAX_DESCRIPTION_CHARS) for sentence in sentences
        ),
        names=MappingProxyType(
            {
                language: _read_words(name, f"names.{language}", where, limit=MAX_NAME_CHARS)
                for language, name in names.items()
            }
        ),
    )


def _read_words(value: Any, key: str, where: str, *, limit: int) -> str:
    if not isinstance(value, str) or not any(map(str.isalnum, value)) or len(value) > limit:
        raise ConfigError(
            f"{where}: {key} has {value!r:.80}; write words in quotation marks, at most {limit} characters"
        )
    return " ".join(value.split())
