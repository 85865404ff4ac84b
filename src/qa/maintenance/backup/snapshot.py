"""Copies of corpus and index as they were at one moment, while others write there.

A copy does not take the index's lock: an hour of indexing does not hold a backup up, nor the other way round. A
copy is what a power cut would have left. Live records are in a build before the manifest says so, and go only
after another manifest says so. The manifest is looked at while nobody changes the builds that it names.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from qa.config import CITIES_FILE, Settings
from qa.errors import DiskError, IndexBusy, IndexDamaged, LoadError
from qa.i18n.reasons import Reason
from qa.storage.integrity import CHECKED_FILE
from qa.storage.manifest import (
    MANIFEST_FILE,
    PREVIOUS_FILE,
    Manifest,
    read_manifest,
    require_manifest,
    state_of,
)
from qa.storage.store import CHROMA_FOLDER, hold_builds, is_on_server
from qa.storage.upgrade import PROGRESS_FILE
from qa.storage.vector_cache import CACHE_FILE
from qa.system.sqlite import copy_database

MAX_TRIES = 3
"""Limits how often a file, or the index, is copied that changes meanwhile."""

LEFT_OUT = (CACHE_FILE, CHECKED_FILE, PROGRESS_FILE)
"""Files of the index that a backup leaves out: the cache of vectors, and notes that hold for this one folder."""

PART = re.compile(r"\..*\.part")
"""The name of a file that is still being brought in."""

DATABASE_SUFFIX = ".sqlite3"
JOURNAL_SUFFIXES = ("-journal", "-wal", "-shm")
"""Suffixes of SQLite's files beside a database. A copy that SQLite makes needs none of them."""

DATABASE_WAIT_S = 30.0
"""Seconds to wait for a writer of a database. A write takes milliseconds, and up to some seconds in Chroma."""


def copy_index(settings: Settings, target: Path) -> Manifest:
    """The committed state of the index, copied to the folder `target` with all that belongs to it.

    The state before belongs to it, both states' vectors where the index has them, the kept texts, and feedback.
    Raises `IndexMissing`, `IndexDamaged` where its vectors are not there, and `IndexBusy` where the index goes on
    changing.
    """
    for _ in range(MAX_TRIES):
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        try:
            if _copy_states(settings, target):
                _copy_beside(settings.index_dir, target)
                break
        except FileNotFoundError:  # a run has ended meanwhile, and removed files that nobody needs any more
            continue
    else:
        raise IndexBusy(f"{settings.index_dir} changes too often to be copied; try again in a moment")
    manifest = require_manifest(target)
    build = f"{CHROMA_FOLDER}{manifest.build}"
    if not (is_on_server(settings) or (target / build).is_dir()):
        raise IndexDamaged(Reason("why_index_gone", folder=str(settings.index_dir / build)))
    return manifest


def list_corpus(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The files of the corpus, with their names in it, and the table of cities in force.

    Files aside come last, so that files which are put aside meanwhile are found.
    """
    corpus = settings.corpus_dir
    for folder, subfolders, names in os.walk(corpus, onerror=_raise):
        subfolders.sort(key=lambda name: (name.startswith("."), name))
        links = [name for name in subfolders if Path(folder, name).is_symlink()]
        for name in sorted(names + links):
            if not PART.fullmatch(name):
                path = Path(folder, name)
                yield path.relative_to(corpus).as_posix(), path
    if settings.cities_file and not (corpus / CITIES_FILE).exists() and settings.cities_file.is_file():
        yield CITIES_FILE, settings.cities_file


def is_own(name: str, path: Path, corpus: Path) -> bool:
    """True for a file of the corpus whose name can be written down: no pipe, no link to a folder or out of it."""
    is_text = not any("\ud800" <= letter <= "\udfff" for letter in name)
    is_inside = not path.is_symlink() or path.resolve().is_relative_to(corpus.resolve())
    return is_text and is_inside and path.is_file()


def copy_file(source: Path, target: Path) -> None:
    """Copy the file at `source` as it was at one moment. Raises `LoadError` where it goes on changing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(MAX_TRIES):
        before = source.stat()
        shutil.copyfile(source, target)
        if _mark(source.stat()) == _mark(before) and target.stat().st_size == before.st_size:
            os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
            return
    raise LoadError(f"{source} is being written to; wait until it is done, then try again")


def _copy_states(settings: Settings, target: Path) -> bool:
    """True if both states of the index and their builds are in `target`; False if they changed meanwhile."""
    index_dir = settings.index_dir
    state = state_of(index_dir)
    copy_file(index_dir / MANIFEST_FILE, target / MANIFEST_FILE)
    if (index_dir / PREVIOUS_FILE).exists():
        copy_file(index_dir / PREVIOUS_FILE, target / PREVIOUS_FILE)
    states = (require_manifest(target), read_manifest(target, file=PREVIOUS_FILE))
    with hold_builds(settings, {kept.build for kept in states if kept}) as folders:
        # The list comes before the look for a commit: files are removed only after a commit.
        files = [path for folder in folders for path in _files_below(folder)]
        if state_of(index_dir) != state:
            return False
        for path in files:
            _copy(path, target / path.relative_to(index_dir))
    return True


def _copy_beside(index_dir: Path, target: Path) -> None:
    """Copy the files of the index beside the two states and the builds."""
    for entry in sorted(index_dir.iterdir()):
        name = entry.name
        if name.startswith((".", CHROMA_FOLDER)) or name in (MANIFEST_FILE, PREVIOUS_FILE, *LEFT_OUT):
            continue
        for path in _files_below(entry) if entry.is_dir() else filter(_is_ours, [entry]):
            _copy(path, target / path.relative_to(index_dir))


def _files_below(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if _is_ours(path)]


def _is_ours(path: Path) -> bool:
    """True for a file of the index that is no lock, socket, journal or half written file."""
    return path.is_file() and not path.name.startswith(".") and not path.name.endswith(JOURNAL_SUFFIXES)


def _copy(source: Path, target: Path) -> None:
    """Copy a file of the index. SQLite copies databases, and keeps writers and readers apart."""
    if source.suffix != DATABASE_SUFFIX:
        copy_file(source, target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:  # "rw": a database that has just been removed is not made anew
        copy_database(source, target, mode="rw", wait_s=DATABASE_WAIT_S)
    except sqlite3.Error as error:
        if not source.exists():
            raise FileNotFoundError(source) from error
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            raise DiskError(Reason("why_no_room", folder=str(target.parent))) from error
        raise DiskError(f"{source} cannot be copied ({error}); mend it or move it away first") from error


def _mark(status: os.stat_result) -> tuple[int, int, int]:
    """Numbers that change when a file does, or when another file takes its place."""
    return status.st_ino, status.st_mtime_ns, status.st_size


def _raise(error: OSError) -> None:
    raise error
