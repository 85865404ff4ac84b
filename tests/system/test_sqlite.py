from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from qa.system.sqlite import copy_database, open_database


def test_a_database_is_made_only_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a #1? 50%.sqlite3"
    with pytest.raises(sqlite3.OperationalError), open_database(path, mode="rw"):
        pass
    assert not path.exists()

    with open_database(path) as connection:
        connection.execute("CREATE TABLE words (word TEXT)")
    with open_database(path, mode="ro") as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("INSERT INTO words VALUES ('no')")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_copy_holds_what_was_committed(tmp_path: Path) -> None:
    source, target = tmp_path / "source.sqlite3", tmp_path / "target.sqlite3"
    with open_database(source) as connection:
        connection.execute("CREATE TABLE words (word TEXT)")
        connection.execute("INSERT INTO words VALUES ('kept')")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO words VALUES ('pending')")
        copy_database(source, target, mode="ro")

    with open_database(target, mode="ro") as connection:
        assert connection.execute("SELECT word FROM words").fetchall() == [("kept",)]
