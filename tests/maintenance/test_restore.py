"""Facts about bringing a backup back: into empty folders only, whole or not at all, and from any file at all."""

from __future__ import annotations

import dataclasses
import json
import random
import signal
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import CountingEmbedder
from index_states import assert_everything_is_retrievable
from outages import CITIES, fill, small_disk
from qa.config import Settings
from qa.errors import DiskError, IndexBusy, InputError
from qa.indexing.run import index_corpus
from qa.maintenance.backup.archive import HEADER_FILE, STAGING_FOLDER
from qa.maintenance.backup.creation import back_up
from qa.maintenance.backup.restoration import restore
from qa.storage.locks import LOCK_FILE, lock_index

DALIAN = "Kitakyushu sent 67 experts to Dalian."
INSIDE = "corpus/dalian.txt"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of one document and its index."""
    folder = tmp_path_factory.mktemp("saved")
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index", cities_file=CITIES)
    settings.corpus_dir.mkdir()
    (settings.corpus_dir / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    (settings.corpus_dir / ".removed").mkdir()
    (settings.corpus_dir / ".removed" / "old.txt").write_text("It was old.", encoding="utf-8")
    index_corpus(settings, CountingEmbedder())
    back_up(settings, folder / "qa.zip")
    return folder / "qa.zip"


@pytest.fixture
def there(tmp_path: Path) -> Settings:
    """Settings over folders that are not there."""
    return Settings(corpus_dir=tmp_path / "to" / "corpus", index_dir=tmp_path / "to" / "index")


def left_in(settings: Settings) -> list[str]:
    """What lies in both folders, but for the lock that any index has."""
    folders = [folder for folder in (settings.corpus_dir, settings.index_dir) if folder.exists()]
    return [entry.name for folder in folders for entry in folder.iterdir() if entry.name != LOCK_FILE]


def assert_nothing_is_left(settings: Settings, *, were_there: bool = False) -> None:
    assert left_in(settings) == []
    assert settings.corpus_dir.exists() == settings.index_dir.exists() == were_there


def make_empty(settings: Settings) -> None:
    for folder in (settings.corpus_dir, settings.index_dir):
        folder.mkdir(parents=True)


# Where to


def test_empty_folders_are_filled(saved: Path, there: Settings) -> None:
    make_empty(there)
    there.index_dir.joinpath(".gitignore").write_text("*")
    restore(saved, there)
    assert_everything_is_retrievable(there, CountingEmbedder())
    assert sorted(path.name for path in there.corpus_dir.iterdir()) == [
        ".removed",
        "cities.toml",
        "dalian.txt",
    ]
    assert STAGING_FOLDER not in left_in(there)


@pytest.mark.parametrize("folder", ["corpus", "index"])
def test_a_folder_that_holds_something_is_refused_with_its_name_and_what_is_there(
    saved: Path, there: Settings, folder: str
) -> None:
    make_empty(there)
    full = there.corpus_dir.parent / folder
    for name in ("a.txt", "b.txt", ".hidden", "c.txt"):
        (full / name).write_text("mine")
    with pytest.raises(
        InputError, match=rf"{folder} holds \.hidden, a\.txt, b\.txt and 1 more; .*{folder}_dir"
    ):
        restore(saved, there)
    assert sorted(left_in(there)) == [".hidden", "a.txt", "b.txt", "c.txt"]


def test_what_comes_to_be_in_a_folder_meanwhile_stays(saved: Path, there: Settings) -> None:
    make_empty(there)
    mine = there.corpus_dir / "dalian.txt"

    def write(done: int, total: int, name: str) -> None:
        mine.write_text("mine")

    with pytest.raises(InputError, match=r"holds dalian\.txt"):
        restore(saved, there, on_progress=write)
    assert left_in(there) == ["dalian.txt"]
    assert mine.read_text() == "mine"


def test_while_an_index_is_built_there_nothing_is_brought_back(saved: Path, there: Settings) -> None:
    make_empty(there)
    with lock_index(there.index_dir), pytest.raises(IndexBusy):
        restore(saved, there)
    assert_nothing_is_left(there, were_there=True)


def test_folders_may_be_on_disks_of_their_own(saved: Path, there: Settings, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=100) as disk:
        apart = dataclasses.replace(there, index_dir=disk)
        restore(saved, apart)
        assert_everything_is_retrievable(apart, CountingEmbedder())


# What goes wrong on the way


@pytest.mark.parametrize("moment", [0, 3, -1])
@pytest.mark.parametrize("were_there", [False, True])
def test_interrupted_it_leaves_nothing(saved: Path, there: Settings, moment: int, were_there: bool) -> None:
    def stop(done: int, total: int, name: str) -> None:
        if done == moment % total:
            raise KeyboardInterrupt

    if were_there:
        make_empty(there)
    with pytest.raises(KeyboardInterrupt):
        restore(saved, there, on_progress=stop)
    assert_nothing_is_left(there, were_there=were_there)


@pytest.mark.parametrize("moment", [1, 2, 3, 4, 5, 6])
def test_interrupted_while_it_moves_files_up_it_leaves_nothing(
    saved: Path, there: Settings, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    moves: list[Path] = []
    rename = Path.rename

    def stop(path: Path, target: Path) -> Path:
        moves.append(target)
        if len(moves) == moment and moment % 2:
            raise KeyboardInterrupt  # before it
        moved = rename(path, target)
        if len(moves) == moment:
            raise OSError(5, "Input/output error", str(target))  # after it
        return moved

    make_empty(there)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", stop)
        with pytest.raises((KeyboardInterrupt, DiskError)):
            restore(saved, there)
    assert len(moves) == moment
    assert_nothing_is_left(there, were_there=True)
    restore(saved, there)
    assert moves[-1] != there.index_dir / "manifest.json" or moment == 6


def test_a_full_disk_leaves_nothing_and_says_so(
    saved: Path, there: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        on_disk = dataclasses.replace(there, index_dir=disk / "index")
        with pytest.raises(DiskError, match="no room left"):  # before anything is unpacked
            restore(saved, on_disk)
        assert_nothing_is_left(on_disk)
        monkeypatch.setattr("qa.maintenance.backup.restoration.ROOM_LEFT_BYTES", -(2**30))
        for free in (4, 100, 300):
            fill(disk / "filler", free_kib=free)
            with pytest.raises(DiskError, match="no room left"):
                restore(saved, on_disk)
            assert_nothing_is_left(on_disk)


KILLED = """
import os, sys
from pathlib import Path
from qa.maintenance.backup.restoration import restore
from qa.config import Settings
def stop(done, total, name):
    if done == 3:
        os.kill(os.getpid(), 9)
restore(Path(sys.argv[1]), Settings(corpus_dir=Path(sys.argv[2]), index_dir=Path(sys.argv[3])), on_progress=stop)
"""


def test_after_it_was_killed_it_can_be_done_again(saved: Path, there: Settings) -> None:
    folders = [there.corpus_dir, there.index_dir]
    killed = subprocess.run([sys.executable, "-c", KILLED, saved, *folders], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (there.index_dir / "manifest.json").exists()
    restore(saved, there)
    assert_everything_is_retrievable(there, CountingEmbedder())


# From what


def test_a_file_that_is_not_there_is_named(there: Settings) -> None:
    with pytest.raises(InputError, match=r"nowhere\.zip cannot be opened: No such file"):
        restore(Path("nowhere.zip"), there)


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.6, 0.9, 0.99, 0.9999])
def test_a_file_that_was_cut_off_is_refused(
    saved: Path, there: Settings, tmp_path: Path, share: float
) -> None:
    cut = tmp_path / "cut.zip"
    whole = saved.read_bytes()
    cut.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match=r"cut\.zip is no whole backup"):
        restore(cut, there)
    assert_nothing_is_left(there)


def test_no_bytes_that_changed_come_back(saved: Path, tmp_path: Path) -> None:
    whole = saved.read_bytes()
    rng = random.Random(3)
    expected = zipfile.ZipFile(saved).read(INSIDE)
    for number in range(150):
        # Half of them in the last part, where the names, sizes and the header are.
        start = 0 if number % 2 else len(whole) * 9 // 10
        place = rng.randrange(start, len(whole))
        broken = bytearray(whole)
        broken[place] ^= 1 << rng.randrange(8)
        path, there = tmp_path / "broken.zip", tmp_path / str(number)
        path.write_bytes(broken)
        settings = Settings(corpus_dir=there / "corpus", index_dir=there / "index")
        try:
            restore(path, settings)
        except InputError:
            assert_nothing_is_left(settings)
        else:  # it was in what no reader looks at, a time say
            assert (settings.corpus_dir / "dalian.txt").read_bytes() == expected


Change = Callable[[dict[str, bytes], dict[str, Any]], None]
"""Changes a backup's files by their names, and its header."""


def forge(saved: Path, path: Path, change: Change) -> Path:
    """A backup like `saved`, but for what `change` makes of it."""
    with zipfile.ZipFile(saved) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(files.pop(HEADER_FILE))
    change(files, header)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        if HEADER_FILE not in files:
            archive.writestr(HEADER_FILE, json.dumps(header))
    return path


def rename_to(name: str) -> Change:
    def change(files: dict[str, bytes], header: dict[str, Any]) -> None:
        files[name] = files.pop(INSIDE)
        header["members"][name] = header["members"].pop(INSIDE)

    return change


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "/tmp/evil.txt",
        "corpus/../evil.txt",
        "corpus/../../evil.txt",
        "corpus/..",
        "corpus//dalian.txt",
        "corpus/./dalian.txt",
        "corpus/",
        "corpus",
        ".",
        "elsewhere/dalian.txt",
        "index/.lock",
        "index/.hidden/x",
        f"corpus/{STAGING_FOLDER}/x",
        "corpus/cities.toml/x",
        "index/manifest.json/x",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(
    saved: Path, there: Settings, tmp_path: Path, name: str
) -> None:
    forged = forge(saved, tmp_path / "forged.zip", rename_to(name))
    with pytest.raises(InputError, match="is no whole backup"):
        restore(forged, there)
    assert_nothing_is_left(there)
    assert not list(tmp_path.rglob("evil*"))


def test_the_name_of_a_file_like_any_other_is_taken(saved: Path, there: Settings, tmp_path: Path) -> None:
    name = "corpus/..x/a\\b/…\n.txt"
    restore(forge(saved, tmp_path / "forged.zip", rename_to(name)), there)
    assert (there.corpus_dir / "..x" / "a\\b" / "…\n.txt").read_text() == DALIAN


def lie(**values: Any) -> Change:
    return lambda files, header: header.update(values)


def of_member(**values: Any) -> Change:
    return lambda files, header: header["members"][INSIDE].update(values)


def deep(files: dict[str, bytes], header: dict[str, Any]) -> None:
    files[HEADER_FILE] = b'{"format":1,"members":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda files, header: files.update({INSIDE: b"forged"}), id="another text"),
        pytest.param(lambda files, header: files.update({"corpus/more.txt": b"x"}), id="a file more"),
        pytest.param(lambda files, header: files.pop(INSIDE), id="a file less"),
        pytest.param(lambda files, header: header["members"].pop(INSIDE), id="a file not named"),
        pytest.param(of_member(sha256="0" * 64), id="another hash"),
        pytest.param(of_member(size=1), id="too small"),
        pytest.param(of_member(size=10**15), id="too large"),
        pytest.param(of_member(size=-1), id="less than nothing"),
        pytest.param(of_member(modified_ns=10**30), id="a time that is none"),
        pytest.param(lie(members=[]), id="no table"),
        pytest.param(lie(format="one"), id="no number"),
        pytest.param(deep, id="deep"),
        pytest.param(lambda files, header: files.update({HEADER_FILE: b"\xff"}), id="no text"),
        pytest.param(lambda files, header: files.clear(), id="empty"),
    ],
)
def test_a_header_and_files_that_do_not_fit_are_refused(
    saved: Path, there: Settings, tmp_path: Path, change: Change
) -> None:
    with pytest.raises(InputError, match="is no whole backup"):
        restore(forge(saved, tmp_path / "forged.zip", change), there)
    assert_nothing_is_left(there)


def test_a_backup_of_a_newer_program_says_so(saved: Path, there: Settings, tmp_path: Path) -> None:
    newer = forge(saved, tmp_path / "newer.zip", lie(format=2, members="elsewhere"))
    with pytest.raises(InputError, match="of a newer program"):
        restore(newer, there)


def test_more_than_the_disk_has_room_for_is_not_unpacked(
    saved: Path, there: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.maintenance.backup.restoration.ROOM_LEFT_BYTES", 10**18)
    with pytest.raises(DiskError, match="no room left"):
        restore(saved, there)
    assert_nothing_is_left(there)


def test_a_link_is_not_made(saved: Path, there: Settings, tmp_path: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        files = {info: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        for info, data in files.items():
            if info.filename == INSIDE:
                info.external_attr = 0o120777 << 16
            archive.writestr(info, data)
    with pytest.raises(InputError, match="is no whole backup"):
        restore(tmp_path / "link.zip", there)
    assert_nothing_is_left(there)


def test_a_name_that_stands_there_twice_is_refused(saved: Path, there: Settings, tmp_path: Path) -> None:
    path = tmp_path / "twice.zip"
    path.write_bytes(saved.read_bytes())
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr(INSIDE, b"x" * len(DALIAN))
    with pytest.raises(InputError, match="is no whole backup"):
        restore(path, there)
    assert_nothing_is_left(there)
