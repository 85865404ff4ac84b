"""The file of a backup → corpus and index, in folders that hold nothing yet.

Every file is unpacked into a hidden folder within one of the two, and compared with its SHA-256. The two folders
may be on disks of their own, and only their insides may be ours. Then the files move up, the manifest last:
without it there is no index.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from qa.config import Settings
from qa.corpus.receipts import Progress
from qa.errors import DiskError, InputError
from qa.i18n.reasons import Reason
from qa.maintenance.backup.archive import (
    CORPUS,
    INDEX,
    STAGING_FOLDER,
    Header,
    explaining_damage,
    open_backup,
    unpack_member,
)
from qa.maintenance.backup.creation import check_apart
from qa.storage.locks import LOCK_FILE, lock_index
from qa.storage.manifest import MANIFEST_FILE
from qa.system.disk import explaining_disk, flush

NOTHING = (STAGING_FOLDER, LOCK_FILE, ".gitignore")
"""Names in a folder that counts as empty: a lock, and the remains of a restore that was killed."""

ROOM_LEFT_BYTES = 64 * 2**20
"""Bytes that stay free on a disk, whatever the header of a backup says."""


def restore(path: Path, settings: Settings, *, on_progress: Progress | None = None) -> Header:
    """The header of the backup at `path`, all of which is now in the corpus and the index that are set.

    Where something is raised, the folders are as they were. Raises `InputError` where the file is not a whole
    backup, or a folder is not empty, `IndexBusy` where a process builds an index there, and `DiskError`.
    """
    check_apart(settings)
    with open_backup(path) as (archive, header):
        places = (_Place(CORPUS, settings.corpus_dir), _Place(INDEX, settings.index_dir))
        for place in places:
            place.require_empty()
        try:
            with explaining_disk(settings.index_dir):
                for place in places:
                    place.open(header.size(place.root))
                with lock_index(settings.index_dir):
                    with explaining_damage(path):
                        _unpack(archive, header, places, on_progress)
                    os.sync()
                    for place in places:
                        place.require_empty()
                    for place in places:
                        place.move_up()
        except BaseException:
            for place in places:
                place.clear()
            raise
    return header


def _unpack(
    archive: zipfile.ZipFile, header: Header, places: tuple[_Place, ...], on_progress: Progress | None
) -> None:
    folders = {place.root: place.staging for place in places}
    for number, (name, member) in enumerate(header.members.items()):
        if on_progress:
            on_progress(number, len(header.members), name)
        root, *parts = PurePosixPath(name).parts
        target = folders[root].joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        unpack_member(archive, name, member, target)
        os.utime(target, ns=(member.modified_ns, member.modified_ns))


@dataclass(slots=True)
class _Place:
    """A folder that is filled with the members of a backup below `root`."""

    root: str
    folder: Path
    is_made: bool = False
    moved: list[str] = field(default_factory=list)

    @property
    def staging(self) -> Path:
        return self.folder / STAGING_FOLDER

    def require_empty(self) -> None:
        """Raise `InputError` unless the folder is empty."""
        with explaining_disk(self.folder):
            there = sorted(entry.name for entry in self.folder.iterdir()) if self.folder.exists() else []
        others = [name for name in there if name not in NOTHING]
        if others:
            shown = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
            raise InputError(
                f"{self.folder} holds {shown}; move that away, or set {self.root}_dir to another folder"
            )

    def open(self, size: int) -> None:
        """Make the folder, for its owner alone if it is the index's, and an empty folder in it to unpack into.

        Raises `DiskError` unless the disk has room for `size` bytes.
        """
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700 if self.root == INDEX else 0o777, parents=True)
            self.is_made = True
        if self.staging.exists():
            shutil.rmtree(self.staging)
        self.staging.mkdir()
        if size + ROOM_LEFT_BYTES > shutil.disk_usage(self.folder).free:
            raise DiskError(Reason("why_no_room", folder=str(self.folder)))

    def move_up(self) -> None:
        """Move the unpacked files to their places."""
        for path in sorted(self.staging.iterdir(), key=lambda path: path.name == MANIFEST_FILE):
            self.moved.append(path.name)
            path.rename(self.folder / path.name)
        self.staging.rmdir()
        flush(self.folder)

    def clear(self) -> None:
        """Leave the folder as it was: without unpacked and moved files, or gone."""
        for name in self.moved:
            if not (self.staging / name).exists():
                moved = self.folder / name
                shutil.rmtree(moved, ignore_errors=True) if moved.is_dir() else moved.unlink(missing_ok=True)
        shutil.rmtree(self.staging, ignore_errors=True)
        if self.is_made:
            shutil.rmtree(self.folder, ignore_errors=True)
