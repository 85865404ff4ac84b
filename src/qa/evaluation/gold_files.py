"""A question set's folder → `GoldSet`.

A set is a folder with `documents.jsonl` {id, title, text, lang} and `questions.jsonl` {id, question, lang,
answers, doc_id or doc_ids, answerable} and, where it has them, {kind, answer_type, answers_native, history,
city}. `history` is a list of {role, content} or {role, text}. What else a line holds is for analysis and
never reaches the system.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.domain import Turn
from qa.errors import InputError
from qa.evaluation.gold import GoldDocument, GoldQuestion, GoldSet

DOCUMENTS_FILE = "documents.jsonl"
QUESTIONS_FILE = "questions.jsonl"


def load_gold(set_dir: Path, *, questions: str = QUESTIONS_FILE) -> GoldSet:
    """The set in `set_dir`; `questions` names the file there that holds the questions.

    Raises `InputError` naming file and line where one cannot be used.
    """
    return GoldSet(
        questions=tuple(_read_question(row) for row in _rows(set_dir / questions)),
        documents=tuple(_read_document(row) for row in _rows(set_dir / DOCUMENTS_FILE)),
    )


def _read_document(row: _Row) -> GoldDocument:
    row.require("id", "title", "text", "lang")
    return GoldDocument(row.text("id"), row.text("title"), row.text("text"), row.text("lang"))


def _read_question(row: _Row) -> GoldQuestion:
    row.require("id", "question", "lang", "answers", "answerable")
    is_answerable = row.fields["answerable"]
    if not isinstance(is_answerable, bool):
        raise row.error('"answerable" must be true or false')
    doc_id = row.optional_text("doc_id")
    return GoldQuestion(
        id=row.text("id"),
        question=row.text("question"),
        language=row.text("lang"),
        answers=row.texts("answers"),
        doc_ids=row.texts("doc_ids") or ((doc_id,) if doc_id else ()),
        is_answerable=is_answerable,
        kind=row.optional_text("kind") or "",
        answer_type=row.optional_text("answer_type") or "span",
        answers_native=row.texts("answers_native"),
        history=_read_history(row),
        city=row.optional_text("city"),
    )


def _read_history(row: _Row) -> tuple[Turn, ...]:
    turns = row.fields.get("history") or []
    problem = '"history" must be a list of {"role": "user" or "assistant", "content": a text}'
    if not isinstance(turns, list):
        raise row.error(problem)
    read: list[Turn] = []
    for turn in turns:
        match turn:
            case {"role": ("user" | "assistant") as role, "content": str(text)} | {
                "role": ("user" | "assistant") as role,
                "text": str(text),
            }:
                read.append(Turn(role, text))
            case _:
                raise row.error(problem)
    return tuple(read)


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a JSONL file, with typed access to its fields and errors that name the line."""

    path: Path
    line: int
    fields: Mapping[str, Any]

    def error(self, problem: str) -> InputError:
        """An error for this line."""
        return InputError(f"{self.path}, line {self.line}: {problem}")

    def require(self, *keys: str) -> None:
        """Raise an error that names the `keys` that are missing."""
        missing = [key for key in keys if key not in self.fields]
        if missing:
            raise self.error(f"no {', '.join(missing)}; each line needs {', '.join(keys)}")

    def text(self, key: str) -> str:
        """The text at `key`."""
        value = self.optional_text(key)
        if value is None:
            raise self.error(f'"{key}" must be a text')
        return value

    def optional_text(self, key: str) -> str | None:
        """The text at `key`, None where there is none."""
        value = self.fields.get(key)
        if value is not None and not isinstance(value, str):
            raise self.error(f'"{key}" must be a text')
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts in the list at `key`, empty where there is none."""
        values = self.fields.get(key)
        values = [] if values is None else values
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self.error(f'"{key}" must be a list of texts')
        return tuple(values)


def _rows(path: Path) -> Iterator[_Row]:
    """The rows of a JSONL file, blank lines left out; an id that comes twice is an error."""
    try:
        lines = path.read_bytes().split(b"\n")  # str.splitlines would also cut at U+2028 inside a text
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}; give the folder of a question set"
        ) from error
    first_lines: dict[object, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = _Row(path, number, _read_object(line, where=f"{path}, line {number}"))
        row_id = row.fields.get("id")
        if isinstance(row_id, str) and first_lines.setdefault(row_id, number) != number:
            raise row.error(f"id {row_id} was used in line {first_lines[row_id]}; give each line its own")
        yield row


def _read_object(line: bytes, *, where: str) -> Mapping[str, Any]:
    try:
        fields = json.loads(line.decode("utf-8"))
    except ValueError as error:  # both UnicodeDecodeError and JSONDecodeError
        raise InputError(f"{where}: not JSON in UTF-8 ({error}); mend the line") from error
    if not isinstance(fields, dict):
        raise InputError(f"{where}: not a JSON object; each line must be one")
    return fields
