"""`index/feedback.sqlite3`: what readers said of answers, and which questions had none, for those who write more.

Nothing here says who a reader was: no address, no visitor's id, no conversation. What people type may name
somebody all the same: it goes after the days of `keep_questions_days`, and what is deleted is overwritten in the
file, not just taken out of the list. Whatever goes wrong with the file or the disk is a `QAError`.
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
from typing import Any, Literal, NamedTuple, get_args

from qa.domain import Answer, Refused
from qa.feedback.file import damaged, is_there, reading, writing
from qa.rendering import answer_text
from qa.rendering.wording import shown_citations
from qa.text.normalise import normalise, normalise_line

MAX_FEEDBACK = 100_000
"""Feedback kept; the oldest goes first. Whoever reaches the page can add to it, and the disk is also the index's:
at some 3 KB each these are 300 MB, and 14 years of twenty a day."""
MAX_REFUSED = 10_000
"""Refused questions counted; of those that were asked least the ones that were not asked for longest go first, so
that somebody who types nonsense all day does not push out what many wanted to know."""

MAX_QUESTION_CHARS = 2_000
MAX_REASON_CHARS = 1_000
MAX_ANSWER_CHARS = 20_000
MAX_CITATIONS = 20
MAX_CITED_CHARS = 1_000
"""Of a path, and of a quote."""
MAX_LANGUAGE_CHARS = 35
"""The longest tag that RFC 5646 wants to be taken."""

FINAL_MARKS = ".,;:!?…。、؟។៕" + "\"'”’»」』)]"
"""What may end a question, and what may close it, as NFKC leaves them; other signs can belong to a name (C++)."""

Verdict = Literal["good", "bad"]

Table = Literal["feedback", "refused"]


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
    """What one reader said of one answer.

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
    """What a reader says of `answer`, with what they had before their eyes; to be kept with `keep_feedback`."""
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

    What is older than `keep_days` goes (None: all is kept); with 0 days nothing is kept, and its number is 0.
    """
    kept = dataclasses.replace(_clean(feedback), time=_now())
    if keep_days == 0:
        return kept
    with writing(index_dir) as connection:
        _forget(connection, keep_days)
        row = connection.execute(
            "INSERT INTO feedback (time, verdict, language, refused, reason, question, answer, citations) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                kept.time,
                kept.verdict,
                kept.language,
                int(kept.refused),
                kept.reason,
                kept.question,
                kept.answer,
                json.dumps(kept.citations, ensure_ascii=False),
            ),
        )
        number = row.lastrowid or 0
        # By number, not by counting: that would read through the file for every click.
        connection.execute("DELETE FROM feedback WHERE number <= ?", (number - MAX_FEEDBACK,))
    return dataclasses.replace(kept, number=number)


def list_feedback(
    index_dir: Path, *, verdict: Verdict | None = None, limit: int | None = None
) -> tuple[Feedback, ...]:
    """The newest feedback first: at most `limit`, and only with this `verdict`, where they are given."""
    with reading(index_dir) as connection:
        if connection is None:
            return ()
        rows = connection.execute(
            "SELECT number, time, verdict, language, refused, reason, question, answer, citations FROM feedback "
            "WHERE :verdict IS NULL OR verdict = :verdict ORDER BY number DESC LIMIT :limit",
            {"verdict": verdict, "limit": -1 if limit is None else max(limit, 0)},
        ).fetchall()
    try:
        return tuple(map(_to_feedback, rows))
    except (TypeError, ValueError) as error:
        raise damaged(index_dir, str(error)) from error


def delete_feedback(index_dir: Path, numbers: Iterable[int]) -> tuple[int, ...]:
    """Those of `numbers` that there were; they are overwritten in the file, so that nobody reads them there."""
    return _delete("feedback", index_dir, numbers)


def delete_refused(index_dir: Path, numbers: Iterable[int]) -> tuple[int, ...]:
    """The same for refused questions, which have numbers of their own."""
    return _delete("refused", index_dir, numbers)


def _delete(table: Table, index_dir: Path, numbers: Iterable[int]) -> tuple[int, ...]:
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
    """How much feedback and how many refused questions were deleted, as they were last said so many days ago."""
    with reading(index_dir) as connection:
        if connection is None or not _is_anything_older(connection, days):
            return 0  # also where the file cannot be written
    with writing(index_dir) as connection:
        return _forget(connection, days)


def _is_anything_older(connection: sqlite3.Connection, days: int) -> bool:
    """True if `_forget` would delete something."""
    (oldest,) = connection.execute(
        "SELECT min(time) FROM (SELECT min(time) AS time FROM feedback UNION SELECT min(last_time) FROM refused)"
    ).fetchone()
    return oldest is not None and oldest <= _now(days_ago=days)


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
    """How much feedback and how many refused questions had words of the documents at `paths`, and were deleted.

    Those are the feedback on answers from them, and whatever quotes them, as `is_quoted` tells.
    """
    shown = {_cut(normalise_line(path), MAX_CITED_CHARS) for path in paths}

    def has_words(feedback: Feedback) -> bool:
        said = [feedback.question, feedback.reason]
        if len(feedback.citations) == MAX_CITATIONS:  # its answer may have more
            said.append(feedback.answer)
        return any(path in shown for path, _ in feedback.citations) or any(map(is_quoted, said))

    feedback = [each.number for each in list_feedback(index_dir) if has_words(each)]
    refused = [each.number for each in most_refused(index_dir, count=MAX_REFUSED) if is_quoted(each.question)]
    return len(delete_feedback(index_dir, feedback)), len(delete_refused(index_dir, refused))


def note_refusal(question: str, language: str, index_dir: Path, *, keep_days: int | None = None) -> None:
    """Count that `question` had no answer. One without a letter or number is no question, and not counted.

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


def most_refused(
    index_dir: Path, *, count: int = 20, language: str | None = None
) -> tuple[RefusedQuestion, ...]:
    """The questions that most often had no answer.

    Those that differ only in case, blanks and final punctuation count as one. `language` narrows them to those
    that were last asked in it.
    """
    with reading(index_dir) as connection:
        if connection is None:
            return ()
        rows = connection.execute(
            "SELECT rowid, question, times, last_time FROM refused "
            "WHERE :language IS NULL OR language = :language "
            "ORDER BY times DESC, last_time DESC, question LIMIT :count",
            {"language": language, "count": max(count, 0)},
        ).fetchall()
    try:
        return tuple(
            RefusedQuestion(int(number), str(question), int(times), str(last_time))
            for number, question, times, last_time in rows
        )
    except (TypeError, ValueError) as error:
        raise damaged(index_dir, str(error)) from error


def _clean(feedback: Feedback) -> Feedback:
    return dataclasses.replace(
        feedback,
        question=_cut(normalise_line(feedback.question), MAX_QUESTION_CHARS),
        reason=_cut(normalise_line(feedback.reason), MAX_REASON_CHARS),
        answer=_cut(normalise(feedback.answer).strip(), MAX_ANSWER_CHARS),
        citations=tuple(
            (
                _cut(normalise_line(path), MAX_CITED_CHARS),
                _cut(normalise_line(quote), MAX_CITED_CHARS),
            )
            for path, quote in feedback.citations[:MAX_CITATIONS]
        ),
        language=_cut(normalise_line(feedback.language), MAX_LANGUAGE_CHARS),
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _key_of(question: str) -> str:
    """What is the same for questions that differ only in case, blanks and final punctuation."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", question).casefold())
    # The zero-width space is one too: some write Khmer and Thai with it, some without.
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
