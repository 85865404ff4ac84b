"""A pytest plugin: names the tests that failed in the run before and pass in this one, which runs those alone."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

FAILED_AT_FIRST = pytest.StashKey[Iterable[object]]()
"""The names of the tests that the run before left as failed."""


def pytest_configure(config: pytest.Config) -> None:
    """Note what failed before. At the end of this run, pytest has forgotten what passes now."""
    cache: pytest.Cache | None = getattr(config, "cache", None)
    is_second = config.getoption("lf", default=False)
    config.stash[FAILED_AT_FIRST] = cache.get("cache/lastfailed", {}) if cache and is_second else ()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what failed beside other tests and passes alone: it is to be mended, too."""
    passed = {report.nodeid for report in terminalreporter.stats.get("passed", [])}
    for name in sorted(passed.intersection(map(str, config.stash[FAILED_AT_FIRST]))):
        terminalreporter.write_line(f"failed at first, passed alone: {name}")
