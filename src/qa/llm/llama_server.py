"""A language model in a GGUF file: served by llama.cpp in a process of its own, for as long as it is used.

The process listens on loopback only, at a free port, and answers nobody without the key that it was given over its
stdin: neither its arguments nor its variables tell it. It ends with the pipe to its stdin, thus also with a parent
that is killed.
"""

from __future__ import annotations

import ctypes
import dataclasses
import importlib.util
import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qa.config import Settings
from qa.errors import ModelError
from qa.system.cores import count_cores

logger = logging.getLogger(__name__)

MAGIC = b"GGUF"
"""What a GGUF file begins with."""

START_S = 900.0
"""The seconds that a file may take to be read: 60 GB from a slow disk."""
TELL_S = 10.0
"""The seconds after which it is said again that the file is still being read."""
END_S = 5.0
"""The seconds that the process has to end of itself."""
MAX_LINES_KEPT = 20
"""Limits what is kept of the server's words on stderr."""

HTTP_THREADS = 6
"""Two more than there are calls at the same time (`qa.llm.language_model.MAX_AT_ONCE`)."""
PR_SET_PDEATHSIG = 1
"""What Linux' prctl(2) calls the signal that a process gets when its parent dies."""


def check_local_llm(path: Path) -> int:
    """The bytes of the GGUF file at `path`. Raises `ModelError` where it is none, or nothing can serve it."""
    try:
        with path.open("rb") as stream:
            start = stream.read(len(MAGIC))
    except OSError as error:
        raise ModelError(
            f"local_llm is {path}, which cannot be read ({error.strerror}); name a GGUF file"
        ) from error
    if start != MAGIC:
        raise ModelError(f"local_llm is {path}, which is not a GGUF file; name one that ends in .gguf")
    for package in ("xllamacpp", "langchain_openai"):
        if importlib.util.find_spec(package) is None:
            raise ModelError(f"local_llm needs the package {package}; pip install '.[local]'")
    return path.stat().st_size


@contextmanager
def serving_local_llm(settings: Settings, *, on_progress: Callable[[str], None]) -> Iterator[Settings]:
    """`settings` that name the server of the language model in the file `local_llm`, which runs as long as the
    context lasts; unchanged where no file is set.

    `on_progress` is told what is going on while it is read. Raises `ModelError` where it cannot be served.
    """
    if not settings.local_llm:
        yield settings
        return
    path = Path(settings.local_llm)
    size = check_local_llm(path)
    on_progress(f"Reading the language model {path.name} ({size / 1e6:,.0f} MB)")
    start = time.monotonic()
    key = secrets.token_urlsafe(32)
    server = _Server(path, key=key, context_tokens=settings.llm_context_tokens)
    try:
        while not server.is_ready(timeout_s=TELL_S):
            seconds = time.monotonic() - start
            if seconds > START_S:
                raise ModelError(
                    f"{path} was not read within {START_S:.0f} s; set local_llm to a smaller file"
                )
            on_progress(f"Still reading it, after {seconds:.0f} s")
        on_progress(f"The language model is there, after {time.monotonic() - start:.1f} s")
        yield dataclasses.replace(
            settings,
            local_llm="",
            llm=f"openai:{path.stem}",
            llm_base_url=f"{server.address}/v1",
            llm_api_key=key,
        )
    finally:
        server.end()


class _Server:
    """The process, and what it says."""

    def __init__(self, path: Path, *, key: str, context_tokens: int) -> None:
        self.address = ""
        self._path = path
        self._said: deque[str] = deque(maxlen=MAX_LINES_KEPT)
        self._is_ending = False
        self._has_told = threading.Event()
        self._process = subprocess.Popen(
            # -P: what lies in the folder that this was started in is no module.
            [sys.executable, "-P", "-m", "qa.llm.llama_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._threads = [
            threading.Thread(target=work, name="local_llm", daemon=True)
            for work in (self._read_address, self._read_errors)
        ]
        for thread in self._threads:
            thread.start()
        wish = {
            "path": str(path.resolve()),
            "name": path.stem,
            "key": key,
            "context_tokens": context_tokens,
            "threads": count_cores(),
            "parent": os.getpid(),
        }
        assert self._process.stdin is not None  # noqa: S101  # for the type checker: it is a pipe
        try:
            self._process.stdin.write(json.dumps(wish) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended already: `is_ready` tells why

    def is_ready(self, *, timeout_s: float) -> bool:
        """True once it answers at `address`. Raises `ModelError` where it has ended instead."""
        if not self._has_told.wait(timeout_s):
            return False
        if self.address:
            return True
        for thread in self._threads:
            thread.join(END_S)
        how = _explain_end(self._process.wait(), list(self._said))
        raise ModelError(
            f"{self._path} cannot be served by llama.cpp: {how}; set local_llm to another file, or "
            "llm_context_tokens lower"
        )

    def end(self) -> None:
        """End the process, also one that is reading or writing."""
        self._is_ending = True
        self._process.kill()  # it has nothing to put away
        self._process.wait(END_S)
        for thread in self._threads:
            thread.join(END_S)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            try:
                if pipe:
                    pipe.close()
            except BrokenPipeError:  # what was still to be written to a process that has ended
                pass

    def _read_address(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  # for the type checker: it is a pipe
        self.address = self._process.stdout.readline().strip()
        self._has_told.set()

    def _read_errors(self) -> None:
        """Keep what it says, and tell the log once it has ended without being asked to."""
        assert self._process.stderr is not None  # noqa: S101  # for the type checker: it is a pipe
        for line in self._process.stderr:
            self._said.append(line.strip())
            logger.debug("llama.cpp: %s", line.strip())
        status = self._process.wait()
        if self.address and not self._is_ending:
            how = _explain_end(status, list(self._said))
            logger.warning(
                "the local language model has ended (%s); answers are quotes until a new start", how
            )


def _explain_end(status: int, said: list[str]) -> str:
    """Why the process ended with `status`: llama.cpp's own first word on it, or the signal."""
    for line in said:
        _, found, why = line.partition("error loading model: ")
        if found:
            return why[:200]
    if status < 0:
        return f"it was ended by {signal.Signals(-status).name}" + (
            ", for want of memory perhaps" if -status == signal.SIGKILL else ""
        )
    return said[-1][:200] if said else f"it ended with status {status}"


def _serve() -> None:
    """What the process does: serve the file that its first line on stdin names, until stdin ends."""
    wish = json.loads(sys.stdin.readline())
    _end_with(wish["parent"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which still answers
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed is not the address
    import xllamacpp

    # Kept in a name: it ends when nothing refers to it.
    server = xllamacpp.Server(_parameters(xllamacpp.CommonParams(), wish))
    told.write(f"{server.listening_address}\n")
    told.flush()
    sys.stdin.read()
    os._exit(0)  # at once, also from the midst of a reply


def _parameters(parameters: Any, wish: dict[str, Any]) -> Any:
    parameters.model.path = wish["path"]
    parameters.model_alias = {wish["name"]}
    parameters.n_ctx = wish["context_tokens"]
    parameters.n_parallel = 1  # on a processor two at a time take as long as one after the other
    parameters.cpuparams.n_threads = wish["threads"]
    parameters.n_threads_http = HTTP_THREADS
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    parameters.api_keys = [wish["key"]]
    parameters.ui = parameters.endpoint_slots = False
    parameters.enable_reasoning = 0  # thoughts would use up the tokens of the reply
    parameters.cache_ram_mib = 0  # of prompts, up to 8 GB by default; no two of ours begin alike
    parameters.verbosity = 1  # errors
    return parameters


def _end_with(parent: int) -> None:
    """Have this process killed when `parent` dies, or rather its thread that started this; that is for Linux only,
    elsewhere the end of stdin tells."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before
            os._exit(1)


if __name__ == "__main__":
    _serve()
