"""A folder as it is where nobody may write to it."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qa.config import Settings


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """`folder` once more, in a place where not even root can change it."""
    view = folder.with_name("view")
    view.mkdir()
    subprocess.run(["mount", "--bind", str(folder), str(view)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(view)], check=True)
        yield view
    finally:
        subprocess.run(["umount", "--lazy", str(view)], check=True)


def seen_in(view: Path, settings: Settings) -> Settings:
    """The settings with the folders in `view`."""
    return dataclasses.replace(settings, corpus_dir=view / "corpus", index_dir=view / "index")
