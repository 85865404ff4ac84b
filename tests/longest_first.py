"""A pytest plugin: the files that take longest come first, so that no worker ends alone with one of them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

SECONDS = {"browser": 4.0, "server": 4.0, "model": 2.0, "slow": 3.0}
"""About what a test of each kind takes, its share of a server or a model that it needs included; the others take
`OTHERS_S`. One that takes far longer says so in its mark, as `slow(seconds=100)`. Only the order of the files
follows from it."""
OTHERS_S = 0.02


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files by what is left of their tests; the tests of a file stay in their order."""
    seconds: defaultdict[Path, float] = defaultdict(float)
    for item in items:
        marks = [mark for mark in item.iter_markers() if mark.name in SECONDS]
        kinds = [mark.kwargs.get("seconds", SECONDS[mark.name]) for mark in marks]
        seconds[item.path] += max(kinds, default=OTHERS_S)
    items.sort(key=lambda item: (-seconds[item.path], item.path))
