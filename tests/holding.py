"""Another process that holds a lock, for tests to kill."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

HOLDER = """
import sys
from pathlib import Path
import qa.storage.locks
with getattr(qa.storage.locks, sys.argv[1])(Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.readline()
print("let go", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held_elsewhere(
    lock: Callable[[Path], AbstractContextManager[None]], folder: Path
) -> Iterator[subprocess.Popen[str]]:
    """Another process that has `lock`, of `qa.storage.locks`, on `folder`; it lets go when it is sent a line."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", HOLDER, lock.__name__, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()
