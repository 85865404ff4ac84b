"""Facts about the conversations that are kept in memory: by their bytes, and the oldest go first."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from qa.domain import Citation, Place, Quoted, Source, Span, Statement
from qa.rendering.escaping import Html
from qa.ui.conversation.conversation import MAX_EXCHANGES, Conversation, Exchange
from qa.ui.conversation.memory import ConversationMemory
from qa.ui.conversation.sizes import size_of


def make_exchange(characters: int, *, turn: int = 1) -> Exchange:
    """An exchange with texts of so many characters, none of them shared."""
    text = "ក" * characters
    answer = Quoted(
        question=f"{text}1",
        interpreted_as=f"{text}2",
        language="km",
        statements=(Statement(f"{text}3", (1,)),),
        citations=(Citation(1, Source("d", "d.md", f"{text}4"), Place(Span(0, characters)), f"{text}5"),),
    )
    html = Html(f"{text}6")
    return Exchange(turn, answer.question, f"{text}7", html, Html(f"{text}8"), "km", given=answer)


def talk(*characters: int) -> Conversation:
    exchanges = (make_exchange(count, turn=turn) for turn, count in enumerate(characters, start=1))
    return Conversation(tuple(exchanges))


def visitor(number: int) -> str:
    return f"{number:032x}"


@pytest.mark.parametrize("characters", [10, 1000, 100_000])
def test_the_size_of_an_exchange_is_what_it_takes(characters: int) -> None:
    make_exchange(characters)
    gc.collect()
    tracemalloc.start()
    kept = [make_exchange(characters) for _ in range(10)]
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    # Small numbers and "km", say, are Python's own, once for all.
    assert 0.95 * taken <= sum(map(size_of, kept)) <= 1.05 * taken + 1000 * len(kept)


def test_what_an_exchange_holds_twice_counts_once() -> None:
    exchange = make_exchange(1000)
    assert exchange.given is not None
    assert exchange.question is exchange.given.question
    assert 7 * 2000 < size_of(exchange) - 3000 < 8 * 2000


def test_when_it_is_full_the_conversation_that_was_silent_longest_goes() -> None:
    memory = ConversationMemory(3 * size_of(make_exchange(1000)) + 100)
    for number in range(3):
        memory.keep(visitor(number), talk(1000))
    memory.keep(visitor(0), talk(1000))
    memory.keep(visitor(3), talk(1000))
    assert [bool(memory.recall(visitor(number)).exchanges) for number in range(4)] == [
        True,
        False,
        True,
        True,
    ]


def test_a_long_conversation_takes_the_room_of_several_short_ones() -> None:
    memory = ConversationMemory(100_000)
    for number in range(10):
        memory.keep(visitor(number), talk(100))
    memory.keep(visitor(10), talk(*[1000] * 5))
    assert [bool(memory.recall(visitor(number)).exchanges) for number in (0, 9, 10)] == [False, True, True]


def test_whatever_comes_the_memory_stays_within_its_bytes() -> None:
    memory = ConversationMemory(200_000)
    for number in range(200):
        memory.keep(visitor(number % 40), talk(*[number * 7 % 900] * (number % 4)))
        kept = [memory.recall(visitor(each)).exchanges for each in range(40)]
        assert sum(size_of(exchange) for exchanges in kept for exchange in exchanges) <= 200_000


def test_a_conversation_that_takes_more_than_there_is_stays_until_another_comes() -> None:
    memory = ConversationMemory(1000)
    whole = talk(*[1000] * MAX_EXCHANGES)
    memory.keep(visitor(1), whole)
    assert memory.recall(visitor(1)) is whole
    memory.keep(visitor(2), talk(10))
    assert not memory.recall(visitor(1)).exchanges


def test_a_conversation_that_is_cleared_takes_nothing() -> None:
    memory = ConversationMemory(10_000)
    memory.keep(visitor(1), talk(100))
    memory.keep(visitor(1), Conversation())
    assert memory.recall(visitor(1)) == Conversation()
    assert memory._bytes == 0


@pytest.mark.parametrize("name", [None, "", "0" * 31, "G" * 32])
def test_who_is_no_visitor_keeps_nothing(name: str | None) -> None:
    memory = ConversationMemory(10_000)
    memory.keep(name, talk(100))
    assert memory.recall(name) == Conversation()
