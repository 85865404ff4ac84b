"""`index/feedback.sqlite3`: what readers said of answers, and which questions had no answer.

The file does not say who a reader was: it has no address, no visitor's id, no conversation. People may type names
all the same, so their words go after the days of `keep_questions_days`. Deleted words are overwritten in the file,
not just taken out of the list. Whatever goes wrong with the file or the disk is a `QAError`.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import sqlite3
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, get_args

from qa.domain import Answer, Refused
from qa.feedback.file import FEEDBACK_FILE, damaged, is_there, reading, writing
from qa.rendering.text_formats import answer_text
from qa.rendering.wording import shown_citations
from qa.text.normalise import normalise, normalise_line

MAX_FEEDBACK = 100_000
"""Limits the feedback that is kept; the oldest goes first. Anybody on the page can add to it, and the disk is also
the index's: at some 3 KB each these are 300 MB, and 14 years of twenty a day."""
MAX_REFUSED = 10_000
"""Limits the refused questions that are counted. The question that was asked least, and longest ago, goes first:
nonsense typed all day does not push out what many people wanted to know."""

MAX_QUESTION_CHARS = 2_000
MAX_REASON_CHARS = 1_000
MAX_ANSWER_CHARS = 20_000
MAX_CITATIONS = 20
MAX_CITED_CHARS = 1_000
"""Limits a path, and a quote."""
MAX_LANGUAGE_CHARS = 35
"""Limits a language tag, to the length that RFC 5646 wants to be taken."""

FINAL_MARKS = ".,;:!?…。、؟។៕" + "\"'”’»」』)]"
"""Marks that end or close a question, as NFKC leaves them. Other signs can belong to a name (C++)."""

Verdict = Literal["good", "bad"]

Kept = TypeVar("Kept")


class RefusedQuestion(NamedTuple):
    """A question without an answer, as it was last asked, how often, and when last (ISO 8601, UTC).

    A `number` is never given twice.
    """

    number: int
    question: str
    times: int
    last_time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """The words of one visitor about one answer.

    `number` and `time` (ISO 8601, UTC) are given by `keep_feedback`, and a number never twice; `reason` is the
    reader's own words; `citations` are pairs of a document's path and the quote; `language` is the answer's;
    `refused` tells that the answer was a refusal, whose citations are the nearest statements.
    """

    verdict: Verdict
    question: str
    answer: str
    reason: str = ""
    citations: tuple[tuple[str, str], ...] = ()
    language: str = "en"
    refused: bool = False
    number: int = 0
    time: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in get_args(Verdict):
            raise ValueError(f"a verdict is good or bad, not {self.verdict!r}")


def feedback_on(answer: Answer, verdict: Verdict, *, reason: str = "") -> Feedback:
    """The feedback of a reader who saw `answer`; `keep_feedback` keeps it."""
    return Feedback(
        verdict=verdict,
        question=answer.question,
        answer=answer_text(answer),
        reason=reason,
        citations=tuple((citation.source.path, citation.quote) for citation in shown_citations(answer)),
        language=answer.language,
        refused=isinstance(answer, Refused),
    )


def keep_feedback(feedback: Feedback, index_dir: Path, *, keep_days: int | None = None) -> Feedback:
    """The feedback as it is now kept: with its number and time, without control characters, cut where too long.

    Feedback older than `keep_days` goes (None: all stays). With 0 days nothing is kept, and the number is 0.
    """
    kept = dataclasses.replace(_clean(feedback), time=_now())
    if keep_days == 0:
        return kept
    with writing(index_dir) as connection:
        _forget(connection, keep_days)
        row = connection.execute(
            "INSERT INTO feedback (time, verdict, language, refused, reason, question, answer, citations) "
            "VALUES (:time, :verdict, :language, :refused, :reason, :question, :answer, :citations)",
            {**dataclasses.asdict(kept), "citations": json.dumps(kept.citations, ensure_ascii=False)},
        )
        number = row.lastrowid or 0
        # By number, not by counting: that would read through the file for every click.
        connection.execute("DELETE FROM feedback WHERE number <= ?", (number - MAX_FEEDBACK,))
    return dataclasses.replace(kept, number=number)


def list_feedback(
    index_dir: Path, *, verdict: Verdict | None = None, limit: int | None = None
) -> tuple[Feedback, ...]:
    """The newest feedback first: at most `limit`, and only with this `verdict`, where they are given."""
    return _read(
        index_dir,
        "SELECT number, time, verdict, language, refused, reason, question, answer, citations FROM feedback "
        "WHERE :verdict IS NULL OR verdict = :verdict ORDER BY number DESC LIMIT :limit",
        {"verdict": verdict, "limit": -1 if limit is None else max(limit, 0)},
        _to_feedback,
    )


def _read(
    index_dir: Path, statement: str, values: dict[str, Any], to_kept: Callable[[tuple[Any, ...]], Kept]
) -> tuple[Kept, ...]:
    with reading(index_dir) as connection:
        rows = connection.execute(statement, values).fetchall() if connection else []
    try:
        return tuple(map(to_kept, rows))
    except (TypeError, ValueError) as error:
        raise damaged(index_dir / FEEDBACK_FILE, str(error)) from error


def delete_feedback(index_dir: Path, numbers: Iterable[int]) -> tuple[int, ...]:
    """The numbers of the deleted feedback. Its words are overwritten, so that nobody reads them in the file."""
    return _delete("feedback", index_dir, numbers)


def delete_refused(index_dir: Path, numbers: Iterable[int]) -> tuple[int, ...]:
    """The numbers of the deleted refused questions, which are apart from those of feedback."""
    return _delete("refused", index_dir, numbers)


def _delete(
    table: Literal["feedback", "refused"], index_dir: Path, numbers: Iterable[int]
) -> tuple[int, ...]:
    wanted = sorted({number for number in numbers if 0 < number < 2**63})  # SQLite has no larger ones
    if not wanted or not is_there(index_dir):
        return ()
    with writing(index_dir) as connection:
        return tuple(
            number
            for number in wanted
            if connection.execute(f"DELETE FROM {table} WHERE number = ?", (number,)).rowcount  # noqa: S608
        )


def forget_older(index_dir: Path, *, days: int) -> int:
    """The number of deleted feedback and refused questions: what was last said more than `days` ago."""
    times = "SELECT min(time) AS time FROM feedback UNION SELECT min(last_time) FROM refused"
    with reading(index_dir) as connection:
        oldest = connection.execute(f"SELECT min(time) FROM ({times})").fetchone()[0] if connection else None  # noqa: S608
    if oldest is None or oldest > _now(days_ago=days):
        return 0  # also where the file cannot be written
    with writing(index_dir) as connection:
        return _forget(connection, days)


def _forget(connection: sqlite3.Connection, days: int | None) -> int:
    if days is None:
        return 0
    last = (_now(days_ago=days),)
    return (
        connection.execute("DELETE FROM feedback WHERE time <= ?", last).rowcount
        + connection.execute("DELETE FROM refused WHERE last_time <= ?", last).rowcount
    )


def forget_documents(
    index_dir: Path, paths: Collection[str], is_quoted: Callable[[str], bool]
) -> tuple[int, int]:
    """The numbers of deleted feedback and refused questions: those with words of the documents at `paths`.

    Such are feedback on answers from the documents, and whatever quotes the documents, as `is_quoted` tells.
    """
    shown = {_cut(normalise_line(path), MAX_CITED_CHARS) for path in paths}

    def has_words(feedback: Feedback) -> bool:
        said = [feedback.question, feedback.reason]
        if len(feedback.citations) == MAX_CITATIONS:  # its answer may have more
            said.append(feedback.answer)
        return any(path in shown for path, _ in feedback.citations) or any(map(is_quoted, said))

    feedback = (feedback.number for feedback in list_feedback(index_dir) if has_words(feedback))
    refused = most_refused(index_dir, count=MAX_REFUSED)
    quoting = (question.number for question in refused if is_quoted(question.question))
    return len(delete_feedback(index_dir, feedback)), len(delete_refused(index_dir, quoting))


def note_refusal(question: str, language: str, index_dir: Path, *, keep_days: int | None = None) -> None:
    """Count that `question` had no answer, unless it has neither letter nor number.

    `keep_days` is that of `keep_feedback`.
    """
    if keep_days == 0:
        return
    question = _cut(normalise_line(question), MAX_QUESTION_CHARS)
    key = _key_of(question)
    if not any(character.isalnum() for character in key):
        return
    digest = hashlib.sha256(key.encode()).hexdigest()
    language = _cut(normalise_line(language), MAX_LANGUAGE_CHARS)
    with writing(index_dir) as connection:
        _forget(connection, keep_days)
        connection.execute(
            "INSERT INTO refused (key, times, last_time, language, question) VALUES (?, 1, ?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET times = times + 1, last_time = excluded.last_time, "
            "language = excluded.language, question = excluded.question",
            (digest, _now(), language, question),
        )
        connection.execute(
            "DELETE FROM refused WHERE key IN (SELECT key FROM refused WHERE key != ? ORDER BY times, last_time "
            "LIMIT max(0, (SELECT count(*) FROM refused) - ?))",
            (digest, MAX_REFUSED),
        )


def most_refused(index_dir: Path, *, count: int = 20) -> tuple[RefusedQuestion, ...]:
    """The questions that most often had no answer.

    Questions that differ only in case, blanks and final punctuation count as one question.
    """
    return _read(
        index_dir,
        "SELECT rowid, question, times, last_time FROM refused "
        "ORDER BY times DESC, last_time DESC, question LIMIT :count",
        {"count": max(count, 0)},
        lambda row: RefusedQuestion(int(row[0]), str(row[1]), int(row[2]), str(row[3])),
    )


def _clean(feedback: Feedback) -> Feedback:
    return dataclasses.replace(
        feedback,
        question=_cut(normalise_line(feedback.question), MAX_QUESTION_CHARS),
        reason=_cut(normalise_line(feedback.reason), MAX_REASON_CHARS),
        answer=_cut(normalise(feedback.answer).strip(), MAX_ANSWER_CHARS),
        citations=tuple(
            (_cut(normalise_line(path), MAX_CITED_CHARS), _cut(normalise_line(quote), MAX_CITED_CHARS))
            for path, quote in feedback.citations[:MAX_CITATIONS]
        ),
        language=_cut(normalise_line(feedback.language), MAX_LANGUAGE_CHARS),
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _key_of(question: str) -> str:
    """A key that questions share if they differ only in case, blanks and final punctuation."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", question).casefold())
    # The zero-width space is a blank, too: some write Khmer and Thai with it, some without.
    return "".join(folded.replace("\u200b", "").split()).rstrip(FINAL_MARKS)


def _now(*, days_ago: int = 0) -> str:
    then = datetime.datetime.now(tz=datetime.UTC) - datetime.timedelta(days=days_ago)
    return then.isoformat(timespec="seconds")


def _to_feedback(row: tuple[Any, ...]) -> Feedback:
    number, time, verdict, language, refused, reason, question, answer, citations = row
    return Feedback(
        number=int(number),
        time=str(time),
        verdict=verdict,
        reason=str(reason),
        question=str(question),
        answer=str(answer),
        citations=tuple((str(path), str(quote)) for path, quote in json.loads(citations)),
        language=str(language),
        refused=bool(refused),
    )
