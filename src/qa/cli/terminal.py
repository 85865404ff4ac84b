"""What the commands share on a terminal: where results go, and how far the work is."""

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
"""Halves of letters are written as JSON writes them, so that a line of JSON stays one."""

NO_MEMORY = (
    "cannot allocate memory", "can't allocate memory", "failed to map segment", "bad_alloc", "bad allocation",
    "can't start new thread",
)  # fmt: skip
"""How the system and libraries say that memory is short."""

MAX_NAME_SHOWN = 200
"""Characters of a file's name in an error."""


class UsageError(Exception):
    """The arguments do not go together."""


def steady_streams() -> None:
    """See to it that nothing typed and nothing said is an error of itself: halves of letters, other bytes than
    UTF-8, a stream that is closed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # until the program ends
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace" if name == "stdin" else UNENCODABLE)


def explain_system(error: Exception) -> str:
    """What to say of an `error` that the system has raised, and what to do; empty where it is none of those."""
    if isinstance(error, MemoryError) or any(words in str(error).casefold() for words in NO_MEMORY):
        return "there is too little memory; end other programs, or set reader and reranker to none"
    if isinstance(error, OSError):
        name = str(error.filename or "the system")[:MAX_NAME_SHOWN]
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
    """A function that shows how far the work is, as a bar on stderr if that is a terminal."""
    from tqdm import tqdm

    with tqdm(desc=title, unit="", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(done: int, total: int, name: str) -> None:
            bar.total = total
            bar.n = done
            bar.set_postfix_str(name[-40:])

        yield show
