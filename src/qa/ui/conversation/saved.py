"""Conversations as the visitor's own browser keeps them, so that they outlive this process."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, assert_never

from qa.domain import Answer, Quoted, Refused, Replied, Written
from qa.pipeline import Pipeline
from qa.ui.conversation.conversation import MAX_EXCHANGES, Conversation, Exchange, exchange_of

if TYPE_CHECKING:
    from pydantic import TypeAdapter

MAX_SAVED_CHARS = 2_000_000
"""Limits what a browser may bring back: some ten times what thirty long answers take."""

MAX_VALUES = 10_000
"""Values within one answer: ten cited statements have some 250, and a refusal tells the title of every document.
Each that is wrong is a complaint of some hundred bytes, which takes longer to make than the value to read."""

logger = logging.getLogger(__name__)


UNSAID: dict[str, Any] = {
    "question": "", "interpreted_as": "", "language": "", "statements": [], "citations": [],
    "refusal": None, "reply": None, "mode": "extractive", "fallback": "", "searched_cities": [],
    "set_aside_cities": [], "silent_cities": [], "disagreements": [], "also_searched_as": "", "translations": [],
}  # fmt: skip
"""What is saved, in this order, of an answer for the fields that its kind has not."""

REPLY = ("kind", "titles", "cities")
"""The fields that are saved as `reply`."""


@cache
def _adapter(kind: Any) -> TypeAdapter[Answer]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def to_saved(exchange: Exchange) -> str:
    """The exchange's answer as JSON, for the browser to keep; empty where there was none."""
    given = exchange.given
    if given is None:
        return ""
    kind: Any = type(given)  # else mypy takes the hash of its values for its own
    record = {**UNSAID, **_adapter(kind).dump_python(given, mode="json")}
    match given:
        case Written():
            record["mode"] = "drafted"
        case Replied():
            record["reply"] = {name: record.pop(name) for name in REPLY}
        case Quoted() | Refused():
            pass
        case _:
            assert_never(given)
    return json.dumps(_with_quotes(record, _flat), ensure_ascii=False)


def restore(saved: str, pipeline: Pipeline, *, language: str) -> Conversation:
    """The conversation that a browser kept, a JSON list of what `to_saved` gives; empty where it is none.

    It comes from outside and is rendered anew like any answer: nothing in it is HTML. Its quotes open in the
    version of the document that they were read in.
    """
    if not saved or len(saved) > MAX_SAVED_CHARS:
        return Conversation()
    try:
        answers = [_read(record) for record in json.loads(saved)[-MAX_EXCHANGES:]]
        exchanges = [
            exchange_of(pipeline, answer, turn=turn, language=language)
            for turn, answer in enumerate(answers, start=1)
        ]
    except Exception as error:  # noqa: BLE001  # a stranger may have made it up, to break whatever can be
        logger.info("a browser brought back what is no conversation: %s", type(error).__name__)
        return Conversation()
    return Conversation(tuple(exchanges))


def _read(record: object) -> Answer:
    """The answer in `record`. Raises `ValueError` where it is none."""
    if _count_values(record) > MAX_VALUES:
        raise ValueError("no answer has so many values")
    table = _with_quotes(record, _grouped)
    text = json.dumps({**table, **(table.get("reply") or {})})
    return _adapter(_kind_of(table)).validate_json(text)  # which also finds half characters


def _kind_of(table: dict[str, Any]) -> Any:
    """The kind of the answer in `table`. Raises `ValueError` where it is of none, or of two."""
    kinds: list[type[Answer]] = []
    if table.get("statements"):
        kinds.append({"extractive": Quoted, "drafted": Written}[table.get("mode", "extractive")])
    if table.get("refusal") is not None:
        kinds.append(Refused)
    if table.get("reply") is not None:
        kinds.append(Replied)
    (kind,) = kinds
    return kind


def _flat(quote: dict[str, Any]) -> dict[str, Any]:
    """A citation or chunk, with what is in its source and place beside its other fields."""
    return {**quote.pop("source"), **quote.pop("place"), **quote}


def _grouped(quote: dict[str, Any]) -> dict[str, Any]:
    """What `_flat` was given: each part takes its own fields, and leaves the others."""
    return {**quote, "source": quote, "place": quote}


def _with_quotes(record: Any, change: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """The answer in `record`, with `change` made to its citations and to the chunks of the nearest statements."""
    changed = {**record, "citations": [change(each) for each in record.get("citations", ())]}
    if record.get("refusal"):
        nearest = [{**each, "chunk": change(each["chunk"])} for each in record["refusal"].get("nearest", ())]
        changed["refusal"] = {**record["refusal"], "nearest": nearest}
    return changed


def _count_values(record: object) -> int:
    """How many values `record`, read from JSON, has within it; it stops counting beyond `MAX_VALUES`."""
    count, left = 0, [record]
    while left and count <= MAX_VALUES:
        value = left.pop()
        count += 1
        if isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value
    return count
