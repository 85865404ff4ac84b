"""Facts about how much a visitor and an address may ask."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa.config import Settings
from qa.i18n.messages import LANGUAGES
from qa.ui.queue.limits import (
    MAX_ADDRESSES,
    MESSAGES,
    OTHERS_PER_QUESTION,
    Limits,
    Minute,
    Reason,
    TurnedAway,
)
from qa.ui.queue.turns import Ticket

SETTINGS = Settings(visitor_waiting=2, visitor_a_minute=3, address_waiting=5, address_a_minute=6)
ANN = Ticket("office", "ann")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def refusal(limits: Limits, ticket: Ticket, *waiting: Ticket) -> TurnedAway:
    with pytest.raises(TurnedAway) as refused:
        limits.admit(ticket, waiting)
    return refused.value


def colleagues(count: int) -> list[Ticket]:
    return [Ticket("office", f"p{number}") for number in range(count)]


def test_a_visitor_has_so_many_waiting_and_others_are_not_counted() -> None:
    limits = Limits(SETTINGS)
    limits.admit(ANN, [ANN, *colleagues(3)])
    assert refusal(limits, ANN, ANN, ANN).reason == "visitor_waiting"
    limits.admit(Ticket("office", "bob"), [ANN, ANN])
    limits.admit(Ticket("elsewhere", "ann"), [ANN, ANN])


def test_an_address_has_so_many_waiting() -> None:
    limits = Limits(SETTINGS)
    assert refusal(limits, ANN, *colleagues(5)).reason == "address_waiting"
    limits.admit(Ticket("elsewhere", "ann"), colleagues(5))


def test_a_visitor_asks_so_much_a_minute_and_may_come_again_when_it_is_over() -> None:
    clock = Clock()
    limits = Limits(SETTINGS, clock=clock)
    for _ in range(3):
        limits.admit(ANN, [])
        clock.now += 10
    refused = refusal(limits, ANN)
    assert (refused.reason, refused.retry_s, refused.count) == ("visitor_a_minute", 30, 3)
    clock.now += 30
    limits.admit(ANN, [])


def test_an_address_asks_so_much_a_minute_whoever_asks_there() -> None:
    clock = Clock()
    limits = Limits(SETTINGS, clock=clock)
    for colleague in colleagues(6):
        limits.admit(colleague, [])
    clock.now += 59.5
    refused = refusal(limits, ANN)
    assert (refused.reason, refused.retry_s) == ("address_a_minute", 1)
    limits.admit(Ticket("elsewhere", "ann"), [])


def test_who_is_turned_away_has_not_asked() -> None:
    limits = Limits(SETTINGS)
    for _ in range(10):
        refusal(limits, ANN, ANN, ANN)
    limits.admit(ANN, [])


def test_a_visitor_is_known_who_has_asked_within_the_minute_and_waits_for_nothing() -> None:
    clock = Clock()
    limits = Limits(SETTINGS, clock=clock)
    first = limits.admit(ANN, [])
    assert not first.is_known
    assert not limits.admit(ANN, [first]).is_known
    again = limits.admit(ANN, [])
    assert again.is_known
    clock.now += 30
    for _ in range(2):
        clock.now += 31
        again = limits.admit(ANN, [])
    assert again.is_known
    assert limits.admit(ANN, [again]).is_known
    clock.now += 61
    assert not limits.admit(ANN, []).is_known


def test_what_is_no_question_is_counted_by_address_only_and_more_generously() -> None:
    limits = Limits(SETTINGS)
    letter = replace(ANN, is_question=False)
    most = SETTINGS.address_waiting * OTHERS_PER_QUESTION
    for number in range(most):
        limits.admit(letter, [letter] * number)
    assert refusal(limits, letter, *[letter] * most).reason == "address_waiting"
    limits.admit(ANN, [letter] * most)


def test_a_flood_from_many_addresses_fills_the_line_and_not_the_memory() -> None:
    limits = Limits(SETTINGS)
    flood = [Ticket(f"address {number}", "") for number in range(SETTINGS.address_waiting * MAX_ADDRESSES)]
    assert refusal(limits, ANN, *flood).reason == "full"
    limits.admit(ANN, flood[1:])


def test_what_is_long_takes_more_places() -> None:
    limits = Limits(SETTINGS)
    long = Ticket("office", "cy", places=4)
    limits.admit(long, colleagues(1))
    assert refusal(limits, long, *colleagues(2)).reason == "address_waiting"


def test_what_is_longer_than_all_places_waits_alone() -> None:
    Limits(SETTINGS).admit(Ticket("office", "cy", places=16), [])


def test_names_that_are_made_up_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.ui.queue.limits.MAX_REMEMBERED", 10)
    minute = Minute()
    for number in range(100):
        minute.add((f"address {number}",))
    assert len(minute._asked) == len(minute._counts) == 10
    assert minute.count(("address 99",)) == 1


def test_a_minute_later_nothing_is_remembered() -> None:
    clock = Clock()
    minute = Minute(clock)
    minute.add(("office", "ann"), ("office",))
    clock.now += 60
    assert minute.count(("office",)) == 0
    assert not minute._asked
    assert not minute._counts


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", MESSAGES)
def test_who_is_turned_away_is_told_why_and_when_to_come_again(reason: Reason, language: str) -> None:
    words = TurnedAway(reason, count=17, retry_s=23).words(language)
    assert "{" not in words
    assert ("17" in words) == reason.startswith("visitor")
    assert ("23" in words) == (reason in ("visitor_a_minute", "address_waiting", "address_a_minute"))
