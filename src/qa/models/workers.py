"""Threads that the models of all questions share: as many as there are cores, each computing by itself.

Two cores that each read a passage of their own are done sooner than two cores that share each passage, and take
half of the processor's time: cores that share wait for each other many times, and onnxruntime and torch wait by
spinning. However many people ask at once, no more threads compute than there are cores. Work waits in its order,
so that nobody is overtaken. The result for a text depends neither on the thread nor on other threads.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from qa.system.cores import count_cores

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Item = TypeVar("Item")
Result = TypeVar("Result")

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""glibc's numbers for `mallopt`, from malloc.h."""

_SETTING = threading.Lock()


def run_each(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """The results of `work` for `items`, in their order. Raises the first error.

    `work` must not call this function: it could wait for a thread that waits for it.
    """
    return list(_workers().map(work, items))


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count_cores(), thread_name_prefix="model", initializer=compute_alone)


def open_session(model: str | bytes) -> InferenceSession:
    """The ONNX model at a path, or in the bytes of a file. It computes in the thread that asks it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def keep_freed_memory() -> None:
    """Let glibc keep what a batch frees for the next one: up to 64 MiB a thread, in blocks of up to 32 MiB.

    By itself, glibc gives blocks back to the system and takes them again: a tenth of the time of making vectors.
    Settings of glibc in the environment are left as they are. Other C libraries have no `mallopt`.
    """
    if any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return
    try:
        tell = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    tell(MMAP_THRESHOLD, 32 << 20)
    tell(TRIM_THRESHOLD, 64 << 20)


def compute_alone() -> None:
    """Give torch one thread for what the calling thread computes, and as many as before for others."""
    torch: Any = sys.modules.get("torch")  # not for a cross-encoder alone: it takes seconds to import
    if torch is None:
        return
    with _SETTING:
        shared = torch.get_num_threads()  # which also makes this thread's number its own, to be set
        torch.set_num_threads(1)
        others = threading.Thread(target=torch.set_num_threads, args=(shared,))
        others.start()
        others.join()
