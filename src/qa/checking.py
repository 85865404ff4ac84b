"""Whether the vectors of an index are whole, found out where a crash does no harm: in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from qa.config import Settings
from qa.errors import IndexDamaged, QAError
from qa.manifest import Manifest, require_manifest
from qa.store import can_crash, open_store

TIMEOUT_S = 300.0


def check_store(manifest: Manifest, settings: Settings) -> None:
    """Raise `IndexDamaged` unless what `manifest`, the index's state, says is there can be found.

    One that cannot crash, as it is small or on a server, is checked in this process: starting another one takes a
    second.
    """
    if not can_crash(settings, build=manifest.build):
        _check(manifest, settings)
        return
    index_dir = settings.index_dir
    command = [sys.executable, "-m", "qa.checking", str(index_dir)]
    try:
        # The command is our own, and the folder one argument of it.
        ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise IndexDamaged(f"the vectors in {index_dir} cannot be read in time") from error
    if ended.returncode:
        said = ended.stderr.strip().splitlines()[-1:] or ["reading them crashes"]
        raise IndexDamaged(f"the vectors in {index_dir} cannot be read: {said[0]}")


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
