"""Facts about the order in which visitors take turns."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from qa.ui.queue.turns import MAX_TURNS, Ticket, Turns


def ticket_of(asked: str) -> Ticket:
    """The ticket of "office ann 1": address, session, number of the question. New visitors are called "new1"."""
    address, session, _ = asked.split()
    return Ticket(address, session, is_known=not session.startswith("new"))


def line_of(*asked: str) -> Turns[str]:
    turns = Turns(ticket_of)
    for each in asked:
        turns.append(each)
    return turns


def take(turns: Turns[str]) -> str:
    """What is worked on next: Gradio looks at the first, and removes it."""
    asked = turns[0]
    turns.remove(asked)
    return asked


def questions(address: str, session: str, count: int) -> list[str]:
    return [f"{address} {session} {number}" for number in range(count)]


def test_a_visitor_who_asks_much_lets_others_go_first() -> None:
    turns = line_of(*questions("a", "greedy", 4), "b bob 0", "c cy 0")
    assert [take(turns) for _ in range(4)] == ["a greedy 0", "b bob 0", "c cy 0", "a greedy 1"]


def test_visitors_of_one_address_take_turns_as_well() -> None:
    turns = line_of(*questions("a", "greedy", 3), "a ann 0", "a bob 0")
    assert [take(turns) for _ in range(5)] == [
        *("a greedy 0", "a ann 0", "a bob 0"),
        *("a greedy 1", "a greedy 2"),
    ]


def test_who_has_had_a_turn_comes_after_those_who_wait() -> None:
    turns = line_of("a ann 0", "b bob 0")
    assert take(turns) == "a ann 0"
    turns.append("a ann 1")
    turns.append("c cy 0")
    assert list(turns) == ["b bob 0", "a ann 1", "c cy 0"]


def test_an_office_has_a_turn_for_each_of_its_visitors_up_to_a_number() -> None:
    office = [f"office p{number} 0" for number in range(8)]
    turns = line_of(*questions("a", "greedy", 4), *office)
    took = [ticket_of(take(turns)).address for _ in range(10)]
    assert took == ["a", *["office"] * MAX_TURNS, "a", *["office"] * MAX_TURNS]


def test_who_waits_for_several_answers_brings_their_address_no_turns() -> None:
    greedy = [f"a greedy{name} {number}" for number in range(3) for name in range(4)]
    turns = line_of(*greedy, *(f"home{number} h 0" for number in range(3)))
    took = [ticket_of(take(turns)).address for _ in range(5)]
    assert took == ["a", "home0", "home1", "home2", "a"]


def test_new_visitors_have_turns_among_themselves_and_one_visitor_s_beside_known_ones() -> None:
    turns = line_of(*questions("a", "new1", 2), "a new2 0", "a new3 0", "a ann 0", "a bob 0")
    took = [take(turns) for _ in range(6)]
    assert took == ["a new1 0", "a ann 0", "a bob 0", "a new2 0", "a new3 0", "a new1 1"]


def test_names_that_are_made_up_bring_an_address_no_turns() -> None:
    turns = line_of(*(f"a new{number} 0" for number in range(20)), "b bob 0", "b bob 1", "c cy 0")
    took = [ticket_of(take(turns)).address for _ in range(5)]
    assert took == ["a", "b", "c", "a", "b"]


def test_a_round_that_has_begun_goes_on_when_somebody_comes() -> None:
    turns = line_of(*(f"office p{number} 0" for number in range(6)), "b bob 0", "b bob 1")
    assert [take(turns) for _ in range(2)] == ["office p0 0", "office p1 0"]
    turns.append("c cy 0")
    assert [take(turns) for _ in range(4)] == ["office p2 0", "office p3 0", "b bob 0", "c cy 0"]


def test_who_goes_away_is_taken_out_and_costs_nobody_a_turn() -> None:
    turns = line_of("a ann 0", "b bob 0", "c cy 0", "b bob 1")
    turns.remove("b bob 0")
    assert list(turns) == ["a ann 0", "c cy 0", "b bob 1"]


VISITORS = st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y", "new1", "new2"]))


@given(st.lists(VISITORS | st.just("take") | st.integers(0, 9)))
def test_whatever_comes_and_goes_nothing_is_lost_and_a_visitor_s_own_stand_as_they_came(
    steps: list[tuple[str, str] | str | int],
) -> None:
    turns, came, numbers = Turns(ticket_of), [], Counter[tuple[str, str]]()
    for step in steps:
        if isinstance(step, tuple):
            came.append(f"{step[0]} {step[1]} {numbers[step]}")
            numbers[step] += 1
            turns.append(came[-1])
        elif turns:
            gone = turns[0] if step == "take" else turns[int(step) % len(turns)]
            turns.remove(gone)
            came.remove(gone)
    assert sorted(turns) == sorted(came)
    for address, session in numbers:
        own = [each for each in turns if each.startswith(f"{address} {session} ")]
        assert own == [each for each in came if each.startswith(f"{address} {session} ")]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=1, max_size=30))
def test_between_two_turns_of_a_visitor_each_other_one_has_one_at_most(
    visitors: list[tuple[str, str]],
) -> None:
    turns = line_of(*(f"{address} {session} {n}" for n, (address, session) in enumerate(visitors)))
    tickets = [ticket_of(each) for each in turns]
    for number, ticket in enumerate(tickets):
        later = tickets[number + 1 :]
        if ticket in later:
            between = Counter(each for each in later[: later.index(ticket)] if each.address == ticket.address)
            assert set(between.values()) <= {1}


def test_what_is_worked_on_is_the_first_that_was_listed() -> None:
    turns = line_of(*questions("a", "g", 3), *questions("b", "h", 2), *(f"o p{n} 0" for n in range(5)))
    listed = list(turns)
    assert [take(turns) for _ in listed] == listed
