"""Commands hand their question to a page that already runs on this machine, so they need not load the models.

Command and page meet at a socket in the index's folder, which only the page's user can open and the network cannot
see. The page must have the same program, settings and folder as the command; otherwise the command does the errand
itself. Each message is one line of JSON:

    command: {"identity": …}                     page: {"ready": true}, or it hangs up
    command: an errand                           page: {"printed": …}, {"refused": …} or {"failed": …}
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from io import BufferedRWPair
from pathlib import Path
from typing import Any

from qa.config import Settings
from qa.errors import InputError
from qa.handover.errand import Errand

SOCKET_FILE = "page.sock"

OF_THE_PAGE = frozenset(
    {
        *("corpus_dir", "index_dir", "cities_file"),
        *("host", "port", "hosts", "proxies", "api_origins", "embed_origins", "root_path"),
        *("admin_key", "admin_keys", "read_key"),
        *("metrics", "log_format", "log_questions", "keep_questions_days", "visitors_mib"),
        *("visitor_waiting", "visitor_a_minute", "address_waiting", "address_a_minute"),
    }
)
"""Settings that change no answer: where documents come from, and how the page is served."""

READY_S = 2.0
"""Seconds in which a page that is alive says so."""
ANSWER_S = 120.0
"""Seconds that a command waits for an answer, beside those that a language model may take."""
MAX_ERRANDS_AT_ONCE = 2
"""Limits the errands done at the same time, to as many as questions on the page. More errands wait their turn."""
MAX_WAITING = 32
"""Limits the commands that wait. More commands do their errands themselves."""
MAX_BYTES = 4 * 2**20
"""Limits a line. A long conversation has a tenth of that."""
MAX_FOLDER_BYTES = 80
"""Limits the name of a socket's folder. Together with the socket's own name it may have 108 bytes."""

PEER = struct.Struct("3i")
"""The system's word for the other end: its process, user and group."""

logger = logging.getLogger(__name__)


class NoPage(Exception):
    """No running page does the errand, so the command must."""


def hand_over(errand: Errand, settings: Settings) -> str:
    """The text that a running page of the same index gives for `errand`.

    Raises `NoPage` where no page does the errand, and `InputError` where nobody could.
    """
    try:
        with _connected(settings.index_dir) as connection, connection.makefile("rwb") as stream:
            _write(stream, {"identity": identity(settings)})
            if not _read(stream).get("ready"):
                raise NoPage("the page has other settings, or much to do")
            connection.settimeout(ANSWER_S + settings.llm_timeout_s)
            _write(stream, dataclasses.asdict(errand))
            reply = _read(stream)
    except (OSError, ValueError, AttributeError) as error:
        raise NoPage(str(error)) from error
    if "refused" in reply:
        raise InputError(str(reply["refused"]))
    if "printed" not in reply:
        raise NoPage(str(reply.get("failed", "the page went away")))
    return str(reply["printed"])


class Counter:
    """The place where a page takes errands. `do` does an errand; its `InputError` is told to the command."""

    def __init__(self, settings: Settings, do: Callable[[Errand], str]) -> None:
        self._settings = settings
        self._do = do
        self._turn = threading.BoundedSemaphore(MAX_ERRANDS_AT_ONCE)
        self._room = threading.BoundedSemaphore(MAX_WAITING)
        self._taker: threading.Thread | None = None
        self._busy: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self._file: tuple[int, int] | None = None

    def open(self) -> None:
        """Take errands from now on, in threads, or log why that is not possible."""
        try:
            listener = socket.socket(socket.AF_UNIX)
            with _reachable(self._settings.index_dir) as folder:
                own = folder / f".{SOCKET_FILE}.{os.getpid()}"
                own.unlink(missing_ok=True)
                listener.bind(str(own))
                own.chmod(0o600)  # before anybody can connect
                listener.listen(MAX_WAITING)
                self._file = _place(own)
                own.replace(folder / SOCKET_FILE)  # in place of one that a killed page has left
        except (OSError, AttributeError) as error:
            logger.warning("commands at this machine will not be answered by the page: %s", error)
            return
        self._listener = listener
        identity(self._settings)  # with the program's files as they are now
        self._taker = threading.Thread(target=self._take, args=(listener,), name="errands", daemon=True)
        self._taker.start()

    def close(self, within_s: float) -> None:
        """Take no more errands, and wait up to `within_s` seconds for those that are being done."""
        if self._listener is None or self._taker is None:
            return
        path = self._settings.index_dir / SOCKET_FILE
        with suppress(OSError):
            if _place(path) == self._file:  # a page that was started since has a file of its own
                path.unlink()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        until = time.monotonic() + within_s
        self._taker.join(within_s)  # then no more are begun
        for thread in self._busy:
            thread.join(max(0.0, until - time.monotonic()))

    def _take(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed
                return
            if not self._room.acquire(blocking=False):
                connection.close()
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), name="errand", daemon=True)
            thread.start()
            self._busy = [*filter(threading.Thread.is_alive, self._busy), thread]

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(READY_S)
            with connection, connection.makefile("rwb") as stream:
                if _peer(connection) not in (os.geteuid(), 0):
                    return
                if _read(stream).get("identity") != identity(self._settings):
                    return
                _write(stream, {"ready": True})
                errand = Errand.from_json(_read(stream))
                with self._turn:
                    reply = self._reply(errand)
                _write(stream, reply)
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.info("an errand was broken off: %s", type(error).__name__)
        finally:
            self._room.release()

    def _reply(self, errand: Errand) -> dict[str, str]:
        try:
            return {"printed": self._do(errand)}
        except InputError as error:
            return {"refused": str(error)}
        except Exception as error:  # The outermost edge: the command does it itself, and says what is wrong
            logger.exception("an errand could not be done")
            return {"failed": type(error).__name__}


def identity(settings: Settings) -> str:
    """The hash that command and page must share: of the index's folder, the settings for answers, the program."""
    folder = _place(settings.index_dir)
    table = {name: value for name, value in dataclasses.asdict(settings).items() if name not in OF_THE_PAGE}
    # A file or folder that is named from where the program was started.
    for name in ("embedder", "reranker", "local_llm"):
        if table[name] and Path(table[name]).exists():
            table[name] = str(Path(table[name]).resolve())
    parts = json.dumps([folder, table, _program()], sort_keys=True, default=str)
    return hashlib.sha256(parts.encode()).hexdigest()


@lru_cache(maxsize=1)
def _program() -> list[tuple[str, int, int]]:
    """The program's files with size and time: a page that was started before an update answers as it did then."""
    root = Path(__file__).parents[1]
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
    stats = ((path, path.stat()) for path in files)
    return [(str(path.relative_to(root)), status.st_size, status.st_mtime_ns) for path, status in stats]


def _place(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


@contextmanager
def _connected(index_dir: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(READY_S)
        with _reachable(index_dir) as folder:
            connection.connect(str(folder / SOCKET_FILE))
        if _peer(connection) not in (os.geteuid(), index_dir.stat().st_uid):
            raise NoPage("somebody else listens there")
        yield connection


@contextmanager
def _reachable(folder: Path) -> Iterator[Path]:
    """`folder`, by a short name where its own name is too long for a socket."""
    if len(os.fsencode(folder)) <= MAX_FOLDER_BYTES:
        yield folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


def _peer(connection: socket.socket) -> int:
    """The id of the user at the other end; our own id where the system cannot tell, and file modes must do."""
    if not hasattr(socket, "SO_PEERCRED"):
        return os.geteuid()
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
    return int(PEER.unpack(found)[1])


def _write(stream: BufferedRWPair, message: dict[str, Any]) -> None:
    stream.write(json.dumps(message).encode() + b"\n")
    stream.flush()


def _read(stream: BufferedRWPair) -> dict[str, Any]:
    """The next message; empty if the other end has hung up. Raises `ValueError` for what is no message."""
    line = stream.readline(MAX_BYTES)
    message = json.loads(line) if line else {}
    if not isinstance(message, dict):
        raise ValueError("not a message")
    return message
