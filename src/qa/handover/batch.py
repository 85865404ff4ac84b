"""Files of questions, one JSON object a line, and the lines that answer them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qa.domain import Turn
from qa.errors import InputError
from qa.handover.errand import Errand


def answer_line(question: dict[str, Any], run: Callable[[Errand], str]) -> dict[str, Any]:
    """The JSON that `qa ask --batch` writes for a question of `read_batch`; `run` gives the text for an errand."""
    errand = Errand(
        kind="ask",
        text=question["question"],
        cities=(question["city"],) if question.get("city") else (),
        history=tuple(Turn(turn["role"], turn["text"]) for turn in question.get("history") or ()),
        as_json=True,
    )
    try:
        printed = run(errand)
    except InputError as error:  # this one question cannot be asked; the others can
        return {
            "id": question["id"], "answered": False, "answer": str(error), "reason": "bad_input",
            "interpreted_as": question["question"], "set_aside_cities": [], "highlights": [],
            "statements": [], "also_searched_as": "", "citations": [], "ranked": [], "mode": "extractive",
            "fallback": "", "seconds": 0.0, "timings": {},
        }  # fmt: skip
    return {"id": question["id"], **json.loads(printed)}


def read_batch(path: Path) -> list[dict[str, Any]]:
    """The questions in the file. Raises `InputError`, which names the first line that is no question."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # not splitlines: it cuts at U+2028
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    questions = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path} line {number} is not JSON: {error}") from error
        if not _is_question(question):
            raise InputError(
                f'{path} line {number} must be {{"id": …, "question": "…"}}, with "history": '
                '[{"role": "user" or "assistant", "text": "…"}] and "city": "…" if wanted'
            )
        questions.append(question)
    return questions


def _is_question(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "id" in value
        and isinstance(value.get("question"), str)
        and isinstance(value.get("city") or "", str)
        and isinstance(value.get("history") or [], list)
        and all(
            isinstance(turn, dict)
            and turn.get("role") in ("user", "assistant")
            and isinstance(turn.get("text"), str)
            for turn in value.get("history") or []
        )
    )
