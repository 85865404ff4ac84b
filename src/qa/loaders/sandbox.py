"""Reads files in a process of its own (`qa.loaders.worker`), so that a hostile file harms nothing but itself."""

from __future__ import annotations

import atexit
import dataclasses
import json
import logging
import os
import re
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from qa.domain import Origin, PageKind, PageStart, Section, Span
from qa.errors import LoadError, UnsupportedType
from qa.i18n.reasons import Reason, from_json, map_texts
from qa.loaders.parsed import Parsed
from qa.loaders.registry import MAX_CHARS
from qa.text.normalise import UNWANTED, normalise_line

logger = logging.getLogger(__name__)

GRACE_S = 30.0
"""Seconds to wait for a process beyond its time for a file: it has to start, and to take the file in."""

END_S = 5.0
"""Seconds that a process has to end its child and itself: many times what it takes."""

MAX_MESSAGE_CHARS = 1000
"""Limits a message. Parsers write shorter ones."""

NEEDED_VARIABLES = re.compile(r"PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|VIRTUAL_ENV|LD_LIBRARY_PATH|PYTHON\w+")
"""The variables that Python needs. Others may be keys and passwords, no business of a hostile file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of reading one file."""

    timeout_s: float = 600.0
    """Limits the time, to that of the fifty scanned pages that OCR reads in a file, at 10 s each on two cores."""
    memory_bytes: int = 3 * 2**30
    """Limits the address space, not the memory in use: libraries reserve much more than they touch."""


class Sandbox:
    """A process that reads files one at a time. The first file starts it. Many threads may use it."""

    def __init__(self, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, data: bytes, name: str) -> Parsed:
        """The content of the file `name` with these bytes.

        Raises `UnsupportedType` for a kind without a parser, and `LoadError` for a file that cannot be read within
        the limits.
        """
        with self._lock:
            reply = None
            try:
                reply = self._exchange(data, name)
            except (OSError, ValueError) as error:
                raise LoadError(Reason("why_interrupted")) from error
            finally:
                if reply is None:  # at Ctrl-C, too: the next file would get the reply to this file
                    self._stop()
        return read_reply(reply, name)

    def close(self) -> None:
        """End the process, even while it reads. The next file starts another process."""
        process = self._process
        if process:
            process.terminate()
        with self._lock:
            self._stop()

    def _exchange(self, data: bytes, name: str) -> bytes:
        process = self._process
        if process is None or process.poll() is not None:
            self._stop()
            process = self._process = _start()
        assert process.stdin is not None  # noqa: S101  # for the type checker: both are pipes
        assert process.stdout is not None  # noqa: S101
        request = {"name": name, "bytes": len(data), **dataclasses.asdict(self._limits)}
        timer = threading.Timer(self._limits.timeout_s + GRACE_S, process.kill)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.write(data)
            process.stdin.flush()
            size = int(process.stdout.readline())  # ValueError: it has ended
            reply = process.stdout.read(size)
        finally:
            timer.cancel()
        if len(reply) < size:
            raise EOFError("the process ended while it wrote")
        return reply

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in filter(None, (process.stdin, process.stdout)):
            with suppress(BrokenPipeError):  # bytes were still to be written to a process that has ended
                pipe.close()


def _start() -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if NEEDED_VARIABLES.fullmatch(name)}
    return subprocess.Popen(
        # -P: files in the working folder, a corpus perhaps, are no modules.
        [sys.executable, "-P", "-m", "qa.loaders.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the grumbling of parsers; crashes come back in the reply
        # Each thread of OpenBLAS reserves 40 MB, and there are as many as the machine has cores.
        env={**kept, "OPENBLAS_NUM_THREADS": "1"},
    )


@cache
def shared_sandbox() -> Sandbox:
    """The sandbox of this process, which ends with it."""
    sandbox = Sandbox()
    atexit.register(sandbox.close)
    return sandbox


def read_reply(reply: bytes, name: str) -> Parsed:
    """The content of the file `name` in a reply. Raises the error that the reply tells.

    The child that wrote the reply has read a hostile file: the reply is trusted as little as the file.
    """
    try:
        table = json.loads(reply)
    except (ValueError, RecursionError) as error:
        raise LoadError(Reason("why_failed")) from error
    if not isinstance(table, dict):
        raise LoadError(Reason("why_failed"))
    if "error" in table:
        if table.get("detail"):
            logger.warning("reading %r: %s", name, table["detail"])
        kind = UnsupportedType if table.get("is_unsupported") else LoadError
        raise kind(_read_message(table["error"]))
    return to_parsed(table.get("parsed"))


def _read_message(table: Any) -> str:
    """The message why the file was not read, in our words where `table` is one of our reasons."""
    try:
        message = from_json(table)
    except (KeyError, ValueError):
        return Reason("why_failed")
    is_short = len(message) <= MAX_MESSAGE_CHARS
    return map_texts(normalise_line, message if is_short else message[:MAX_MESSAGE_CHARS])


def to_parsed(table: Any) -> Parsed:
    """The `Parsed` in `table`. Raises `LoadError` unless it is whole, and all of its places lie in its text."""
    try:
        lists = {
            "cities": None if table["cities"] is None else tuple(filter(None, map(_line, table["cities"]))),
            "language": None if table["language"] is None else _line(table["language"]) or None,
            "sections": tuple(
                Section(_line(section["heading"]), _number(section["level"]), _span(section["span"]))
                for section in table["sections"]
            ),
            "pages": tuple(
                PageStart(_number(page["number"]), _number(page["start"]), _line(page["name"]))
                for page in table["pages"]
            ),
            "empty_pages": tuple(map(_number, table["empty_pages"])),
            "warnings": tuple(map(from_json, table["warnings"])),
        }
        parsed = Parsed(**{**table, **lists})
        _check(parsed)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise LoadError(Reason("why_failed")) from error
    return parsed


def _check(parsed: Parsed) -> None:
    """Raise `ValueError` unless `parsed` is what a parser makes: clean text, and places in it, in order."""
    lines = (parsed.title, parsed.language, parsed.date, parsed.url, parsed.source_title)
    if not all(isinstance(line, str | None) for line in lines):
        raise ValueError("what should be text is none")
    if len(parsed.text) > MAX_CHARS or UNWANTED.search(parsed.text):
        raise ValueError("no reader makes such a text")
    origins = {parsed.title_from, parsed.date_from, parsed.cities_from}
    if parsed.page_kind not in get_args(PageKind) or not origins <= set(get_args(Origin)):
        raise ValueError("a word that is none of those known")
    edges = [edge for section in parsed.sections for edge in (section.span.start, section.span.end)]
    for places in (edges, [page.start for page in parsed.pages]):
        if places != sorted(places) or any(place > len(parsed.text) for place in places):
            raise ValueError("places out of order, or outside of the text")


def _span(table: Any) -> Span:
    return Span(_number(table["start"]), _number(table["end"]))


def _number(value: Any) -> int:
    number = int(value)
    if not 0 <= number <= MAX_CHARS:
        raise ValueError(f"{number} counts nothing in a text")
    return number


def _line(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("what should be text is none")
    return normalise_line(value)
