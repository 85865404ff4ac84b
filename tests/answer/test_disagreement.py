"""Facts about documents that say the same with other figures."""

from __future__ import annotations

import pytest

from qa.answer.disagreement import find_disagreements
from qa.domain import Citation, Place, Source, Span


def cite(number: int, quote: str, document: str = "", cities: tuple[str, ...] = ()) -> Citation:
    return Citation(
        number,
        Source(document or f"d{number}", "a.md", "A", cities=cities),
        Place(Span(0, len(quote))),
        quote,
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The loss rate fell to 8 per cent in 2006.", "The loss rate fell to 6 per cent in 2006."),
        ("The rate of loss fell to 8 % in 2006.", "In 2006 the rate of loss fell to 6 %."),
        ("漏水率は2006年に8%に下がった。", "漏水率は2006年に６％に下がった。"),
        ("អត្រាបាត់បង់ទឹកធ្លាក់ដល់ 8 ភាគរយ", "អត្រាបាត់បង់ទឹកធ្លាក់ដល់ 6 ភាគរយ"),
    ],
)
def test_other_figures_for_the_same_thing_are_found(one: str, other: str) -> None:
    assert find_disagreements([cite(1, one), cite(2, other)]) == ((1, 2),)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # The same figures, also written in another width.
        ("The loss rate fell to 8 per cent.", "The loss rate fell to ８ per cent."),
        # One says more than the other.
        ("The loss rate fell to 8 per cent.", "The loss rate fell to 8 per cent in 2006."),
        ("The loss rate fell.", "The loss rate fell to 8 per cent."),
        # Other things.
        ("The loss rate fell to 8 per cent.", "Davao sorts the waste of 6 districts."),
        ("Six experts went there.", "Eight experts stayed at home."),
    ],
)
def test_what_does_not_contradict_is_left_alone(one: str, other: str) -> None:
    assert find_disagreements([cite(1, one), cite(2, other)]) == ()


def test_one_document_does_not_disagree_with_itself() -> None:
    year = "In 2006 the rate of loss was 8 %."
    later = "In 2010 the rate of loss was 6 %."

    assert find_disagreements([cite(1, year, "a"), cite(2, later, "a")]) == ()
    assert find_disagreements([cite(1, year, "a"), cite(2, later, "b")]) == ((1, 2),)


def test_every_two_of_three_are_compared() -> None:
    quotes = [f"The rate of loss fell to {rate} % in the end." for rate in (8, 6, 8)]

    assert find_disagreements([cite(n, quote) for n, quote in enumerate(quotes, start=1)]) == ((1, 2), (2, 3))


def test_two_cities_have_their_own_figures() -> None:
    one, other = "The loss rate fell to 8 per cent in 2006.", "The loss rate fell to 6 per cent in 2007."
    assert find_disagreements([cite(1, one, cities=("Davao",)), cite(2, other, cities=("Dalian",))]) == ()
