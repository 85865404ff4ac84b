"""`index/feedback.sqlite3`: what readers said of answers, and which questions had none, for those who write more.

Nothing here says who a reader was: no address, no visitor's id, no conversation. What people type may name
somebody all the same; `delete_feedback` takes it out of the file, not just out of the list.

SQLite with its plain journal: one file, which is copied like any other. Each call opens and closes it, so that any
thread and any process may call. Whatever goes wrong with the file or the disk is a `QAError`.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import sqlite3
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from qa.domain import Answer
from qa.errors import DiskError, IndexBusy, QAError
from qa.loaders.parsed import normalise, normalise_line
from qa.manifest import explaining_disk
from qa.rendering import answer_text
from qa.rendering.wording import shown_citations

FEEDBACK_FILE = "feedback.sqlite3"
VERSION = 1
TIMEOUT_S = 5.0
"""So long a call waits for another one that writes; a write takes some milliseconds."""

MAX_FEEDBACK = 100_000
"""Feedback kept; the oldest goes first. Whoever reaches the page can add to it, and the disk is also the index's:
at some 3 KB each these are 300 MB, and 14 years of twenty a day."""
MAX_REFUSED = 10_000
"""Refused questions counted; of those that were asked least the ones that were not asked for longest go first, so
that somebody who types nonsense all day does not push out what many wanted to know."""

MAX_QUESTION_CHARACTERS = 2_000
MAX_REASON_CHARACTERS = 1_000
MAX_ANSWER_CHARACTERS = 20_000
MAX_CITATIONS = 20
MAX_CITED_CHARACTERS = 1_000
"""Of a path, and of a quote."""
MAX_LANGUAGE_CHARACTERS = 35
"""The longest tag that RFC 5646 wants to be taken."""

FINAL_MARKS = ".,;:!?…。、؟។៕" + "\"'”’»」』)]"
"""What may end a question, and what may close it, as NFKC leaves them; other signs can belong to a name (C++)."""

Verdict = Literal["good", "bad"]

TABLES = (
    "CREATE TABLE feedback (number INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, "
    "verdict TEXT NOT NULL CHECK (verdict IN ('good', 'bad')), language TEXT NOT NULL, "
    "refused INTEGER NOT NULL, reason TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL, "
    "citations TEXT NOT NULL)",
    "CREATE TABLE refused (key TEXT PRIMARY KEY, times INTEGER NOT NULL, last_time TEXT NOT NULL, "
    "language TEXT NOT NULL, question TEXT NOT NULL)",
    "CREATE INDEX refused_by_times ON refused (times, last_time)",
)


_write_lock = threading.Lock()
"""SQLite lets who waits sleep and try again, which one of many threads may lose for seconds; here they queue."""


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
        citations=tuple((citation.path, citation.quote) for citation in shown_citations(answer)),
        language=answer.language,
        refused=answer.refusal is not None,
    )


def keep_feedback(feedback: Feedback, index_dir: Path) -> Feedback:
    """The feedback as it is now kept: with its number and time, without control characters, cut where too long."""
    kept = dataclasses.replace(_clean(feedback), time=_now())
    with _writing(index_dir) as connection:
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
    with _reading(index_dir) as connection:
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
        raise _damaged(index_dir / FEEDBACK_FILE, str(error)) from error


def delete_feedback(index_dir: Path, numbers: Iterable[int]) -> tuple[int, ...]:
    """Those of `numbers` that there were; they are overwritten in the file, so that nobody reads them there."""
    wanted = sorted({number for number in numbers if 0 < number < 2**63})  # SQLite has no larger ones
    if not wanted or not _is_there(index_dir / FEEDBACK_FILE):
        return ()
    with _writing(index_dir) as connection:
        return tuple(
            number
            for number in wanted
            if connection.execute("DELETE FROM feedback WHERE number = ?", (number,)).rowcount
        )


def note_refusal(question: str, language: str, index_dir: Path) -> None:
    """Count that `question` had no answer. One without a letter or number is no question, and not counted."""
    question = _cut(normalise_line(question), MAX_QUESTION_CHARACTERS)
    key = _key_of(question)
    if not any(character.isalnum() for character in key):
        return
    digest = hashlib.sha256(key.encode()).hexdigest()
    language = _cut(normalise_line(language), MAX_LANGUAGE_CHARACTERS)
    with _writing(index_dir) as connection:
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
) -> tuple[tuple[str, int, str], ...]:
    """The questions that most often had no answer: each as it was last asked, how often, and when last.

    Those that differ only in case, blanks and final punctuation count as one. `language` narrows them to those
    that were last asked in it.
    """
    with _reading(index_dir) as connection:
        if connection is None:
            return ()
        rows = connection.execute(
            "SELECT question, times, last_time FROM refused WHERE :language IS NULL OR language = :language "
            "ORDER BY times DESC, last_time DESC, question LIMIT :count",
            {"language": language, "count": max(count, 0)},
        ).fetchall()
    try:
        return tuple((str(question), int(times), str(last_time)) for question, times, last_time in rows)
    except (TypeError, ValueError) as error:
        raise _damaged(index_dir / FEEDBACK_FILE, str(error)) from error


def _clean(feedback: Feedback) -> Feedback:
    return dataclasses.replace(
        feedback,
        question=_cut(normalise_line(feedback.question), MAX_QUESTION_CHARACTERS),
        reason=_cut(normalise_line(feedback.reason), MAX_REASON_CHARACTERS),
        answer=_cut(normalise(feedback.answer).strip(), MAX_ANSWER_CHARACTERS),
        citations=tuple(
            (
                _cut(normalise_line(path), MAX_CITED_CHARACTERS),
                _cut(normalise_line(quote), MAX_CITED_CHARACTERS),
            )
            for path, quote in feedback.citations[:MAX_CITATIONS]
        ),
        language=_cut(normalise_line(feedback.language), MAX_LANGUAGE_CHARACTERS),
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _key_of(question: str) -> str:
    """What is the same for questions that differ only in case, blanks and final punctuation."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", question).casefold())
    # The zero-width space is one too: some write Khmer and Thai with it, some without.
    return "".join(folded.replace("\u200b", "").split()).rstrip(FINAL_MARKS)


def _now() -> str:
    return datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds")


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


def _is_there(path: Path) -> bool:
    with explaining_disk(path):
        return path.exists()


@contextmanager
def _reading(index_dir: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection to read with; None where nothing was kept yet."""
    path = index_dir / FEEDBACK_FILE
    if not _is_there(path):
        yield None
        return
    with _connection(path, mode="rw") as connection:
        yield connection if _has_tables(connection, path) else None


@contextmanager
def _writing(index_dir: Path) -> Iterator[sqlite3.Connection]:
    """A connection to write with: all of it is kept, or, where something is raised, nothing."""
    path = index_dir / FEEDBACK_FILE
    with explaining_disk(index_dir):
        index_dir.mkdir(parents=True, exist_ok=True)
    if not _write_lock.acquire(timeout=TIMEOUT_S):
        raise _busy(path)
    try:
        with _connection(path, mode="rwc") as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("BEGIN IMMEDIATE")
            if not _has_tables(connection, path):
                for table in TABLES:
                    connection.execute(table)
                connection.execute(f"PRAGMA user_version = {VERSION}")
            yield connection
            connection.execute("COMMIT")
    finally:
        _write_lock.release()


@contextmanager
def _connection(path: Path, *, mode: Literal["rw", "rwc"]) -> Iterator[sqlite3.Connection]:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        with closing(
            sqlite3.connect(address, uri=True, timeout=TIMEOUT_S, isolation_level=None)
        ) as connection:
            yield connection
    except sqlite3.Error as error:
        raise _explain(error, path) from error


def _has_tables(connection: sqlite3.Connection, path: Path) -> bool:
    """False for a file that is new. Raises `DiskError` for one that is not ours, or of a newer program."""
    # Asked at once: between two questions another process may make the tables.
    version, tables = connection.execute(
        "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_master)"
    ).fetchone()
    if version > VERSION:
        raise DiskError(
            f"{path} is of a newer program (version {version}); update this one, or move the file away: "
            "a new one is then begun"
        )
    if version != VERSION and tables:
        raise _damaged(path, "it holds something else")
    return bool(version == VERSION)


def _explain(error: sqlite3.Error, path: Path) -> QAError:
    """What SQLite says, as an error that names the file and the next step."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the rest says more exactly where
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return _busy(path)
    if code == sqlite3.SQLITE_FULL:
        return DiskError(f"there is no room left for {path}; free some, then try again")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return DiskError(f"{path}: {error}; check its permissions and its folder's")
    if code == sqlite3.SQLITE_IOERR:
        return DiskError(f"{path}: {error}; check the disk, and the room on it")
    return _damaged(path, str(error))


def _damaged(path: Path, reason: str) -> DiskError:
    return DiskError(f"{path} cannot be used as feedback ({reason}); move it away: a new one is then begun")


def _busy(path: Path) -> IndexBusy:
    return IndexBusy(f"{path} is being written to by another process; try again in a moment")
