from __future__ import annotations

import time
from itertools import count

import pytest

from qa.system.stopwatch import STAGES, Stopwatch


@pytest.fixture(autouse=True)
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second passes whenever somebody looks at the time."""
    seconds = count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(seconds)))


def test_a_stage_that_comes_again_adds_up_and_the_total_is_the_sum() -> None:
    clock = Stopwatch()
    for stage in ("embed", "rerank", "embed"):
        clock.lap(stage)
    assert clock.timings() == {"embed": 2.0, "rerank": 1.0, "total": 3.0}


def test_time_that_somebody_else_had_is_no_stages() -> None:
    clock = Stopwatch()
    clock.skip()
    clock.skip()
    clock.lap("read")
    assert clock.timings() == {"read": 1.0, "total": 1.0}


def test_stages_come_in_the_order_of_the_way_through() -> None:
    clock = Stopwatch()
    for stage in reversed(STAGES):
        clock.lap(stage)
    assert tuple(clock.timings()) == (*STAGES, "total")
