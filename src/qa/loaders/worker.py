"""The process that files are read in: each by a child of its own, with limits of time and memory.

Files are hostile until read: one can unpack to gigabytes, loop a parser, or crash it. Here that is the end of a
child, and the one that waits for it goes on with the next file. `qa.loaders.sandbox` is the other end.

A request is a line of JSON, `{"name", "bytes", "timeout_s", "memory_bytes"}`, and so many bytes; a reply is a line
with a number, and so many bytes of JSON: `{"parsed"}`, or `{"error", "is_unsupported", "detail"}`. JSON, not
pickles, so that a child that was taken over can say nothing but what a file may say.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from qa.errors import LoadError, UnsupportedType
from qa.loaders.kinds import SUFFIXES
from qa.loaders.readers import READERS, find_reader, read_parsed

MAX_REPLY_BYTES = 64 * 2**20
"""More than the longest text that is taken in (see `MAX_CHARACTERS`) makes in JSON."""


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request["bytes"])
        reply = _read_in_child(request, data)
        replies.write(b"%d\n" % len(reply) + reply)
        replies.flush()


def _read_in_child(request: dict[str, Any], data: bytes) -> bytes:
    """The reply that a child gives, or one that tells how it ended."""
    _preload(request["name"])
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.close(reading)
            _limit(request["timeout_s"], request["memory_bytes"])
            with os.fdopen(writing, "wb") as stream:
                stream.write(_read(data, request["name"]))
        os._exit(0)
    os.close(writing)
    reply, is_late = _collect(reading, deadline=time.monotonic() + request["timeout_s"])
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if reply.endswith(b"\n"):  # a child that was stopped while it wrote has not got there
        return reply
    if is_late or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        return _error(f"reading it takes more than {request['timeout_s']:.0f} s; split it, or save it anew")
    if len(reply) > MAX_REPLY_BYTES:
        return _error("its text is too long; split it into parts")
    return _error("reading it crashed; open it and save it again", detail=f"wait status {status}")


def _read(data: bytes, name: str) -> bytes:
    try:
        parsed = read_parsed(data, name)
        return json.dumps({"parsed": dataclasses.asdict(parsed)}).encode() + b"\n"
    except LoadError as error:
        return _error(str(error), is_unsupported=isinstance(error, UnsupportedType))
    except MemoryError:
        return _error("reading it takes too much memory; split it, or save it anew")
    except RecursionError:
        return _error("it is nested too deeply; save it anew, or as text")
    except Exception:  # noqa: BLE001  # the outermost edge of reading: whatever a library does, it is this file's failure
        return _error("it could not be read; open it and save it again", detail=traceback.format_exc())


def _error(message: str, *, is_unsupported: bool = False, detail: str = "") -> bytes:
    table = {"error": message, "is_unsupported": is_unsupported, "detail": detail}
    return json.dumps(table).encode() + b"\n"


def _preload(name: str) -> None:
    """Import what a file of this name probably wants, here, so that its child need not."""
    suffix = PurePosixPath(name).suffix.lower()
    for kind, suffixes in SUFFIXES.items():
        if suffix in suffixes and kind in READERS:
            find_reader(kind)


def _limit(timeout_s: float, memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (int(timeout_s) + 1, int(timeout_s) + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _collect(reading: int, *, deadline: float) -> tuple[bytes, bool]:
    """What comes out of the pipe until its end, and whether the time was up before."""
    pieces: list[bytes] = []
    size = 0
    try:
        while size <= MAX_REPLY_BYTES:
            ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return b"".join(pieces), True
            piece = os.read(reading, 2**16)
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
    finally:
        os.close(reading)
    return b"".join(pieces), False


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that asks
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    serve(sys.stdin.buffer, replies)
