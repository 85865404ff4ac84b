"""Why a file was not read, and what was left out of it, in words that every page can say in its own language.

    raise LoadError(Reason("why_too_many_pages", count=2412, limit=2000))

A new reason takes its key into all of `locales/*.toml`, and nothing else: `tests/i18n/test_reasons.py` finds a key
that is missing there, one that nothing uses, and a value that its message does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, SupportsIndex

from qa.i18n.messages import format_number, join_names, say

PREFIX = "why_"
"""What the keys of reasons begin with: nothing else in the catalogues can be named in a file that we read."""

MAX_DEPTH = 4
"""Reasons inside of reasons. A file's, with why there is no text in it, kept from before, makes three."""

Value = str | int | tuple[str | int, ...]
"""What fills a message: a text (perhaps a `Reason` itself), a number, numbers of pages, or several texts."""


class Reason(str):
    """An English sentence, as terminals, logs and JSON show it, that knows how to be said in other languages.

    `key` is that of its message, `values` fill it. What libraries and systems say stays in their language, as a
    value.

    >>> Reason("why_slide_empty", number=3)
    'slide 3 has no text'
    """

    __slots__ = ("key", "values")

    key: str
    values: Mapping[str, Value]

    def __new__(cls, key: str, /, **values: Value) -> Reason:
        """Raises `KeyError` for a key or a value that is missing."""
        if not key.startswith(PREFIX):
            raise KeyError(key)
        reason = super().__new__(cls, _filled(key, "en", values))
        reason.key, reason.values = key, MappingProxyType(values)
        return reason

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return from_json, (to_json(self),)


def in_language(text: str, language: str) -> str:
    """`text` in `language` where it is a `Reason`; any other text, an older program's say, as it is."""
    return _filled(text.key, language, text.values) if isinstance(text, Reason) else text


def code_of(text: str) -> str:
    """The key of the innermost reason: of "a.pdf: it is damaged", the key of the damage; "" for an ordinary
    text."""
    if not isinstance(text, Reason):
        return ""
    reason = text.values.get("reason")
    return (code_of(reason) if isinstance(reason, str) else "") or text.key


def map_texts(change: Callable[[str], str], text: str) -> str:
    """`text` with `change` made to it or, in a `Reason`, to each text that fills it."""

    def changed(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(changed, value))
        return map_texts(change, value) if isinstance(value, str) else value

    if not isinstance(text, Reason):
        return change(text)
    return Reason(text.key, **{name: changed(value) for name, value in text.values.items()})


def to_json(text: str) -> Any:
    """What `from_json` makes `text` of again; an ordinary text is itself."""
    if not isinstance(text, Reason):
        return str(text)
    values = {name: _plain(value) for name, value in text.values.items()}
    return {"code": text.key, "values": values, "text": str(text)}


def from_json(table: Any, *, depth: int = 0) -> str:
    """The text that `to_json` was given; where this program has no such message, its English words.

    Raises `ValueError` for what is none, and `KeyError` where it has no words: anybody may have written it.
    """
    if isinstance(table, str):
        return table
    if not isinstance(table, Mapping) or depth > MAX_DEPTH or not isinstance(table.get("values"), Mapping):
        raise ValueError("this is no reason")
    try:
        return Reason(table["code"], **{n: _value(v, depth) for n, v in table["values"].items()})
    except (KeyError, AttributeError, TypeError):
        return str(table["text"])


def number_runs(numbers: tuple[int, ...]) -> str:
    """The numbers, with runs as ranges: "2, 5–9"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _filled(key: str, language: str, values: Mapping[str, Value]) -> str:
    return say(key, language, **{name: _Shown(value, language) for name, value in values.items()})


class _Shown:
    """A value as a message in `language` shows it. A placeholder may say how, and is never an error:

    `{count:,}` separates thousands, `{pages:page|pages}` is a word for one or for many, and `{reasons:; }` puts
    that between texts.
    """

    def __init__(self, value: Value, language: str) -> None:
        self._value = value
        self._language = language

    def __format__(self, spec: str) -> str:
        value = self._value
        if "|" in spec:
            one, _, many = spec.partition("|")
            return one if value == 1 or (isinstance(value, tuple) and len(value) == 1) else many
        if isinstance(value, tuple):
            numbers = tuple(each for each in value if isinstance(each, int))
            texts = tuple(in_language(each, self._language) for each in value if isinstance(each, str))
            listed = spec.join(texts) if spec else join_names(texts, self._language)
            return number_runs(numbers) or listed
        if isinstance(value, str):
            return in_language(value, self._language)
        return format_number(value, self._language) if spec == "," else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(map(_plain, value))
    return to_json(value) if isinstance(value, str) else value


def _value(value: Any, depth: int) -> Any:
    if isinstance(value, list):
        return tuple(_value(each, depth) for each in value if not isinstance(each, list))
    return value if isinstance(value, int) else from_json(value, depth=depth + 1)
