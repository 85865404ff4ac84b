"""A quick start: objects that are imported and loaded once are not searched for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """Stops the search for garbage inside, and keeps the objects that are there at the end for good.

    Importing torch, Chroma and Gradio makes some million objects that stay. Searching them again and again takes a
    fifth of the time. The context may be nested, and may decorate a function.
    """
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.freeze()
            gc.enable()
