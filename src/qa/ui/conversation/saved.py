"""Conversations as the visitor's own browser keeps them, so that they outlive this process."""

from __future__ import annotations

import json
import logging
from functools import cache
from typing import TYPE_CHECKING

from qa.domain import Answer
from qa.ui.conversation.conversation import MAX_EXCHANGES, Conversation, Exchange, exchange_of

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from qa.pipeline import Pipeline

MAX_SAVED_CHARS = 2_000_000
"""Limits what a browser may bring back: some ten times what thirty long answers take."""

MAX_VALUES = 10_000
"""Values within one answer: ten cited statements have some 250, and a refusal tells the title of every document.
Each that is wrong is a complaint of some hundred bytes, which takes longer to make than the value to read."""

logger = logging.getLogger(__name__)


@cache
def _answers() -> TypeAdapter[Answer]:
    from pydantic import TypeAdapter

    return TypeAdapter(Answer)


def to_saved(exchange: Exchange) -> str:
    """The exchange's answer as JSON, for the browser to keep; empty where there was none."""
    if exchange.given is None:
        return ""
    record = _answers().dump_python(exchange.given, mode="json")
    return json.dumps(record, ensure_ascii=False)


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
    return _answers().validate_json(json.dumps(record))  # which also finds half characters


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
