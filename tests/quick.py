"""A page that starts soon: the program's own server over an embedder that counts words, in its own process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from conftest import CountingEmbedder
from pages import KEY, Server, end, wait_for_address
from qa.config import Settings, load_settings
from qa.models import Models
from qa.pipeline import Pipeline
from qa.ui.page import launch
from qa.ui.server import bodies, connections

DALIAN = "Kitakyushu sent 67 experts to Dalian."


@contextmanager
def quick_page(
    folder: Path, *, mcp: bool = False, key: str = KEY, patience_s: float | None = None, **settings: str
) -> Iterator[Server]:
    """The page over one document; `settings` are variables of its environment. It waits `patience_s`, if given,
    for what is left of a request."""
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("QA_")},
        "QA_CORPUS_DIR": str(corpus),
        "QA_INDEX_DIR": str(folder / "index"),
        "QA_PORT": "0",
        "QA_ADMIN_KEY": key,
        "GRADIO_TEMP_DIR": str(folder / "temporary"),
        **settings,
    }
    command = [sys.executable, __file__, str(patience_s or ""), *(["--mcp"] if mcp else [])]
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield Server(
                wait_for_address(process, folder / "log"), corpus, Path(environment["QA_INDEX_DIR"]), process
            )
        finally:
            end(process, within_s=60)


def asked(address: str, question: object, **more: object) -> httpx.Response:
    """What is answered at once to a program that asks `question`; `more` is given to `httpx.post`."""
    body = {"data": [question, None, None, False]}
    return httpx.post(f"{address}gradio_api/call/ask", **{"json": body, "timeout": 60, **more})  # type: ignore[arg-type]


def answer_of(address: str, name: str, asked: httpx.Response) -> str:
    """What comes of a call of the function `name`, which was `asked`."""
    event = asked.raise_for_status().json()["event_id"]
    return httpx.get(f"{address}gradio_api/call/{name}/{event}", timeout=60).text


def connect(server: Server) -> socket.socket:
    """A connection that is given up after a minute."""
    address = urlsplit(server.address)
    return socket.create_connection((str(address.hostname), int(address.port or 80)), timeout=60)


def said(connection: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    pieces = []
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


def drip(connection: socket.socket, data: bytes, *, every_s: float = 0.3, size: int = 1) -> float:
    """The seconds until the server ends the connection, on which `data` comes piece by piece."""
    start = time.monotonic()
    with suppress(OSError):
        for place in range(0, len(data), size):
            connection.sendall(data[place : place + size])
            time.sleep(every_s)
    return time.monotonic() - start


def head(server: Server, path: str, length: int) -> bytes:
    """The headers of a request with a body of so many bytes."""
    host = urlsplit(server.address).netloc
    return (
        f"POST /gradio_api/{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def main() -> None:
    """Serve the page until the process is told to end."""
    if sys.argv[1]:
        bodies.BODY_S = connections.HEADERS_S = float(sys.argv[1])
    settings: Settings = load_settings()
    Pipeline.build(settings, Models(CountingEmbedder()))
    pipeline = Pipeline(settings, Models(CountingEmbedder()))
    launch(pipeline, given=settings, on_ready=lambda said: print(said, flush=True), mcp="--mcp" in sys.argv)


if __name__ == "__main__":
    main()
