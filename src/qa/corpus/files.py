"""The files of a corpus: which there are, and their bytes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from qa.cities import CITIES_FILE, CityCatalogue
from qa.domain import Document
from qa.errors import LoadError
from qa.i18n.reasons import Reason
from qa.loaders import parse_document

MAX_FILE_BYTES = 100 * 2**20
"""Larger files are refused: they are not documents that an office writes."""


IGNORED_NAMES = frozenset({CITIES_FILE})
"""Files of the corpus that are settings, not documents."""


READ_TRIES = 3
"""How often a file is read that changes while it is."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a corpus that could be documents, sorted, and the folders in it that cannot be looked into."""

    files: tuple[Path, ...]
    closed_folders: tuple[Path, ...] = ()


def list_files(corpus: Path) -> Listing:
    """What lies in `corpus`. Hidden files and settings are left out, and links that lead out of it: what they show
    is not the corpus' own.

    Raises `LoadError` where `corpus` is no folder, or cannot be looked into.
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
        paths = [Path(folder, name) for name in names if _is_candidate(name)]
        files += [path for path in paths if path.is_file() and path.resolve().is_relative_to(root)]
    if corpus in closed:
        raise LoadError(Reason("why_folder_closed", folder=str(corpus)))
    return Listing(tuple(sorted(files)), tuple(sorted(closed)))


def find_files(corpus: Path) -> tuple[Path, ...]:
    """Every file under `corpus` that could be a document, sorted; see `list_files`."""
    return list_files(corpus).files


def read_bytes(path: Path) -> bytes:
    """The bytes of the file at `path`, as they were at one moment.

    Raises `LoadError` where it is too large, cannot be opened, or goes on changing while it is read.
    """
    try:
        for _ in range(READ_TRIES):
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


def load_document(path: Path, *, corpus: Path, catalogue: CityCatalogue) -> Document:
    """The document that the file at `path` holds.

    Raises `UnsupportedType` for a kind without a reader, and `LoadError` for a file that cannot be read.
    """
    name = check_name(path, corpus)
    return parse_document(read_bytes(path), path=name, catalogue=catalogue)


def check_name(path: Path, corpus: Path) -> str:
    """The path relative to `corpus`, with forward slashes. Raises `LoadError` unless anybody can be shown it."""
    name = path.relative_to(corpus).as_posix()
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        shown = name.encode("utf-8", "backslashreplace").decode()
        raise LoadError(Reason("why_name_not_utf8", file=shown)) from error
    return name


def _is_candidate(name: str) -> bool:
    return name not in IGNORED_NAMES and not name.startswith((".", "~$"))
