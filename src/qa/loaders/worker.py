"""The process that files are read in: each by a child of its own, with limits of time and memory.

Files are hostile until read: one can unpack to gigabytes, loop a parser, or crash it. Here that is the end of a
child, and the one that waits for it goes on with the next file. `qa.loaders.sandbox` is the other end.

A request is a line of JSON, `{"name", "bytes", "timeout_s", "memory_bytes"}`, and so many bytes; a reply is a line
with a number, and so many bytes of JSON: `{"parsed"}`, or `{"error", "is_unsupported", "detail"}`. JSON, not
pickles, so that a child that was taken over can say nothing but what a file may say. Where the kernel is a Linux
with Landlock, it can neither write nor start anything, nor look into other processes; where namespaces may be
made, it has no network.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from functools import cache
from typing import Any, BinaryIO

from qa.errors import LoadError, UnsupportedType
from qa.i18n.messages import FALLBACK, catalogue
from qa.i18n.reasons import Reason, to_json
from qa.loaders.formats import FORMATS, Kind
from qa.loaders.kinds import suffix_of
from qa.loaders.registry import find_parser, read_parsed

MAX_REPLY_BYTES = 64 * 2**20
"""More than the longest text that is taken in (see `MAX_CHARS`) makes in JSON."""

MAX_DESCRIPTORS = 4096
"""More files than this process ever has open."""

SAMPLE = b"<p>A text.</p>\n"
"""What each parser of texts can read."""

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
CAPABILITIES_VERSION = 0x20080522
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
"""From Linux' headers: `prctl.h`, `sched.h`, `capability.h`, and calls whose numbers are the same everywhere."""

LANDLOCK_FILES = 0x1FF3
"""Run a file; write, remove or make one of any sort. Reading is left: what a reader needs is imported late."""
LANDLOCK_TRUNCATE, LANDLOCK_TCP, LANDLOCK_ABSTRACT_SOCKETS_AND_SIGNALS = 0x4000, 3, 3


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request["bytes"])
        reply = _read_in_child(request, data, asker=requests.fileno())
        replies.write(b"%d\n" % len(reply) + reply)
        replies.flush()


def _read_in_child(request: dict[str, Any], data: bytes, *, asker: int) -> bytes:
    """The reply that a child gives, or one that tells how it ended."""
    _preload(request["name"])
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            _shut_in(request["memory_bytes"], writing)
            with os.fdopen(writing, "wb") as stream:
                stream.write(_read(data, request["name"]))
        os._exit(0)
    os.close(writing)
    try:
        reply, is_late = _collect(reading, asker=asker, deadline=time.monotonic() + request["timeout_s"])
    finally:
        status = _end(child)
    if reply.endswith(b"\n"):  # a child that was stopped while it wrote has not got there
        return reply
    if is_late:
        return _error(Reason("why_timed_out", limit_s=round(request["timeout_s"])))
    if len(reply) > MAX_REPLY_BYTES:
        return _error(Reason("why_too_long"))
    return _error(Reason("why_crashed"), detail=f"wait status {status}")


def _read(data: bytes, name: str) -> bytes:
    try:
        parsed = read_parsed(data, name)
        table = {**dataclasses.asdict(parsed), "warnings": list(map(to_json, parsed.warnings))}
        return json.dumps({"parsed": table}).encode() + b"\n"
    except LoadError as error:
        return _error(error.message, is_unsupported=isinstance(error, UnsupportedType))
    except MemoryError:
        return _error(Reason("why_out_of_memory"))
    except RecursionError:
        return _error(Reason("why_nested"))
    except Exception:  # noqa: BLE001  # the outermost edge of reading: whatever a library does, it is this file's failure
        return _error(Reason("why_unreadable"), detail=traceback.format_exc())


def _error(message: str, *, is_unsupported: bool = False, detail: str = "") -> bytes:
    table = {"error": to_json(message), "is_unsupported": is_unsupported, "detail": detail}
    return json.dumps(table).encode() + b"\n"


def _preload(name: str) -> None:
    """Prepare here for what a file of this name probably is, so that its child need not."""
    for kind, known in FORMATS.items():
        if suffix_of(name) in known.suffixes and known.parser:
            _warm_up(kind)


@cache
def _warm_up(kind: Kind) -> None:
    """Import the parser of `kind`, and read a little, for much is made when it is first used."""
    with contextlib.suppress(ImportError):  # the child meets it again, and tells
        find_parser(kind)
        if FORMATS[kind].is_text:
            _read(SAMPLE, f"a{FORMATS[kind].suffixes[0]}")


def _collect(reading: int, *, asker: int, deadline: float) -> tuple[bytes, bool]:
    """What comes out of the pipe until its end, and whether the time was up before, or `asker` gone."""
    pieces: list[bytes] = []
    size = 0
    try:
        while size <= MAX_REPLY_BYTES:
            ready, _, _ = select.select([reading, asker], [], [], max(0.0, deadline - time.monotonic()))
            if reading not in ready:  # who asked asks nothing more before the reply: that is the end of it
                return b"".join(pieces), True
            piece = os.read(reading, 2**16)
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
    finally:
        os.close(reading)
    return b"".join(pieces), False


def _end(child: int) -> int:
    """The wait status of `child`, which is stopped if it goes on, with what it started."""
    for stop in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError):
            stop(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _shut_in(memory_bytes: int, writing: int) -> None:
    """Leave this process a limited memory and the pipe `writing`, and end it with the one that started it."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.closerange(3, writing)
    os.closerange(writing + 1, MAX_DESCRIPTORS)
    if sys.platform == "linux":
        linux = ctypes.CDLL(None)
        linux.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        _forbid_writing(linux)
        # What root may do over others': without it, the limits cannot be raised again.
        linux.capset((ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0), (ctypes.c_uint32 * 6)())
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _forbid_writing(linux: ctypes.CDLL) -> None:
    """Forbid this process, as far as the kernel can, to write, to run programs, TCP, and signals to others."""
    version = linux.syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)
    forbidden = (ctypes.c_uint64 * 3)(
        LANDLOCK_FILES | (LANDLOCK_TRUNCATE if version >= 3 else 0),
        LANDLOCK_TCP if version >= 4 else 0,
        LANDLOCK_ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0,
    )
    rules = linux.syscall(LANDLOCK_CREATE_RULESET, forbidden, ctypes.sizeof(forbidden), 0)
    if rules >= 0:
        linux.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        linux.syscall(LANDLOCK_RESTRICT_SELF, rules, 0)
        os.close(rules)


def _cut_network() -> None:
    """Put this process, and all that it starts, into a network of its own with nothing in it, where it may."""
    if sys.platform == "linux":
        linux = ctypes.CDLL(None)
        if linux.unshare(CLONE_NEWNET) != 0:
            linux.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def main() -> None:
    """Answer what comes in at standard input until its end."""
    catalogue(FALLBACK)  # once, here: each child says something in it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that asks
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())  # ends the child on its way
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored by who started this, a child's end would be lost
    _cut_network()
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    with contextlib.suppress(BrokenPipeError):
        serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
