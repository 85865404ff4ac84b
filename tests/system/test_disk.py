"""Facts about the folders that the program makes: nobody but their owner looks into them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import CountingEmbedder
from qa.config import Settings
from qa.feedback import note_refusal
from qa.indexing.run import index_corpus
from qa.system.disk import make_private


def mode_of(folder: Path) -> int:
    return folder.stat().st_mode & 0o7777


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_folder_that_is_made_is_for_its_owner_only(tmp_path: Path) -> None:
    make_private(tmp_path / "new" / "index", known_by="manifest.json")
    assert mode_of(tmp_path / "new" / "index") == 0o700


@pytest.mark.parametrize(("mode", "then"), [(0o755, 0o700), (0o701, 0o700), (0o750, 0o750), (0o2770, 0o2770)])
@pytest.mark.parametrize("name", ["manifest.json", ".gitignore"])
def test_one_of_ours_that_is_open_to_all_is_closed_and_one_for_a_group_stays(
    tmp_path: Path, mode: int, then: int, name: str
) -> None:
    (tmp_path / name).touch()
    tmp_path.chmod(mode)
    make_private(tmp_path, known_by="manifest.json")
    assert mode_of(tmp_path) == then


@pytest.mark.parametrize(("mode", "owner"), [(0o1777, 0), (0o755, 65_534)])
def test_folders_of_others_and_those_for_all_stay_as_they_are(tmp_path: Path, mode: int, owner: int) -> None:
    if os.geteuid():
        pytest.skip("only root gives folders away")
    tmp_path.chmod(mode)
    os.chown(tmp_path, owner, -1)
    make_private(tmp_path, known_by="manifest.json")
    assert mode_of(tmp_path) == mode


def test_a_folder_with_other_things_in_it_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()
    tmp_path.chmod(0o755)
    make_private(tmp_path, known_by="manifest.json")
    assert mode_of(tmp_path) == 0o755


def test_an_index_is_for_its_owner_only_whoever_makes_it(settings: Settings) -> None:
    (settings.corpus_dir / "a.txt").write_text("Davao composts.", encoding="utf-8")
    index_corpus(settings, CountingEmbedder())
    assert mode_of(settings.index_dir) == 0o700
    settings.index_dir.chmod(0o755)
    index_corpus(settings, CountingEmbedder())
    assert mode_of(settings.index_dir) == 0o700
    note_refusal("Why?", "en", settings.index_dir / "other")
    assert mode_of(settings.index_dir / "other") == 0o700
