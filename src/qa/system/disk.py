"""Folders for their owner only, files written whole, and the errors of a disk in plain words."""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qa.errors import DiskError
from qa.i18n.reasons import Reason

OWNER_ONLY = 0o700

logger = logging.getLogger(__name__)


def make_private(folder: Path, *, known_by: str) -> None:
    """Make `folder`, for its owner only, or close a folder of ours that everybody may look into.

    A folder of ours has the file `known_by`, or nothing yet. A folder that a group may look into was opened on
    purpose, and stays open. Raises what `Path.mkdir` does.
    """
    if not folder.is_dir():
        folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        return
    status = folder.stat()
    is_open = status.st_mode & stat.S_IRWXO and not status.st_mode & stat.S_ISVTX
    if not is_open or status.st_uid != os.geteuid():
        return
    if (folder / known_by).exists() or all(name.startswith(".") for name in os.listdir(folder)):
        try:
            folder.chmod(OWNER_ONLY)
        except OSError as error:  # on a disk that can only be read
            logger.warning("%s stays open to others: %s", folder, error)


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all, whenever the machine stops."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
    flush(path.parent)


def flush(path: Path) -> None:
    """Wait until a file or a folder is on the disk as it is."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def explaining_disk(folder: Path) -> Iterator[None]:
    """Turns the system's error of a full disk or a closed folder into a `DiskError` that says what to do."""
    try:
        yield
    except OSError as error:
        raise explain_disk(error, folder) from error


def explain_disk(error: OSError, folder: Path) -> DiskError:
    """The `DiskError` for an error on the way to or from `folder`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskError(Reason("why_no_room", folder=str(folder)))
    reason = error.strerror or str(error)
    return DiskError(Reason("why_disk", file=str(error.filename or folder), reason=reason))
