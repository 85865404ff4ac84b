"""A check whether the vectors of an index are whole, in a process of its own where a crash does no harm."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from qa.config import Settings
from qa.errors import IndexDamaged, QAError
from qa.storage import locks
from qa.storage.manifest import Manifest, require_manifest
from qa.storage.store import chroma_folder, open_build_of
from qa.storage.store.chroma_places import find_graph
from qa.system.disk import flush, write_whole

TIMEOUT_S = 300.0
"""Seconds for a check in another process."""

CHECKED_FILE = "checked.json"
"""The file of the index that names a build that was found whole, with size and time of its files."""


def check_store(manifest: Manifest, settings: Settings) -> None:
    """Raise `IndexDamaged` unless the build of `manifest`, the index's state, has all that the manifest names.

    A build that cannot crash, for it is small or on a server, is checked in this process: starting another process
    takes a second. Files that were found whole are checked again only if somebody else has changed them, or was
    cut off while they changed them.
    """
    folder = chroma_folder(settings, build=manifest.build)
    is_cut_off = folder is not None and locks.was_cut_off(folder)
    if folder is None or not find_graph(folder):
        _check(manifest, settings)
    elif is_cut_off or not _is_noted(manifest, folder):
        _check_elsewhere(settings)
    if folder and is_cut_off:
        with suppress(OSError):  # then the build is checked once more
            locks.note_whole(folder)
    note_checked(manifest, settings)


def check_if_doubtful(manifest: Manifest, settings: Settings) -> None:
    """Raise what `check_store` does where the build may be damaged: after a cut off process, or in a copied index.

    While another process writes, files are not as they were noted, and nothing is wrong with them.
    """
    folder = chroma_folder(settings, build=manifest.build)
    is_cut_off = folder is not None and locks.was_cut_off(folder)
    if is_cut_off or not (_is_noted(manifest, folder) or locks.is_being_written(settings.index_dir)):
        check_store(manifest, settings)


def note_checked(manifest: Manifest, settings: Settings) -> None:
    """Note that the build is whole and need not be checked again, unless a process was cut off."""
    folder = chroma_folder(settings, build=manifest.build)
    if folder is None or _is_noted(manifest, folder) or locks.was_cut_off(folder):
        return
    with suppress(OSError):  # then the build is checked once more
        for name, *_ in find_graph(folder):
            flush(folder / name)
        write_whole(folder.parent / CHECKED_FILE, _state(manifest, folder))


def _is_noted(manifest: Manifest, folder: Path | None) -> bool:
    if folder is None or not find_graph(folder):
        return True
    checked = folder.parent / CHECKED_FILE
    return checked.is_file() and checked.read_bytes() == _state(manifest, folder).encode()


def _state(manifest: Manifest, folder: Path) -> str:
    return json.dumps([manifest.build, find_graph(folder)])


def _check_elsewhere(settings: Settings) -> None:
    index_dir = settings.index_dir
    command = [sys.executable, "-m", "qa.storage.integrity", str(index_dir)]
    try:
        # The command is our own, and the folder one argument of it.
        ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise IndexDamaged(f"the vectors in {index_dir} cannot be read in time") from error
    if ended.returncode:
        said = ended.stderr.strip().splitlines()[-1:] or ["reading them crashes"]
        raise IndexDamaged(f"the vectors in {index_dir} cannot be read: {said[0]}")


def _check(manifest: Manifest, settings: Settings) -> None:
    open_build_of(manifest, settings).check(manifest.documents)


def main(arguments: list[str]) -> int:
    """0 if the index in the folder of `arguments` is whole, else 1, with the reason on stderr."""
    settings = Settings(index_dir=Path(arguments[0]))  # with no server: only a folder is checked
    try:
        _check(require_manifest(settings.index_dir), settings)
    except QAError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
