"""Facts about the nouns: they are frozen, hold what they promise and refuse what cannot be."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import domain
from qa.domain import Chunk, Citation, Place, Quoted, Refused, Replied, Source, Span, Statement, Written

TYPES = [
    value for value in vars(domain).values() if inspect.isclass(value) and value.__module__ == domain.__name__
]
KINDS: list[tuple[Any, set[str]]] = [
    (Quoted, {"refusal", "kind"}),
    (Written, {"refusal", "kind", "fallback"}),
    (Refused, {"statements", "citations", "kind", "fallback"}),
    (Replied, {"statements", "citations", "refusal", "fallback"}),
]
"""Each kind of answer, and fields of the others that it must not have."""
STATEMENT = Statement(text="It began in 2015.", citations=(1,))
CITATION = Citation(1, Source("d", "t.md", "T"), Place(Span(0, 5)), "It be")


@st.composite
def spans(draw: st.DrawFn, *, most: int = 60) -> Span:
    start = draw(st.integers(0, most))
    return Span(start, draw(st.integers(start, most)))


def make_chunk(text: str, *, start: int) -> Chunk:
    span = Span(start, start + len(text))
    return Chunk("c", Source("d", "t.md", "T"), Place(span), text, (span,))


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (4, 3), (-2, -1)])
def test_a_span_that_covers_nothing_real_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="0 <= start <= end"):
        Span(start, end)


@settings(deadline=None)
@given(span=spans(), text=st.text(min_size=60))
def test_a_span_cuts_as_many_characters_as_it_is_long(span: Span, text: str) -> None:
    assert len(span.cut(text)) == len(span) == span.end - span.start
    assert text[: span.start] + span.cut(text) + text[span.end :] == text


@settings(deadline=None)
@given(outer=spans(), inner=spans())
def test_a_span_contains_another_when_all_its_offsets_lie_inside(outer: Span, inner: Span) -> None:
    expected = inner.start >= outer.start and inner.end <= outer.end
    assert outer.contains(inner) is expected
    if expected and inner:
        assert set(range(inner.start, inner.end)) <= set(range(outer.start, outer.end))


@settings(deadline=None)
@given(found=st.lists(spans()))
def test_spans_sort_by_where_they_start_then_end(found: list[Span]) -> None:
    assert [(s.start, s.end) for s in sorted(found)] == sorted((s.start, s.end) for s in found)


@settings(deadline=None)
@given(text=st.text(min_size=1, max_size=30), start=st.integers(0, 100), data=st.data())
def test_a_chunk_cuts_by_the_offsets_of_its_document(text: str, start: int, data: st.DataObject) -> None:
    document = "." * start + text
    first = data.draw(st.integers(start, len(document)))
    span = Span(first, data.draw(st.integers(first, len(document))))
    assert make_chunk(text, start=start).cut(span) == span.cut(document)


@pytest.mark.parametrize("span", [Span(9, 12), Span(10, 16), Span(0, 2), Span(20, 21)])
def test_a_chunk_refuses_to_cut_outside_of_itself(span: Span) -> None:
    with pytest.raises(ValueError, match="outside of chunk"):
        make_chunk("seven", start=10).cut(span)


def test_an_answer_cannot_be_two_kinds_or_none() -> None:
    for kind, others in KINDS:
        assert not others & {each.name for each in dataclasses.fields(kind)}
        with pytest.raises(TypeError, match="missing"):
            kind("When?", "When?", "en")


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_every_type_is_frozen_and_has_slots(kind: Any) -> None:
    assert dataclasses.is_dataclass(kind)
    assert vars(kind)["__dataclass_params__"].frozen
    assert "__slots__" in vars(kind)


def test_a_value_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        CITATION.quote = "something else"  # type: ignore[misc]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_no_type_holds_a_list_a_set_or_a_dict(kind: type) -> None:
    annotations = " ".join(str(field.type) for field in dataclasses.fields(kind))
    assert re.findall(r"\b(?:list|dict|set)\b", annotations) == []


def test_the_nouns_need_the_standard_library_only() -> None:
    imported = set()
    for node in ast.walk(ast.parse(inspect.getsource(domain))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported <= sys.stdlib_module_names
