"""The process that reads files, each in a child of its own, with limits of time and memory.

Files are hostile until read: a file can unpack to gigabytes, loop a parser, or crash it. Here this is the end of a
child, and its parent goes on with the next file. `qa.loaders.sandbox` is the other end.

A request is a line of JSON, `{"name", "bytes", "timeout_s", "memory_bytes"}`, and so many bytes. A reply is a
line with a number, and so many bytes of JSON: `{"parsed"}`, or `{"error", "is_unsupported", "detail"}`. JSON is
no pickle: a child that was taken over can say only what a file may say. On a Linux with Landlock, the child can
neither write nor start anything, nor look into other processes. Where namespaces may be made, it has no network.
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
"""Limits a reply, above the JSON of the longest text that is taken in (see `MAX_CHARS`)."""

MAX_DESCRIPTORS = 4096
"""Limits the files that this process ever has open."""

SAMPLE = b"<p>A text.</p>\n"
"""A text for all parsers of texts."""

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
CAPABILITIES_VERSION = 0x20080522
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
"""From Linux' headers: `prctl.h`, `sched.h`, `capability.h`, and calls whose numbers are the same everywhere."""

LANDLOCK_FILES = 0x1FF3
"""The rights to run a file, and to write, remove or make one. Reading is left: parsers are imported late."""
LANDLOCK_TRUNCATE, LANDLOCK_TCP, LANDLOCK_ABSTRACT_SOCKETS_AND_SIGNALS = 0x4000, 3, 3


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until the last."""
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request["bytes"])
        reply = _read_in_child(request, data, asker=requests.fileno())
        replies.write(b"%d\n" % len(reply) + reply)
        replies.flush()


def _read_in_child(request: dict[str, Any], data: bytes, *, asker: int) -> bytes:
    """The reply of a child, or a reply that tells how the child ended."""
    for kind, known in FORMATS.items():
        if suffix_of(request["name"]) in known.suffixes and known.parser:
            _warm_up(kind)  # its child need not
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
    if reply.endswith(b"\n"):  # a child that was stopped while it wrote has no line end
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


@cache
def _warm_up(kind: Kind) -> None:
    """Import the parser of `kind`, and read a little: parsers prepare much at their first use."""
    with contextlib.suppress(ImportError):  # the child meets the error again, and tells
        find_parser(kind)
        if FORMATS[kind].is_text:
            _read(SAMPLE, f"a{FORMATS[kind].suffixes[0]}")


def _collect(reading: int, *, asker: int, deadline: float) -> tuple[bytes, bool]:
    """The bytes from the pipe until its end, and whether the time was up before, or `asker` gone."""
    pieces: list[bytes] = []
    size = 0
    try:
        while size <= MAX_REPLY_BYTES:
            ready, _, _ = select.select([reading, asker], [], [], max(0.0, deadline - time.monotonic()))
            if reading not in ready:  # a word of the asker before the reply means that the asker is gone
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
    """The wait status of `child`, which is stopped with its own children."""
    for stop in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError):
            stop(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _shut_in(memory_bytes: int, writing: int) -> None:
    """Leave this process a limited memory and the pipe `writing`, and let it end with its parent."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.closerange(3, writing)
    os.closerange(writing + 1, MAX_DESCRIPTORS)
    if sys.platform == "linux":
        linux = ctypes.CDLL(None)
        linux.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        _forbid_writing(linux)
        # Without root's capabilities, the limits cannot be raised again.
        linux.capset((ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0), (ctypes.c_uint32 * 6)())
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _forbid_writing(linux: ctypes.CDLL) -> None:
    """Forbid this process to write, to run programs, TCP, and signals to others, as far as the kernel can."""
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
    """Put this process and its children into an empty network of their own, where the system permits it."""
    if sys.platform == "linux":
        linux = ctypes.CDLL(None)
        if linux.unshare(CLONE_NEWNET) != 0:
            linux.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def main() -> None:
    """Answer the requests at standard input until its end."""
    catalogue(FALLBACK)  # once, here: each child uses it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the asker
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())  # ends the child on its way
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where the parent ignored it, a child's end would be lost
    _cut_network()
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library's print is no reply
    with contextlib.suppress(BrokenPipeError):
        serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
