"""The memory that a value takes."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping


def size_of(whole: object) -> int:
    """The bytes that `whole` takes with its texts, lists, tables and records; what it holds twice counts once."""
    counted: set[int] = set()
    size, left = 0, [whole]
    while left:
        value = left.pop()
        if id(value) in counted:
            continue
        counted.add(id(value))
        size += sys.getsizeof(value)
        if dataclasses.is_dataclass(value):
            left += [getattr(value, field.name) for field in dataclasses.fields(value)]
        elif isinstance(value, Mapping):
            left += [*value.keys(), *value.values()]
        elif isinstance(value, (tuple, list, frozenset)):
            left += value
    return size
