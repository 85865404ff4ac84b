"""Whether the vectors of an index are whole, found out where a crash does no harm: in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from qa.config import Settings
from qa.errors import IndexDamaged, QAError
from qa.manifest import Manifest, require_manifest, write_whole
from qa.store import find_fragile, open_store

TIMEOUT_S = 300.0

CHECKED_FILE = "checked.json"
"""In the index: which state was found whole, and what its files were like."""


def check_store(manifest: Manifest, settings: Settings) -> None:
    """Raise `IndexDamaged` unless what `manifest`, the index's state, says is there can be found.

    One that cannot crash, as it is small or on a server, is checked in this process: starting another one takes a
    second. Where nothing has changed since the last time, it is not checked again.
    """
    fragile = find_fragile(settings, build=manifest.build)
    if not fragile:
        _check(manifest, settings)
        return
    index_dir = settings.index_dir
    state = json.dumps([manifest.build, manifest.generation, fragile])
    checked = index_dir / CHECKED_FILE
    if checked.is_file() and checked.read_bytes() == state.encode():
        return
    command = [sys.executable, "-m", "qa.checking", str(index_dir)]
    try:
        # The command is our own, and the folder one argument of it.
        ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise IndexDamaged(f"the vectors in {index_dir} cannot be read in time") from error
    if ended.returncode:
        said = ended.stderr.strip().splitlines()[-1:] or ["reading them crashes"]
        raise IndexDamaged(f"the vectors in {index_dir} cannot be read: {said[0]}")
    with suppress(OSError):  # then it is checked once more
        write_whole(checked, state)


def _check(manifest: Manifest, settings: Settings) -> None:
    store = open_store(settings, build=manifest.build, fingerprint=manifest.fingerprint, create=False)
    store.check(manifest.documents)


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
