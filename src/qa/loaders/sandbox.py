"""Reads files in a process of its own, so that a hostile one harms nothing but itself: `qa.loaders.worker`."""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
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
"""So much longer than the process has for a file it is waited for: to be started, and to take the file in."""

END_S = 5.0
"""Seconds that a process has to end its child and itself: many times what it takes."""

MAX_MESSAGE = 1000
"""Characters of a message; more is none that a reader writes."""

NEEDED_VARIABLES = re.compile(r"PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|VIRTUAL_ENV|LD_LIBRARY_PATH|PYTHON\w+")
"""What Python wants of the environment. The rest may be keys and passwords, no business of a hostile file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What reading one file may take."""

    timeout_s: float = 600.0
    """Long enough for as many scanned pages as OCR reads in a file, fifty, at 10 s each on two cores."""
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
            reply = None
            try:
                reply = self._exchange(data, name)
            except (OSError, ValueError) as error:
                raise LoadError(Reason("why_interrupted")) from error
            finally:
                if reply is None:  # at Ctrl-C, too: the next file would be given the reply to this one
                    self._stop()
        return read_reply(reply, name)

    def close(self) -> None:
        """End the process, even one that is reading; another one is started if a file comes."""
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
        request = {
            "name": name,
            "bytes": len(data),
            "timeout_s": self._limits.timeout_s,
            "memory_bytes": self._limits.memory_bytes,
        }
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
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe:
                    pipe.close()
            except BrokenPipeError:  # what was still to be written to a process that has ended
                pass


def _start() -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if NEEDED_VARIABLES.fullmatch(name)}
    return subprocess.Popen(
        # -P: what lies in the folder that this was started in, a corpus perhaps, is no module.
        [sys.executable, "-P", "-m", "qa.loaders.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what parsers grumble about; crashes come back in the reply
        # Each thread of OpenBLAS reserves 40 MB, and there are as many as the machine has cores.
        env={**kept, "OPENBLAS_NUM_THREADS": "1"},
    )


@cache
def shared_sandbox() -> Sandbox:
    """The sandbox of this process, ended with it."""
    sandbox = Sandbox()
    atexit.register(sandbox.close)
    return sandbox


def read_reply(reply: bytes, name: str) -> Parsed:
    """What a reply to the request for the file `name` says; raises what it tells of.

    The child that wrote it has read a hostile file: what it says is taken on trust as little.
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
    """Why the file was not read, in words of ours where it gives one of our reasons."""
    try:
        message = from_json(table)
    except (KeyError, ValueError):
        return Reason("why_failed")
    return map_texts(normalise_line, message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE])


def to_parsed(table: Any) -> Parsed:
    """The `Parsed` that was sent. Raises `LoadError` unless it is one, and all of its places lie in its text."""
    try:
        parsed = _build(table)
        _check(parsed)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise LoadError(Reason("why_failed")) from error
    return parsed


def _build(table: Mapping[str, Any]) -> Parsed:
    return Parsed(
        **{
            **table,
            "cities": None if table["cities"] is None else tuple(filter(None, map(_line, table["cities"]))),
            "language": None if table["language"] is None else _line(table["language"]) or None,
            "sections": tuple(
                Section(_line(each["heading"]), _number(each["level"]), _span(each["span"]))
                for each in table["sections"]
            ),
            "pages": tuple(
                PageStart(_number(each["number"]), _number(each["start"]), _line(each["name"]))
                for each in table["pages"]
            ),
            "empty_pages": tuple(map(_number, table["empty_pages"])),
            "warnings": tuple(map(from_json, table["warnings"])),
        }
    )


def _check(parsed: Parsed) -> None:
    """Raise `ValueError` unless `parsed` is what a reader makes: clean text, and places in it, in order."""
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


def _span(table: Mapping[str, Any]) -> Span:
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
