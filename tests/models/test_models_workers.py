from __future__ import annotations

import platform
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from qa.models.workers import run_each
from qa.system.cores import count_cores


def test_results_come_in_the_order_of_the_items() -> None:
    assert run_each(lambda number: number * number, range(100)) == [number * number for number in range(100)]


def test_no_more_compute_at_once_than_there_are_cores() -> None:
    now, most = 0, 0
    lock = threading.Lock()
    together = threading.Barrier(count_cores())

    def work(_: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(timeout=60)
        with lock:
            now -= 1

    with ThreadPoolExecutor(8) as askers:
        list(askers.map(lambda _: run_each(work, range(count_cores())), range(8)))
    assert most == count_cores()


def test_who_asked_first_is_served_first() -> None:
    begun: list[str] = []
    goes_on = threading.Event()
    cores = count_cores()

    def work(asker: str) -> None:
        begun.append(asker)
        goes_on.wait(timeout=60)

    with ThreadPoolExecutor(2) as askers:
        first = askers.submit(run_each, work, ["first"] * 5 * cores)
        while len(begun) < cores:  # until then the second could come before the first
            time.sleep(0.001)
        second = askers.submit(run_each, work, ["second"] * cores)
        time.sleep(0.05)
        goes_on.set()
        first.result()
        second.result()
    # As many as there are cores begin in the same moment, and those may note it in any order.
    assert begun.index("second") > len(begun) - 2 * cores


def test_an_error_reaches_whoever_asked() -> None:
    with pytest.raises(ZeroDivisionError):
        run_each(lambda number: 1 / number, [1, 0, 2])


def test_each_computes_alone_and_other_threads_are_left_as_they_were() -> None:
    before = torch.get_num_threads()
    assert set(run_each(lambda _: torch.get_num_threads(), range(20))) == {1}
    assert torch.get_num_threads() == before
    seen: list[int] = []
    fresh = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    fresh.start()
    fresh.join()
    assert seen == [before]


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_memory_that_was_freed_is_used_again_and_not_taken_anew() -> None:
    code = """
import resource
import numpy as np
from qa.models.workers import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        blocks = [np.ones(2 << 20, dtype=np.uint8) for _ in range(8)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed_memory()
first = faults()
print(first, faults())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, again = map(int, done.stdout.split())
    assert first > 1000
    assert again < 500  # 80,000 where each block is given back
