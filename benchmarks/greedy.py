"""What eight ordinary visitors notice of one who asks as much as they can, over HTTP, with the real models.

`benchmarks/concurrency.py --greedy` runs it. Everybody asks the next question when the last one is answered; the
greedy one asks on and on, from elsewhere under four names: within an address each name is a visitor, and nobody
can tell them apart. The limits a minute are off, so that nothing but the turns holds them.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from common import percentile, ratio, synthetic_documents, table

from pages import serving

PEOPLE = 8
NAMES = 4
"""Of a greedy visitor elsewhere: so many sessions, each with as many questions waiting as one may have."""
OFFICE, ELSEWHERE = "203.0.113.1", "198.51.100.1"
"""Addresses that are nobody's (RFC 5737), as a proxy at this machine would tell them."""
NO_LIMITS: dict[str, Any] = {"QA_VISITOR_A_MINUTE": "100000", "QA_ADDRESS_A_MINUTE": "1000000"}
TIMEOUT_S = 120.0
REFUSED_S = 0.1
"""Between two tries of the greedy one who is turned away. The clients share the cores with the server here."""


@dataclass(frozen=True)
class Scene:
    """Where the ordinary visitors ask from, and the greedy one; None where there is none."""

    name: str
    ordinary: tuple[str, ...]
    greedy: str | None
    names: int = 1


HOMES = tuple(f"203.0.113.{10 + number}" for number in range(PEOPLE))
SCENES = (
    Scene("an office", (OFFICE,) * PEOPLE, None),
    Scene("an office, the greedy one within", (OFFICE,) * PEOPLE, OFFICE),
    Scene("an office, the greedy one elsewhere", (OFFICE,) * PEOPLE, ELSEWHERE, NAMES),
    Scene("eight homes", HOMES, None),
    Scene("eight homes, the greedy one elsewhere", HOMES, ELSEWHERE, NAMES),
)


class Asker:
    """A visitor of the page at `server`, from an `address`, in a session of their own."""

    def __init__(self, server: str, address: str, session: str) -> None:
        self._session = session
        self._client = httpx.Client(
            base_url=f"{server}gradio_api", headers={"x-forwarded-for": address}, timeout=TIMEOUT_S
        )

    def put(self, question: str) -> httpx.Response:
        """What is answered at once."""
        asked = {"data": [question, None, None, False], "session_hash": self._session}
        return self._client.post("/call/ask", json=asked)

    def ask(self, question: str) -> float:
        """Seconds until the question was answered."""
        started = time.perf_counter()
        event = self.put(question).raise_for_status().json()["event_id"]
        answer = self._client.get(f"/call/ask/{event}").text
        assert "event: complete" in answer, answer
        return time.perf_counter() - started

    def flood(self, next_question: Callable[[], str], is_over: threading.Event) -> tuple[int, int]:
        """How many questions were taken and refused until it was over."""
        taken = refused = 0
        while not is_over.is_set():
            if self.put(next_question()).is_success:
                taken += 1
            else:
                refused += 1
                time.sleep(REFUSED_S)
        return taken, refused


def play(
    scene: Scene, server: str, next_question: Callable[[], str], *, each: int
) -> tuple[list[float], str]:
    """The seconds of each ordinary question, and how many of the greedy one's were taken and refused."""
    is_over = threading.Event()
    with ThreadPoolExecutor(PEOPLE + NAMES) as pool:
        names = range(scene.names if scene.greedy else 0)
        greedy = [Asker(server, str(scene.greedy), f"greedy{name}") for name in names]
        floods = [pool.submit(asker.flood, next_question, is_over) for asker in greedy]
        people = [Asker(server, address, f"person{n}") for n, address in enumerate(scene.ordinary)]
        asking = [pool.submit(lambda p: [p.ask(next_question()) for _ in range(each)], p) for p in people]
        took = [seconds for person in asking for seconds in person.result()]
        is_over.set()
        taken, refused = (sum(flood.result()[part] for flood in floods) for part in (0, 1))
    while count_waiting(server):  # what the greedy one left behind is no part of the next scene
        time.sleep(0.1)
    return took, f"{taken}, {refused}" if scene.greedy else ""


def count_waiting(server: str) -> float:
    """How many requests wait their turn, as the page's figures have it."""
    figures = httpx.get(f"{server}metrics").text
    return next(float(line.split()[1]) for line in figures.splitlines() if line.startswith("qa_waiting "))


def measure_greedy(folder: Path, questions: Sequence[str], *, passages: int, each: int, rounds: int) -> str:
    """The table of the scenes: medians of `rounds`, in which all come in turn; `each` visitor asks so much."""
    supply = itertools.cycle(questions)
    lock = threading.Lock()

    def next_question() -> str:
        with lock:
            return next(supply)

    seconds: dict[str, list[float]] = {scene.name: [] for scene in SCENES}
    medians: dict[str, list[float]] = {scene.name: [] for scene in SCENES}
    floods: dict[str, str] = {}
    texts = dict(synthetic_documents(passages))
    with serving(folder, more=texts, **NO_LIMITS) as server:
        play(SCENES[0], server.address, next_question, each=each)  # warms the server up
        for scene in SCENES * rounds:
            took, floods[scene.name] = play(scene, server.address, next_question, each=each)
            seconds[scene.name] += took
            medians[scene.name].append(median(took))
    rows = []
    alone = 0.0
    for scene in SCENES:
        middle = median(medians[scene.name])
        alone = middle if scene.greedy is None else alone
        longest = percentile(seconds[scene.name], 1.0)
        rows.append(
            [
                scene.name,
                f"{1000 * middle:.0f}",
                ratio(middle, alone),
                f"{1000 * longest:.0f}",
                floods[scene.name],
            ]
        )
    headers = ["", "ms p50", "by without", "longest", "greedy: taken, refused"]
    title = f"{PEOPLE} ordinary visitors and a greedy one"
    return table(title, headers, rows, note="Of the ordinary ones' questions.")
