"""Facts about the line in which wrong keys wait."""

from __future__ import annotations

import asyncio
import logging

import pytest

import qa.ui.access.wrong_keys
from qa.ui.access.wrong_keys import FORGET_S, MAX_LINE_S, MAX_WAIT_S, WrongKeys

ME, OTHER = "203.0.113.5", "203.0.113.6"


class Line:
    """A line whose time goes on only while somebody waits in it; `waited` tells how long each did."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waited: list[float] = []
        self.keys = WrongKeys(clock=lambda: self.now, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds

    def try_one(self, address: str = ME) -> bool:
        return asyncio.run(self.keys.wait(address))


@pytest.fixture
def line() -> Line:
    return Line()


def test_one_after_another_costs_more_and_more(line: Line) -> None:
    assert all(line.try_one() for _ in range(14))
    assert line.waited == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10, 10]
    assert MAX_WAIT_S == 10


def test_another_address_waits_for_nobody_else(line: Line) -> None:
    for _ in range(5):
        line.try_one()
    line.try_one(OTHER)
    assert line.waited[-1] == 1


def test_after_a_while_an_address_begins_anew(line: Line) -> None:
    line.try_one()
    line.try_one()
    line.now += FORGET_S - 1
    line.try_one()
    line.now += FORGET_S + 1
    line.try_one()
    assert line.waited == [1, 2, 3, 1]


def test_many_at_once_wait_behind_each_other_and_beyond_half_a_minute_are_turned_away() -> None:
    waited: list[float] = []
    waking = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await waking.wait()

    async def rush() -> list[bool]:
        keys = WrongKeys(clock=lambda: 0.0, sleep=sleep)
        trying = [asyncio.create_task(keys.wait(ME)) for _ in range(20)]
        await asyncio.sleep(0)
        waking.set()
        return list(await asyncio.gather(*trying))

    through = asyncio.run(rush())
    assert waited == [1, 3, 6, 10, 15, 21, 28]
    assert through == [True] * 7 + [False] * 13
    assert max(waited) <= MAX_LINE_S


def test_no_more_wait_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qa.ui.access.wrong_keys, "MAX_WAITING", 3)

    async def rush() -> list[bool]:
        keys = WrongKeys(sleep=lambda seconds: asyncio.sleep(0.01))
        first = list(await asyncio.gather(*(keys.wait(f"10.0.0.{number}") for number in range(5))))
        return [*first, await keys.wait("10.0.0.9")]

    assert asyncio.run(rush()) == [True, True, True, False, False, True]


def test_no_more_addresses_are_remembered_than_there_is_room_for(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.ui.access.wrong_keys, "MAX_ADDRESSES", 100)
    for number in range(1000):
        line.try_one(f"address {number}")
    assert len(line.keys._lines) == 100


def test_each_is_counted_and_the_log_has_an_address_once_a_minute(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(11):  # 1 + 2 + … + 10 = 55 seconds before the last
            line.try_one()
        line.try_one(OTHER)
        assert [record.getMessage() for record in caplog.records] == [
            f"wrong keys came from {ME}: 1 of late",
            f"wrong keys came from {OTHER}: 1 of late",
        ]
        line.try_one()
    assert caplog.records[-1].getMessage() == f"wrong keys came from {ME}: 12 of late"
    assert line.keys.count == 13
