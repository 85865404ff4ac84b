"""The time that an answer takes, by stage."""

from __future__ import annotations

import time

STAGES = (
    *("understand", "embed", "dense", "lexical", "fuse", "rerank", "read"),
    *("select", "compose", "write"),
)
"""The stages in the order of their first laps. `rerank` is all that the cross-encoder reads, with sentences."""


class Stopwatch:
    """Adds up the seconds of each stage, for one thread. A stage may come again."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """Add the time since the last lap (or `skip`) to `stage`."""
        now = time.perf_counter()
        self._laps[stage] = self._laps.get(stage, 0.0) + now - self._last
        self._last = now

    def skip(self) -> None:
        """Drop the time since the last lap, which belongs to no stage."""
        self._last = time.perf_counter()

    def timings(self) -> dict[str, float]:
        """The seconds by stage, and their sum as `total`. A stage without a lap is left out."""
        laps = {stage: self._laps[stage] for stage in STAGES if stage in self._laps}
        return {**laps, "total": sum(laps.values())}
