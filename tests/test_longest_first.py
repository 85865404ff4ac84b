"""Facts about the order in which files of tests are begun."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from longest_first import pytest_collection_modifyitems


class Item:
    """A test as the plugin sees it."""

    def __init__(self, name: str, *marks: str, **seconds: float) -> None:
        self.name, self.path = name, Path(name.partition("::")[0])
        self._marks = [getattr(pytest.mark, mark)(**seconds).mark for mark in marks]

    def iter_markers(self) -> list[pytest.Mark]:
        return self._marks


def test_files_with_browsers_servers_and_models_come_first_and_each_keeps_its_order() -> None:
    items: list[Any] = [
        *(Item(f"many.py::{number}") for number in range(99)),
        *(Item(f"models.py::{number}", "model", "slow") for number in range(2)),
        *(Item(f"page.py::{number}", "browser") for number in range(2)),
        Item("page.py::plain"),
    ]
    pytest_collection_modifyitems(items)
    assert [item.name for item in items[:5]] == [
        "page.py::0", "page.py::1", "page.py::plain", "models.py::0", "models.py::1",
    ]  # fmt: skip
    assert [item.name for item in items[5:]] == [f"many.py::{number}" for number in range(99)]


def test_a_file_with_a_test_that_says_that_it_takes_long_comes_before_it_by_its_kind() -> None:
    items: list[Any] = [
        *(Item(f"page.py::{number}", "browser") for number in range(9)),
        Item("kills.py::0", "slow", seconds=100),
    ]
    pytest_collection_modifyitems(items)
    assert items[0].name == "kills.py::0"
