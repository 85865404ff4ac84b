"""The files of a corpus, and their bytes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from qa.cities import CITIES_FILE
from qa.errors import LoadError
from qa.i18n.reasons import Reason

MAX_FILE_BYTES = 100 * 2**20
"""Limits a file. An office writes no larger documents."""

MAX_READ_TRIES = 3
"""Limits how often a file is read that changes meanwhile."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a corpus that could be documents, and its folders that cannot be opened, both sorted."""

    files: tuple[Path, ...]
    closed_folders: tuple[Path, ...] = ()


def list_files(corpus: Path) -> Listing:
    """The files in `corpus`, without hidden files, the table of cities, and links that lead out of the corpus.

    Raises `LoadError` where `corpus` is no folder, or cannot be opened.
    """
    if not corpus.is_dir():
        raise LoadError(Reason("why_no_folder", folder=str(corpus)))
    root = corpus.resolve()
    files: list[Path] = []
    closed: list[Path] = []
    for folder, subfolders, names in os.walk(
        corpus, onerror=lambda error: closed.append(Path(error.filename))
    ):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        shown = (name for name in names if name != CITIES_FILE and not name.startswith((".", "~$")))
        paths = [Path(folder, name) for name in shown]
        files += [path for path in paths if path.is_file() and path.resolve().is_relative_to(root)]
    if corpus in closed:
        raise LoadError(Reason("why_folder_closed", folder=str(corpus)))
    return Listing(tuple(sorted(files)), tuple(sorted(closed)))


def find_files(corpus: Path) -> tuple[Path, ...]:
    """The files of `list_files`."""
    return list_files(corpus).files


def read_bytes(path: Path) -> bytes:
    """The bytes of the file at `path`, as they were at one moment.

    Raises `LoadError` where it is too large, cannot be opened, or goes on changing while it is read.
    """
    try:
        for _ in range(MAX_READ_TRIES):
            before = path.stat()
            if before.st_size > MAX_FILE_BYTES:
                size, limit = round(before.st_size / 2**20), MAX_FILE_BYTES // 2**20
                raise LoadError(Reason("why_file_too_large", file=path.name, size=size, limit=limit))
            data = path.read_bytes()
            after = path.stat()
            if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, len(data)):
                return data
    except OSError as error:
        reason = error.strerror or str(error)
        raise LoadError(Reason("why_cannot_open", file=path.name, reason=reason)) from error
    raise LoadError(Reason("why_being_written", file=path.name))


def check_name(path: Path, corpus: Path) -> str:
    """The path relative to `corpus`, with forward slashes. Raises `LoadError` unless the path is valid Unicode."""
    name = path.relative_to(corpus).as_posix()
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        shown = name.encode("utf-8", "backslashreplace").decode()
        raise LoadError(Reason("why_name_not_utf8", file=shown)) from error
    return name
