"""Facts about who is alone with what: the locks are real, and those who hold them are killed."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

import qa.storage.locks
from holding import held_elsewhere
from qa.errors import IndexBusy
from qa.storage.locks import is_being_written, lock_graphs, lock_index, note_whole, was_cut_off


def test_one_is_at_the_graphs_at_a_time(tmp_path: Path) -> None:
    entered: list[str] = []

    def enter() -> None:
        with lock_graphs(tmp_path):
            entered.append("other")

    with lock_graphs(tmp_path):
        other = threading.Thread(target=enter)
        other.start()
        other.join(timeout=0.2)
        entered.append("this")
    other.join()
    assert entered == ["this", "other"]


def test_who_does_not_let_go_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.storage.locks, "GRAPHS_WAIT_S", 0.05)
    with (
        held_elsewhere(lock_graphs, tmp_path),
        pytest.raises(IndexBusy, match="being written to"),
        lock_graphs(tmp_path),
    ):
        pass


def test_who_has_let_go_was_not_cut_off(tmp_path: Path) -> None:
    assert not was_cut_off(tmp_path)
    with held_elsewhere(lock_graphs, tmp_path) as holder:
        assert not was_cut_off(tmp_path)  # it is still at work
        assert holder.stdin
        assert holder.stdout
        holder.stdin.write("\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "let go\n"
        assert not was_cut_off(tmp_path)


def test_who_was_killed_was_cut_off_until_all_has_been_found_whole(tmp_path: Path) -> None:
    with held_elsewhere(lock_graphs, tmp_path) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert was_cut_off(tmp_path)
    with lock_graphs(tmp_path):  # reading them proves nothing
        pass
    assert was_cut_off(tmp_path)
    note_whole(tmp_path)
    assert not was_cut_off(tmp_path)


def test_an_error_on_the_way_cuts_off_too(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no room"), lock_graphs(tmp_path):
        raise OSError("no room")
    assert was_cut_off(tmp_path)


def test_who_only_copies_damages_nothing_wherever_it_ends(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no room"), lock_graphs(tmp_path, only_copies=True):
        raise OSError("no room")
    assert not was_cut_off(tmp_path)


def test_what_somebody_is_at_is_not_noted_as_whole(tmp_path: Path) -> None:
    with held_elsewhere(lock_graphs, tmp_path) as holder:
        note_whole(tmp_path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert was_cut_off(tmp_path)


def test_who_looks_whether_somebody_writes_disturbs_nobody(tmp_path: Path) -> None:
    assert not is_being_written(tmp_path)
    for _ in range(50):
        with lock_index(tmp_path):
            assert is_being_written(tmp_path)
        assert not is_being_written(tmp_path)
