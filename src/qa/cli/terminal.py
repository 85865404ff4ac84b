"""What the commands share on a terminal: where results go, and how far the work is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qa.errors import InputError


class UsageError(Exception):
    """The arguments do not go together."""


@contextmanager
def open_out(path: Path | None, *, option: str = "--out") -> Iterator[Any]:
    """A stream to the file at `path`, which `option` gave, or stdout."""
    if path is None:
        yield sys.stdout
        return
    try:
        stream = path.open("w", encoding="utf-8")
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
