"""A pytest plugin: names the tests that failed in the run before and pass in this one, which runs those alone."""

from __future__ import annotations

import pytest

FAILED_AT_FIRST = pytest.StashKey[tuple[str, ...]]()
"""The names of the tests that the run before left as failed."""


def pytest_configure(config: pytest.Config) -> None:
    """Note what failed before. At the end of this run, pytest has forgotten what passes now."""
    failed: dict[str, bool] = {}
    # Without its plugin a run has no cache.
    if hasattr(config, "cache") and config.getoption("lf", default=False):
        failed = config.cache.get("cache/lastfailed", {})
    config.stash[FAILED_AT_FIRST] = tuple(failed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what failed beside other tests and passes alone: it is to be mended, too."""
    passed = {report.nodeid for report in terminalreporter.stats.get("passed", [])}
    failed = config.stash[FAILED_AT_FIRST]
    for name in sorted(name for name in failed if name in passed):
        terminalreporter.write_line(f"failed at first, passed alone: {name}")
