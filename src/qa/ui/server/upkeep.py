"""The upkeep of a running page: it forgets old questions, lets go of a state of the index that is no more, and
builds an index of an older format or another model anew."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from qa.corpus.change_log import note_report, operator
from qa.errors import QAError
from qa.feedback import forget_older
from qa.pipeline import Pipeline

LOOK_EVERY_S = 60.0
"""Seconds between two looks at the index: what another process has purged is in nobody's memory after them."""
FORGET_EVERY_S = 86_400.0
"""Seconds between two looks at what readers said: its days are counted in days."""
UPGRADE_AGAIN_S = 600.0
"""Seconds until an index that could not be built anew is tried again: a disk may have room then."""

logger = logging.getLogger(__name__)


def begin_upkeep(pipeline: Pipeline) -> None:
    """Begin with it, in a thread that goes on as long as the program."""
    threading.Thread(target=_keep_up, args=(pipeline,), name="upkeep", daemon=True).start()
    if pipeline.is_outdated:
        threading.Thread(target=upgrade, args=(pipeline,), name="upgrade", daemon=True).start()


def upgrade(pipeline: Pipeline) -> None:
    """Build the index anew, and go on until the new one answers.

    It does so once. If it did so for every other index, two programs with two settings would take turns for ever.
    """
    while pipeline.is_outdated:
        _try(lambda: _index(pipeline))
        if pipeline.is_outdated:
            time.sleep(UPGRADE_AGAIN_S)
    _try(lambda: _index(pipeline))  # what was brought in meanwhile


def _index(pipeline: Pipeline) -> None:
    note_report(pipeline.settings.index_dir, operator(), pipeline.reindex())


def _keep_up(pipeline: Pipeline) -> None:
    settings = pipeline.settings
    forget_at = time.monotonic()
    while True:
        if time.monotonic() >= forget_at:
            _try(lambda: forget_older(settings.index_dir, days=settings.keep_questions_days))
            forget_at += FORGET_EVERY_S
        _try(pipeline.catch_up)
        time.sleep(LOOK_EVERY_S)


def _try(do: Callable[[], object]) -> None:
    try:
        do()
    except QAError as error:
        logger.warning("%s", error)
