"""Folders for their owner only: an index has the documents' words, and what readers asked."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

OWNER_ONLY = 0o700

logger = logging.getLogger(__name__)


def make_private(folder: Path, *, known_by: str) -> None:
    """Make `folder`, for its owner only, or close it where it is one of ours that everybody may look into.

    One of ours has the file `known_by`, or nothing yet. One that only a group may look into was set so on purpose,
    and stays. Raises what `Path.mkdir` does.
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
