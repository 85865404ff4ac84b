"""Facts about the tree of errors."""

from __future__ import annotations

import inspect

import pytest

from qa import errors
from qa.errors import IndexMismatch, LoadError, QAError, UnsupportedType

ERRORS = [value for value in vars(errors).values() if inspect.isclass(value)]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_whatever_is_raised_on_purpose_is_a_qa_error(kind: type[Exception]) -> None:
    assert issubclass(kind, QAError)
    assert not issubclass(kind, (OSError, ValueError, KeyError))


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_the_tree_in_the_docstring_shows_every_error_under_its_parent(kind: type[Exception]) -> None:
    parents: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        name = line.lstrip("│├└─ ").split(" ")[0]
        if name.isidentifier() and hasattr(errors, name):
            depth = len(line) - len(line.lstrip("│├└─ "))
            above = [(d, n) for d, n in above if d < depth]
            parents[name] = above[-1][1] if above else None
            above.append((depth, name))
    base = kind.__base__
    assert base
    expected = None if kind is QAError else base.__name__
    assert parents[kind.__name__] == expected


def test_a_type_that_is_not_read_is_also_a_file_that_cannot_be_read() -> None:
    assert issubclass(UnsupportedType, LoadError)
    assert not issubclass(IndexMismatch, LoadError)


def test_the_message_is_what_is_shown() -> None:
    assert str(LoadError("a.md has no text in it")) == "a.md has no text in it"
