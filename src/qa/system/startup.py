"""Starting quickly: what is imported and loaded once is not searched for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """While it is open, Python does not look for garbage; what there is at its end, garbage too, is kept for good.

    Importing torch, Chroma and Gradio makes some million objects that stay; looking through them again and again
    takes a fifth of the time. May be nested, and may decorate a function.
    """
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.freeze()
            gc.enable()
