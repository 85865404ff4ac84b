"""Where the time of an answer goes, by stage."""

from __future__ import annotations

import time

STAGES = (
    *("understand", "embed", "dense", "lexical", "fuse", "rerank", "read"),
    *("select", "compose", "write"),
)
"""In the order in which they first come. `rerank` is all that the cross-encoder reads, sentences included."""


class Clock:
    """Adds up the seconds of each stage; for one thread. A stage that comes again adds to what it took before."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """Add the time since the last lap (or `skip`) to `stage`."""
        now = time.perf_counter()
        self._laps[stage] = self._laps.get(stage, 0.0) + now - self._last
        self._last = now

    def skip(self) -> None:
        """Count the time since the last lap for no stage: somebody else had it."""
        self._last = time.perf_counter()

    def timings(self) -> dict[str, float]:
        """Seconds by stage, and `total`, their sum; a stage that never came is left out."""
        laps = {stage: self._laps[stage] for stage in STAGES if stage in self._laps}
        return {**laps, "total": sum(laps.values())}
