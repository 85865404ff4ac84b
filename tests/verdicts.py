"""What a reader says of an answer, and how it comes to be old."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qa.feedback import (
    Feedback,
    Verdict,
)
from qa.feedback.file import FEEDBACK_FILE

QUESTION = "How many experts went to Dalian?"
QUOTE = "Kitakyushu sent 67 experts to Dalian."


def said(
    verdict: Verdict = "bad", *, question: str = QUESTION, reason: str = "", answer: str = QUOTE
) -> Feedback:
    return Feedback(
        verdict=verdict,
        question=question,
        answer=answer,
        reason=reason,
        citations=(("dalian.txt", QUOTE),),
        language="en",
    )


def change(index_dir: Path, *statements: str) -> None:
    """Do to the file what nobody should."""
    with closing(sqlite3.connect(index_dir / FEEDBACK_FILE)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def make_older(index_dir: Path, *, days: int) -> None:
    """All that is kept was said so many days before."""
    then = (datetime.now(tz=UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    change(index_dir, f"UPDATE feedback SET time = '{then}'", f"UPDATE refused SET last_time = '{then}'")
