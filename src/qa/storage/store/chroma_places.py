"""The places where Chroma keeps a build of the index: a folder of this machine, or a server (`chroma run`).

On this machine, each build has a folder of its own, `chroma-<build>`. So a rebuild touches nothing of the live
build, and a damaged or old build is removed as a whole. On a server, each build has collections of its own.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Collection as AnyCollection
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from qa.errors import DiskError, IndexDamaged, QAError, StoreUnreachable
from qa.i18n.reasons import Reason
from qa.storage.locks import lock_graphs
from qa.storage.store.base import explaining
from qa.system.disk import explain_disk
from qa.system.sqlite import copy_database

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.config import Settings

CHROMA_FOLDER = "chroma-"
"""The beginning of the names of builds' folders."""
KINDS = ("passages", "sentences")

WRITTEN = "index_metadata.pickle"
"""The file of a graph that has vectors. Up to some thousand, vectors wait in SQLite and the file is missing."""
DATABASE_FILE = "chroma.sqlite3"
"""Chroma's file of a folder that has all but the graphs."""
DISK, MEMORY = Path("/tmp"), Path("/dev/shm")  # noqa: S108  # a folder of our own is made in them
"""The places for copies to read. Memory has room also where all disks are full."""

DISK_IS_FULL = ("disk is full", "no space left", "(code: 13)", "(code 13)")
"""Words of Chroma, SQLite and the system for a full disk."""

LITTLE_ROOM_BYTES = 4 * 2**20
"""Bytes on the disk below which Chroma fails to write the smallest things."""

CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S = 5.0, 120.0
"""Seconds for a server to be reached, and to answer. A server writes a batch of records in seconds."""

logger = logging.getLogger(__name__)

_OPENING = threading.Lock()


@dataclass(frozen=True, slots=True)
class ChromaFolder:
    """A build in a folder of the index, opened by this process."""

    index_dir: Path
    build: str

    @property
    def folder(self) -> Path:
        """The folder of the build."""
        return self.index_dir / f"{CHROMA_FOLDER}{self.build}"

    def __str__(self) -> str:
        return str(self.folder)

    def collection_name(self, kind: str) -> str:
        """The name of the collection of `kind`."""
        return kind

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lock the graphs' files, to be opened or written; see `qa.storage.locks.lock_graphs`."""
        with lock_graphs(self.folder):
            yield
            _blank_unwritten(self.folder)

    def open_client(self, *, create: bool) -> ClientAPI:
        """A client that shares nothing in this process.

        Chroma shares a system for each folder, which shows the old state after another process has written.
        """
        if create:
            self.folder.mkdir(parents=True, exist_ok=True)
        elif not self.folder.is_dir():
            raise IndexDamaged(Reason("why_index_gone", folder=str(self)))
        try:
            return _open_folder(self.folder)
        except Exception as error:
            if create or not isinstance(self.explain(error), DiskError):
                raise
        # Chroma writes when it opens. A reader gets a copy that Chroma can write to.
        copy = copy_to_read(self.folder)
        logger.warning("%s cannot be written to: it is read from a copy, %s", self, copy)
        client = _open_folder(copy)
        weakref.finalize(client, shutil.rmtree, copy, ignore_errors=True)
        return client

    def explain(self, error: BaseException) -> QAError | None:
        """Our error for an error that was raised while Chroma was at work; None for other errors."""
        if isinstance(error, FileNotFoundError) and not self.folder.is_dir():
            return IndexDamaged(Reason("why_index_gone", folder=str(self)))
        if isinstance(error, OSError):
            return explain_disk(error, self.folder)
        if not _is_of_chroma(error):
            return None
        # Chroma gives some failures to write no reason: then the disk itself is asked.
        is_full = self.folder.exists() and shutil.disk_usage(self.folder).free < LITTLE_ROOM_BYTES
        return _explain(str(error), str(self), is_full=is_full)


@dataclass(frozen=True, slots=True)
class ChromaServer:
    """A build on a Chroma server, which any number of processes ask."""

    url: str
    build: str
    token: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.url

    def collection_name(self, kind: str) -> str:
        """The name of the collection of `kind`."""
        return f"qa-{self.build}-{kind}"

    def alone(self) -> AbstractContextManager[None]:
        """Lock no file: only the server opens them."""
        return nullcontext()

    def open_client(self, *, create: bool) -> ClientAPI:
        """The client of this process for the server."""
        return _open_server(self.url, self.token)

    def remove(self) -> None:
        """Delete the build's collections."""
        from chromadb.errors import NotFoundError

        with explaining(self):
            client = self.open_client(create=False)
            for kind in KINDS:
                with suppress(NotFoundError):
                    client.delete_collection(self.collection_name(kind))

    def explain(self, error: BaseException) -> QAError | None:
        """Our error for an error that was raised while the server was asked; None for other errors."""
        import httpx
        from chromadb.errors import NotFoundError

        if isinstance(error, NotFoundError):
            return IndexDamaged(Reason("why_index_gone", folder=f"{self.url}: qa-{self.build}"))
        unreachable = StoreUnreachable(Reason("why_store_unreachable", server=self.url))
        refused = StoreUnreachable(Reason("why_store_refuses", server=self.url, setting="chroma_token"))
        for cause in _causes(error):
            if isinstance(cause, httpx.HTTPStatusError):
                if cause.response.status_code in (401, 403):
                    return refused
                if cause.response.status_code in (404, 502, 503, 504):  # of a proxy before the server
                    return unreachable
            elif isinstance(cause, (httpx.HTTPError, httpx.InvalidURL)):
                return unreachable
        # Chroma's client raises a plain `Exception` for an answer that it has no name for.
        if _is_of_chroma(error) or type(error) is Exception:
            return _explain(str(error), self.url)
        return None


def _blank_unwritten(folder: Path) -> None:
    """Overwrite the files of graphs that have no vector yet.

    Chroma makes them anew each time it opens them, and writes remains of this process' memory there: words of
    documents, and whatever else.
    """
    for header in folder.glob("*/header.bin"):
        if (header.parent / WRITTEN).exists():
            continue
        for name in ("data_level0.bin", "length.bin"):
            path = header.parent / name
            if path.exists() and any(path.read_bytes()):
                with path.open("r+b") as stream:
                    stream.write(bytes(path.stat().st_size))


def remove_folders(index_dir: Path, *, keep: AnyCollection[str]) -> None:
    """Remove the folders of all builds except those to keep."""
    for folder in index_dir.glob("chroma*"):
        if folder.name.removeprefix(CHROMA_FOLDER) not in keep:
            shutil.rmtree(folder, ignore_errors=True)


def find_graph(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """The files of written graphs in a build's `folder`: name, size, and time of change in nanoseconds.

    Only these files crash the process that opens them when they are damaged. A small build has none.
    """
    graphs = sorted(written.parent for written in folder.glob(f"*/{WRITTEN}"))  # others are made anew
    files = ((path, path.stat()) for graph in graphs for path in sorted(graph.iterdir()))
    return tuple(
        (str(path.relative_to(folder)), status.st_size, status.st_mtime_ns) for path, status in files
    )


def copy_to_read(folder: Path) -> Path:
    """A folder elsewhere with a copy of Chroma's database in `folder`, and links to its graphs.

    Raises `OSError` where neither the disk nor the memory has room.
    """
    database = folder / DATABASE_FILE
    size = database.stat().st_size + LITTLE_ROOM_BYTES
    places = (Path(os.environ.get("TMPDIR") or DISK), MEMORY)
    writable = (place for place in places if os.access(place, os.W_OK))
    roomy = next((place for place in writable if shutil.disk_usage(place).free > size), None)
    if roomy is None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    copy = Path(tempfile.mkdtemp(prefix="qa-read-", dir=roomy))
    copy_database(database, copy / DATABASE_FILE, mode="ro")
    for graph in filter(Path.is_dir, folder.iterdir()):
        (copy / graph.name).symlink_to(graph.absolute())
    return copy


def _open_folder(folder: Path) -> ClientAPI:
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    with _OPENING:
        SharedSystemClient.clear_system_cache()
        return chromadb.PersistentClient(path=str(folder), settings=_client_settings().model_copy())


@cache
def _client_settings() -> Settings:
    """What every client is opened with. Chroma looks through the environment for each of a hundred fields."""
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def _is_of_chroma(error: BaseException) -> bool:
    from chromadb.errors import ChromaError

    return (
        isinstance(error, (ChromaError, sqlite3.Error, ValueError, KeyError, TypeError))
        or type(error).__name__ == "PanicException"
    )


def _explain(message: str, where: str, *, is_full: bool = False) -> QAError:
    if is_full or any(words in message.casefold() for words in DISK_IS_FULL):
        return DiskError(Reason("why_no_room", folder=where))
    if "readonly database" in message or "read-only" in message:
        return DiskError(Reason("why_folder_read_only", folder=where))
    return IndexDamaged(Reason("why_index_damaged", folder=where, error=message[:200]))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@cache
def _open_server(url: str, token: str) -> ClientAPI:
    """The client of this process for a server. It keeps no state but its connections."""
    import chromadb
    import httpx

    host = url.rstrip("/")
    # Chroma's own server asks for no token; a proxy before it reads either header.
    headers = {"Authorization": f"Bearer {token}", "X-Chroma-Token": token} if token else {}
    # Chroma waits without end while it makes a client, so the server is asked for a sign of life first.
    httpx.get(f"{host}/api/v2/heartbeat", headers=headers, timeout=CONNECT_TIMEOUT_S).raise_for_status()
    client = chromadb.HttpClient(host=host, headers=headers, settings=_client_settings().model_copy())
    timeout = httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    client._server._session.timeout = timeout  # type: ignore[attr-defined]  # the session has no limit
    return client
