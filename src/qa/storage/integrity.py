"""Whether the vectors of an index are whole, found out where a crash does no harm: in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from qa.config import Settings
from qa.errors import IndexDamaged, QAError
from qa.storage.locks import is_being_written
from qa.storage.manifest import Manifest, require_manifest
from qa.storage.store import find_fragile, flush_fragile, note_whole, open_build_of, was_cut_off
from qa.system.disk import write_whole

TIMEOUT_S = 300.0

CHECKED_FILE = "checked.json"
"""In the index: which build was found whole, and what its files were like."""


def check_store(manifest: Manifest, settings: Settings) -> None:
    """Raise `IndexDamaged` unless what `manifest`, the index's state, says is there can be found.

    One that cannot crash, as it is small or on a server, is checked in this process: starting another one takes a
    second. Files that have been found whole are not checked again unless somebody else has changed them, or was
    cut off while they changed them.
    """
    is_cut_off = was_cut_off(settings, build=manifest.build)
    if not find_fragile(settings, build=manifest.build):
        _check(manifest, settings)
    elif is_cut_off or not _is_noted(manifest, settings):
        _check_elsewhere(settings)
    if is_cut_off:
        with suppress(OSError):  # then it is checked once more
            note_whole(settings, build=manifest.build)
    note_checked(manifest, settings)


def check_if_doubtful(manifest: Manifest, settings: Settings) -> None:
    """Raise what `check_store` does where the build may be damaged: by who was cut off, or in a copy of the index.

    While another process writes, files are not as they were noted, and nothing is wrong with them.
    """
    if was_cut_off(settings, build=manifest.build) or not (
        _is_noted(manifest, settings) or is_being_written(settings.index_dir)
    ):
        check_store(manifest, settings)


def note_checked(manifest: Manifest, settings: Settings) -> None:
    """Note that the build is whole as it is now and need not be checked again, unless somebody was cut off."""
    if _is_noted(manifest, settings) or was_cut_off(settings, build=manifest.build):
        return
    with suppress(OSError):  # then it is checked once more
        flush_fragile(settings, build=manifest.build)
        write_whole(settings.index_dir / CHECKED_FILE, _state(manifest, settings))


def _is_noted(manifest: Manifest, settings: Settings) -> bool:
    if not find_fragile(settings, build=manifest.build):
        return True
    checked = settings.index_dir / CHECKED_FILE
    return checked.is_file() and checked.read_bytes() == _state(manifest, settings).encode()


def _state(manifest: Manifest, settings: Settings) -> str:
    return json.dumps([manifest.build, find_fragile(settings, build=manifest.build)])


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
    """0 if the index in the folder that is named is whole, else 1, with the reason on stderr."""
    settings = Settings(index_dir=Path(arguments[0]))  # those in which only a folder is checked
    try:
        _check(require_manifest(settings.index_dir), settings)
    except QAError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
