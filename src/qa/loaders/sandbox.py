"""Reads files in a process of its own, so that a hostile one harms nothing but itself: `qa.loaders.worker`."""

from __future__ import annotations

import atexit
import json
import logging
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

from qa.domain import PageStart, Section, Span
from qa.errors import LoadError, UnsupportedType
from qa.loaders.parsed import Parsed

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What reading one file may take."""

    timeout_s: float = 180.0
    """Long enough for a report of some hundred pages with tables on a slow machine."""
    memory_bytes: int = 3 * 2**30
    """Address space, not use: libraries reserve much more than they touch."""


class Sandbox:
    """A process that reads files one at a time; started at the first one. Safe to be used from many threads."""

    def __init__(self, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, data: bytes, name: str) -> Parsed:
        """What the file `name` with these bytes says.

        Raises `UnsupportedType` for a kind without a reader, and `LoadError` for a file that cannot be read within
        the limits.
        """
        with self._lock:
            try:
                reply = self._exchange(data, name)
            except (OSError, ValueError) as error:
                self._stop()
                raise LoadError("reading it was interrupted; run qa index again") from error
        if "error" in reply:
            if reply.get("detail"):
                logger.warning("reading %r: %s", name, reply["detail"])
            kind = UnsupportedType if reply.get("is_unsupported") else LoadError
            raise kind(str(reply["error"]))
        return to_parsed(reply["parsed"])

    def close(self) -> None:
        """End the process; another one is started if a file comes."""
        with self._lock:
            self._stop()

    def _exchange(self, data: bytes, name: str) -> dict[str, Any]:
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "qa.loaders.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what parsers grumble about; crashes come back in the reply
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101  # for the type checker: both are pipes
        assert stdout is not None  # noqa: S101
        request = {
            "name": name,
            "bytes": len(data),
            "timeout_s": self._limits.timeout_s,
            "memory_bytes": self._limits.memory_bytes,
        }
        stdin.write(json.dumps(request).encode() + b"\n" + data)
        stdin.flush()
        size = int(stdout.readline())  # ValueError: it has ended
        reply: dict[str, Any] = json.loads(stdout.read(size))
        return reply

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe:
                    pipe.close()
            except BrokenPipeError:  # what was still to be written to a process that has ended
                pass
        process.wait()


@cache
def shared_sandbox() -> Sandbox:
    """The sandbox of this process, ended with it."""
    sandbox = Sandbox()
    atexit.register(sandbox.close)
    return sandbox


def to_parsed(table: dict[str, Any]) -> Parsed:
    """The `Parsed` that was sent. Raises `LoadError` unless all of its places lie inside its text.

    The child that sent it has read a hostile file: what it says is taken on trust as little.
    """
    try:
        parsed = Parsed(
            **{
                **table,
                "cities": None if table["cities"] is None else tuple(map(str, table["cities"])),
                "sections": tuple(
                    Section(str(each["heading"]), int(each["level"]), Span(**each["span"]))
                    for each in table["sections"]
                ),
                "pages": tuple(
                    PageStart(int(each["number"]), int(each["start"]), str(each["name"]))
                    for each in table["pages"]
                ),
                "empty_pages": tuple(map(int, table["empty_pages"])),
                "warnings": tuple(map(str, table["warnings"])),
            }
        )
        length = len(parsed.text)
        ends = [section.span.end for section in parsed.sections]
    except (KeyError, TypeError, ValueError) as error:
        raise LoadError("reading it failed; open it and save it again") from error
    starts = [page.start for page in parsed.pages]
    if ends != sorted(ends) or starts != sorted(starts) or any(end > length for end in ends):
        raise LoadError("reading it failed; open it and save it again")
    return parsed
