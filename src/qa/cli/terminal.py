"""The terminal, for all commands: where results, messages and progress go."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qa.errors import InputError

UNENCODABLE = "backslashreplace"
"""Writes halves of letters as JSON writes them, so that a line of JSON stays a line of JSON."""

NO_MEMORY = (
    "cannot allocate memory", "can't allocate memory", "failed to map segment", "bad_alloc", "bad allocation",
    "can't start new thread",
)  # fmt: skip
"""Words with which the system and libraries say that memory is short."""

MAX_NAME_CHARS = 200
"""Limits a file's name in an error."""


class UsageError(Exception):
    """The arguments do not go together."""


def steady_streams() -> None:
    """Let nothing typed or printed be an error of itself: halves of letters, bytes that are not UTF-8, a closed
    stream."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # until the program ends
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace" if name == "stdin" else UNENCODABLE)


def tell(message: str) -> None:
    """Print `message` to stderr at once."""
    print(message, file=sys.stderr, flush=True)


def explain_system(error: Exception) -> str:
    """The message for an `error` that the system has raised, with what to do; "" for other errors."""
    if isinstance(error, MemoryError) or any(words in str(error).casefold() for words in NO_MEMORY):
        return "there is too little memory; end other programs, or set reader and reranker to none"
    if isinstance(error, OSError):
        name = str(error.filename or "the system")[:MAX_NAME_CHARS]
        return f"{name}: {error.strerror or error}; mend that, then run it again"
    return ""


@contextmanager
def open_out(path: Path | None, *, option: str = "--out") -> Iterator[Any]:
    """A stream to the file at `path`, which `option` gave, or stdout."""
    if path is None:
        yield sys.stdout
        return
    try:
        stream = path.open("w", encoding="utf-8", errors=UNENCODABLE)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; choose another {option}") from error
    with stream:
        yield stream


@contextmanager
def show_progress(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """A function that shows how far the work is, as a bar on stderr if stderr is a terminal."""
    from tqdm import tqdm

    with tqdm(desc=title, unit="", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(done: int, total: int, name: str) -> None:
            bar.total = total
            bar.n = done
            bar.set_postfix_str(name[-40:])

        yield show
