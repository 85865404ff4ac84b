"""Corpus and index → the file of a backup, while both are in use."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import qa
from qa.config import Settings
from qa.corpus.receipts import Progress
from qa.errors import ConfigError, InputError
from qa.maintenance.backup.archive import CORPUS, HEADER_FILE, INDEX, LEVEL, Header, Member, write_member
from qa.maintenance.backup.snapshot import copy_file, copy_index, is_own, list_corpus
from qa.storage.integrity import check_if_doubtful
from qa.storage.manifest import require_manifest
from qa.storage.store import is_on_server
from qa.system.disk import explaining_disk, flush

WORK_PREFIX = ".qa-backup-"
"""The beginning of the name of a folder in which a backup is being made, beside the backup's place."""
STALE_AFTER_S = 86_400
"""Seconds after which a folder counts as left by a process that was killed."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made: its header, and the files of the corpus that it leaves out."""

    header: Header
    left_out: tuple[str, ...] = ()


def back_up(settings: Settings, path: Path, *, on_progress: Progress | None = None) -> Backup:
    """The backup in the new file at `path`, which is there whole, or not at all where something is raised.

    The backup has neither settings and keys, nor vectors on a server. Raises `InputError` for a path that cannot
    be used, `IndexMissing`, `IndexDamaged`, and `DiskError`.
    """
    check_apart(settings)
    _check_path(path, settings)
    check_if_doubtful(require_manifest(settings.index_dir), settings)
    with explaining_disk(path.parent), _working_beside(path) as work:
        backup = _write(settings, work, work / "file.zip", on_progress or (lambda done, total, name: None))
        flush(work / "file.zip")
        _check_path(path, settings)
        (work / "file.zip").rename(path)
        flush(path.parent)
    return backup


def check_apart(settings: Settings) -> None:
    """Raise `ConfigError` where corpus and index lie in each other: in a backup they have folders of their own."""
    corpus, index = settings.corpus_dir.resolve(), settings.index_dir.resolve()
    if corpus.is_relative_to(index) or index.is_relative_to(corpus):
        raise ConfigError(
            f"corpus_dir {settings.corpus_dir} and index_dir {settings.index_dir} lie in each other; set folders "
            "that lie apart"
        )


def _check_path(path: Path, settings: Settings) -> None:
    if os.path.lexists(path):
        raise InputError(f"{path} is there already; name another file, or move it away")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent} is no folder; make it, or name a file elsewhere")
    for folder in (settings.corpus_dir, settings.index_dir):
        if path.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{path} is in {folder}, which is what is saved; name a file elsewhere")


@contextmanager
def _working_beside(path: Path) -> Iterator[Path]:
    """A folder beside `path`, for its owner only. It is removed at the end, and old folders at the start."""
    for left in path.parent.glob(f"{WORK_PREFIX}*"):
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > STALE_AFTER_S:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=WORK_PREFIX, dir=path.parent) as work:
        yield Path(work)


def _write(settings: Settings, work: Path, target: Path, on_progress: Progress) -> Backup:
    on_progress(0, 0, INDEX)
    manifest = copy_index(settings, work / INDEX)
    index = {path.relative_to(work).as_posix(): path for path in (work / INDEX).rglob("*") if path.is_file()}
    total = len(index) + sum(1 for _ in list_corpus(settings))
    members: dict[str, Member] = {}
    left_out: list[str] = []
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        os.fdopen(descriptor, "wb") as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive,
    ):
        for name, path in sorted(index.items()):
            on_progress(len(members), total, name)
            members[name] = write_member(archive, name, path)
            path.unlink()  # the disk need not have room for it twice
        for name, path in list_corpus(settings):
            on_progress(len(members), total, name)
            if not is_own(name, path, settings.corpus_dir):
                left_out.append(name.encode("utf-8", "backslashreplace").decode())
                continue
            with suppress(FileNotFoundError):  # put aside meanwhile, and found there
                copy_file(path, work / "file")
                members[f"{CORPUS}/{name}"] = write_member(archive, f"{CORPUS}/{name}", work / "file")
        header = Header(
            program=qa.__version__,
            made=datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
            documents=len(manifest.documents),
            generation=manifest.generation,
            has_vectors=not is_on_server(settings),
            members=members,
        )
        archive.writestr(HEADER_FILE, json.dumps(asdict(header), ensure_ascii=False))
    return Backup(header, tuple(left_out))
